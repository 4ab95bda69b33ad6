"""Metrics of the coordinator."""

from printworks_common.metrics import counter, gauge, histogram

ORDERS_TAKEN_IN = counter("printworks_coordinator_orders_total", "Orders taken in, by what they changed.", ["outcome"])
MISSED_WEBHOOKS = counter(
    "printworks_coordinator_missed_webhooks_total",
    "Changes of orders that a sweep or a count found, by the webhook topic that should have told of them.", ["topic"],
)  # fmt: skip
COUNTS = counter("printworks_coordinator_counts_total", "Counts of a shop's orders that were answered.", [])
DIFFERENCES = counter(
    "printworks_coordinator_count_differences_total",
    "Orders that a count found to be missing here, different, or gone from Shopify.", ["kind"],
)  # fmt: skip
RESULTS = counter("printworks_coordinator_results_total", "Render results, by outcome; ignored: late.", ["outcome"])
COMMANDS = counter("printworks_coordinator_commands_total", "Commands from people and machines.", ["kind"])
CATALOG_ENTRIES = counter("printworks_coordinator_catalog_total", "Catalog entries read, by kind.", ["kind"])
PINNED = counter("printworks_coordinator_pinned_total", "Tries to pin the inputs of a job, by outcome.", ["outcome"])
RELEASED = counter("printworks_coordinator_released_total", "Render requests released.", [])
DELIVERIES_ASKED = counter("printworks_coordinator_deliveries_total", "Deliveries to shops' buckets asked for.", [])
COPIES_DELETED = counter(
    "printworks_coordinator_delivered_copies_deleted_total", "Hosted copies of delivered files that were deleted.", []
)
PAID_TO_READY = histogram(
    "printworks_coordinator_paid_to_ready_seconds",
    "From an order's first payment to a print job's first files.",
    buckets=(1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600),
)
JOBS_WAITING = gauge("printworks_coordinator_jobs_waiting", "Pending jobs by the step they wait in.", ["step"])
OLDEST_WAITING = gauge(
    "printworks_coordinator_oldest_waiting_seconds", "Age of the oldest pending job by step.", ["step"]
)
PIN_SECONDS = histogram(
    "printworks_coordinator_pin_seconds", "Time to fetch and store the inputs of one job.", [],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
)  # fmt: skip
