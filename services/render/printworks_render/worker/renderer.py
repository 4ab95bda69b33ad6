"""The flow of one render request: fetch the pinned inputs, render in another process, store the files, tell the result.

The order of the steps is the guarantee: files are stored and verified, then the result is acknowledged by the broker,
then the consumer loop commits. A second attempt writes the same keys, since a key carries the hash of its content.
What becomes of a dry-run is written beside its files instead: there is no order that would wait for it.
"""

import asyncio
import tempfile
from pathlib import Path

from printworks_common import ids, tracing
from printworks_common.clock import Clock
from printworks_common.dry_runs import OUTCOME, DryRunOutcome
from printworks_common.errors import PoisonError
from printworks_common.events.envelope import encode
from printworks_common.events.rendering import RenderFailed, RenderFinished, RenderRequested, StoredFile
from printworks_common.failures import Reason
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.storage import ObjectMissingError, ObjectStore

from printworks_render.engine import RenderedFile
from printworks_render.worker import metrics
from printworks_render.worker.child import Failed, Rendered
from printworks_render.worker.pool import RenderPool

SOURCE = "printworks/render/worker"


class RenderWorker:
    def __init__(
        self, pool: RenderPool, objects: ObjectStore, producer: KafkaProducer, clock: Clock, *, renderer_version: str
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._producer = producer
        self._clock = clock
        self._renderer_version = renderer_version

    async def handle(self, record: Record) -> None:
        """Render one request. Raises `PoisonError` for an unknown event, `GroundMissingError` without the store."""
        if record.event_type != RenderRequested.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        request = record.decode(RenderRequested)
        started = self._clock.now()
        with tempfile.TemporaryDirectory(prefix="pw-render-") as folder:
            outcome = await self._render(request, Path(folder))
            files: tuple[StoredFile, ...] = ()
            if isinstance(outcome, Rendered):
                try:
                    files = await self._store(request, outcome.files)
                except PoisonError as error:
                    # As a dead letter the job would wait for its lease; as a result its failure is seen at once.
                    outcome = Failed(Reason.RENDER_FAILED, f"The store refuses a file: {error.code}.", ())
        metrics.RENDERS.labels(outcome="ready" if isinstance(outcome, Rendered) else outcome.reason).inc()
        if request.dry_run:
            await self._leave(request, outcome, files)
            return
        result: RenderFinished | RenderFailed
        if isinstance(outcome, Rendered):
            metrics.RENDER_SECONDS.labels(recipe=_recipe(request)).observe(outcome.render_ms / 1000)
            metrics.RENDER_MEMORY.labels(recipe=_recipe(request)).observe(outcome.peak_rss_mb)
            result = RenderFinished(
                shop=request.shop,
                order_id=request.order_id,
                job_id=request.job_id,
                artwork_version=request.artwork_version,
                attempt=request.attempt,
                renderer_version=self._renderer_version,
                files=files,
                preflight=outcome.preflight,
                spec_line=outcome.spec_line,
                started_at=started,
                finished_at=self._clock.now(),
                render_ms=outcome.render_ms,
            )
        else:
            result = RenderFailed(
                shop=request.shop,
                order_id=request.order_id,
                job_id=request.job_id,
                artwork_version=request.artwork_version,
                attempt=request.attempt,
                renderer_version=self._renderer_version,
                reason_code=outcome.reason,
                detail=outcome.detail,
                preflight=outcome.preflight,
                started_at=started,
                finished_at=self._clock.now(),
            )
        await self._producer.send(
            encode(
                result,
                event_id=ids.event_id(result.type_name, request.job_id, request.artwork_version, request.attempt),
                source=SOURCE,
                time=result.finished_at,
                traceparent=tracing.current_traceparent(),
            )
        )

    async def _render(self, request: RenderRequested, folder: Path) -> Rendered | Failed:
        inputs: dict[str, Path] = {}
        source_dir, out_dir = folder / "in", folder / "out"
        source_dir.mkdir()
        out_dir.mkdir()
        try:
            for number, one in enumerate(request.inputs):
                path = source_dir / str(number)
                await self._objects.get_file(one.key, path, sha256=one.sha256)
                inputs[one.input_id] = path
        except ObjectMissingError:
            # Pinned inputs go only with the order's retention or an erasure: there is nothing left to render.
            return Failed(Reason.INPUTS_EXPIRED, "A pinned input is no longer in the bucket.", ())
        return await self._pool.render(request, inputs, out_dir, self._renderer_version)

    async def _leave(self, request: RenderRequested, outcome: Rendered | Failed, files: tuple[StoredFile, ...]) -> None:
        """What became of a dry-run, beside its files, where whoever asked for it looks."""
        left = DryRunOutcome(
            files=files,
            preflight=outcome.preflight,
            spec_line=outcome.spec_line if isinstance(outcome, Rendered) else "",
            reason_code=None if isinstance(outcome, Rendered) else outcome.reason,
            detail="" if isinstance(outcome, Rendered) else outcome.detail,
            renderer_version=self._renderer_version,
            render_ms=outcome.render_ms if isinstance(outcome, Rendered) else None,
        )
        key = f"{request.output_prefix}{OUTCOME}"
        await self._objects.put_bytes(key, left.model_dump_json().encode(), "application/json")

    async def _store(self, request: RenderRequested, files: tuple[RenderedFile, ...]) -> tuple[StoredFile, ...]:
        return tuple(await asyncio.gather(*(self._store_one(request, file) for file in files)))

    async def _store_one(self, request: RenderRequested, file: RenderedFile) -> StoredFile:
        key = f"{request.output_prefix}{file.sha256[:16]}-{file.name}"
        stored = await self._objects.put_file(key, file.path, media_type=file.media_type)
        return StoredFile(
            file_id=ids.file_id(request.job_id, request.artwork_version, file.name, stored.sha256),
            key=key,
            role=file.role,
            name=file.name,
            format=file.format,
            media_type=file.media_type,
            bytes=stored.bytes,
            sha256=stored.sha256,
            crc32=stored.crc32,
            area=file.area,
            width_px=file.width_px,
            height_px=file.height_px,
            width_mm=file.width_mm,
            height_mm=file.height_mm,
            dpi=file.dpi,
            colour_space=file.colour_space,
            bleed_mm=file.bleed_mm,
            pages=file.pages,
        )


def _recipe(request: RenderRequested) -> str:
    """The recipe as a metric label; what is not one of ours is one label, so that labels stay bounded."""
    known = {"photo", "diamond-painting", "paint-by-numbers"}
    recipe = str(request.template.get("recipe"))
    return recipe if recipe in known else "other"
