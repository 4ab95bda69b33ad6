"""Where the receiver's time goes: its stacks, sampled from outside by py-spy while it works, by step of a webhook."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

STEPS: Sequence[tuple[str, Sequence[str]]] = (
    ("verify", ("is_signed (",)),
    ("parse", ("parse_order (printworks_ingest", "parse (printworks_ingest")),
    ("trim", ("from_webhook (",)),
    ("encode", ("encode (printworks_common", "event_id (printworks_common")),
    ("log line", ("BoundLogger.info (",)),
    ("trace", ("span (printworks_common", "current_traceparent (")),
    ("publish", ("aiokafka/", "KafkaProducer.", "AIOKafka")),
    ("rest of the receiver", ("Receiver.",)),
    ("HTTP", ("uvicorn/", "http_protocol.py", "door.py", "health.py")),
    ("event loop", ("",)),
)
"""Each sample counts for the first step whose frames are in its stack."""

IDLE = ("epoll", "select (")


async def sample(pid: int, seconds: float, scratch: Path) -> dict[str, float]:
    """Share of each step, 0 to 1; empty where this machine lets no process look into another."""
    out = scratch / "stacks.txt"
    spy = Path(sys.executable).with_name("py-spy")
    process = await asyncio.create_subprocess_exec(
        *(str(spy), "record", "--pid", str(pid), "--duration", str(round(seconds)), "--rate", "400"),
        *("--format", "raw", "--output", str(out)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await process.wait() or not out.is_file():
        return {}
    return shares(out.read_text())


def shares(stacks: str) -> dict[str, float]:
    """From py-spy's raw format: `frame;frame;frame samples`, one stack a line."""
    found: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, number = line.rpartition(" ")
        if any(idle in stack.rpartition(";")[2] for idle in IDLE):
            continue
        step = next(name for name, marks in STEPS if any(mark in stack for mark in marks))
        found[step] += int(number)
    total = sum(found.values()) or 1
    return {name: found[name] / total for name, _ in STEPS}
