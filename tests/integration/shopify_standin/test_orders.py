"""Orders as the reconciler reads them."""

from datetime import UTC, datetime, timedelta

from printworks_local.shopify.webhooks import make_line

from tests.integration.shopify_standin.conftest import Store, gid

READ = """
query($id: ID!) { order(id: $id) {
  id legacyResourceId name createdAt updatedAt processedAt cancelledAt displayFinancialStatus test tags
  customer { displayName firstName lastName } customAttributes { key value }
  transactions(first: 5) { kind status processedAt }
  lineItems(first: 10) { nodes { id sku title variantTitle quantity currentQuantity
    product { id } variant { id } customAttributes { key value } } pageInfo { hasNextPage endCursor } }
} }"""

CHANGED = """
query($query: String, $after: String, $first: Int = 50) {
  orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { id updatedAt displayFinancialStatus } pageInfo { hasNextPage endCursor } } }"""


async def test_an_order_is_read_whole(store: Store) -> None:
    order_id = await store.new_order(note_attributes=[{"name": "Gift", "value": "yes"}], tags="b, A")
    order = (await store.data(READ, {"id": gid(order_id)}))["order"]
    assert order["legacyResourceId"] == str(order_id)
    assert order["tags"] == ["A", "b"]
    assert order["customer"] == {"displayName": "Ada Muster", "firstName": "Ada", "lastName": "Muster"}
    assert order["customAttributes"] == [{"key": "Gift", "value": "yes"}]
    assert order["displayFinancialStatus"] == "PAID"
    assert order["createdAt"].endswith("Z")
    [line] = order["lineItems"]["nodes"]
    assert (line["sku"], line["quantity"], line["currentQuantity"]) == ("PW-PHOTO", 1, 1)
    assert {"key": "Text", "value": "Hi"} in line["customAttributes"]
    assert order["transactions"][0]["kind"] == "SALE"


async def test_lines_come_in_pages(store: Store) -> None:
    order_id = await store.new_order(line_items=[make_line(number, None) for number in range(1, 6)])
    page = "query($id: ID!, $after: String) { order(id: $id) { lineItems(first: 2, after: $after) {"
    page += " nodes { id } pageInfo { hasNextPage endCursor } } } }"
    seen, after, more = list[str](), None, True
    while more:
        lines = (await store.data(page, {"id": gid(order_id), "after": after}))["order"]["lineItems"]
        seen += [line["id"] for line in lines["nodes"]]
        after, more = lines["pageInfo"]["endCursor"], lines["pageInfo"]["hasNextPage"]
    assert seen == [f"gid://shopify/LineItem/{number}" for number in range(1, 6)]


async def test_properties_in_every_shape_become_attributes(store: Store) -> None:
    for properties in ([{"name": "a", "value": 1}], [["a", 1]], {"a": 1}):
        line = {**make_line(1, None), "properties": properties}
        order_id = await store.new_order(line_items=[line])
        [found] = (await store.data(READ, {"id": gid(order_id)}))["order"]["lineItems"]["nodes"]
        assert found["customAttributes"] == [{"key": "a", "value": "1"}]


async def test_edits_refunds_and_cancellation_show_in_the_next_read(store: Store) -> None:
    order_id = await store.new_order(line_items=[make_line(1, None, quantity=2), make_line(2, None)])
    refund = await store.control.refund(order_id, [{"line_item_id": 1, "quantity": 2}])
    assert refund["refund_line_items"][0]["quantity"] == 2
    await store.control.edit(order_id, add_lines=[make_line(3, "PW-PHOTO")])
    order = (await store.data(READ, {"id": gid(order_id)}))["order"]
    assert order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert [(line["quantity"], line["currentQuantity"]) for line in order["lineItems"]["nodes"]] == [
        (2, 0),
        (1, 1),
        (1, 1),
    ]
    await store.control.cancel(order_id)
    assert (await store.data(READ, {"id": gid(order_id)}))["order"]["cancelledAt"]
    await store.control.delete(order_id)
    assert (await store.data(READ, {"id": gid(order_id)}))["order"] is None


async def test_changed_orders_come_sorted_filtered_and_in_pages(store: Store) -> None:
    now = datetime.now(UTC)
    ids = [await store.new_order(updated_at=now - timedelta(minutes=minutes)) for minutes in (5, 4, 3, 2, 1)]
    since = (now - timedelta(minutes=4, seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"query": f"updated_at:>='{since}'", "first": 3}
    page = (await store.data(CHANGED, given))["orders"]
    rest = (await store.data(CHANGED, {**given, "after": page["pageInfo"]["endCursor"]}))["orders"]
    assert page["pageInfo"]["hasNextPage"]
    assert [order["id"] for order in page["nodes"] + rest["nodes"]] == [gid(number) for number in ids[1:]]


async def test_an_unknown_filter_is_dropped_with_a_warning(store: Store) -> None:
    await store.new_order()
    answer = await store.ask(CHANGED, {"query": "colour:red"})
    assert len(answer["data"]["orders"]["nodes"]) == 1
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "colour"


async def test_search_can_lag_behind_a_write(store: Store) -> None:
    await store.control.configure(search_lag_seconds=60)
    order_id = await store.new_order()
    assert (await store.data(CHANGED))["orders"]["nodes"] == []
    assert (await store.data(READ, {"id": gid(order_id)}))["order"]["id"] == gid(order_id)


async def test_orders_older_than_60_days_need_another_scope(store: Store) -> None:
    order_id = await store.new_order(created_at=datetime.now(UTC) - timedelta(days=61))
    assert (await store.data(READ, {"id": gid(order_id)}))["order"] is None
    await store.control.scopes("printworks", ["read_orders", "read_all_orders", "read_customers", "read_products"])
    assert (await store.data(READ, {"id": gid(order_id)}))["order"]["id"] == gid(order_id)


async def test_one_shop_knows_nothing_of_anothers_orders(store: Store) -> None:
    assert (await store.data(READ, {"id": gid(1)}))["order"] is None
    page = await store.ask("{ orders { nodes { id } } }")
    assert page["errors"][0]["extensions"]["code"] == "BAD_REQUEST", "a page needs first or last"
