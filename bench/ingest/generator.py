"""Drives one HTTP server with signed webhooks, as a process of its own: `python generator.py` reads a plan (JSON) from
standard input and writes what it measured (JSON) to standard output.

Closed: each connection sends its next webhook when it has the answer to the last. Open: webhooks are sent at a fixed
rate whatever the answers do; a latency then counts from the moment at which the webhook was due.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, cast

import psutil
import uvloop
from bodies import Sample, mixed, of_size
from printworks_local.shopify.webhooks import make_webhook

PATH = "/webhooks/shopify"
CORPUS = 400


@dataclass(frozen=True)
class Plan:
    """`rate` 0: closed. `size` 0: mixed sizes. `warm_up` seconds are not measured. `watch`: processes whose CPU time
    is told beside the generator's own, pid by name."""

    port: int
    shop: str
    secret: str
    seconds: float
    connections: int = 16
    rate: float = 0
    size: int = 0
    warm_up: float = 1.0
    watch: dict[str, int] = field(default_factory=dict[str, int])


@dataclass
class Measured:
    seconds: float
    answers: dict[str, int]
    p50: float
    p99: float
    longest: float
    body_bytes: float
    cpu: dict[str, float]
    """Seconds by process, `generator` among them."""

    @property
    def count(self) -> int:
        return sum(self.answers.values())


class Corpus:
    """Requests that differ in webhook and event id each time they are sent; the signature covers the body alone."""

    def __init__(self, plan: Plan) -> None:
        samples: list[Sample] = of_size(plan.size, CORPUS) if plan.size else mixed(CORPUS)
        self.mean_bytes = sum(len(body) for _, body in samples) / len(samples)
        self._heads: list[tuple[bytes, bytes]] = []
        for topic, body in samples:
            request = make_webhook(topic, body, secret=plan.secret, shop=plan.shop)
            skip = {"X-Shopify-Webhook-Id", "X-Shopify-Event-Id"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name not in skip)
            head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n{lines}".encode()
            self._heads.append((head, body))
        self._numbers = count()
        self._label = f"{time.time_ns():x}"

    def next(self) -> bytes:
        number = next(self._numbers)
        head, body = self._heads[number % len(self._heads)]
        unique = f"{self._label}-{number}"
        ids = f"X-Shopify-Webhook-Id: w-{unique}\r\nX-Shopify-Event-Id: e-{unique}\r\n\r\n"
        return b"".join((head, ids.encode(), body))


class Connection(asyncio.Protocol):
    def __init__(self, load: "Load") -> None:
        self._load = load
        self._due = 0.0
        self._received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, due: float) -> None:
        self._due = due
        self.transport.write(self._load.corpus.next())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if len(rest) >= length:
            self._received = b""
            self._load.answered(self, head[9:12].decode(), time.perf_counter() - self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost()


class Load:
    def __init__(self, plan: Plan) -> None:
        self.corpus = Corpus(plan)
        self._plan = plan
        self._processes = {name: psutil.Process(pid) for name, pid in plan.watch.items()}
        self._processes["generator"] = psutil.Process()
        self._answers: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._measuring = False
        self._sending = True
        self._under_way = 0
        self._idle: deque[Connection] = deque()
        self._waiting: deque[float] = deque()

    async def run(self) -> Measured:
        loop = asyncio.get_running_loop()
        connections: list[Connection] = []
        for _ in range(self._plan.connections):
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._plan.port)
            connections.append(connection)
        pacing = None
        if self._plan.rate:
            self._idle.extend(connections)
            pacing = asyncio.create_task(self._pace())
        else:
            for connection in connections:
                self._send(connection, time.perf_counter())
        await asyncio.sleep(self._plan.warm_up)
        self._measuring = True
        began, before = time.perf_counter(), self._cpu()
        await asyncio.sleep(self._plan.seconds)
        self._measuring = False
        seconds, after = time.perf_counter() - began, self._cpu()
        self._sending = False
        if pacing is not None:
            pacing.cancel()
        async with asyncio.timeout(30):
            while self._under_way:  # noqa: ASYNC110 (answers come through a protocol, not through tasks)
                await asyncio.sleep(0.01)
        for connection in connections:
            connection.transport.close()
        ordered = sorted(self._latencies) or [0.0]
        return Measured(
            seconds=seconds,
            answers=dict(self._answers),
            p50=ordered[len(ordered) // 2],
            p99=ordered[int(len(ordered) * 0.99)],
            longest=ordered[-1],
            body_bytes=self.corpus.mean_bytes,
            cpu={name: after[name] - before[name] for name in after},
        )

    def _cpu(self) -> dict[str, float]:
        times = {name: process.cpu_times() for name, process in self._processes.items()}
        return {name: one.user + one.system for name, one in times.items()}

    async def _pace(self) -> None:
        began = time.perf_counter()
        for number in count():
            due = began + number / self._plan.rate
            pause = due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            if self._idle:
                self._send(self._idle.popleft(), due)
            else:
                self._waiting.append(due)

    def _send(self, connection: Connection, due: float) -> None:
        self._under_way += 1
        connection.send(due)

    def answered(self, connection: Connection, status: str, seconds: float) -> None:
        self._under_way -= 1
        if self._measuring:
            self._answers[status] += 1
            self._latencies.append(seconds)
        if not self._sending:
            return
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        elif self._plan.rate:
            self._idle.append(connection)
        else:
            self._send(connection, time.perf_counter())

    def lost(self) -> None:
        if self._sending:
            raise SystemExit("the server has closed a connection")


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    measured: Any = uvloop.run(Load(plan).run())
    json.dump(asdict(measured), sys.stdout)


if __name__ == "__main__":
    main()
