"""The journal is append-only, bounded, and read by cursor."""

from printworks_local.shopify.journal import Journal


def filled(count: int, capacity: int = 100) -> Journal:
    journal = Journal(capacity)
    for number in range(count):
        journal.append(order_id=number % 2, actor="app", operation="tagsAdd", before={}, after={})
    return journal


def test_a_cursor_reads_on_where_it_stopped() -> None:
    journal = filled(5)
    first = journal.read(limit=3)
    assert [entry["seq"] for entry in first["entries"]] == [1, 2, 3]
    assert first["more"]
    second = journal.read(after=first["next"])
    assert [entry["seq"] for entry in second["entries"]] == [4, 5]
    assert not second["more"]


def test_one_order_can_be_read_alone() -> None:
    page = filled(5).read(order_id=1)
    assert [entry["seq"] for entry in page["entries"]] == [2, 4]
    assert not page["more"]


def test_what_is_dropped_is_counted() -> None:
    page = filled(10, capacity=4).read()
    assert [entry["seq"] for entry in page["entries"]] == [7, 8, 9, 10]
    assert page["dropped"] == 6
