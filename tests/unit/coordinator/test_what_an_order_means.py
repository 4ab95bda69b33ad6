"""What the coordinator decides about an order that comes in."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from printworks_common.events.artwork import ArtworkStatus, JobStatus
from printworks_common.events.orders import OrderReceived
from printworks_common.failures import Reason
from printworks_render.coordinator import decisions, transitions
from printworks_render.coordinator.decisions import Intake, take_in
from printworks_render.coordinator.model import CatalogTemplate, Job, Order, ShopCatalog, Step

from tests.unit.coordinator.examples import NOW, catalog, line, received


def taken(order: OrderReceived, known: Order | None = None, with_catalog: ShopCatalog | None = None) -> Order:
    result = take_in(known, order, with_catalog or catalog(), NOW)
    assert result.outcome is Intake.CHANGED
    return result.order


def test_a_paid_customised_line_gets_one_job_that_waits_for_its_inputs() -> None:
    order = taken(received(line(1)))
    [job] = order.jobs
    assert (job.status, job.step, job.artwork_version) == (JobStatus.PENDING, Step.PINNING, 1)
    assert [(one.input_id, one.source) for one in job.inputs] == [("photo:photo", "https://cdn.example.com/1.jpg")]
    assert job.template_version == 3
    assert order.artwork_status is ArtworkStatus.PENDING


def test_only_customised_lines_of_a_mixed_order_get_jobs() -> None:
    order = taken(received(line(1), line(2, sku="MUG"), line(3)))
    assert [job.line.line_item_id for job in order.jobs] == ["1", "3"]
    assert [one.customised for one in order.decisions] == [True, False, True]


def test_an_order_without_customised_lines_has_no_jobs_and_no_status() -> None:
    order = taken(received(line(1, sku="MUG")))
    assert order.jobs == ()
    assert order.artwork_status is None
    assert order.version == 0


@pytest.mark.parametrize("status", ["pending", "authorized", "partially_paid", "voided", "refunded", None])
def test_nothing_is_made_for_an_order_that_is_not_paid(status: str | None) -> None:
    assert taken(received(line(1), financial_status=status)).jobs == ()


@pytest.mark.parametrize("status", ["paid", "partially_refunded"])
def test_paid_and_partially_refunded_orders_are_printed(status: str) -> None:
    assert len(taken(received(line(1), financial_status=status)).jobs) == 1


def test_a_payment_that_comes_later_starts_the_work() -> None:
    waiting = taken(received(line(1), paid=False))
    assert waiting.first_paid_at is None
    paid = taken(received(line(1), minutes=5), waiting)
    assert len(paid.jobs) == 1
    assert paid.first_paid_at == NOW + timedelta(minutes=5)


def test_a_shorter_period_is_for_orders_to_come_and_a_longer_one_for_this_order_too() -> None:
    order = taken(received(line(1)))
    assert order.retention_days == 90
    edited = {
        days: take_in(
            order, received(line(1), line(2), minutes=5), catalog().model_copy(update={"retention_days": days}), NOW
        ).order.retention_days
        for days in (30, 120)
    }
    assert edited == {30: 90, 120: 120}


def test_the_same_content_again_is_an_echo_whatever_its_time() -> None:
    order = taken(received(line(1)))
    echo = take_in(order, received(line(1), minutes=9), catalog(), NOW)
    assert echo.outcome is Intake.ECHO
    assert echo.order.jobs == order.jobs


def test_an_older_body_changes_nothing() -> None:
    order = taken(received(line(1), minutes=9))
    assert take_in(order, received(line(1), line(2)), catalog(), NOW).outcome is Intake.STALE


def test_other_content_in_the_same_second_has_to_be_read_again() -> None:
    order = taken(received(line(1)))
    assert take_in(order, received(line(1), line(2)), catalog(), NOW).outcome is Intake.SAME_SECOND


def test_what_was_read_from_the_admin_api_decides_the_same_second() -> None:
    order = taken(received(line(1)))
    assert len(taken(received(line(1), line(2), read_from="admin_api"), order).jobs) == 2


def test_a_cancelled_order_stops_and_has_no_status() -> None:
    order = taken(received(line(1), line(2)))
    stopped = taken(received(line(1), line(2), minutes=1, cancelled_at=NOW), order)
    assert {job.status for job in stopped.jobs} == {JobStatus.CANCELLED}
    assert stopped.artwork_status is None


def test_cancellation_is_final() -> None:
    order = taken(received(line(1), cancelled_at=NOW))
    revived = taken(received(line(1), minutes=1), order)
    assert revived.cancelled_at == NOW
    assert revived.jobs == ()


def test_a_line_with_nothing_left_to_print_is_cancelled_and_a_restored_one_comes_back() -> None:
    order = taken(received(line(1), line(2)))
    reduced = taken(received(line(1, quantity=0), line(2), minutes=1), order)
    assert [job.status for job in reduced.jobs] == [JobStatus.CANCELLED, JobStatus.PENDING]
    restored = taken(received(line(1), line(2), minutes=2), reduced)
    assert [job.status for job in restored.jobs] == [JobStatus.PENDING, JobStatus.PENDING]


def test_a_restored_line_without_a_picture_has_failed_for_the_same_reason_as_before() -> None:
    """Found by the simulator: it waited for a picture that it never named, and failed for want of that."""
    first = taken(received(line(1, Engraving="Ada")))
    reduced = taken(received(line(1, Engraving="Ada", quantity=0), minutes=1), first)
    (restored,) = taken(received(line(1, Engraving="Ada"), minutes=2), reduced).jobs
    assert (restored.status, restored.reason_code) == (JobStatus.FAILED, Reason.DESIGN_MISSING)


def test_a_changed_quantity_is_shown_but_renders_nothing_again() -> None:
    order = taken(received(line(1, quantity=1)))
    more = taken(received(line(1, quantity=3), minutes=1), order)
    [job] = more.jobs
    assert (job.quantity, job.artwork_version, job.timeline[-1].event) == (3, 1, "quantity_changed")


def test_an_edited_variant_begins_a_new_artwork_version() -> None:
    order = taken(received(line(1)))
    queued = transitions.inputs_pinned(order.jobs[0], (), NOW)
    order = order.with_job(transitions.released(queued, NOW, timedelta(minutes=1)))
    edited = line(1).model_copy(update={"variant_id": "902"})
    [job] = taken(received(edited, minutes=1), order).jobs
    assert (job.artwork_version, job.status, job.step) == (2, JobStatus.PENDING, Step.PINNING)


def test_a_job_that_a_person_stopped_is_not_revived_by_an_edit_of_the_order() -> None:
    order = taken(received(line(1), line(2)))
    stopped = order.with_job(transitions.cancelled(order.jobs[0], "stopped", NOW, actor="key-1"))
    edited = taken(received(line(1), line(2), line(3), minutes=1), stopped)
    assert [job.status for job in edited.jobs] == [JobStatus.CANCELLED, JobStatus.PENDING, JobStatus.PENDING]


def test_a_mapping_that_came_later_finds_the_line_when_the_order_is_read_again() -> None:
    order = taken(received(line(1)), with_catalog=catalog(OTHER="poster"))
    assert order.jobs == ()
    found = take_in(order, received(line(1), read_from="admin_api"), catalog(), NOW)
    assert found.outcome is Intake.CHANGED
    assert len(found.order.jobs) == 1


class TestADesignThatCannotBeUsedMakesAFailedJobNeverNone:
    def failed(self, order: OrderReceived, with_catalog: ShopCatalog | None = None) -> Job:
        result = taken(order, with_catalog=with_catalog)
        assert result.artwork_status is ArtworkStatus.FAILED
        [job] = result.jobs
        return job

    def test_a_mapped_line_without_its_picture(self) -> None:
        assert self.failed(received(line(1, Engraving="Ada"))).reason_code == Reason.DESIGN_MISSING

    def test_a_mapping_to_a_template_that_is_not_there(self) -> None:
        assert self.failed(received(line(1)), catalog(PW_PHOTO="gone")).reason_code == Reason.TEMPLATE_MISSING

    def test_a_design_document_that_is_no_json(self) -> None:
        job = self.failed(received(line(1, sku=None, _pw_design="{broken")))
        assert job.reason_code == Reason.DESIGN_INVALID

    def test_a_template_with_an_error(self) -> None:
        broken = catalog()
        body = {**broken.templates["poster"].body, "areas": []}
        broken = broken.model_copy(
            update={"templates": {"poster": broken.templates["poster"].model_copy(update={"body": body})}}
        )
        assert self.failed(received(line(1)), broken).reason_code == Reason.TEMPLATE_INVALID


def test_a_line_can_carry_its_whole_design_itself() -> None:
    design = '{"template": "poster", "photos": {"photo": {"source": "https://cdn.example.com/own.jpg"}}}'
    [job] = taken(received(line(1, sku=None, _pw_design=design))).jobs
    assert job.template_id == "poster"
    assert [one.source for one in job.inputs] == ["https://cdn.example.com/own.jpg"]


def test_a_design_behind_a_link_is_read_when_the_inputs_are_pinned() -> None:
    order = taken(received(line(1, sku=None, _pw_design="https://designs.example.com/7.json")))
    [job] = order.jobs
    assert job.design_url == "https://designs.example.com/7.json"
    document = b'{"template": "poster", "photos": {"photo": {"source": "https://cdn.example.com/own.jpg"}}}'
    planned = decisions.read_fetched_design(job, document, catalog())
    assert [one.source for one in planned.inputs] == ["https://cdn.example.com/own.jpg"]


TEXTUAL = {
    "schema_version": 1,
    "id": "poster",
    "name": "Poster",
    "recipe": "photo",
    "areas": [
        {
            "id": "front",
            "canvas": {"width_mm": 100, "height_mm": 100},
            "layers": [
                {"type": "photo", "slot": "photo"},
                {"type": "text", "slot": "motto", "box": {"x": 0, "y": 0, "width": 50, "height": 10}},
            ],
        }
    ],
    "outputs": [{"role": "print", "format": "pdf"}],
}
TEXTUAL_CATALOG = catalog().model_copy(
    update={"templates": {"poster": CatalogTemplate(template_id="poster", version=1, body=TEXTUAL)}}
)
MOTTO = (
    '{"template": "poster", "photos": {"photo": {"source": "https://cdn.example.com/own.jpg"}},'
    ' "texts": {"motto": {"text": "Onwards"}}}'
)


def test_texts_of_a_design_document_are_told_apart_from_those_that_stand_on_the_line() -> None:
    [job] = taken(received(line(1, Note="For Ada", _pw_design=MOTTO)), with_catalog=TEXTUAL_CATALOG).jobs
    assert [(text.name, text.value, text.origin) for text in job.texts] == [
        ("Note", "For Ada", "property"),
        ("motto", "Onwards", "design"),
    ]


def test_texts_of_a_fetched_design_are_known_once_it_was_read() -> None:
    known = TEXTUAL_CATALOG
    [job] = taken(received(line(1, _pw_design="https://designs.example.com/7.json")), with_catalog=known).jobs
    assert job.texts == ()
    planned = decisions.read_fetched_design(job, MOTTO.encode(), known)
    assert [(text.value, text.origin) for text in planned.texts] == [("Onwards", "design")]


def test_gift_cards_are_never_printed() -> None:
    gift = line(1).model_copy(update={"gift_card": True})
    assert taken(received(gift)).jobs == ()


def test_the_texts_shown_are_the_visible_properties_that_are_no_links() -> None:
    properties: dict[str, Any] = {
        "Photo": "https://cdn.example.com/1.jpg",
        "_hidden": "x",
        "Engraving": "Ada",
        "Engraving\u200b": "Grace",
        "Empty": " ",
    }
    [job] = taken(received(line(1, **properties))).jobs
    assert [(text.name, text.value) for text in job.texts] == [("Engraving", "Ada"), ("Engraving", "Grace")]


@pytest.mark.parametrize(
    ("created", "paid", "expected"),
    [
        ("2026-11-20T12:00:00+00:00", "2026-11-20T12:00:00+00:00", date(2027, 2, 18)),
        ("2026-11-20T23:30:00-05:00", "2026-11-20T23:30:00-05:00", date(2027, 2, 19)),
        ("2026-11-20T12:00:00+00:00", "2026-12-20T01:00:00+02:00", date(2027, 3, 19)),
        ("2027-12-01T00:00:00+00:00", "2027-12-01T00:00:00+00:00", date(2028, 2, 29)),
    ],
)
def test_files_are_kept_for_the_period_after_order_date_or_first_payment(
    created: str, paid: str, expected: date
) -> None:
    order = taken(
        received(line(1), created_at=datetime.fromisoformat(created), updated_at=datetime.fromisoformat(paid))
    )
    assert order.retention_date == expected
