"""Metrics of jobs-api."""

from printworks_common.metrics import counter, gauge, histogram

REQUESTS = counter(
    "printworks_jobs_api_requests_total", "HTTP requests by route and status class", ["method", "route", "status"]
)
REQUEST_SECONDS = histogram(
    "printworks_jobs_api_request_seconds",
    "Time until an answer is complete; that of changes includes the waiting that was asked for",
    ["route"],
)
COMMANDS = counter(
    "printworks_jobs_api_commands_total", "Commands asked of print jobs, by kind and outcome", ["kind", "outcome"]
)
WRONG_KEYS = counter(
    "printworks_jobs_api_wrong_keys_total",
    "Wrong API keys and session tokens, by where they were shown: refused, or over the limit of wrong ones",
    ["door", "outcome"],
)
FILE_REQUESTS = counter(
    "printworks_jobs_api_file_requests_total", "File links opened, by what was answered", ["outcome"]
)
PAGE_LINKS = counter(
    "printworks_jobs_api_page_links_total", "Pages behind a link opened, by kind and outcome", ["kind", "outcome"]
)
SNAPSHOTS = counter(
    "printworks_jobs_api_snapshots_total", "Snapshots projected: applied, or old and ignored", ["outcome"]
)
PROJECTION_LAG = histogram(
    "printworks_jobs_api_projection_lag_seconds", "From a change of an order to its rows in the read model"
)
PRINT_JOBS = gauge(
    "printworks_jobs_api_print_jobs", "Print jobs of all shops by status and reason", ["status", "reason"]
)
WAITING = gauge("printworks_jobs_api_waiting_clients", "Requests that wait for the next change")
PRIVACY_OPEN = gauge(
    "printworks_jobs_api_privacy_requests_open", "Requests of Shopify about a person or a shop that are not done"
)
PRIVACY_OLDEST = gauge(
    "printworks_jobs_api_privacy_oldest_request_seconds", "Age of the oldest of them; 30 days is the deadline"
)
