"""Which fulfilment orders are held: ours alone, never twice, and nothing is forgotten when the order is free."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_local.shopify.documents import validate_document
from printworks_shopify_writer import documents, holds
from printworks_shopify_writer.holds import FulfilmentOrder, HoldPlan

STATUSES = ["OPEN", "SCHEDULED", "ON_HOLD", "IN_PROGRESS", "CLOSED", "CANCELLED", "INCOMPLETE"]
fulfilment_orders = st.lists(
    st.builds(
        FulfilmentOrder,
        st.uuids().map(str),
        st.sampled_from(STATUSES),
        st.sampled_from([(), ("1",), ("1", "2")]),
    ),
    max_size=4,
)


@given(fulfilment_orders, st.sets(st.integers(0, 3)))
def test_what_can_be_held_is_held_once_and_what_was_held_before_is_left_alone(
    seen: list[FulfilmentOrder], before: set[int]
) -> None:
    held = [one.id for place, one in enumerate(seen) if place in before]
    todo = holds.plan(True, seen, held)
    assert not todo.release
    for one in seen:
        assert (one.id in todo.place) is (one.status in holds.HOLDABLE and not one.ours and one.id not in held)


@given(fulfilment_orders)
def test_a_free_order_keeps_no_hold_of_ours(seen: list[FulfilmentOrder]) -> None:
    todo = holds.plan(False, seen, [])
    assert not todo.place
    assert dict(todo.release) == {one.id: one.ours for one in seen if one.ours}


def test_a_hold_counts_as_ours_by_handle_and_app() -> None:
    def hold(number: int, handle: str | None, mine: bool) -> dict[str, object]:
        return {"id": str(number), "handle": handle, "heldByRequestingApp": mine}

    nodes = [
        {
            "id": "a",
            "status": "ON_HOLD",
            "fulfillmentHolds": [
                hold(1, holds.HANDLE, True), hold(2, holds.HANDLE, False), hold(3, "x", True), hold(4, None, True)
            ],
        }
    ]  # fmt: skip
    assert holds.read({"fulfillmentOrders": {"nodes": nodes}}) == (FulfilmentOrder("a", "ON_HOLD", ("1",)),)


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize(
    "todo",
    [HoldPlan(place=("a",)), HoldPlan(release=(("a", ("1", "2")),)), HoldPlan(("a", "b"), (("c", ("1",)), ("d", ())))],
    ids=["one placed", "one released", "several of both"],
)
def test_requests_are_valid_in_the_official_schema(todo: HoldPlan, version: str) -> None:
    request = documents.hold(todo)
    assert validate_document(request.document, version) == []
    assert validate_document(documents.HOLDS, version) == []
    assert request.cost == 10 * (len(todo.place) + len(todo.release))
