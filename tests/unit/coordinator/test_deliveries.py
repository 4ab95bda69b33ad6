"""How the files of a print job get to the shop's own storage, and what becomes of the job."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.catalog import OwnStorage
from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import CommandKind
from printworks_common.events.print_jobs import ArtworkVersion
from printworks_common.events.rendering import DeliveredFile
from printworks_common.failures import Reason
from printworks_common.file_names import collision_key
from printworks_common.own_storage import object_keys
from printworks_common.sealing import Sealed
from printworks_render.coordinator import decisions, deliveries, transitions
from printworks_render.coordinator.intake import commanded
from printworks_render.coordinator.model import Job, Order, ShopCatalog, Step
from printworks_render.coordinator.snapshots import order_artwork_changed, print_job_changed

from tests.unit.coordinator.examples import NOW, catalog, line, received
from tests.unit.coordinator.test_life_of_a_job import LATER, LINKS, command, rendering

OWN = catalog().model_copy(update={"own_storage": True})


def artwork(job: Job, *roles: str) -> ArtworkVersion:
    """An artwork version with a file for each role."""
    files = [
        {
            "file_id": UUID(int=job.artwork_version * 100 + number), "role": role, "name": f"{role}.pdf",
            "format": "pdf", "media_type": "application/pdf", "bytes": 1, "sha256": f"{number}" * 64,
            "key": f"hosted/{job.artwork_version}/{role}",
        }
        for number, role in enumerate(roles or ("print", "legend", "thumbnail"))
    ]  # fmt: skip
    return ArtworkVersion.model_validate({"artwork_version": job.artwork_version, "current": True, "files": files})


def an_order(shop: ShopCatalog = OWN) -> Order:
    order = decisions.take_in(None, received(line(1)), shop, NOW).order
    return order.model_copy(update={"version": 1})


def made(shop: ShopCatalog = OWN, *roles: str) -> Job:
    job = rendering(an_order(shop).jobs[0])
    return deliveries.rendered(job, artwork(job, *roles), LATER)


def results(job: Job, bucket: str = "merchant", public: str | None = None) -> list[DeliveredFile]:
    waiting = deliveries.waiting_files(job)
    assert waiting is not None
    return [
        DeliveredFile(
            file_id=file.file_id, endpoint="https://s3.example.com", bucket=bucket, key=file.name, public_url=public
        )
        for file in deliveries.printable(waiting)
    ]


def delivered(job: Job, bucket: str = "merchant") -> Job:
    return deliveries.delivered(job, results(job, bucket), LATER)[0]


def published(job: Job) -> list[str]:
    """Links of an order whose only job this is."""
    order = transitions.with_status(an_order().model_copy(update={"jobs": (job,)}))
    return list(order_artwork_changed(order, LINKS, LATER).artwork_files)


def test_a_job_is_pending_until_its_files_lie_in_the_shops_storage() -> None:
    job = made()
    assert (job.status, job.step, job.artwork) == (JobStatus.PENDING, Step.DELIVERING, ())
    assert print_job_changed(an_order(), job, LINKS, LATER).files == ()
    after = delivered(job)
    assert (after.status, after.step, after.rendered) == (JobStatus.READY, None, None)
    assert [entry.event for entry in after.timeline][-2:] == ["rendered", "ready"]


def test_without_a_storage_of_its_own_a_job_is_ready_when_it_is_rendered() -> None:
    job = made(catalog())
    assert (job.status, job.step) == (JobStatus.READY, None)


def test_thumbnails_and_previews_stay_hosted_and_the_copies_of_the_others_can_go() -> None:
    after, copies = deliveries.delivered(job := made(), results(job), LATER)
    assert {file.role: file.delivered is not None for file in after.artwork[0].files} == {
        "print": True,
        "legend": True,
        "thumbnail": False,
    }
    assert copies == ["hosted/1/print", "hosted/1/legend"]


def test_artwork_that_has_nothing_to_print_needs_no_delivery() -> None:
    assert made(OWN, "thumbnail").status is JobStatus.READY


def test_links_are_ours_or_the_public_ones_of_the_shops_storage() -> None:
    job = made(OWN, "print")
    hidden, _ = deliveries.delivered(job, results(job), LATER)
    public, _ = deliveries.delivered(job, results(job, public="https://cdn.example.com/print.pdf"), LATER)
    assert [link.split("/files/")[0] for link in published(hidden)] == ["https://files.example.com"]
    assert published(public) == ["https://cdn.example.com/print.pdf"]


def test_a_result_that_leaves_out_a_file_changes_nothing() -> None:
    job = made()
    assert deliveries.delivered(job, results(job)[:1], LATER) == (job, ())


def test_a_setting_counts_for_jobs_that_begin_afterwards() -> None:
    before = an_order(catalog())
    edited = decisions.take_in(before, received(line(1, quantity=3), minutes=1), OWN, LATER).order
    assert edited.jobs[0].own_storage is False
    again = decisions.replanned(edited.jobs[0], OWN, "key-1", LATER)
    assert again.own_storage is True


@pytest.mark.parametrize("reason", sorted(deliveries.TRIED_AGAIN))
def test_what_may_pass_is_tried_again_with_growing_pauses_and_fails_in_the_end(reason: Reason) -> None:
    job, pauses = made(), list[float]()
    for _ in deliveries.BACK_OFF:
        job = deliveries.not_delivered(job, reason, "", NOW)
        assert (job.status, job.step) == (JobStatus.PENDING, Step.DELIVERING)
        assert job.not_before is not None
        pauses.append((job.not_before - NOW).total_seconds())
    assert pauses == list(deliveries.BACK_OFF)
    job = deliveries.not_delivered(job, reason, "", NOW)
    assert (job.status, job.reason_code, job.step) == (JobStatus.FAILED, reason, None)


def test_what_a_person_must_mend_fails_at_once_and_a_retry_delivers_without_rendering() -> None:
    failed = deliveries.not_delivered(made(), Reason.STORAGE_REFUSED, "The store answered AccessDenied (403).", LATER)
    assert (failed.status, failed.reason_code) == (JobStatus.FAILED, Reason.STORAGE_REFUSED)
    again = commanded(failed, command(failed, CommandKind.RETRY), OWN, LATER)
    assert (again.status, again.step, again.attempt, again.urgent) == (
        JobStatus.PENDING,
        Step.DELIVERING,
        failed.attempt,
        True,
    )
    assert delivered(again).status is JobStatus.READY


def test_files_that_are_gone_are_rendered_anew_by_a_retry() -> None:
    failed = deliveries.not_delivered(made(), Reason.FILES_GONE, "", LATER)
    again = commanded(failed, command(failed, CommandKind.RETRY), OWN, LATER)
    assert (again.step, again.rendered) == (Step.PINNING, None)


def test_without_the_setting_files_stay_hosted_and_the_job_is_ready() -> None:
    after = deliveries.stays_hosted(made(), LATER)
    assert after.status is JobStatus.READY
    assert [file.delivered for file in after.artwork[0].files] == [None, None, None]


class TestDeliveringOnceMore:
    def test_a_ready_job_stays_ready_and_its_links_follow_when_the_files_are_there(self) -> None:
        job = made(catalog(), "print")
        going = commanded(job, command(job, CommandKind.REDELIVER), OWN, LATER)
        assert (going.status, going.step) == (JobStatus.READY, Step.DELIVERING)
        assert published(going) == published(job)
        there, copies = deliveries.delivered(going, results(going, public="https://cdn.example.com/print.pdf"), LATER)
        assert (there.status, there.step, copies) == (JobStatus.READY, None, ["hosted/1/print"])
        assert published(there) == ["https://cdn.example.com/print.pdf"]

    def test_to_another_bucket_no_hosted_copy_is_left_to_go(self) -> None:
        job = delivered(made())
        going = commanded(job, command(job, CommandKind.REDELIVER), OWN, LATER)
        there, copies = deliveries.delivered(going, results(going, "other"), LATER)
        assert copies == []
        assert {file.delivered.bucket for file in there.artwork[0].files if file.delivered} == {"other"}

    def test_a_failure_leaves_the_job_ready_with_the_files_where_they_were(self) -> None:
        job = delivered(made())
        going = commanded(job, command(job, CommandKind.REDELIVER), OWN, LATER)
        after = deliveries.not_delivered(going, Reason.STORAGE_FULL, "", LATER)
        assert (after.status, after.step, after.artwork) == (JobStatus.READY, None, job.artwork)
        assert (after.timeline[-1].event, after.timeline[-1].detail) == ("redelivery_failed", Reason.STORAGE_FULL)

    @pytest.mark.parametrize("shop", [catalog(), OWN])
    def test_only_a_ready_job_of_a_shop_with_a_storage(self, shop: ShopCatalog) -> None:
        job = made()
        assert commanded(job, command(job, CommandKind.REDELIVER), shop, LATER) is job
        ready = delivered(job)
        assert (commanded(ready, command(ready, CommandKind.REDELIVER), shop, LATER) is ready) == (shop is not OWN)


def test_clearing_ends_the_links_to_hosted_files_and_none_into_the_shops_storage() -> None:
    job = delivered(made())
    before = published(job)
    cleared = transitions.cleared(job, LATER)
    assert [file.role for file in cleared.artwork[0].files] == ["print", "legend"]
    assert published(cleared) == before
    assert transitions.cleared(made(catalog()), LATER).artwork[0].files == ()


@given(st.lists(st.sampled_from(["deliver", "fail", "pass", "retry", "redeliver", "clear", "cancel"]), max_size=12))
def test_whatever_happens_a_ready_job_has_all_files_and_a_number_of_a_delivery_is_never_used_twice(
    happenings: list[str],
) -> None:
    job, numbers = made(), list[int]()
    now: datetime = LATER
    for happening in happenings:
        now += timedelta(seconds=1)
        waiting = deliveries.waiting_files(job)
        if happening in {"deliver", "fail", "pass"} and waiting is not None:
            numbers.append(deliveries.request(an_order(), job, waiting, 1).attempt)
            if happening == "deliver":
                job = delivered(job)
            else:
                reason = Reason.STORAGE_FULL if happening == "fail" else Reason.STORAGE_UNREACHABLE
                job = deliveries.not_delivered(job, reason, "", now)
                assert job.deliveries == numbers[-1]
        elif happening in {"retry", "redeliver", "cancel"}:
            job = commanded(job, command(job, CommandKind(happening)), OWN, now)
        elif happening == "clear":
            job = transitions.cleared(job, now)
        if job.status is JobStatus.READY:
            assert {file.role for file in job.artwork[-1].files} == {"print", "legend", "thumbnail"}
            assert all(file.delivered for file in deliveries.printable(job.artwork[-1]))
        assert (job.status is JobStatus.PENDING) == (job.rendered is not None and job.step == Step.DELIVERING)


class TestNamesInTheShopsStorage:
    def keys(self, template: str, *roles: str, version: int = 1) -> list[str]:
        order = an_order()
        job = rendering(order.jobs[0]).model_copy(update={"artwork_version": version})
        setting = OwnStorage(
            endpoint="https://s3.example.com", region="r", bucket="b", addressing="path", access_key="a",
            secret_key=Sealed(key_id="k", nonce="", ciphertext=""), path_template=template,
        )  # fmt: skip
        asked = deliveries.request(order, job, artwork(job, *roles), 1)
        return list(object_keys(setting, asked).values())

    def test_the_path_follows_the_template(self) -> None:
        template = "{date}/{order}/{sku}-{line}-{role}-{version}.{ext}"
        assert self.keys(template, "print", "legend") == [
            "2026-11-20/1001/PW-PHOTO-1-print-1.pdf",
            "2026-11-20/1001/PW-PHOTO-1-legend-1.pdf",
        ]

    def test_a_new_artwork_version_never_takes_the_place_of_one_that_is_being_printed(self) -> None:
        assert self.keys("{order}-{role}.{ext}", "print", version=1) == ["1001-print.pdf"]
        assert self.keys("{order}-{role}.{ext}", "print", version=2) == ["1001-print-v2.pdf"]

    def test_files_of_a_job_never_share_a_name(self) -> None:
        names = self.keys("{order}.{ext}", "print", "legend", "chart")
        assert names[0] == "1001.pdf"
        assert len({collision_key(name) for name in names}) == 3
