"""Metrics of the writer."""

from printworks_common.metrics import counter, gauge, histogram

SNAPSHOTS = counter("printworks_writer_snapshots_total", "Snapshots read, by what became of them.", ["outcome"])
WRITES = counter("printworks_writer_writes_total", "Tries to bring an order to its snapshot, by outcome.", ["outcome"])
REQUESTS = counter("printworks_writer_requests_total", "Requests to Shopify, by kind.", ["kind"])
WAITING = gauge("printworks_writer_orders_waiting", "Orders whose newest snapshot is not on Shopify yet.", [])
FAILING = gauge("printworks_writer_orders_failing", "Of these, orders that were tried in vain, by reason.", ["code"])
SHOPS_PAUSED = gauge("printworks_writer_shops_paused", "Shops that are left alone for a while, by reason.", ["code"])
CHECKED = counter("printworks_writer_checked_total", "Written orders that were compared with Shopify.", [])
DRIFT = counter("printworks_writer_drift_total", "What somebody else had changed and is written again.", ["part"])
ATTRIBUTES_LEFT_OUT = counter(
    "printworks_writer_attributes_left_out_total", "Attributes that found no place on their order.", ["why"]
)
HOLDS = counter("printworks_writer_holds_total", "Fulfilment holds, by what became of them.", ["outcome"])
DEFINITIONS = counter(
    "printworks_writer_definitions_total", "Metafield definitions, by what became of them.", ["outcome"]
)
WRITE_SECONDS = histogram(
    "printworks_writer_delay_seconds", "From the snapshot to the order on Shopify.", [],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)  # fmt: skip
