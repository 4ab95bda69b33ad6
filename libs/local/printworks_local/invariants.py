"""The promises of Printworks, checked on evidence from outside (docs/delivery-guarantees.md).

Each check returns a sentence per broken promise, so that one run tells all that is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from printworks_common import ids
from printworks_common.events.orders import OrderReceived

from printworks_local.evidence import Event, Evidence
from printworks_local.shop_floor import TAG_PREFIX, ShopifyOrder
from printworks_local.traffic import Sent

SNAPSHOT = "printworks.order.snapshot.v1"
ORDER_ARTWORK = "printworks.order-artwork.changed.v1"
FINISHED = "printworks.render.finished.v1"
PRODUCTION = {"print", "pattern", "legend", "chart", "reference", "data"}


def broken_promises(sent: Iterable[Sent], shopify: Mapping[int, ShopifyOrder], evidence: Evidence) -> list[str]:
    """Everything that is wrong with orders that all should be ready, none edited and no input replaced."""
    found: list[str] = []
    snapshots = latest(evidence.print_jobs, SNAPSHOT)
    public = latest(evidence.artwork, ORDER_ARTWORK)
    found += _accepted_is_durable(sent, evidence)
    for order in sent:
        name = f"order {order.order_id}"
        snapshot = snapshots.get(order.order_id)
        if snapshot is None:
            found.append(f"{name}: no snapshot was published")
            continue
        parts = (
            _one_job_per_line(order, snapshot),
            _every_job_is_ready(snapshot),
            files_are_there(snapshot, evidence),
            _shopify_follows(order, shopify[order.order_id], public.get(order.order_id)),
            _one_tag_at_a_time(evidence.journal[order.order_id]),
            read_model_follows(snapshot, shopify[order.order_id], evidence.api.get(order.order_id)),
        )
        found += [f"{name}: {sentence}" for part in parts for sentence in part]
    found += versions_grow(evidence)
    found += _nothing_else_was_rendered(sent, evidence)
    return found


def latest(events: Iterable[Event], kind: str) -> dict[int, dict[str, Any]]:
    """The newest snapshot of each order, by version as every consumer does it."""
    newest: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.type == kind:
            order_id = int(event.data["order_id"])
            if order_id not in newest or newest[order_id]["version"] < event.data["version"]:
                newest[order_id] = event.data
    return newest


def _accepted_is_durable(sent: Iterable[Sent], evidence: Evidence) -> Iterator[str]:
    """6: a 200 to Shopify means the event is durable."""
    published = {event.event_id for event in evidence.orders}
    for order in sent:
        key = ids.order_key(evidence.shop, str(order.order_id))
        if ids.event_id(OrderReceived.type_name, key, order.webhook_id) not in published:
            yield f"order {order.order_id} was answered 200, and no event of it is on the topic"


def _one_job_per_line(order: Sent, snapshot: dict[str, Any]) -> Iterator[str]:
    """1: every customised line item of a paid order has exactly one current job."""
    lines = Counter(job["line_item_id"] for job in snapshot["jobs"])
    expected = {str(order.order_id * 10 + place) for place in range(order.lines)}
    if set(lines) != expected or any(count != 1 for count in lines.values()):
        yield f"line items with jobs are {dict(lines)}, expected one each of {sorted(expected)}"


def _every_job_is_ready(snapshot: dict[str, Any]) -> Iterator[str]:
    """2 and 4: every job has ended, and has one current artwork version; 10: its timeline tells how."""
    for job in snapshot["jobs"]:
        if job["status"] != "ready":
            yield f"job {job['job_id']} is {job['status']} ({job['step']}, {job['reason_code']})"
            continue
        current = [artwork for artwork in job["artwork"] if artwork["current"]]
        if len(current) != 1 or current[0]["artwork_version"] != job["artwork_version"]:
            yield f"job {job['job_id']} has {len(current)} current artwork versions"
        if job["artwork_version"] != 1:
            yield f"job {job['job_id']} was rendered as version {job['artwork_version']}, though nothing was changed"
        if not any(entry["event"] == "ready" for entry in job["timeline"]):
            yield f"job {job['job_id']} is ready without a word of it in its timeline"


def files_are_there(snapshot: dict[str, Any], evidence: Evidence) -> Iterator[str]:
    """3: ready means that each object exists, with its hash and size."""
    for job in snapshot["jobs"]:
        for file in (file for artwork in job["artwork"] for file in artwork["files"]):
            stored = evidence.objects.get(file["key"])
            if stored is None:
                yield f"{file['name']} is not in the bucket"
            elif (stored.sha256, stored.bytes) != (file["sha256"], file["bytes"]):
                yield f"{file['name']} in the bucket is another file"


def _shopify_follows(order: Sent, shopify: ShopifyOrder, public: dict[str, Any] | None) -> Iterator[str]:
    """5: tag = metafield = public snapshot; no other app's tag is ever lost."""
    if public is None:
        yield "no public snapshot was published"
        return
    status = public["artwork_status"]
    if shopify.tags != [f"{TAG_PREFIX}{status}"] or shopify.artwork_status != f"{TAG_PREFIX}{status}":
        yield f"Shopify has {shopify.tags} and {shopify.artwork_status}, the snapshot says {status}"
    if set(shopify.artwork_files or ()) != set(public["artwork_files"]):
        yield "the links on Shopify are not those of the snapshot"
    if set(shopify.other_tags) != set(order.other_tags):
        yield f"other apps' tags are {shopify.other_tags}, were {list(order.other_tags)}"


def _one_tag_at_a_time(journal: list[dict[str, Any]]) -> Iterator[str]:
    """5: never two statuses at once, as far as Shopify offers it: what we leave after our own last write."""
    if journal:
        tags = [entry["after"]["tags"] for entry in journal if "tags" in entry["after"]]
        ours = [tag for tag in (tags[-1] if tags else []) if tag.startswith(TAG_PREFIX)]
        if len(ours) != 1:
            yield f"our last write left the tags {ours}"


def read_model_follows(snapshot: dict[str, Any], shopify: ShopifyOrder, api: dict[str, Any] | None) -> Iterator[str]:
    """5: what the API shows is the newest snapshot, and its links are those on Shopify."""
    if api is None:
        yield "jobs-api does not know it"
        return
    if api["version"] != snapshot["version"] or api["artwork_status"] != snapshot["artwork_status"]:
        yield f"jobs-api shows version {api['version']}, the newest is {snapshot['version']}"
    if {job["job_id"] for job in api["jobs"]} != {job["job_id"] for job in snapshot["jobs"]}:
        yield "jobs-api shows other print jobs"
    if set(api["artwork_files"]) != set(shopify.artwork_files or ()):
        yield "the links of jobs-api are not those on Shopify"


def versions_grow(evidence: Evidence) -> Iterator[str]:
    """Snapshots of an order come in order; what comes again is the same event, and may come late."""
    newest: dict[tuple[str, str], int] = defaultdict(int)
    known: dict[tuple[str, str, int], str] = {}
    for event in [*evidence.print_jobs, *evidence.artwork]:
        about = str(event.data.get("job_id") or event.data["order_id"])
        version = int(event.data["version"])
        known_as = known.get((event.type, about, version))
        if known_as is None and version < newest[event.type, about]:
            yield f"{event.type} of {about}: version {version} came after {newest[event.type, about]}"
        if known_as not in {None, event.event_id}:
            yield f"{event.type} of {about}: version {version} was published as two different events"
        known[event.type, about, version] = event.event_id
        newest[event.type, about] = max(version, newest[event.type, about])


def _nothing_else_was_rendered(sent: Iterable[Sent], evidence: Evidence) -> Iterator[str]:
    """7: only jobs of these orders were rendered."""
    jobs = {job["job_id"] for event in evidence.print_jobs for job in event.data["jobs"]}
    expected = sum(order.lines for order in sent)
    if len(jobs) != expected:
        yield f"there are {len(jobs)} print jobs for {expected} customised line items"
    yield from one_content_per_file(evidence)
    if stray := {event.data["job_id"] for event in evidence.requests} - jobs:
        yield f"{len(stray)} renders belong to no print job"


def one_content_per_file(evidence: Evidence) -> Iterator[str]:
    """The same version of a job gives the same files, however often it was rendered."""
    contents: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for event in evidence.results:
        if event.type == FINISHED:
            for file in event.data["files"]:
                place = event.data["job_id"], event.data["artwork_version"], file["name"]
                contents[place].add(file["sha256"])
    for (job, version, name), hashes in contents.items():
        if len(hashes) > 1:
            yield f"job {job} version {version}: {name} was rendered with {len(hashes)} different contents"
