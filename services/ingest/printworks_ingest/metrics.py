"""Metrics of ingest."""

from printworks_common.metrics import counter, gauge, histogram

WEBHOOKS = counter("printworks_ingest_webhooks_total", "Webhooks, by topic and outcome.", ["topic", "outcome"])
WEBHOOK_SECONDS = histogram(
    "printworks_ingest_webhook_seconds", "Time from the whole body to the answer, the broker's acknowledgement in it.",
    [], buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)  # fmt: skip
UNREADABLE = counter("printworks_ingest_unreadable_total", "Signed bodies that are no order as we know it.", ["topic"])
LAST_WEBHOOK = gauge("printworks_ingest_last_webhook_timestamp_seconds", "When the last good webhook came.", ["topic"])
REREADS = counter("printworks_ingest_rereads_total", "Orders read again through the Admin API.", ["outcome"])
REREADS_WAITING = gauge("printworks_ingest_rereads_waiting", "Orders that wait to be read again.", [])
OLDEST_REREAD = gauge("printworks_ingest_oldest_reread_seconds", "How long the oldest of them is due.", [])
SWEPT = counter("printworks_ingest_swept_orders_total", "Orders read by the sweeps of the reconciler.", [])
LAST_SWEEP = gauge("printworks_ingest_last_sweep_timestamp_seconds", "When a shop was last swept to its end.", [])
OLDEST_SWEEP = gauge(
    "printworks_ingest_oldest_sweep_seconds", "Of the shop that was not swept to its end for longest: how long.", []
)
OLDEST_COUNT = gauge(
    "printworks_ingest_oldest_count_seconds", "Of the shop whose orders were not counted for longest: how long.", []
)
COUNTED = counter("printworks_ingest_counted_orders_total", "Orders named in counts of whole windows.", [])
ROUNDS = counter(
    "printworks_ingest_rounds_total", "Turns of a shop on schedule (sweep, count, audit), by outcome.",
    ["kind", "outcome"],
)  # fmt: skip
SUBSCRIPTIONS_MISSING = gauge(
    "printworks_ingest_subscriptions_missing", "Shops in which a webhook topic is not subscribed.", ["topic"]
)
SUBSCRIPTIONS_CREATED = counter(
    "printworks_ingest_subscriptions_created_total", "Webhook subscriptions made because they were missing.", ["topic"]
)
