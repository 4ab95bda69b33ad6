"""Wiring of the render worker, nothing else."""

from printworks_common.events.topics import Topic
from printworks_common.runtime import Runtime
from printworks_common.storage import ObjectStore
from printworks_common.wiring import connect_producer, consume

from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.settings import WorkerSettings
from printworks_render.worker.pool import RenderPool
from printworks_render.worker.renderer import RenderWorker


async def build(runtime: Runtime[WorkerSettings]) -> None:
    settings = runtime.settings
    producer = await connect_producer(runtime, settings)
    objects = ObjectStore(settings)
    runtime.on_stop(objects.close, name="object store")
    pool = RenderPool(
        slots=settings.worker_slots,
        timeout_seconds=settings.render_timeout_seconds,
        memory_mb=settings.render_memory_mb,
        renders_per_child=settings.renders_per_child,
    )
    runtime.on_stop(pool.stop, name="render processes")
    await pool.warm_up()
    worker = RenderWorker(pool, objects, producer, runtime.clock, renderer_version=RENDERER_VERSION)
    consume(
        runtime,
        settings,
        group="worker",
        topics=[Topic.RENDER_REQUESTS],
        handler=worker.handle,
        producer=producer,
        # One more than there are render processes: the next job's inputs are fetched while this one renders.
        parallel=settings.worker_slots + 1,
    )
