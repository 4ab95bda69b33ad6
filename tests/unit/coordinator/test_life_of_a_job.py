"""What may happen to a print job, in any order, and what never may."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from printworks_common.events.artwork import ArtworkStatus, JobStatus
from printworks_common.events.control import CommandIssued, CommandKind, ReplacementInput
from printworks_common.events.print_jobs import ArtworkVersion
from printworks_common.failures import Reason
from printworks_common.filelinks import LinkSigner
from printworks_render.coordinator import decisions, transitions
from printworks_render.coordinator.intake import commanded
from printworks_render.coordinator.model import Input, Job, Order, Step
from printworks_render.coordinator.pinning import _same_work, input_prefix
from printworks_render.coordinator.release import render_request
from printworks_render.coordinator.snapshots import Links, order_artwork_changed, records

from tests.unit.coordinator.examples import NOW, catalog, line, received

LINKS = Links(LinkSigner(keys={"a": b"k" * 32}, current="a"), "https://files.example.com")
LATER = NOW + timedelta(minutes=1)


def an_order(*numbers: int) -> Order:
    lines = [line(number) for number in numbers or (1,)]
    return decisions.take_in(None, received(*lines), catalog(), NOW).order.model_copy(update={"version": 1})


def pinned(job: Job) -> Job:
    inputs = [one.model_copy(update={"key": f"k/{one.input_id}", "sha256": "0" * 64}) for one in job.inputs]
    return transitions.inputs_pinned(job, inputs, LATER)


def rendering(job: Job) -> Job:
    return transitions.released(pinned(job), LATER, timedelta(minutes=10))


def artwork(job: Job) -> ArtworkVersion:
    file = {
        "file_id": UUID(int=job.artwork_version), "role": "print", "name": "a.pdf", "format": "pdf",
        "media_type": "application/pdf", "bytes": 1, "sha256": "1" * 64, "key": "k",
    }  # fmt: skip
    return ArtworkVersion.model_validate(
        {"artwork_version": job.artwork_version, "current": True, "files": [file], "spec_line": "300 DPI"}
    )


def finished(job: Job) -> Job:
    return transitions.ready(job, artwork(job), LATER)


def command(job: Job, kind: CommandKind, **values: object) -> CommandIssued:
    return CommandIssued.model_validate(
        {
            "shop": "example.myshopify.com", "order_id": "1", "command_id": UUID(int=1), "job_id": job.job_id,
            "kind": kind, "issued_by": "key-1", "issued_at": NOW, **values,
        }
    )  # fmt: skip


def test_a_job_goes_from_pinning_over_the_queue_and_the_render_to_ready() -> None:
    job = finished(rendering(an_order().jobs[0]))
    assert [entry.event for entry in job.timeline] == ["paid", "inputs_pinned", "render_requested", "ready"]
    assert (job.status, job.step, job.attempt, job.version) == (JobStatus.READY, None, 1, 4)


def test_a_retry_keeps_what_is_pinned_and_goes_before_all_others() -> None:
    job = transitions.failed(rendering(an_order().jobs[0]), Reason.RENDER_TIMEOUT, "", LATER)
    again = commanded(job, command(job, CommandKind.RETRY), catalog(), LATER)
    assert again.inputs == job.inputs
    assert (again.status, again.step, again.urgent, again.artwork_version) == (
        JobStatus.PENDING,
        Step.PINNING,
        True,
        1,
    )


def test_a_retry_fetches_again_what_could_not_be_decoded() -> None:
    job = transitions.failed(rendering(an_order().jobs[0]), Reason.UPLOAD_CORRUPT, "", LATER)
    again = commanded(job, command(job, CommandKind.RETRY), catalog(), LATER)
    assert not any(one.pinned for one in again.inputs)


def test_a_retry_does_not_fetch_again_what_the_merchant_put_in_its_place() -> None:
    job = rendering(an_order().jobs[0])
    ours = Input(input_id="photo:photo", kind="upload", source="https://replaced.invalid/x", key="k", replaced=True)
    job = transitions.failed(job.model_copy(update={"inputs": (ours,)}), Reason.UPLOAD_LOW_RESOLUTION, "", LATER)
    assert commanded(job, command(job, CommandKind.RETRY), catalog(), LATER).inputs == (ours,)


def test_a_retry_of_a_job_without_a_template_plans_it_with_todays_catalog() -> None:
    order = decisions.take_in(None, received(line(1)), catalog(PW_PHOTO="gone"), NOW).order
    again = commanded(order.jobs[0], command(order.jobs[0], CommandKind.RETRY), catalog(), LATER)
    assert (again.status, again.template_id) == (JobStatus.PENDING, "poster")


def test_a_retry_of_a_job_that_did_not_fail_changes_nothing() -> None:
    job = finished(rendering(an_order().jobs[0]))
    assert commanded(job, command(job, CommandKind.RETRY), catalog(), LATER) is job


def test_a_rerender_begins_a_new_artwork_version_and_the_old_files_are_superseded() -> None:
    job = finished(rendering(an_order().jobs[0]))
    again = commanded(job, command(job, CommandKind.RERENDER), catalog(), LATER)
    assert (again.artwork_version, again.status) == (2, JobStatus.PENDING)
    assert [one.current for one in again.artwork] == [False]
    assert [one.current for one in finished(rendering(again)).artwork] == [False, True]


def replacement(slot: str) -> ReplacementInput:
    return ReplacementInput(input_id=f"photo:{slot}", key="orders/x", sha256="a" * 64, bytes=9)


def test_a_replaced_picture_is_used_from_the_next_artwork_version_on() -> None:
    job = transitions.failed(rendering(an_order().jobs[0]), Reason.UPLOAD_CORRUPT, "", LATER)
    after = commanded(job, command(job, CommandKind.REPLACE_INPUT, replacement=replacement("photo")), catalog(), LATER)
    assert (after.status, after.artwork_version) == (JobStatus.PENDING, 2)
    assert [(one.key, one.replaced) for one in after.inputs] == [("orders/x", True)]


def test_a_picture_can_be_given_to_a_line_that_carried_none() -> None:
    order = decisions.take_in(None, received(line(1, Engraving="Ada")), catalog(), NOW).order
    [job] = order.jobs
    after = commanded(job, command(job, CommandKind.REPLACE_INPUT, replacement=replacement("photo")), catalog(), LATER)
    assert after.status is JobStatus.PENDING
    assert [(one.key, one.pinned) for one in after.inputs] == [("orders/x", True)]
    assert after.line == job.line


@given(st.lists(st.sampled_from(JobStatus), max_size=6))
def test_the_status_of_an_order_follows_from_its_jobs(states: list[JobStatus]) -> None:
    template = an_order().jobs[0]
    status = transitions.artwork_status(template.model_copy(update={"status": state}) for state in states)
    left = [state for state in states if state is not JobStatus.CANCELLED]
    if not left:
        assert status is None
    elif JobStatus.PENDING in left:
        assert status is ArtworkStatus.PENDING
    elif JobStatus.FAILED in left:
        assert status is ArtworkStatus.FAILED
    else:
        assert status is ArtworkStatus.READY


ACTIONS = ["pin", "release", "finish", "fail", "cancel", "clear", *CommandKind]


@given(st.lists(st.sampled_from(ACTIONS), max_size=25))
def test_whatever_happens_every_change_is_a_version_and_a_line_in_the_timeline(actions: list[str]) -> None:
    job = an_order().jobs[0]
    for action in actions:
        before = job
        job = act(job, action)
        if job is not before:
            assert job.version == before.version + 1
            assert job.timeline[:-1] == before.timeline
        assert sum(one.current for one in job.artwork) <= 1
        assert (job.step is not None) == (job.status is JobStatus.PENDING)
        assert (job.reason_code is not None) <= (job.status in {JobStatus.FAILED, JobStatus.CLEARED})
        assert job.artwork_version >= before.artwork_version
        if before.status is JobStatus.CLEARED:
            assert job is before


def act(job: Job, action: str) -> Job:
    match action:
        case "pin" if job.step == Step.PINNING:
            return pinned(job)
        case "release" if job.step == Step.QUEUED:
            return transitions.released(job, LATER, timedelta(minutes=1))
        case "finish" if job.step == Step.RENDERING:
            return finished(job)
        case "fail" if job.status is JobStatus.PENDING:
            return transitions.failed(job, Reason.RENDER_FAILED, "", LATER)
        case "cancel":
            return transitions.cancelled(job, "order cancelled", LATER)
        case "clear":
            return transitions.cleared(job, LATER)
        case kind if kind in set(CommandKind):
            return commanded(job, command(job, CommandKind(kind), replacement=replacement("photo")), catalog(), LATER)
        case _:
            return job


class TestWhatIsPublished:
    def test_links_stand_on_the_order_with_ready_alone(self) -> None:
        order = an_order(1, 2)
        first, second = order.jobs
        half = transitions.with_status(order.with_job(finished(rendering(first))))
        assert order_artwork_changed(half, LINKS, NOW).artwork_files == ()
        whole = transitions.with_status(half.with_job(finished(rendering(second))))
        event = order_artwork_changed(whole, LINKS, NOW)
        assert event.artwork_status == "ready"
        assert len(event.artwork_files) == 2
        assert all(url.startswith("https://files.example.com/files/") for url in event.artwork_files)

    def test_a_cleared_order_keeps_its_status_and_loses_its_links(self) -> None:
        order = transitions.with_status(an_order().with_job(finished(rendering(an_order().jobs[0]))))
        jobs = tuple(transitions.cleared(job, LATER) for job in order.jobs)
        gone = transitions.with_status(order.model_copy(update={"jobs": jobs, "purged_at": LATER}))
        event = order_artwork_changed(gone, LINKS, NOW)
        assert (event.artwork_status, event.artwork_files) == ("ready", ())

    def test_no_name_no_text_and_no_source_is_public(self) -> None:
        order = an_order()
        ready = transitions.with_status(order.with_job(finished(rendering(order.jobs[0]))))
        public = [one for one in records(None, ready, LINKS, NOW, None) if one.topic == "printworks.artwork.v1"]
        assert len(public) == 2
        for record in public:
            assert "Öberg" not in record.value.decode()
            assert "cdn.example.com" not in record.value.decode()

    def test_a_change_that_nobody_can_act_on_is_not_told_twice(self) -> None:
        order = an_order(1)
        moved = order.with_job(pinned(order.jobs[0])).model_copy(update={"version": 2})
        types = [one.headers["ce_type"] for one in records(order, moved, LINKS, NOW, None)]
        assert types == ["printworks.order.snapshot.v1", "printworks.print-job.changed.v1"]

    def test_the_same_change_has_the_same_event_ids(self) -> None:
        order = an_order()
        one = [record.headers["ce_id"] for record in records(None, order, LINKS, NOW, None)]
        two = [record.headers["ce_id"] for record in records(None, order, LINKS, LATER, None)]
        assert one == two
        assert len(set(one)) == len(one)


def test_a_render_request_names_only_what_is_pinned_and_the_orders_own_date() -> None:
    order = an_order()
    job = rendering(order.jobs[0])
    request = render_request(order, job, watermark=False)
    assert request.document_time == order.created_at
    assert [one.key for one in request.inputs] == ["k/photo:photo"]
    assert request.output_prefix.endswith(f"/{job.job_id}/1/")
    assert input_prefix(order, job).startswith("orders/2026-11-20/example.myshopify.com/9007199254740993/")


def test_inputs_that_were_fetched_do_not_replace_a_picture_given_at_the_moment_the_job_was_made() -> None:
    job = an_order().jobs[0]
    given = ReplacementInput(input_id="photo:photo", key="uploads/x", sha256="2" * 64, bytes=9)
    replaced = decisions.with_replacement(job, given, catalog(), "key-1", NOW)
    assert (replaced.queued_at, replaced.artwork_version) == (job.queued_at, job.artwork_version)
    assert not _same_work(replaced, planned=job)
    assert _same_work(job, planned=job)
