"""From Shopify's bodies to our event: every shape is read, nothing personal but the name is kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.events.orders import OrderReceived
from printworks_ingest.bodies import parse, parse_order
from printworks_ingest.orders import UnreadableOrderError, changed_order_id, from_webhook, order_id_of, properties
from printworks_ingest.receiver import DELTAS, WHOLE_ORDERS

SHOP = "example.myshopify.com"
BODIES = Path(__file__).parents[2] / "data" / "webhooks"
MANIFEST = [json.loads(row) for row in (BODIES / "manifest.jsonl").read_text().splitlines()]
ORDERS = [
    row for row in MANIFEST if row["topic"] in WHOLE_ORDERS and row["file"] != "008-ruby-include-fields-subset.json"
]


def body(row: dict[str, Any]) -> dict[str, Any]:
    return json.loads((BODIES / row["file"]).read_bytes())


@pytest.mark.parametrize("row", ORDERS, ids=lambda row: row["file"])
def test_an_order_of_any_version_is_read(row: dict[str, Any]) -> None:
    source = body(row)
    order = from_webhook(SHOP, source)
    assert order.order_id == str(source["id"])
    lines = {int(line.line_item_id): line.current_quantity for line in order.line_items}
    for line_id, quantity in row.get("print_lines", {}).items():
        assert lines[int(line_id)] == quantity


@pytest.mark.parametrize("row", ORDERS, ids=lambda row: row["file"])
def test_address_e_mail_and_phone_are_never_kept(row: dict[str, Any]) -> None:
    source = body(row)
    kept = from_webhook(SHOP, source).model_dump_json()
    personal = [source.get("email"), source.get("contact_email"), source.get("phone"), source.get("browser_ip")]
    for address in (source.get("billing_address"), source.get("shipping_address")):
        if address:
            personal += [address.get("address1"), address.get("phone"), address.get("zip")]
    for value in personal:
        assert not value or len(str(value)) < 4 or str(value) not in kept


def test_a_body_cut_down_to_a_few_fields_is_read_again_by_its_id() -> None:
    subset = json.loads((BODIES / "008-ruby-include-fields-subset.json").read_bytes())
    with pytest.raises(UnreadableOrderError):
        from_webhook(SHOP, subset)
    assert order_id_of(subset) == str(subset["id"])


@pytest.mark.parametrize("row", [row for row in MANIFEST if row["topic"] in DELTAS], ids=lambda row: row["file"])
def test_a_delta_names_the_order_that_has_to_be_read_again(row: dict[str, Any]) -> None:
    assert changed_order_id(body(row)) == str(body(row)["order_id"])


def test_an_edit_names_its_order_inside() -> None:
    edit = {
        "order_edit": {"id": 78912328793, "order_id": 820982911946, "line_items": {"additions": [], "removals": []}}
    }
    assert changed_order_id(edit) == "820982911946"


@pytest.mark.parametrize("delta", [{"id": 5}, {"order_edit": {"id": 5}}, {"order_edit": "5"}, {"order_id": -1}])
def test_the_id_of_an_edit_or_refund_is_not_taken_for_that_of_an_order(delta: dict[str, Any]) -> None:
    assert changed_order_id(delta) is None


def test_an_id_beyond_2_to_the_53_keeps_every_digit() -> None:
    source = body(ORDERS[0]) | {"id": 9007199254740993}
    assert from_webhook(SHOP, source).order_id == "9007199254740993"


def test_the_quantity_after_edits_counts_and_old_versions_have_only_the_first() -> None:
    source = body(ORDERS[0])
    source["line_items"] = [{"id": 1, "quantity": 3, "current_quantity": 2}, {"id": 2, "quantity": 3}]
    assert [line.current_quantity for line in from_webhook(SHOP, source).line_items] == [2, 3]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([{"name": "Photo", "value": "https://x"}], [("Photo", "https://x")]),
        ([["Photo", "https://x"]], [("Photo", "https://x")]),
        ({"Photo": "https://x", "Size": 4}, [("Photo", "https://x"), ("Size", "4")]),
        ([{"name": "Size", "value": 4}, {"name": "Gift", "value": True}], [("Size", "4"), ("Gift", "true")]),
        ([{"name": "Empty", "value": None}, {"value": "x"}, "nonsense", 7, None], []),
        (None, []),
        ("text", []),
        ([{"name": "a", "value": "1"}, {"name": "a\u200b", "value": "2"}], [("a", "1"), ("a\u200b", "2")]),
    ],
)
def test_properties_are_read_in_every_shape(raw: Any, expected: list[tuple[str, str]]) -> None:
    assert properties(raw) == expected


def test_text_that_a_database_or_utf_8_cannot_hold_is_mended_and_never_loses_the_order() -> None:
    raw = b'{"line_items": [{"id": 1, "title": "a\\u0000b", "properties": {"T\\ud800": "x\\u0000\\udfff"}}]}'
    source = body(ORDERS[0]) | json.loads(raw) | {"financial_status": "paid\ud800"}
    order = OrderReceived.model_validate_json(from_webhook(SHOP, source).model_dump_json())
    [line] = order.line_items
    assert order.financial_status == "paid?"
    assert line.title == "ab"
    assert [(one.name, one.value) for one in line.properties] == [("T?", "x?")]


@pytest.mark.parametrize(
    "change",
    [{"id": None, "admin_graphql_api_id": None}, {"created_at": None}, {"updated_at": "yesterday"},
     {"line_items": [{"title": "no id"}]}, {"line_items": ["x"]}],
)  # fmt: skip
def test_a_body_of_another_shape_says_so_instead_of_failing(change: dict[str, Any]) -> None:
    with pytest.raises(UnreadableOrderError):
        from_webhook(SHOP, body(ORDERS[0]) | change)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*body(ORDERS[0])]), json_values, max_size=8))
def test_whatever_stands_in_the_fields_the_answer_is_an_order_or_unreadable(changes: dict[str, Any]) -> None:
    try:
        order = from_webhook(SHOP, body(ORDERS[0]) | changes)
    except UnreadableOrderError:
        return
    assert order.order_id.isdigit()


@given(json_values)
def test_the_id_of_an_order_is_found_or_not_but_never_wrong(value: Any) -> None:
    found = order_id_of({"id": value})
    assert found is None or (found.isdigit() and int(found) < 10**19)


class TestParsing:
    def test_an_object_is_read(self) -> None:
        assert parse(b'{"id": 1}') == {"id": 1}

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff\xfe", b"{\x00}", b"not json"])
    def test_what_is_no_object_is_refused(self, raw: bytes) -> None:
        assert parse(raw) is None
        assert parse_order(raw) is None

    def test_an_order_that_is_not_utf_8_is_refused(self) -> None:
        assert parse_order(b'{"id": 1, "name": "\xff\xc0\xae"}') is None

    @pytest.mark.parametrize("raw", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000])
    def test_ten_thousand_levels_never_reach_the_parser(self, raw: bytes) -> None:
        assert parse(raw) is None

    def test_a_number_of_five_thousand_digits_is_refused(self) -> None:
        assert parse(b'{"id": ' + b"9" * 5000 + b"}") is None

    def test_many_flat_line_items_are_read(self) -> None:
        raw = json.dumps({"line_items": [{"id": number, "properties": []} for number in range(500)]}).encode()
        document = parse(raw)
        assert document is not None
        assert len(document["line_items"]) == 500


def outcome(document: dict[str, Any] | None) -> OrderReceived | str | None:
    """The order, or that it is unreadable, or None for no object at all."""
    if document is None:
        return None
    try:
        return from_webhook(SHOP, document)
    except UnreadableOrderError:
        return f"unreadable {order_id_of(document)}"


class TestReadingOnlyWhatAnOrderNeeds:
    """`parse_order` leaves out what nobody reads, and else says what `parse` says."""

    @pytest.mark.parametrize("row", ORDERS, ids=lambda row: row["file"])
    def test_an_order_is_the_same_as_from_the_whole_body(self, row: dict[str, Any]) -> None:
        raw = (BODIES / row["file"]).read_bytes()
        assert outcome(parse_order(raw)) == outcome(parse(raw))

    def test_nobody_s_address_becomes_an_object(self) -> None:
        document = parse_order((BODIES / ORDERS[0]["file"]).read_bytes())
        assert document is not None
        assert not {"email", "billing_address", "shipping_address", "phone"} & document.keys()

    @given(st.dictionaries(st.sampled_from([*body(ORDERS[0])]), json_values, max_size=8))
    def test_whatever_stands_in_the_fields_both_say_the_same(self, changes: dict[str, Any]) -> None:
        raw = json.dumps(body(ORDERS[0]) | changes).encode()
        assert outcome(parse_order(raw)) == outcome(parse(raw))

    @given(st.data())
    def test_a_body_cut_off_or_damaged_is_no_object_or_read_as_before(self, data: st.DataObject) -> None:
        raw = bytearray((BODIES / ORDERS[0]["file"]).read_bytes())
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.sampled_from(b'{}[]",:0 \\x\xff'))
        cut = bytes(raw[: data.draw(st.integers(place, len(raw)))])
        if (whole := parse(cut)) is not None:
            assert outcome(parse_order(cut)) == outcome(whole)

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff\xfe", b"not json"])
    def test_what_is_no_object_is_refused(self, raw: bytes) -> None:
        assert parse_order(raw) is None

    @pytest.mark.parametrize("field", ["id", "unknown", "line_items", "properties"])
    def test_ten_thousand_levels_bring_nothing_down(self, field: str) -> None:
        raw = b'{"id": 1, "%s": ' % field.encode() + b"[" * 10_000 + b"]" * 10_000 + b"}"
        assert parse_order(raw) is None
