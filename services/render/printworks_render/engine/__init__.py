"""The rendering engine: template, design and pinned inputs in; production files and a report out.

Pure: no Kafka, no network, no clock. The same job with the same renderer version gives the same pixels, and the same
bytes on the same image and CPU family. It runs one job per process; native libraries are kept to one thread, so that
the number of workers alone decides how many cores are used.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import cv2
from printworks_common.failures import Reason
from printworks_common.templates import DesignInvalidError, DesignMissingError, TemplateInvalidError

from printworks_render.engine.job import (
    Check,
    Level,
    OrderFacts,
    PreflightReport,
    RenderedFile,
    RenderError,
    RenderJob,
    RenderReport,
)
from printworks_render.engine.memory import share_heap
from printworks_render.engine.recipes import load_recipes, recipe_for

__all__ = [
    "Check",
    "Level",
    "OrderFacts",
    "PreflightReport",
    "RenderError",
    "RenderJob",
    "RenderReport",
    "RenderedFile",
    "load_recipes",
    "memory_bytes",
    "preview",
    "render",
]

cv2.setNumThreads(1)
share_heap()


def render(job: RenderJob, out_dir: Path) -> RenderReport:
    """Make all files of the job in `out_dir` (which exists and is empty) and check them.

    Raises `RenderError` with a reason of `printworks_common.failures`; files left in `out_dir` are then worthless.
    """
    with _typed():
        return recipe_for(job.template.recipe).render(job, out_dir)


def preview(job: RenderJob, out_dir: Path, max_px: int = 1200) -> list[RenderedFile]:
    """The customer-facing preview: one JPEG per area, longest side `max_px`. Raises `RenderError`."""
    with _typed():
        return recipe_for(job.template.recipe).preview(job, out_dir, max_px)


def memory_bytes(job: RenderJob) -> int:
    """The most memory, in bytes, that `render(job, …)` will use. Raises `RenderError` for unreadable inputs."""
    with _typed():
        return recipe_for(job.template.recipe).memory_bytes(job)


@contextmanager
def _typed() -> Generator[None]:
    """Errors of the documents as the engine's own, so that callers handle one type."""
    try:
        yield
    except (TemplateInvalidError, DesignInvalidError, DesignMissingError) as error:
        raise RenderError(Reason(error.code), str(error)) from error
