"""`make bench-ingest`: one receiver process under signed webhooks of 12 to 45 kB, beside handlers on its own server
stack: one that reads, checks the signature, parses with the same parser and answers 200; for the record the same with
the standard library's parser, and one that only reads.

Rounds alternate between them on the same cores, generator and broker beside them; CPU is told per process. Then the
receiver alone: bodies of 30 kB, where its time goes, 28 and 300 webhooks a second, and its memory over all of it. The
broker is a single node: `acks=all` is one copy. Nothing is rendered meanwhile.
"""

import argparse
import asyncio
import json
import secrets
import statistics
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
from generator import Measured, Plan
from handlers import SECRET
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import KafkaSettings
from printworks_local.stack import Part, StackOptions, start_stack
from printworks_local.stack.local import LocalStack
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command, ServerProcess, log_tail
from printworks_local.supervisor import console_command
from where import sample

HERE = Path(__file__).parent
MIB = 1024 * 1024
SHOP = "bench.myshopify.com"
RECEIVER, PARSE, JSON, READ = "receiver", "verify and parse", "… with json", "read only"

SHARE_AIM = 0.5
CPU_AIM_US = 600
PACED_AIMS_MS = {28: 250, 300: 500}
GROWTH_AIM_MIB = 4
"""What the receiver may grow by from one saturated stretch to the next, once its caches are full."""


class Bench:
    def __init__(self, servers: Mapping[str, tuple[ServerProcess, int]], broker: int, secret: str) -> None:
        self._servers = servers
        self._broker = broker
        self._secret = secret

    async def run(self, name: str, seconds: float, *, rate: float = 0, size: int = 0) -> Measured:
        """Drive one server. Ends the program when it does not answer 200."""
        process, port = self._servers[name]
        plan = Plan(
            port=port, shop=SHOP, secret=self._secret, seconds=seconds, rate=rate, size=size,
            connections=64 if rate else 16, watch={"server": process.pid, "broker": self._broker},
        )  # fmt: skip
        generator = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "generator.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await generator.communicate(json.dumps(asdict(plan)).encode())
        if generator.returncode:
            raise SystemExit(f"the generator failed against {name}:\n{log_tail(process.command.log)}")
        measured = Measured(**json.loads(out))
        if set(measured.answers) != {"200"}:
            raise SystemExit(f"{name} answered {measured.answers}:\n{log_tail(process.command.log)}")
        return measured

    def pid(self, name: str) -> int:
        pid = self._servers[name][0].pid
        assert pid is not None, "it runs"
        return pid

    def memory(self, name: str) -> float:
        """Resident MiB."""
        return psutil.Process(self.pid(name)).memory_info().rss / MIB


@asynccontextmanager
async def opened() -> AsyncGenerator[Bench]:
    """Stack, receiver and the two handlers."""
    secret = secrets.token_hex(16)
    with TemporaryDirectory(prefix="bench-ingest-") as scratch:
        folder = Path(scratch)
        shops = folder / "shops.json"
        shops.write_text(json.dumps([{"domain": SHOP, "client_id": "bench", "client_secret": secret}]))
        async with start_stack(StackOptions(label="bench")) as stack:
            if not isinstance(stack, LocalStack):
                raise SystemExit("CPU of the broker is told for STACK=local only.")
            await ensure_topics(KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap), GROUPS)
            environment = {
                "PRINTWORKS_KAFKA_BOOTSTRAP": stack.info.kafka_bootstrap,
                "PRINTWORKS_SHOPS_FILE": str(shops),
                "PRINTWORKS_HTTP_HOST": "127.0.0.1",
                "PRINTWORKS_LOG_FORMAT": "json",
                SECRET: secret,
            }
            handlers = str(HERE / "handlers.py")
            servers = {
                name: serve(name, arguments, environment, folder)
                for name, arguments in {
                    RECEIVER: [str(console_command("printworks-ingest")), "receiver"],
                    PARSE: [sys.executable, handlers, "parse"],
                    JSON: [sys.executable, handlers, "json"],
                    READ: [sys.executable, handlers, "read"],
                }.items()
            }
            try:
                for process, port in servers.values():
                    await until_ready(process, port)
                broker = stack.pid(Part.KAFKA)
                assert broker is not None
                yield Bench(servers, broker, secret)
            finally:
                for process, _ in servers.values():
                    await process.stop()


async def profile(bench: Bench, seconds: float) -> str:
    """Shares of the steps of a webhook, in a run of its own: being looked at costs time."""
    with TemporaryDirectory(prefix="bench-ingest-") as scratch:
        _, steps = await asyncio.gather(
            bench.run(RECEIVER, seconds, size=30_000), sample(bench.pid(RECEIVER), seconds, Path(scratch))
        )
    if not steps:
        return "no profile: this machine lets no process look into another (ptrace)"
    return "of it: " + ", ".join(f"{name} {share:.0%}" for name, share in steps.items())


def serve(
    name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> tuple[ServerProcess, int]:
    (port,) = free_ports(1)
    log = folder / f"{name}.log"
    own = {**environment, "PRINTWORKS_HTTP_PORT": str(port)}
    return ServerProcess(Command(name=name, arguments=arguments, log=log, environment=own)), port


async def until_ready(process: ServerProcess, port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            except httpx.HTTPError:
                if not process.running:
                    raise SystemExit(log_tail(process.command.log)) from None
            await asyncio.sleep(0.1)


def rate(rounds: Iterable[Measured]) -> float:
    """Webhooks a second: the median of the rounds."""
    return statistics.median(one.count / one.seconds for one in rounds)


def microseconds(one: Measured, process: str) -> float:
    return one.cpu[process] / one.count * 1e6


def mean_us(rounds: Sequence[Measured], process: str) -> float:
    return statistics.median(microseconds(one, process) for one in rounds)


def verdict(good: bool, aim: str) -> str:
    return f"aim: {aim}, {'kept' if good else 'MISSED'}"


async def measure(rounds: int, seconds: float, paced_seconds: float) -> bool:
    """Prints what it finds. Returns whether every aim is kept."""
    async with opened() as bench:
        found: dict[str, list[Measured]] = {RECEIVER: [], PARSE: [], JSON: [], READ: []}
        for _ in range(rounds):
            for name, measured in found.items():
                measured.append(await bench.run(name, seconds))
        size = found[RECEIVER][0].body_bytes / 1000
        print(f"\nas fast as 16 connections go, bodies of 12 to 45 kB (mean {size:.1f}), median of {rounds} rounds")
        print(f"{'':18}{'per s':>8}{'p50 ms':>8}{'p99 ms':>8}   CPU us per webhook: server, broker, generator")
        for name, measured in found.items():
            cpu = "".join(f"{mean_us(measured, one):>8.0f}" for one in ("server", "broker", "generator"))
            p50, p99 = (statistics.median(getattr(one, which) for one in measured) for which in ("p50", "p99"))
            print(f"{name:18}{rate(measured):8.0f}{p50 * 1000:8.1f}{p99 * 1000:8.1f}   {cpu}")
        share = rate(found[RECEIVER]) / rate(found[PARSE])
        kept = [share >= SHARE_AIM]
        plain = rate(found[RECEIVER]) / rate(found[JSON])
        print(
            f"receiver: {share:.0%} of the rate of '{PARSE}' ({verdict(kept[-1], f'{SHARE_AIM:.0%}')}), "
            f"{plain:.0%} of that with the standard library's parser"
        )

        thirty = await bench.run(RECEIVER, seconds, size=30_000)
        cpu = microseconds(thirty, "server")
        kept.append(cpu <= CPU_AIM_US)
        print(
            f"bodies of {thirty.body_bytes / 1000:.1f} kB: {thirty.count / thirty.seconds:.0f} per s, {cpu:.0f} us of "
            f"receiver CPU per webhook ({verdict(kept[-1], f'{CPU_AIM_US} us')})"
        )
        print(await profile(bench, seconds))
        before = bench.memory(RECEIVER)
        for per_second, aim in PACED_AIMS_MS.items():
            paced = await bench.run(RECEIVER, paced_seconds, rate=per_second)
            kept.append(paced.p99 * 1000 < aim)
            told = verdict(kept[-1], f"p99 {aim} ms")
            print(
                f"{per_second} per s for {paced_seconds:g} s: p50 {paced.p50 * 1000:.1f} ms, p99 "
                f"{paced.p99 * 1000:.1f} ms, longest {paced.longest * 1000:.1f} ms ({told})"
            )
        again = await bench.run(RECEIVER, seconds)
        after = bench.memory(RECEIVER)
        kept.append(after - before <= GROWTH_AIM_MIB)
        print(
            f"memory of the receiver: {before:.1f} MiB, {after:.1f} MiB after {again.count} more at full speed "
            f"({verdict(kept[-1], f'+{GROWTH_AIM_MIB} MiB')})"
        )
    return all(kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of each round")
    parser.add_argument("--paced-seconds", type=float, default=20)
    arguments = parser.parse_args()
    return 0 if asyncio.run(measure(arguments.rounds, arguments.seconds, arguments.paced_seconds)) else 1


if __name__ == "__main__":
    sys.exit(main())
