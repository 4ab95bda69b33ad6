"""`python -m tests.fuzz --seconds 60 --seed 7`: mutated bytes into what reads strangers' bytes.

Pictures go through a render process with the limits of production; bodies of webhooks, templates, designs and line item
properties through their readers. A finding is whatever is not a right answer or the typed refusal of that reader: its
bytes are kept, and the exit code is 1. One seed makes the same bytes in the same order.
"""

import argparse
import asyncio
import hashlib
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from printworks_common.failures import Reason
from printworks_common.templates import (
    DesignInvalidError,
    DesignMissingError,
    TemplateInvalidError,
    design_from_properties,
    read_design,
    read_template,
)
from printworks_ingest.bodies import parse, parse_order
from printworks_local.stack.model import checkout_root
from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.worker.child import Failed
from printworks_render.worker.pool import RenderPool

from tests.integration.render.parts import photo_request
from tests.unit.engine import corpus

KEPT = checkout_root() / ".printworks" / "fuzz"
WEBHOOKS = Path(__file__).parent / "data" / "webhooks"
REFUSALS = (TemplateInvalidError, DesignInvalidError, DesignMissingError)
SLOW_SECONDS = 5.0
"""Of a processor, for a reader of JSON; a picture has the time limit of its render process."""

RENDER_SECONDS, MEMORY_MB = 60, 3072
TELLING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"1e999", b"-1",
           b"[[[[[[[[", b'{"a":', b'"', b"\\ud800", b"null", b"99999999999999999999")  # fmt: skip
"""Where readers err: borders of numbers, and words of JSON."""

Target = Callable[[bytes], Awaitable[str | None]]
"""What is wrong with how some bytes were answered, or None."""


@dataclass
class Outcome:
    tried: dict[str, int] = field(default_factory=dict[str, int])
    found: list[str] = field(default_factory=list[str])


def mutated(content: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """`content` after one to six changes: bytes set, words put in, parts cut out, doubled, or taken from another."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        at = dice.randint(0, len(changed))
        end = min(len(changed), at + dice.choice((1, 2, 4, 16, 256)))
        match dice.randrange(5):
            case 0:
                changed[at:end] = dice.randbytes(end - at)
            case 1:
                word = dice.choice(TELLING)
                changed[at : at + dice.choice((0, len(word)))] = word
            case 2:
                del changed[at:end]
            case 3:
                changed[at:at] = changed[at:end] * dice.choice((1, 2, 50))
            case _:
                other = dice.choice(others)
                start = dice.randint(0, len(other))
                changed[at:end] = other[start : start + end - at]
    return bytes(changed)


def reader(read: Callable[[bytes], object]) -> Target:
    """A target that runs in this process."""

    async def target(content: bytes) -> str | None:
        began = time.process_time()
        try:
            read(content)
        except REFUSALS:
            pass
        except Exception as error:  # the very thing that is looked for
            return f"{type(error).__name__}: {error}"[:200]
        used = time.process_time() - began
        return f"took {used:.1f} s" if used > SLOW_SECONDS else None

    return target


@asynccontextmanager
async def pictures() -> AsyncGenerator[Target]:
    """A target that prints a picture in a render process."""
    pool = RenderPool(slots=1, timeout_seconds=RENDER_SECONDS, memory_mb=MEMORY_MB, renders_per_child=10_000)
    await pool.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        picture, out = Path(folder) / "picture", Path(folder) / "out"

        async def target(content: bytes) -> str | None:
            picture.write_bytes(content)
            out.mkdir()
            request = photo_request(dpi=72, allow_blank=True)
            outcome = await pool.render(request, {"photo:front": picture}, out, RENDERER_VERSION)
            shutil.rmtree(out)
            if not isinstance(outcome, Failed) or outcome.reason.startswith("upload_"):
                return None
            # A picture may ask for more than is given and is then refused: that is the limit at work.
            if outcome.reason == Reason.RENDER_OUT_OF_MEMORY:
                return None
            return f"{outcome.reason}: {outcome.detail}"

        yield target
    await pool.stop()


def readers() -> dict[str, tuple[Target, list[bytes]]]:
    """The readers of JSON with their seeds."""
    request = photo_request()
    template = read_template(request.template)
    bodies = [path.read_bytes() for path in sorted(WEBHOOKS.glob("*.json"))]
    properties = [
        json.dumps(line["properties"]).encode()
        for body in bodies
        for line in json.loads(body).get("line_items", ())
        if line.get("properties")
    ]
    return {
        "order": (reader(parse_order), bodies),
        "body": (reader(parse), bodies),
        "template": (reader(read_template), [json.dumps(request.template).encode()]),
        "design": (reader(read_design), [json.dumps(request.design).encode()]),
        "properties": (reader(lambda content: design_from_properties(_any(content), template)), properties),
    }


def _any(content: bytes) -> object:
    """Properties are read from a body that was parsed; what is no JSON is taken as a text."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return [{"name": "photo", "value": content.decode(errors="replace")}]


async def fuzz(seconds: float, seed: int, keep: Path, more: Mapping[str, tuple[Target, list[bytes]]]) -> Outcome:
    """Try all targets and `more` in turn until the time is over. Findings are kept in `keep`, a file each."""
    dice, outcome = random.Random(seed), Outcome()
    async with pictures() as picture:
        seeds = [*corpus.truncatable().values(), *(content for content, _ in corpus.bad().values())]
        small = [content for content in seeds if len(content) < 1 << 20]
        targets = {**readers(), "picture": (picture, small), **more}
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for name, (target, known) in targets.items():
                content = mutated(dice.choice(known), known, dice)
                outcome.tried[name] = outcome.tried.get(name, 0) + 1
                wrong = await target(content)
                if wrong is not None:
                    outcome.found.append(f"{name}: {wrong} ({kept(keep, name, content)})")
    return outcome


def kept(folder: Path, target: str, content: bytes) -> Path:
    """The file that holds the bytes of a finding from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{target}-{hashlib.sha256(content).hexdigest()[:12]}"
    path.write_bytes(content)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:g} s", flush=True)
    outcome = asyncio.run(fuzz(options.seconds, options.seed, KEPT, {}))
    print(", ".join(f"{name} {count}" for name, count in outcome.tried.items()))
    print("\n".join(outcome.found) or "nothing found")
    return 1 if outcome.found else 0


if __name__ == "__main__":
    sys.exit(main())
