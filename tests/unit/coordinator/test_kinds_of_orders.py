"""From a webhook's body to print jobs: every kind of order that Shopify makes."""

from typing import Any

import pytest
from printworks_common.events.artwork import JobStatus
from printworks_ingest.orders import from_webhook
from printworks_local.shopify.webhooks import make_customer, make_line, make_order
from printworks_render.coordinator.decisions import take_in
from printworks_render.coordinator.model import Job, Order, ShopCatalog

from tests.unit.coordinator.examples import NOW, SHOP, catalog

PHOTO = "https://cdn.example.com/1.jpg"


def photo_line(line_id: int = 1, **options: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"properties": {"Photo": PHOTO}}
    return make_line(line_id, "PW-PHOTO", **(values | options))


def taken(*lines: dict[str, Any], with_catalog: ShopCatalog | None = None, **fields: Any) -> Order:
    body = make_order(1, line_items=list(lines), customer=make_customer(5), created_at=NOW) | fields
    return take_in(None, from_webhook(SHOP, body), with_catalog or catalog(), NOW).order


def only_job(*lines: dict[str, Any], **options: Any) -> Job:
    [job] = taken(*lines, **options).jobs
    return job


def sources(job: Job) -> list[str | None]:
    return [one.source for one in job.inputs]


@pytest.mark.parametrize("source", ["shopify_draft_order", "pos", "web", "iphone", "580111", None])
def test_drafts_and_pos_orders_are_orders_like_any_other(source: str | None) -> None:
    assert only_job(photo_line(), source_name=source).status is JobStatus.PENDING


def test_an_order_without_a_customer_is_printed() -> None:
    order = taken(photo_line(), customer=None, email=None, billing_address=None, shipping_address=None)
    assert order.customer_name is None
    assert len(order.jobs) == 1


def test_a_customer_who_gave_one_name_only_is_called_by_it() -> None:
    assert taken(photo_line(), customer=make_customer(5, first_name=None, last_name="Öberg")).customer_name == "Öberg"


def test_a_test_order_is_made_and_marked() -> None:
    order = taken(photo_line(), test=True)
    assert order.test
    assert len(order.jobs) == 1


def test_a_custom_line_without_product_and_variant_is_printed_by_its_sku() -> None:
    assert sources(only_job(photo_line(product_id=None, variant_id=None))) == [PHOTO]


def test_a_line_that_is_mapped_by_its_product_needs_neither_sku_nor_variant() -> None:
    mapped = catalog().model_copy(update={"mappings": ({"product_id": "7000000001", "template_id": "poster"},)})
    line = make_line(1, None, variant_id=None, properties={"Photo": PHOTO})
    assert sources(only_job(line, with_catalog=mapped)) == [PHOTO]


def test_gift_cards_are_never_printed_even_when_their_product_is_mapped() -> None:
    assert taken(photo_line() | {"gift_card": True}).jobs == ()


def test_the_hidden_properties_of_a_bundle_are_no_texts_of_the_customer() -> None:
    job = only_job(
        photo_line(properties={"_bundle_id": "42", "_bundle_parent": "Wall set", "Photo": PHOTO, "Engraving": "Ada"})
    )
    assert [(one.name, one.value) for one in job.texts] == [("Engraving", "Ada")]
    assert sources(job) == [PHOTO]


def test_the_parts_of_a_bundle_are_lines_with_jobs_of_their_own() -> None:
    parts = [photo_line(number, properties={"_bundle_id": "42", "Photo": f"{PHOTO}?{number}"}) for number in (1, 2)]
    assert [sources(job) for job in taken(*parts).jobs] == [[f"{PHOTO}?1"], [f"{PHOTO}?2"]]


@pytest.mark.parametrize(
    "properties",
    [
        [{"name": "Photo", "value": PHOTO}, {"name": "Number", "value": 7}],
        [["Photo", PHOTO], ["Number", 7]],
        {"Photo": PHOTO, "Number": 7},
        [{"name": "Photo", "value": PHOTO}, {"name": "Number", "value": "7"}, {"name": "Empty", "value": None}, None],
    ],
    ids=["objects", "pairs", "one object", "with nulls"],
)
def test_properties_mean_the_same_in_every_shape(properties: Any) -> None:
    job = only_job(photo_line() | {"properties": properties})
    assert sources(job) == [PHOTO]
    assert [(one.name, one.value) for one in job.texts] == [("Number", "7")]


@pytest.mark.parametrize("properties", [None, [], {}, "none", 7])
def test_a_mapped_line_without_properties_is_a_failed_job_never_none(properties: Any) -> None:
    assert only_job(photo_line() | {"properties": properties}).reason_code == "design_missing"


def test_labels_told_apart_by_a_zero_width_space_are_both_shown_and_both_compared() -> None:
    def with_texts(*values: str) -> Order:
        labels = ("Name", "Name\u200b", "Name\u200b\u200b")
        texts = [{"name": name, "value": value} for name, value in zip(labels, values, strict=True)]
        return taken(photo_line() | {"properties": [{"name": "Photo", "value": PHOTO}, *texts]})

    order = with_texts("Ada", "Ben", "Cyd")
    assert [(one.name, one.value) for one in order.jobs[0].texts] == [("Name", "Ada"), ("Name", "Ben"), ("Name", "Cyd")]
    assert order.content_hash != with_texts("Ada", "Ben", "Dan").content_hash


def test_an_order_id_beyond_2_to_the_53_keeps_every_digit_in_job_and_line() -> None:
    job = only_job(photo_line(9_007_199_254_740_995))
    assert job.line.line_item_id == "9007199254740995"
