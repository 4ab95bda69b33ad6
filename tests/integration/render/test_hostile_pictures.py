"""Every odd and hostile picture through a real render process: right, or failed with its reason, within 30 s and 1 GB.

One process for all of them, so that whatever a picture does to it is seen by those that follow.
"""

import multiprocessing
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from printworks_common.failures import Reason
from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.worker.child import Failed, Rendered
from printworks_render.worker.pool import RenderPool

from tests.integration.render.parts import photo_request
from tests.unit.engine import corpus

SECONDS = 30
MEMORY_MB = 1024
WORKER_MB = 3072
"""What a worker gives a render process by default."""

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL: dict[str, tuple[bytes, str]] = {
    **{name: (content, "ready") for name, (content, _) in corpus.good().items()},
    **corpus.bad(),
    **{name: (content, "upload_corrupt") for name, content in corpus.of_too_many_parts().items()},
    **{
        f"half.{name}": (content[: len(content) // 2], "upload_corrupt")
        for name, content in corpus.truncatable().items()
    },
}

WIDE = (30_000, 3_333)
"""As wide as issue reports go, and as many pixels as are printed."""


def flat(mode: str, colour: Any, size: tuple[int, int] = WIDE) -> Image.Image:
    return Image.new(mode, size, colour)


LARGE: dict[str, Callable[[], bytes]] = {
    "grey-16.png": lambda: corpus.encoded(flat("I;16", 30_000), "PNG", compress_level=1),
    "float.tif": lambda: corpus.encoded(flat("F", 0.5), "TIFF", compression="tiff_lzw"),
    "cmyk.tif": lambda: corpus.encoded(flat("CMYK", (10, 60, 90, 5)), "TIFF", compression="tiff_lzw"),
    "alpha.png": lambda: corpus.encoded(flat("RGBA", (90, 60, 10, 200)), "PNG", compress_level=1),
    "palette.gif": lambda: corpus.encoded(flat("P", 3), "GIF"),
    "wide.webp": lambda: corpus.encoded(flat("RGB", (90, 60, 10), (16_383, 3_050)), "WEBP", method=0),
    "wide.avif": lambda: corpus.encoded(flat("RGB", (90, 60, 10), WIDE), "AVIF", speed=10),
    "p3.png": lambda: corpus.encoded(
        flat("RGB", (90, 60, 10)), "PNG", compress_level=1, icc_profile=corpus.profile("display-p3.icc")
    ),
    "progressive.jpg": lambda: corpus.encoded(flat("RGB", (90, 60, 10), (30_000, 2_100)), "JPEG", progressive=True),
}


@dataclass
class Process:
    """The render process, and what it takes for a job."""

    pool: RenderPool
    others: frozenset[int | None]

    @property
    def pid(self) -> int:
        (pid,) = children() - self.others
        assert pid is not None
        return pid

    async def render(self, picture: Path, out: Path) -> tuple[Rendered | Failed, float, float]:
        """What becomes of a picture, in how many seconds of a processor, with how many megabytes at most."""
        begin_peak(self.pid)
        before = processor_seconds(self.pid)
        outcome = await self.pool.render(
            photo_request(dpi=100, allow_blank=True), {"photo:front": picture}, out, RENDERER_VERSION
        )
        return outcome, processor_seconds(self.pid) - before, peak_mb(self.pid)


def children() -> frozenset[int | None]:
    return frozenset(child.pid for child in multiprocessing.active_children())


def processor_seconds(pid: int) -> float:
    """Used so far by all threads of a process: on a busy machine the clock on the wall tells of others (proc(5))."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def begin_peak(pid: int) -> None:
    """Let the kernel measure the most resident memory anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(peak) / 1024


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def process() -> AsyncIterator[Process]:
    others = children()
    pool = RenderPool(slots=1, timeout_seconds=10 * SECONDS, memory_mb=WORKER_MB, renders_per_child=10_000)
    await pool.warm_up()
    running = Process(pool, others)
    before = running.pid
    yield running
    assert running.pid == before, "no picture has cost the process"
    await pool.stop()


def put(folder: Path, content: bytes) -> Path:
    """A picture, and beside it the empty folder `out`."""
    (folder / "out").mkdir()
    picture = folder / "picture"
    picture.write_bytes(content)
    return picture


@pytest.mark.parametrize("name", SMALL)
async def test_an_odd_picture_is_printed_and_a_hostile_one_fails_with_its_reason(
    process: Process, name: str, tmp_path: Path
) -> None:
    content, expected = SMALL[name]
    picture = put(tmp_path, content)

    outcome, seconds, peak = await process.render(picture, tmp_path / "out")

    assert (outcome.reason if isinstance(outcome, Failed) else "ready") == expected
    assert seconds < SECONDS
    assert peak < MEMORY_MB


@pytest.mark.parametrize("name", LARGE)
async def test_the_largest_pictures_are_printed_in_bounded_time_and_memory(
    process: Process, name: str, tmp_path: Path
) -> None:
    picture = put(tmp_path, LARGE[name]())

    outcome, seconds, peak = await process.render(picture, tmp_path / "out")
    print(f"{name}: {seconds:.1f} s, {peak:.0f} MB")

    assert isinstance(outcome, Rendered), outcome
    assert seconds < SECONDS
    assert peak < MEMORY_MB


async def test_a_picture_with_more_pixels_than_are_printed_fails_before_it_is_decoded(
    process: Process, tmp_path: Path
) -> None:
    picture = put(tmp_path, corpus.encoded(flat("1", 1, (30_000, 3_400)), "PNG"))

    outcome, seconds, peak = await process.render(picture, tmp_path / "out")

    assert isinstance(outcome, Failed)
    assert outcome.reason == Reason.UPLOAD_TOO_LARGE
    assert (seconds, peak) < (SECONDS, MEMORY_MB)
