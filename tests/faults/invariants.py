"""The ten invariants (docs/delivery-guarantees.md), checked from outside: what Shopify, the bucket, the topics and HTTP
say of the orders of one shop, against what was told to Printworks. Pure.

Each check yields a sentence per broken promise. `NUMBER` of a check is that of the invariant that it belongs to.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import pikepdf
from PIL import Image
from printworks_common import ids
from printworks_common.events.orders import OrderReceived, OrderTouched
from printworks_local.chaos.verdict import PAID, expected_lines, not_right_on_shopify, wrong_jobs
from printworks_local.evidence import Event, Evidence
from printworks_local.invariants import (
    FINISHED,
    ORDER_ARTWORK,
    PRODUCTION,
    SNAPSHOT,
    files_are_there,
    latest,
    one_content_per_file,
    read_model_follows,
    versions_grow,
)
from printworks_local.shop_floor import TAG_PREFIX, read_order

from tests.faults.traffic import Told

THUMBNAIL = "thumbnail"
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


class Kind(StrEnum):
    WRONG = "wrong"
    LOST = "lost"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept. `order_id` None: it is about no single order."""

    promise: int
    order_id: int | None
    text: str
    kind: Kind = Kind.WRONG

    def __str__(self) -> str:
        about = f"order {self.order_id}: " if self.order_id is not None else ""
        return f"[{self.promise}] {about}{self.text}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A customer's picture: the address of the photograph that it is of, and the sha256 of its own bytes."""

    photograph: str
    sha256: str


@dataclass
class Case:
    """Everything about the orders of one shop. `orders`: as Shopify has them now, by id."""

    told: Told
    evidence: Evidence
    orders: Mapping[int, dict[str, Any]]
    rereads: list[Event]
    linked: Mapping[int, list[str]]
    """sha256 of what the links of an order gave, over HTTP."""
    pictures: Mapping[str, Picture]
    """What a line item names, by the line item's id."""
    shown: Mapping[str, str]
    """The photograph that a thumbnail shows, by the object's key."""
    fails: Mapping[int, str] = field(default_factory=dict[int, str])
    """Orders that have to fail, and with which reason."""
    calm: bool = False
    """Nothing went wrong meanwhile: no process ended, no line broke."""

    @cached_property
    def snapshots(self) -> dict[int, dict[str, Any]]:
        return latest(self.evidence.print_jobs, SNAPSHOT)

    @cached_property
    def public(self) -> dict[int, dict[str, Any]]:
        return latest(self.evidence.artwork, ORDER_ARTWORK)


def broken_promises(case: Case) -> list[Broken]:
    """Everything that is wrong."""
    found: list[Broken] = []
    for number, order in case.orders.items():
        for promise, check in OF_AN_ORDER:
            found += [Broken(promise, number, text) for text in check(case, number, order)]
        for promise, check in DUPLICATES_OF_AN_ORDER:
            found += [Broken(promise, number, text, Kind.DUPLICATE) for text in check(case, number, order)]
    found += [Broken(6, number, text, Kind.LOST) for number, text in accepted_is_durable(case)]
    found += [Broken(4, None, text, Kind.DUPLICATE) for text in versions_grow(case.evidence)]
    found += [Broken(4, None, text, Kind.DUPLICATE) for text in one_content_per_file(case.evidence)]
    found += [Broken(4, None, text, Kind.DUPLICATE) for text in told_once_when_calm(case)]
    found += [Broken(7, None, text) for text in nothing_else_was_rendered(case)]
    found += [Broken(8, None, text) for text in everything_is_of_this_shop(case)]
    found += [Broken(9, None, text) for text in nothing_was_deleted(case)]
    return found


def accepted_is_durable(case: Case) -> Iterator[tuple[int, str]]:
    """6: what was answered 200 is on a topic."""
    published = {event.event_id for event in [*case.evidence.orders, *case.rereads]}
    for one in sorted(case.told.accepted, key=lambda one: (one.order_id, one.webhook_id)):
        key = ids.order_key(case.evidence.shop, str(one.order_id))
        possible = {ids.event_id(kind.type_name, key, one.webhook_id) for kind in (OrderReceived, OrderTouched)}
        if not possible & published:
            yield one.order_id, f"{one.topic} was answered 200, and no event of it is on a topic"


def jobs_are_right(case: Case, number: int, order: dict[str, Any]) -> Iterator[str]:
    """1 and 2: a current job per customised line that is to be printed, each ended as it should."""
    snapshot = case.snapshots.get(number)
    if number not in case.fails:
        reason = wrong_jobs(order, snapshot)
        if reason is not None:
            yield reason
        return
    jobs = [] if snapshot is None else [job for job in snapshot["jobs"] if job["status"] != "cancelled"]
    if {job["line_item_id"] for job in jobs} != expected_lines(order):
        yield f"there are print jobs for {sorted(job['line_item_id'] for job in jobs)}"
    if wrong := [job for job in jobs if (job["status"], job["reason_code"]) != ("failed", case.fails[number])]:
        yield f"a print job is {wrong[0]['status']} ({wrong[0]['reason_code']}), expected {case.fails[number]}"


def quantities_are_right(case: Case, number: int, order: dict[str, Any]) -> Iterator[str]:
    """1: a job knows how many are to be printed."""
    wanted = {str(line["id"]): line["current_quantity"] for line in order["line_items"]}
    for job in case.snapshots.get(number, {"jobs": []})["jobs"]:
        if job["status"] != "cancelled" and job["quantity"] != wanted.get(job["line_item_id"]):
            yield f"job {job['job_id']} is of {job['quantity']}, the order of {wanted.get(job['line_item_id'])}"


def one_job_per_line(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """1: never two jobs for a line item, whatever their state."""
    jobs = Counter(job["line_item_id"] for job in case.snapshots.get(number, {"jobs": []})["jobs"])
    if doubled := [line for line, count in jobs.items() if count > 1]:
        yield f"line item {doubled[0]} has {jobs[doubled[0]]} print jobs"


def status_follows(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """2: the order's status is that of its jobs by the rule, the same inside and in public."""
    snapshot = case.snapshots.get(number)
    if snapshot is None:
        return
    states = {job["status"] for job in snapshot["jobs"]} - {"cancelled"}
    rule = next((state for state in ("pending", "failed", "ready") if state in states), None)
    if snapshot["artwork_status"] != rule:
        yield f"its status is {snapshot['artwork_status']} over print jobs that are {sorted(states)}"
    public = case.public.get(number)
    if public is None:
        yield "it has print jobs, and nothing was published about it"
    elif (public["artwork_status"], public["artwork_files"]) != (rule, snapshot["artwork_files"]):
        yield f"in public it is {public['artwork_status']}, inside {rule}; or the links differ"


def files_are_right(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """3: each file is there with its hash and size, can be opened, and has passed its checks."""
    snapshot = case.snapshots.get(number)
    if snapshot is None:
        return
    yield from files_are_there(snapshot, case.evidence)
    for job in snapshot["jobs"]:
        for artwork in job["artwork"]:
            if failed := [check["code"] for check in artwork["preflight"] if check["level"] == "fail"]:
                yield f"job {job['job_id']} has files though {failed[0]} failed"
            for file in artwork["files"]:
                stored = case.evidence.objects.get(file["key"])
                if stored is not None and stored.flaw is not None:
                    yield f"{file['name']} cannot be opened: {stored.flaw}"


def links_lead_to_files(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """3 and 5: behind the links are the current print-ready files, and they are there only with `ready`."""
    snapshot = case.snapshots.get(number)
    if snapshot is None:
        return
    ready = snapshot["artwork_status"] == "ready"
    expected = sorted(
        file["sha256"]
        for job in snapshot["jobs"]
        if job["status"] == "ready"
        for artwork in job["artwork"]
        if artwork["current"]
        for file in artwork["files"]
        if file["role"] in PRODUCTION
    )
    if sorted(case.linked.get(number, [])) != (expected if ready else []):
        yield "what the links give are not the current print-ready files"


def one_set_of_files(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """4: beside the files of an artwork version nothing else lies in its folder."""
    for job in case.snapshots.get(number, {"jobs": []})["jobs"]:
        for artwork in job["artwork"]:
            listed = {file["key"] for file in artwork["files"]}
            if listed:
                folder = str(PurePosixPath(min(listed)).parent) + "/"
                lying = {key for key in case.evidence.objects if key.startswith(folder)}
                if stray := lying - listed:
                    yield f"{len(stray)} objects in {folder} belong to no file: {PurePosixPath(min(stray)).name}"


def pictures_are_its_own(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """3: each render was given the picture that its own line item names, byte for byte, and no other."""
    of_order = str(number)
    for event in case.evidence.requests:
        if event.data["order_id"] != of_order:
            continue
        line, inputs = event.data["line_item_id"], event.data["inputs"]
        for one in inputs:
            stored = case.evidence.objects.get(one["key"])
            if stored is not None and stored.sha256 != one["sha256"]:
                yield f"what was pinned of line item {line} as {one['input_id']} is another file"
        named = case.pictures.get(line)
        if named is None or [one["sha256"] for one in inputs] != [named.sha256]:
            yield f"line item {line} was rendered with another picture than it names"


def prints_show_its_own(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """3: what was made of a line item shows the photograph that it names. That a thumbnail shows what is printed is a
    check of the render itself."""
    for job in case.snapshots.get(number, {"jobs": []})["jobs"]:
        named = case.pictures.get(job["line_item_id"])
        for file in (file for artwork in job["artwork"] for file in artwork["files"] if file["role"] == THUMBNAIL):
            shown = case.shown.get(file["key"])
            if named is None or shown != named.photograph:
                yield f"{file['name']} shows {shown}, its line item names {named and named.photograph}"


def shopify_is_right(case: Case, number: int, order: dict[str, Any]) -> Iterator[str]:
    """5: tag, metafields and public snapshot say the same; no other app's tag is lost."""
    state = read_order(order)
    if number in case.fails:
        failed = f"{TAG_PREFIX}failed"
        if (state.tags, state.artwork_status, state.artwork_files) != ([failed], failed, None):
            yield f"it has {state.tags}, {state.artwork_status} and {len(state.artwork_files or ())} links"
        return
    if (reason := not_right_on_shopify(order)) is not None:
        yield reason
    links = case.public.get(number, {"artwork_files": []})["artwork_files"]
    if set(state.artwork_files or ()) != set(links):
        yield "the links on Shopify are not those that were published"


def one_tag_is_left(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """5: after our own last write there is one status at most."""
    tags = [entry["after"]["tags"] for entry in case.evidence.journal[number] if "tags" in entry["after"]]
    ours = [tag for tag in (tags[-1] if tags else []) if tag.startswith(TAG_PREFIX)]
    if len(ours) > 1:
        yield f"our last write left the tags {ours}"


def read_model_is_right(case: Case, number: int, order: dict[str, Any]) -> Iterator[str]:
    """5: jobs-api shows the newest snapshot."""
    snapshot = case.snapshots.get(number)
    if snapshot is not None:
        yield from read_model_follows(snapshot, read_order(order), case.evidence.api.get(number))


def paid_before_rendered(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """7: before its first render, the order was known to be paid."""
    of_order = str(number)
    asked = [_time(one) for one in case.evidence.requests if one.data["order_id"] == of_order]
    paid = [
        _time(one)
        for one in case.evidence.orders
        if one.data["order_id"] == of_order and one.data["financial_status"] in PAID
    ]
    if asked and (not paid or min(asked) < min(paid)):
        yield "it was rendered before anybody said that it is paid"


def a_cancelled_order_stops(case: Case, number: int, order: dict[str, Any]) -> Iterator[str]:
    """7: after the cancellation nothing is asked for any more."""
    for job in case.snapshots.get(number, {"jobs": []})["jobs"]:
        words = [entry["event"] for entry in job["timeline"]]
        if order["cancelled_at"] is not None and job["status"] != "cancelled":
            yield f"the order is cancelled, and job {job['job_id']} is {job['status']}"
        if order["cancelled_at"] is not None and "cancelled" in words and words[-1] != "cancelled":
            yield f"job {job['job_id']} went on after it was cancelled: {words[-1]}"


def timeline_tells_all(case: Case, number: int, _order: dict[str, Any]) -> Iterator[str]:
    """10: a row for every change, and every render that was asked for has one."""
    asked: dict[str, set[str]] = defaultdict(set)
    for event in case.evidence.requests:
        asked[event.data["job_id"]].add(event.event_id)
    for job in case.snapshots.get(number, {"jobs": []})["jobs"]:
        if len(job["timeline"]) != job["version"]:
            yield f"job {job['job_id']} has version {job['version']} and {len(job['timeline'])} rows in its timeline"
        told = sum(entry["event"] == "render_requested" for entry in job["timeline"])
        if told != len(asked[job["job_id"]]):
            yield f"{len(asked[job['job_id']])} renders of job {job['job_id']} were asked for, its timeline has {told}"


def told_once_when_calm(case: Case) -> Iterator[str]:
    """4: repeats are what faults cost; while there are none, what the coordinator's outbox holds is relayed once."""
    if not case.calm:
        return
    events = [*case.evidence.requests, *case.evidence.print_jobs, *case.evidence.artwork]
    repeated = [times - 1 for times in Counter((event.topic, event.event_id) for event in events).values() if times > 1]
    if repeated:
        yield f"{len(repeated)} of {len(events) - sum(repeated)} events came again without a fault"


def nothing_else_was_rendered(case: Case) -> Iterator[str]:
    """7: every render belongs to a job."""
    jobs = {job["job_id"] for snapshot in case.snapshots.values() for job in snapshot["jobs"]}
    if stray := {event.data["job_id"] for event in case.evidence.requests} - jobs:
        yield f"{len(stray)} renders belong to no print job"


def everything_is_of_this_shop(case: Case) -> Iterator[str]:
    """8: events and objects of these orders carry their shop's name and no other."""
    shop, evidence = case.evidence.shop, case.evidence
    for event in [*evidence.orders, *evidence.requests, *evidence.results, *evidence.print_jobs, *evidence.artwork]:
        if event.data["shop"] != shop:
            yield f"{event.type} of order {event.data['order_id']} is of {event.data['shop']}"
    for key in evidence.objects:
        if key.split("/")[2] != shop:
            yield f"an object of order {key.split('/')[3]} lies with {key.split('/')[2]}"


def nothing_was_deleted(case: Case) -> Iterator[str]:
    """9: whatever was made or pinned lies where it was put."""
    made = [file["key"] for event in case.evidence.results if event.type == FINISHED for file in event.data["files"]]
    pinned = [one["key"] for event in case.evidence.requests for one in event.data["inputs"]]
    if gone := {*made, *pinned} - case.evidence.objects.keys():
        yield f"{len(gone)} objects are gone, among them {min(gone)}"


def flaw_of(key: str, content: bytes) -> str | None:
    """Why a file cannot be opened, judged by other programs than those that made it."""
    suffix = PurePosixPath(key).suffix
    try:
        if suffix == ".pdf":
            with pikepdf.open(io.BytesIO(content)) as document:
                return None if len(document.pages) else "it has no page"
        if suffix in PICTURES:
            with Image.open(io.BytesIO(content)) as picture:
                picture.load()
    except (pikepdf.PdfError, OSError, SyntaxError) as error:
        return str(error)
    return None


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event.headers["ce_time"])


Check = Callable[[Case, int, dict[str, Any]], Iterator[str]]

OF_AN_ORDER: tuple[tuple[int, Check], ...] = (
    (1, jobs_are_right),
    (1, quantities_are_right),
    (2, status_follows),
    (3, files_are_right),
    (3, links_lead_to_files),
    (3, pictures_are_its_own),
    (3, prints_show_its_own),
    (5, shopify_is_right),
    (5, one_tag_is_left),
    (5, read_model_is_right),
    (7, paid_before_rendered),
    (7, a_cancelled_order_stops),
    (10, timeline_tells_all),
)

DUPLICATES_OF_AN_ORDER: tuple[tuple[int, Check], ...] = ((1, one_job_per_line), (4, one_set_of_files))
