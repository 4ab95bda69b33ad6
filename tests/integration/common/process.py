"""A process with a runtime, as services are, whose behaviour a test chooses by its first argument."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from printworks_common.errors import GroundMissingError
from printworks_common.health import Message
from printworks_common.logs import get_logger
from printworks_common.runtime import Runtime, run
from printworks_common.settings import ServiceSettings, load

log = get_logger("test.process")

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def loop_until(stopping: asyncio.Event, runtime: Runtime) -> None:
    while not stopping.is_set():
        runtime.heartbeat("loop")
        await asyncio.sleep(0.02)
    log.info("loop_ended")


async def relay_until(drained: asyncio.Event) -> None:
    await drained.wait()
    log.info("relay_ended")


async def closing(name: str) -> None:
    log.info("closed", task=name)


async def consumer(runtime: Runtime) -> None:
    ready_at = time.monotonic() + 0.3

    async def ready() -> bool:
        return time.monotonic() > ready_at

    runtime.add_readiness("broker", ready)
    runtime.on_stop(lambda: closing("database"), name="database")
    runtime.on_stop(lambda: closing("producer"), name="producer")
    runtime.spawn("outbox", relay_until(runtime.drained), last=True)
    runtime.spawn("loop", loop_until(runtime.stopping, runtime))


async def web(runtime: Runtime) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        while scope["path"] == "/echo" and (await receive()).get("more_body"):
            continue
        await asyncio.sleep(1.0 if scope["path"] == "/slow" else 0.0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    runtime.serve_http(app)


async def fails_later(runtime: Runtime) -> None:
    async def fail() -> None:
        await asyncio.sleep(0.1)
        raise ValueError("anna@example.com")

    runtime.spawn("broken", fail())


async def ends_early(runtime: Runtime) -> None:
    async def end() -> None:
        await asyncio.sleep(0.1)

    runtime.spawn("short", end())


async def fails_at_once(_runtime: Runtime) -> None:
    raise RuntimeError("wiring")


async def hangs(runtime: Runtime) -> None:
    async def never() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                log.info("ignored")

    async def slow_close() -> None:
        await asyncio.sleep(60)

    runtime.on_stop(lambda: closing("ground"), name="ground")
    runtime.on_stop(slow_close, name="slow")
    runtime.spawn("never", never())


async def blocks(runtime: Runtime) -> None:
    async def block() -> None:
        await runtime.stopping.wait()
        time.sleep(60)  # noqa: ASYNC251 (what a defect would do)

    runtime.spawn("blocking", block())


async def stuck(runtime: Runtime) -> None:
    runtime.health.heartbeat("loop", limit=0.2)
    runtime.spawn("waiting", _wait(runtime.stopping))


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def waits_for_ground(runtime: Runtime) -> None:
    async def connect() -> str:
        raise GroundMissingError("not there", code="broker_unreachable")

    await runtime.ground("kafka", connect)


async def finishes(runtime: Runtime) -> None:
    runtime.stop()


async def finishes_with_three(_runtime: Runtime) -> None:
    raise SystemExit(3)


if __name__ == "__main__":
    behaviours = {
        build.__name__: build
        for build in (
            consumer, web, fails_later, ends_early, fails_at_once, hangs, blocks, stuck, waits_for_ground, finishes,
            finishes_with_three,
        )
    }  # fmt: skip
    run("test", sys.argv[1], load(ServiceSettings), behaviours[sys.argv[1]])
