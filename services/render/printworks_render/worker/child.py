"""What runs in the render process: one job at a time, under a memory limit, killed when it takes too long.

The process holds no connection and no secret. It reads and writes one folder.
"""

import resource
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from printworks_common.events.rendering import PreflightCheck, RenderRequested
from printworks_common.failures import Reason
from printworks_common.templates import DesignInvalidError, TemplateInvalidError, read_design, read_template

from printworks_render import engine
from printworks_render.engine import OrderFacts, PreflightReport, RenderedFile, RenderError, RenderJob
from printworks_render.engine.memory import address_space_bytes
from printworks_render.worker.forking import be_a_render_process


@dataclass(frozen=True)
class Rendered:
    files: tuple[RenderedFile, ...]
    preflight: tuple[PreflightCheck, ...]
    spec_line: str
    render_ms: int
    peak_rss_mb: int


@dataclass(frozen=True)
class Failed:
    reason: str
    detail: str
    preflight: tuple[PreflightCheck, ...]


def start(memory_mb: int) -> None:
    """Prepare a fresh render process: it dies with its worker, and never uses more address space than allowed."""
    be_a_render_process()
    # Ctrl-C in a terminal reaches the whole group; the parent decides when a render ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Pebble's handler runs only between two steps of Python: native code that never returns would not hear it, and the
    # whole pool would wait 3 seconds for it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A crash of native code must not leave a core file with a customer's picture.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def warm_up() -> None:
    """Does nothing: what takes long in a fresh process is what comes before."""


def render(
    request: RenderRequested, inputs: dict[str, Path], out_dir: Path, renderer_version: str
) -> Rendered | Failed:
    """Render one request. Every failure that can be told in words comes back as `Failed`."""
    began = time.monotonic()
    try:
        job = RenderJob(
            template=read_template(request.template),
            design=read_design(request.design),
            inputs=inputs,
            order=OrderFacts(
                order_name=request.order_name,
                line_item_id=request.line_item_id,
                document_date=request.document_time.date(),
                quantity=request.quantity,
                test=request.watermark,
                link=request.line_item_url,
            ),
            renderer_version=renderer_version,
        )
        with bounded(engine.memory_bytes(job)):
            report = engine.render(job, out_dir)
    except RenderError as error:
        return Failed(error.reason, error.detail, _checks(error.report))
    except (TemplateInvalidError, DesignInvalidError) as error:
        return Failed(error.code, str(error), ())
    except MemoryError:
        return Failed(Reason.RENDER_OUT_OF_MEMORY, "The render process reached its memory limit.", ())
    return Rendered(
        files=report.files,
        preflight=_checks(report.preflight),
        spec_line=report.spec,
        render_ms=round((time.monotonic() - began) * 1000),
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


@contextmanager
def bounded(need: int) -> Generator[None]:
    """Hold this process to the bytes that its job may need: a job that goes wrong takes no memory from others.

    Raises `RenderError` for a job that may need more than the process has, before time is spent on it.
    """
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limited = most != resource.RLIM_INFINITY
    if limited and need > most:
        raise RenderError(
            Reason.RENDER_OUT_OF_MEMORY,
            f"The job may need {need >> 20} MB of memory; a render process may use {most >> 20} MB.",
        )
    bound = address_space_bytes(need)
    resource.setrlimit(resource.RLIMIT_AS, (min(bound, most) if limited else bound, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _checks(report: PreflightReport | None) -> tuple[PreflightCheck, ...]:
    if report is None:
        return ()
    return tuple(
        PreflightCheck(
            code=check.code, level=check.level, sentence=check.sentence, measured=check.measured, limit=check.limit
        )
        for check in report.checks
    )
