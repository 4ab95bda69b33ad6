"""Metrics of the render worker."""

from printworks_common.metrics import counter, histogram

RENDERS = counter("printworks_worker_renders_total", "Renders, by outcome (ready or reason code).", ["outcome"])
RENDER_SECONDS = histogram(
    "printworks_worker_render_seconds", "Time in the render process, by recipe.", ["recipe"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120),
)  # fmt: skip
RENDER_MEMORY = histogram(
    "printworks_worker_render_memory_mb", "Peak resident memory of a render process, in MiB, by recipe.", ["recipe"],
    buckets=(128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096),
)  # fmt: skip
