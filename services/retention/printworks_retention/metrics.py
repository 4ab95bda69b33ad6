"""Metrics of retention."""

from printworks_common.metrics import counter, gauge

PURGED_ORDERS = counter("printworks_retention_purged_orders_total", "Orders whose hosted files were cleared.", [])
PURGED_OBJECTS = counter("printworks_retention_purged_objects_total", "Objects deleted from the hosted bucket.", [])
REFUSED = counter("printworks_retention_refused_total", "Runs that deleted nothing, by reason.", ["reason"])
LAST_RUN = gauge("printworks_retention_last_run_timestamp_seconds", "When a run last went to its end.", [])
DUE = gauge("printworks_retention_due_orders", "Orders that were due at the beginning of the last run.", [])
SUSPECT = gauge("printworks_retention_suspect_orders", "Orders never purged, because a date cannot be right.", [])
NOTICES = counter("printworks_retention_notices_total", "Notices published, by days before the last day.", ["days"])
EXPIRING = gauge(
    "printworks_retention_expiring_orders",
    "Orders with pending or failed artwork whose uploads are cleared within 14 days.", [],
)  # fmt: skip
LAST_WALK = gauge("printworks_retention_last_walk_timestamp_seconds", "When the bucket was last walked through.", [])
STRAYS = counter("printworks_retention_strays_total", "Objects of cleared orders found by a walk, and deleted.", [])
UNKNOWN = gauge("printworks_retention_unknown_orders", "Orders with files that the last walk found in no ledger.", [])
ERASED_OBJECTS = counter("printworks_retention_erased_objects_total", "Objects deleted because of a request.", [])
