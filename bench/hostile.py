"""Every odd and hostile picture through a render process as workers start it, one after another.

    python -m bench.hostile [--only TEXT]

Printed are the picture's bytes, what became of it, the seconds until the answer, those of a processor, and the most
memory that the process had resident. Ends with code 1 when a picture becomes something else than it should, takes more
than 30 s or 1 GB, or costs the process.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.hostile_pictures import MEMORY_MB, PICTURES, SECONDS, Hostile, Process, Tried, render_process


def faults(picture: Hostile, tried: Tried) -> list[str]:
    """What is wrong with how a picture was taken."""
    found: list[str] = []
    if tried.became != picture.expected:
        found.append(f"expected {picture.expected}")
    if tried.seconds > SECONDS:
        found.append(f"more than {SECONDS} s")
    if tried.peak_mb > MEMORY_MB:
        found.append(f"more than {MEMORY_MB} MB")
    if not tried.alive:
        found.append("it has cost the process")
    return found


async def tried_in(process: Process, name: str) -> tuple[Tried, int, list[str]]:
    """A picture's fate, its bytes, and what is wrong."""
    content = PICTURES[name].content()
    with tempfile.TemporaryDirectory() as folder:
        tried = await process.render(content, Path(folder))
    return tried, len(content), faults(PICTURES[name], tried)


async def measure(names: Sequence[str]) -> int:
    """How many pictures were taken wrongly."""
    missed, slowest, largest = 0, 0.0, 0.0
    print(f"{'picture':<30}{'bytes':>12}  {'outcome':<20}{'s':>7}{'CPU s':>7}{'MB':>7}")
    async with render_process() as process:
        for name in names:
            tried, size, wrong = await tried_in(process, name)
            missed += bool(wrong)
            slowest, largest = max(slowest, tried.seconds), max(tried.peak_mb, largest)
            figures = f"{tried.seconds:7.2f}{tried.processor:7.2f}{tried.peak_mb:7.0f}"
            print(f"{name:<30}{size:>12,}  {tried.became:<20}{figures}  {', '.join(wrong)}".rstrip(), flush=True)
    print(
        f"{len(names) - missed} of {len(names)} as they should; slowest {slowest:.1f} s of {SECONDS}, "
        f"most {largest:.0f} MB of {MEMORY_MB}"
    )
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="pictures whose names contain it")
    options = parser.parse_args()
    names = [name for name in PICTURES if options.only in name]
    if not names:
        parser.error(f"no picture's name contains {options.only}")
    return 1 if asyncio.run(measure(names)) else 0


if __name__ == "__main__":
    sys.exit(main())
