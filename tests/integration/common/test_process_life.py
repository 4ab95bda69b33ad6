"""The life of a process: health from the first moment, an orderly stop in time, an exit code that tells."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from printworks_local.stack.ports import free_ports

PROGRAM = Path(__file__).with_name("process.py")


class Running:
    """A started process, its port and what it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=5)

    async def status(self, path: str) -> int:
        try:
            return (await self.client.get(path)).status_code
        except httpx.TransportError:
            return 0

    async def until(self, path: str, status: int) -> httpx.Response:
        async with asyncio.timeout(10):
            while await self.status(path) != status:  # noqa: ASYNC110 (another process sets no event here)
                await asyncio.sleep(0.02)
        return await self.client.get(path)

    async def end(self, number: signal.Signals | None = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """Send a signal, wait; returns exit code and log lines."""
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(15):
            output, errors = await self.process.communicate()
        assert errors == b"", errors.decode()
        return self.process.returncode or 0, [json.loads(line) for line in output.splitlines()]


@asynccontextmanager
async def started(behaviour: str, **settings: str) -> AsyncGenerator[Running]:
    (port,) = free_ports(1)
    variables = {"http_host": "127.0.0.1", "http_port": str(port), "log_format": "json", **settings}
    environment = {**os.environ, **{f"PRINTWORKS_{name.upper()}": value for name, value in variables.items()}}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), behaviour,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    running = Running(process, port)
    try:
        yield running
    finally:
        await running.client.aclose()
        if process.returncode is None:
            process.kill()
            await process.communicate()


def events(lines: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in lines]


async def test_a_consumer_is_alive_before_it_is_ready_and_shows_its_metrics() -> None:
    async with started("consumer") as running:
        assert (await running.until("/healthz", 200)).json()["status"] == "ok"
        answer = await running.client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) in [(503, {"broker": False}), (503, {})]
        assert (await running.until("/readyz", 200)).json()["checks"] == {"broker": True}
        assert "process_resident_memory_bytes" in (await running.client.get("/metrics")).text
        assert await running.status("/other") == 404
        assert (await running.client.post("/healthz")).status_code == 405


async def test_a_stop_ends_loops_then_what_follows_them_then_their_ground() -> None:
    async with started("consumer") as running:
        await running.until("/readyz", 200)
        code, lines = await running.end()
    assert code == 0
    order = [line.get("task", line["event"]) for line in lines]
    assert order[order.index("stopping") :] == [
        "stopping", "loop_ended", "relay_ended", "producer", "database", "stopped"
    ]  # fmt: skip
    assert all(line["service"] == "test" and line["role"] == "consumer" for line in lines)


async def test_an_http_service_answers_health_and_pages_on_one_port_and_finishes_requests() -> None:
    async with started("web") as running:
        await running.until("/readyz", 200)
        assert (await running.until("/page", 200)).text == "page"
        assert await running.status("/healthz") == 200
        assert "process_" in (await running.client.get("/metrics")).text
        slow = asyncio.create_task(running.client.get("/slow"))
        await asyncio.sleep(0.3)
        code, _ = await running.end()
        assert (await slow).text == "page"
    assert code == 0


@pytest.mark.parametrize(
    ("behaviour", "event"),
    [("fails_later", "task_failed"), ("ends_early", "task_ended_early"), ("fails_at_once", "build_failed")],
)
async def test_a_part_that_fails_ends_the_process_with_code_1_and_a_line(behaviour: str, event: str) -> None:
    async with started(behaviour) as running:
        code, lines = await running.end(None)
    assert code == 1
    assert event in events(lines)
    assert "anna@example.com" not in json.dumps(lines)


async def test_parts_that_do_not_end_are_left_in_time() -> None:
    async with started("hangs", drain_seconds="2") as running:
        await running.until("/readyz", 200)
        begin = time.monotonic()
        _, lines = await running.end()
    assert time.monotonic() - begin < 3
    assert {"task_cancelled", "closing_took_too_long"} <= set(events(lines))
    assert "ground" in [line.get("task") for line in lines]


async def test_a_loop_that_is_blocked_cannot_hold_up_the_end() -> None:
    async with started("blocks", drain_seconds="1") as running:
        await running.until("/readyz", 200)
        begin = time.monotonic()
        code, lines = await running.end()
    assert code == 1
    assert time.monotonic() - begin < 2
    assert "stop_took_too_long" in events(lines)


async def test_a_loop_that_no_longer_turns_makes_the_process_not_alive() -> None:
    async with started("stuck") as running:
        answer = await running.until("/healthz", 503)
        assert list(answer.json()["late"]) == ["loop"]


async def test_a_missing_ground_is_waited_for_alive_and_not_ready() -> None:
    async with started("waits_for_ground") as running:
        await running.until("/healthz", 200)
        await asyncio.sleep(0.4)
        assert (await running.client.get("/readyz")).json()["status"] == "starting"
        code, lines = await running.end()
    assert code == 0
    assert "waiting_for_ground" in events(lines)


@pytest.mark.parametrize(("behaviour", "code"), [("finishes", 0), ("finishes_with_three", 3)])
async def test_work_that_is_done_ends_the_process_with_its_code(behaviour: str, code: int) -> None:
    async with started(behaviour) as running:
        assert (await running.end(None))[0] == code


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with started("consumer", http_port=str(taken.getsockname()[1])) as running:
            code, lines = await running.end(None)
    assert code == 1
    assert lines[-1]["event"] == "port_not_free"


async def test_a_wrong_setting_is_named_and_the_exit_code_is_2() -> None:
    async with started("consumer", http_port="many") as running:
        output, errors = await running.process.communicate()
    assert running.process.returncode == 2
    assert output == b""
    assert errors.decode().startswith("PRINTWORKS_HTTP_PORT is wrong (")
    assert b"many" not in errors


async def test_a_peer_that_sends_nothing_or_too_much_does_no_harm() -> None:
    async with started("consumer") as running:
        await running.until("/healthz", 200)
        _, silent = await asyncio.open_connection("127.0.0.1", running.port)
        reader, noisy = await asyncio.open_connection("127.0.0.1", running.port)
        noisy.write(b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 100_000)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        assert await running.status("/healthz") == 200
        silent.close()
        noisy.close()


async def connection_of(running: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    await running.until("/page", 200)
    return await asyncio.open_connection("127.0.0.1", running.port)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /page HTTP/1.1\r\nhost: a\r\n" + b"x: " + b"y" * 300_000, b"431"),
        (b"GET /page HTTP/1.1\r\n" + b"x: y\r\n" * 300 + b"\r\n", b"400"),
        (b"no http\r\n\r\n", b"400"),
    ],
)
async def test_a_flood_of_headers_is_refused(head: bytes, status: bytes) -> None:
    async with started("web") as running:
        reader, writer = await connection_of(running)
        writer.write(head)
        async with asyncio.timeout(5):
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""  # the server had closed before it had read all of it
        assert answer.split(b" ")[1:2] in ([status], [])
        assert await running.status("/page") == 200
        writer.close()


async def test_a_head_that_never_ends_and_a_body_that_never_comes_are_cut_off() -> None:
    async with started("web") as running:
        silent, silent_writer = await connection_of(running)
        reader, writer = await connection_of(running)
        writer.write(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n")
        async with asyncio.timeout(14):
            assert await silent.read() == b""
            with contextlib.suppress(ConnectionError):
                await reader.read()
        assert await running.status("/page") == 200
        silent_writer.close()
        writer.close()
