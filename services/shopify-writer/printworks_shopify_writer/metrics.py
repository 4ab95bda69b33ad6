"""Metrics of the writer."""

from printworks_common.metrics import counter, gauge, histogram

SNAPSHOTS = counter("printworks_writer_snapshots_total", "Snapshots read, by what became of them.", ["outcome"])
WRITES = counter("printworks_writer_writes_total", "Tries to bring an order to its snapshot, by outcome.", ["outcome"])
REQUESTS = counter("printworks_writer_requests_total", "Requests to Shopify, by kind.", ["kind"])
WAITING = gauge("printworks_writer_orders_waiting", "Orders whose newest snapshot is not on Shopify yet.", [])
WRITE_SECONDS = histogram(
    "printworks_writer_delay_seconds", "From the snapshot to the order on Shopify.", [],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)  # fmt: skip
