"""What an order means for its print jobs. Pure functions: known order, received order and catalog in, order out."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from printworks_common import ids
from printworks_common.clock import utc_date
from printworks_common.errors import PoisonError
from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import ReplacementInput
from printworks_common.events.orders import LineItem, OrderReceived
from printworks_common.events.print_jobs import TextField, TimelineEntry
from printworks_common.failures import Reason
from printworks_common.mapping import Mapping, find_mapping
from printworks_common.templates import (
    Design,
    DesignMissingError,
    Template,
    design_from_properties,
    embedded_design,
    photo_input,
    read_design,
    read_template,
    required_inputs,
)
from printworks_common.templates.properties import same_name

from printworks_render.coordinator import transitions
from printworks_render.coordinator.model import Decision, Input, Job, Order, ShopCatalog, Step

PAID = frozenset({"paid", "partially_refunded"})

REPLACED = "https://replaced.invalid/"
"""Stands as the source of an input that came from the merchant. The top-level domain is reserved: nothing is there."""

PHOTO_INPUT = photo_input("")
"""How the ids of customers' pictures begin; the slot follows."""

HIDDEN_PREFIX = "_"
"""Shopify hides properties whose label begins so from the buyer: they are no texts that the customer filled in."""


class Intake(StrEnum):
    """What became of an order that came in."""

    CHANGED = "changed"
    ECHO = "echo"
    STALE = "stale"
    SAME_SECOND = "same_second"
    CLOSED = "closed"
    ERASED = "erased"


@dataclass(frozen=True)
class TakenIn:
    outcome: Intake
    order: Order


def is_paid(order: OrderReceived) -> bool:
    return order.financial_status in PAID and order.cancelled_at is None


def content_hash(order: OrderReceived) -> str:
    """Hash of everything that is acted on: an order with the same hash is an echo of our own or others' writes.

    Properties are compared in the form in which they are looked up, quantities as they are printed.
    """
    lines = sorted(
        (
            line.line_item_id,
            line.current_quantity,
            line.product_id,
            line.variant_id,
            line.sku,
            [(one.name, one.value) for one in line.properties],
        )
        for line in order.line_items
    )
    acted_on: list[Any] = [
        order.financial_status in PAID,
        order.financial_status,
        order.cancelled_at is not None,
        order.test,
        order.name,
        order.customer_name,
        lines,
    ]
    return hashlib.sha256(json.dumps(acted_on, ensure_ascii=False).encode()).hexdigest()


def take_in(known: Order | None, received: OrderReceived, catalog: ShopCatalog, now: datetime) -> TakenIn:
    """Decide what a received order changes.

    A body older than what is known is stale; the same content is an echo; another content within the same second of
    Shopify's `updated_at` says nothing about which is newer, so the order has to be read again.
    """
    digest = content_hash(received)
    if known is not None:
        if known.purged_at is not None:
            return TakenIn(Intake.CLOSED, known)
        if received.updated_at < known.updated_at:
            return TakenIn(Intake.STALE, known)
        # A re-read with a mapping that was not there before has the same content, but means something else.
        if digest == known.content_hash and not _decided_otherwise(known, received, catalog):
            return TakenIn(Intake.ECHO, known.model_copy(update={"updated_at": received.updated_at}))
        if (
            received.updated_at == known.updated_at
            and digest != known.content_hash
            and received.read_from != "admin_api"
        ):
            return TakenIn(Intake.SAME_SECOND, known)
    order = _facts(known, received, digest, catalog)
    order = order.model_copy(update={"decisions": _decisions(received, catalog)})
    return TakenIn(Intake.CHANGED, transitions.with_status(_jobs(order, received, catalog, now)))


def _facts(known: Order | None, received: OrderReceived, digest: str, catalog: ShopCatalog) -> Order:
    """The order with what was received; creation date and first payment are kept once they are known."""
    base = known or Order(
        shop=received.shop,
        order_id=received.order_id,
        name=received.name,
        created_at=received.created_at,
        updated_at=received.updated_at,
        content_hash=digest,
        order_date=utc_date(received.created_at),
    )
    # Shopify's order has no date of payment. `updated_at` of the first paid body is never before the payment, so
    # that nothing is cleared too early.
    first_paid = base.first_paid_at or (received.updated_at if is_paid(received) else None)
    return base.model_copy(
        update={
            "name": received.name,
            "updated_at": received.updated_at,
            "content_hash": digest,
            "customer_name": received.customer_name,
            "financial_status": received.financial_status,
            "test": received.test,
            "cancelled_at": base.cancelled_at or received.cancelled_at,
            "first_paid_at": first_paid,
            # A shorter period is for orders to come: links were promised to live until the day that was told.
            "retention_days": max(known.retention_days if known else 0, catalog.retention_days),
        }
    )


def _mapping_of(line: LineItem, catalog: ShopCatalog) -> Mapping | None:
    return find_mapping(catalog.known_mappings, line)


def is_customised(line: LineItem, catalog: ShopCatalog) -> bool:
    """Whether a line item is ours: its product is mapped, or it carries a design itself."""
    if line.gift_card:
        return False
    return _mapping_of(line, catalog) is not None or embedded_design(_pairs(line)) is not None


def _decisions(received: OrderReceived, catalog: ShopCatalog) -> tuple[Decision, ...]:
    if not is_paid(received):
        return ()
    found: list[Decision] = []
    for line in received.line_items:
        mapping = _mapping_of(line, catalog)
        found.append(
            Decision(
                line_item_id=line.line_item_id,
                product_id=line.product_id,
                variant_id=line.variant_id,
                sku=line.sku,
                customised=is_customised(line, catalog),
                template_id=mapping.template_id if mapping else None,
            )
        )
    return tuple(found)


def _decided_otherwise(known: Order, received: OrderReceived, catalog: ShopCatalog) -> bool:
    """Whether a line of a paid order that has no job is customised by today's catalog."""
    if not is_paid(received) or known.cancelled_at is not None:
        return False
    have = {job.line.line_item_id for job in known.jobs}
    return any(
        line.line_item_id not in have and line.current_quantity > 0 and is_customised(line, catalog)
        for line in received.line_items
    )


def _jobs(order: Order, received: OrderReceived, catalog: ShopCatalog, now: datetime) -> Order:
    wanted: dict[str, LineItem] = {}
    if is_paid(received) and order.cancelled_at is None:
        wanted = {line.line_item_id: line for line in received.line_items if line.current_quantity > 0}
    jobs: list[Job] = []
    for job in order.jobs:
        line = wanted.pop(job.line.line_item_id, None)
        jobs.append(_cancel(job, order, now) if line is None else _follow(job, line, order, catalog, now))
    jobs += [new_job(order, line, catalog, now) for line in wanted.values() if is_customised(line, catalog)]
    return order.model_copy(update={"jobs": tuple(jobs)})


def _cancel(job: Job, order: Order, now: datetime) -> Job:
    if order.cancelled_at is not None:
        return transitions.cancelled(job, "order cancelled", now)
    if order.financial_status not in PAID:
        return transitions.cancelled(job, f"payment {order.financial_status}", now)
    return transitions.cancelled(job, "nothing left to print", now)


def _follow(job: Job, line: LineItem, order: Order, catalog: ShopCatalog, now: datetime) -> Job:
    """An existing job after its line was edited: the files depend on product and properties, not on the quantity."""
    if _printed(job.line) == _printed(line):
        changed = job.model_copy(update={"line": line})
        if job.status is JobStatus.CANCELLED:
            return (
                changed
                if job.stopped
                else _with_plan(transitions.restarted(changed, "line_restored", now), catalog, now)
            )
        if line.current_quantity != job.line.current_quantity:
            note = TimelineEntry(at=now, event="quantity_changed", detail=str(line.current_quantity))
            return changed.model_copy(update={"version": job.version + 1, "timeline": (*job.timeline, note)})
        return changed
    edited = job.model_copy(update={"line": line})
    if job.stopped:
        return edited
    return _planned(transitions.restarted(edited, "line_edited", now), catalog, now)


def _printed(line: LineItem) -> tuple[object, ...]:
    return line.product_id, line.variant_id, line.sku, line.properties


def new_job(order: Order, line: LineItem, catalog: ShopCatalog, now: datetime) -> Job:
    """The print job of a customised line item: waiting for its inputs, or failed at once with the reason."""
    job = Job(
        job_id=ids.job_id(order.shop, order.order_id, line.line_item_id),
        line=line,
        status=JobStatus.PENDING,
        step=Step.PINNING,
        queued_at=now,
        timeline=(TimelineEntry(at=now, event="paid", artwork_version=1),),
    )
    return _planned(job, catalog, now)


def replanned(job: Job, catalog: ShopCatalog, actor: str, now: datetime) -> Job:
    """A re-render with the newest template: a new artwork version, inputs that are still named stay pinned."""
    return _planned(transitions.restarted(job, "rerender_requested", now, actor=actor), catalog, now)


def retried(job: Job, catalog: ShopCatalog, actor: str, now: datetime) -> Job:
    """A failed job once more. What was never planned (no design, no template) is planned now; the rest keeps its plan.

    The pinned template is used again: a retry repeats the job, a re-render takes the newest template.
    """
    again = transitions.retried(job, actor, now)
    return again if again is job or again.rendered is not None else _with_plan(again, catalog, now)


def with_replacement(job: Job, replacement: ReplacementInput, catalog: ShopCatalog, actor: str, now: datetime) -> Job:
    """A new artwork version with the merchant's picture in place of the customer's.

    Works as well for a job that failed because the line item carried no picture: the replacement is the picture.
    """
    ours = Input(
        input_id=replacement.input_id,
        kind="upload",
        source=f"{REPLACED}{replacement.sha256}",
        key=replacement.key,
        sha256=replacement.sha256,
        bytes=replacement.bytes,
        media_type=replacement.media_type,
        replaced=True,
    )
    inputs = tuple(ours if one.input_id == ours.input_id else one for one in job.inputs)
    return _with_plan(transitions.restarted(job, "input_replaced", now, actor=actor, inputs=inputs), catalog, now)


def _with_plan(job: Job, catalog: ShopCatalog, now: datetime) -> Job:
    """The job with the plan it has. One that never had a plan, since it had failed before, is planned now."""
    return job if job.design is not None else _planned(job, catalog, now)


def _planned(job: Job, catalog: ShopCatalog, now: datetime) -> Job:
    """Template, design and inputs of a job. What is wrong with them makes a failed job, never none."""
    job = job.model_copy(update={"texts": visible_texts(job.line), "own_storage": catalog.own_storage})
    mapping = _mapping_of(job.line, catalog)
    properties = mapping.properties if mapping else None
    try:
        carried = embedded_design(_pairs(job.line), properties)
        if carried is not None and carried.strip().startswith(("http://", "https://")):
            # The document behind the link is fetched with the other inputs; until then the template may be unknown.
            return job.model_copy(update={"design_url": carried.strip(), "design": None})
        name = mapping.template_id if mapping is not None else read_design(carried or "").template
        update, template = template_update(name, catalog)
        job = job.model_copy(update=update)
        try:
            design = design_from_properties([*_pairs(job.line), *_replaced(job)], template, properties)
        except DesignMissingError:
            # The slots are named, so that a person can give the pictures that the line item does not carry.
            job = job.model_copy(update={"inputs": _wanted_pictures(job, template)})
            raise
        job = job.model_copy(update=design_update(job, template, design))
        return job if carried is None else job.model_copy(update={"texts": (*job.texts, *design_texts(design))})
    except PoisonError as error:
        return transitions.failed(job, error.code, str(error), now)


def read_fetched_design(job: Job, document: bytes, catalog: ShopCatalog) -> Job:
    """The job with the design that was fetched from its link.

    Raises `PoisonError` with the reason when the document, or the template it was made of, cannot be used.
    """
    design = read_design(document)
    mapping = _mapping_of(job.line, catalog)
    update, template = template_update(mapping.template_id if mapping else design.template, catalog)
    texts = (*visible_texts(job.line), *design_texts(design))
    return job.model_copy(update={**update, **design_update(job, template, design), "texts": texts})


def template_update(name: str | None, catalog: ShopCatalog) -> tuple[dict[str, Any], Template]:
    """The newest version of a template as field updates of a job.

    Raises `PoisonError` (`template_missing`, `design_invalid`) or `TemplateInvalidError`.
    """
    if name is None:
        raise PoisonError("The design of the line item names no template.", code=Reason.DESIGN_INVALID)
    entry = catalog.templates.get(name)
    if entry is None:
        raise PoisonError(f"There is no template {name}.", code=Reason.TEMPLATE_MISSING)
    template = read_template(entry.body)
    return {
        "template_id": name,
        "template_version": entry.version,
        "template": entry.body,
        "recipe": template.recipe,
    }, template


def design_update(job: Job, template: Template, design: Design) -> dict[str, Any]:
    """Design and inputs of a job as field updates. An input that is pinned from the same source stays pinned.

    Raises `DesignMissingError` or `DesignInvalidError`.
    """
    pinned = {one.input_id: one for one in job.inputs if one.pinned}
    inputs: list[Input] = []
    for ref in required_inputs(template, design):
        before = pinned.get(ref.id)
        if before is not None and (before.replaced or before.source == ref.source):
            inputs.append(before)
        else:
            inputs.append(Input(input_id=ref.id, kind=ref.kind, source=ref.source, required=ref.required))
    return {"design": design.model_dump(mode="json"), "inputs": tuple(inputs)}


def visible_texts(line: LineItem) -> tuple[TextField, ...]:
    """The texts that the customer filled in: visible properties that are no links. Labels keep their first spelling."""
    seen: set[str] = set()
    texts: list[TextField] = []
    for one in line.properties:
        if one.name.startswith(HIDDEN_PREFIX) or one.value.strip().startswith(("http://", "https://")):
            continue
        label = "".join(char for char in one.name if char != "\u200b").strip()
        # Labels made unique with zero-width spaces are different fields and are both shown.
        if one.value.strip() and one.name not in seen:
            seen.add(one.name)
            texts.append(TextField(name=label or same_name(one.name), value=one.value))
    return tuple(texts)


def design_texts(design: Design) -> tuple[TextField, ...]:
    """The texts of a design document: nobody sees them on the order unless they are copied there."""
    return tuple(
        TextField(name=slot, value=choice.text, origin="design")
        for slot, choice in design.texts.items()
        if choice.text.strip()
    )


def _replaced(job: Job) -> list[tuple[str, str]]:
    """Pictures that a person gave, as if they were properties named like their slots."""
    return [(one.input_id.removeprefix(PHOTO_INPUT), one.source) for one in job.inputs if one.replaced and one.source]


def _wanted_pictures(job: Job, template: Template) -> tuple[Input, ...]:
    known = {one.input_id: one for one in job.inputs if one.pinned}
    wanted = [f"{PHOTO_INPUT}{slot}" for slot in template.photo_slots()]
    return tuple(known.get(name, Input(input_id=name, kind="upload")) for name in wanted)


def _pairs(line: LineItem) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in line.properties]
