"""Metrics of the deliverer."""

from printworks_common.metrics import counter, histogram

DELIVERIES = counter(
    "printworks_deliverer_deliveries_total", "Deliveries to shops' buckets, by outcome (delivered or reason code).",
    ["outcome"],
)  # fmt: skip
BYTES = counter("printworks_deliverer_bytes_total", "Bytes of files that lie verified in shops' buckets.", [])
MULTIPART = counter("printworks_deliverer_multipart_total", "Files that went in parts.", [])
DELIVERY_SECONDS = histogram(
    "printworks_deliverer_delivery_seconds", "Time to deliver the files of a print job, failures included.", [],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1500),
)  # fmt: skip
