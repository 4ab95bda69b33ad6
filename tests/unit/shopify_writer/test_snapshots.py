"""What a snapshot asks of Shopify."""

from datetime import UTC, datetime
from uuid import UUID

from printworks_common.events.print_jobs import JobSnapshot, OrderSnapshot, TextField
from printworks_shopify_writer import snapshots

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def job(number: int, status: str = "ready", page: str | None = "https://pw.example.com/lines/x") -> JobSnapshot:
    return JobSnapshot(
        job_id=UUID(int=number), line_item_id=str(number), version=1, status=status, product_title="Mug", quantity=1,
        artwork_version=1, queued_at=NOW, page_url=page,
        texts=(TextField(name="Name", value="A\x00da", origin="design"), TextField(name="Colour", value="red")),
    )  # fmt: skip


def order(status: str | None, *jobs: JobSnapshot, version: int = 1, files: tuple[str, ...] = ()) -> OrderSnapshot:
    return OrderSnapshot(
        shop="a.myshopify.com", order_id="1", order_gid="gid://shopify/Order/1", order_name="#1", version=version,
        created_at=NOW, order_date=NOW.date(), artwork_status=status, artwork_files=files, jobs=jobs, occurred_at=NOW,
    )  # fmt: skip


def test_lines_are_linked_with_ready_alone() -> None:
    assert snapshots.read(order("pending", job(1))).lines == ()
    [line] = snapshots.read(order("ready", job(1), job(2, "cancelled"), job(3, page=None))).lines
    assert (line.number, line.title, line.url) == (1, "Mug", "https://pw.example.com/lines/x")


def test_texts_of_the_line_item_itself_are_not_copied() -> None:
    [line] = snapshots.read(order("ready", job(1))).lines
    assert line.texts == (("Name", "Ada"),)


def test_a_line_keeps_its_number_when_one_before_it_is_cancelled() -> None:
    [line] = snapshots.read(order("ready", job(1, "cancelled"), job(2))).lines
    assert line.number == 2


def test_only_what_shopify_shows_makes_another_content() -> None:
    def content(event: OrderSnapshot) -> str:
        return snapshots.read(event).content_hash

    assert content(order("pending", version=1)) == content(order("pending", job(1), version=2))
    assert content(order("ready", files=("a",))) != content(order("ready", files=("b",)))
    assert content(order("ready", job(1))) != content(order("ready", job(1), job(2)))
