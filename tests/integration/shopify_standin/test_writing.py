"""Tags, metafields with compare-and-set, attributes, definitions: what the writer relies on."""

from typing import Any

import pytest

from tests.integration.shopify_standin.conftest import Store, gid

SET = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
  metafields { key value compareDigest } userErrors { field message code elementIndex } } }"""
ADD = """mutation($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) {
  node { id } userErrors { field message } } }"""
REMOVE = ADD.replace("tagsAdd", "tagsRemove")
DEFINE = """mutation($d: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $d) {
  createdDefinition { id key pinnedPosition } userErrors { field message code } } }"""


def metafield(order_id: int, value: str, **fields: Any) -> dict[str, Any]:
    return {
        "ownerId": gid(order_id),
        "namespace": "pw_customization",
        "key": "artwork_status",
        "type": "single_line_text_field",
        "value": value,
        **fields,
    }


async def set_fields(store: Store, *inputs: dict[str, Any]) -> dict[str, Any]:
    return (await store.data(SET, {"m": list(inputs)}))["metafieldsSet"]


async def codes(store: Store, *inputs: dict[str, Any]) -> list[tuple[str, list[str], int | None]]:
    result = await set_fields(store, *inputs)
    assert result["metafields"] is None
    return [(error["code"], error["field"], error["elementIndex"]) for error in result["userErrors"]]


async def test_tags_are_added_and_removed_by_name_only(store: Store) -> None:
    order_id = await store.new_order(tags="other")
    await store.data(ADD, {"id": gid(order_id), "tags": ["pw-artwork-pending", "OTHER"]})
    assert (await store.control.order(order_id))["tags"] == ["other", "pw-artwork-pending"]
    await store.data(REMOVE, {"id": gid(order_id), "tags": ["PW-artwork-pending", "never there"]})
    assert (await store.control.order(order_id))["tags"] == ["other"]


async def test_a_tag_that_is_too_long_is_a_user_error_without_code(store: Store) -> None:
    order_id = await store.new_order()
    result = (await store.data(ADD, {"id": gid(order_id), "tags": ["x" * 41]}))["tagsAdd"]
    assert result["userErrors"][0]["field"] == ["tags"]


async def test_a_deleted_order_is_a_user_error(store: Store) -> None:
    order_id = await store.new_order()
    await store.control.delete(order_id)
    result = (await store.data(ADD, {"id": gid(order_id), "tags": ["a"]}))["tagsAdd"]
    assert result == {"node": None, "userErrors": [{"field": ["id"], "message": "Order does not exist"}]}
    assert [code for code, _, _ in await codes(store, metafield(order_id, "a"))] == ["INVALID"]


async def test_a_null_digest_means_must_not_exist_yet(store: Store) -> None:
    order_id = await store.new_order()
    assert (await set_fields(store, metafield(order_id, "a", compareDigest=None)))["userErrors"] == []
    assert await codes(store, metafield(order_id, "b", compareDigest=None)) == [
        ("STALE_OBJECT", ["metafields", "0"], None)
    ]


async def test_a_digest_guards_against_a_change_in_between(store: Store) -> None:
    order_id = await store.new_order()
    [first] = (await set_fields(store, metafield(order_id, "a")))["metafields"]
    [second] = (await set_fields(store, metafield(order_id, "b", compareDigest=first["compareDigest"])))["metafields"]
    stale = metafield(order_id, "c", compareDigest=first["compareDigest"])
    assert await codes(store, stale) == [("STALE_OBJECT", ["metafields", "0"], None)]
    equal = await set_fields(store, metafield(order_id, "b", compareDigest=first["compareDigest"]))
    assert equal["userErrors"] == [], "a stale digest with the present value passes"
    await set_fields(store, metafield(order_id, "a", compareDigest=second["compareDigest"]))
    again = await set_fields(store, metafield(order_id, "d", compareDigest=first["compareDigest"]))
    assert again["userErrors"] == [], "A, B, A is not noticed"


async def test_a_digest_on_a_missing_metafield_is_invalid(store: Store) -> None:
    order_id = await store.new_order()
    found = await codes(store, metafield(order_id, "a", compareDigest="0" * 64))
    assert [code for code, _, _ in found] == ["INVALID_COMPARE_DIGEST"]


async def test_a_set_is_atomic_and_names_the_failing_input(store: Store) -> None:
    order_id = await store.new_order()
    files = metafield(order_id, '["https://example.com/a", 5]', key="artwork_files", type="list.url")
    assert await codes(store, metafield(order_id, "a"), files) == [("INVALID_VALUE", ["metafields", "1", "value"], 1)]
    assert (await store.control.order(order_id))["metafields"] == []


async def test_at_most_25_metafields_in_one_set(store: Store) -> None:
    order_id = await store.new_order()
    inputs = [metafield(order_id, "a", key=f"key_{number}") for number in range(26)]
    assert [code for code, _, _ in await codes(store, *inputs)] == ["LESS_THAN_OR_EQUAL_TO"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": None}, "BLANK"),
        ({"type": "nonsense"}, "INCLUSION"),
        ({"key": "a"}, "TOO_SHORT"),
        ({"key": "a.b"}, "INVALID"),
    ],
)
async def test_a_wrong_name_or_type_is_refused(store: Store, fields: dict[str, Any], code: str) -> None:
    order_id = await store.new_order()
    assert [found for found, _, _ in await codes(store, metafield(order_id, "a", **fields))] == [code]


async def test_metafields_are_deleted_and_a_missing_one_is_null(store: Store) -> None:
    order_id = await store.new_order()
    await set_fields(store, metafield(order_id, "a"))
    place = {"ownerId": gid(order_id), "namespace": "pw_customization", "key": "artwork_status"}
    text = "mutation($m: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields: $m) {"
    text += " deletedMetafields { ownerId namespace key } userErrors { message } } }"
    assert (await store.data(text, {"m": [place]}))["metafieldsDelete"]["deletedMetafields"] == [place]
    assert (await store.data(text, {"m": [place]}))["metafieldsDelete"]["deletedMetafields"] == [None]


async def test_a_definition_is_taken_once_and_decides_the_type(store: Store) -> None:
    definition = {
        "name": "Artwork files",
        "namespace": "pw_customization",
        "key": "artwork_files",
        "ownerType": "ORDER",
        "type": "list.url",
        "pin": True,
    }
    created = (await store.data(DEFINE, {"d": definition}))["metafieldDefinitionCreate"]
    assert created["createdDefinition"]["pinnedPosition"] == 1
    again = (await store.data(DEFINE, {"d": definition}))["metafieldDefinitionCreate"]
    assert [error["code"] for error in again["userErrors"]] == ["TAKEN"]
    order_id = await store.new_order()
    found = await codes(store, metafield(order_id, "a", key="artwork_files"))
    assert [code for code, _, _ in found] == ["INVALID_TYPE"]
    listed = await store.data(
        '{ metafieldDefinitions(first: 5, ownerType: ORDER, namespace: "pw_customization") { nodes { key } } }'
    )
    assert listed["metafieldDefinitions"]["nodes"] == [{"key": "artwork_files"}]


async def test_a_full_list_of_pinned_definitions_is_told(store: Store) -> None:
    await store.control.configure(pinned_limit=0)
    definition = {"name": "A", "namespace": "abc", "key": "de", "ownerType": "ORDER", "type": "json", "pin": True}
    result = (await store.data(DEFINE, {"d": definition}))["metafieldDefinitionCreate"]
    assert [error["code"] for error in result["userErrors"]] == ["PINNED_LIMIT_REACHED"]
    assert (await store.data(DEFINE, {"d": {**definition, "pin": False}}))["metafieldDefinitionCreate"][
        "userErrors"
    ] == []


async def test_order_update_overwrites_the_whole_list_of_attributes(store: Store) -> None:
    order_id = await store.new_order(note_attributes=[{"name": "Gift", "value": "yes"}])
    text = """mutation($i: OrderInput!) { orderUpdate(input: $i) {
      order { customAttributes { key value } } userErrors { message } } }"""
    given = {"id": gid(order_id), "customAttributes": [{"key": "Artwork 1", "value": "https://example.com/l/1"}]}
    result = (await store.data(text, {"i": given}))["orderUpdate"]
    assert result["order"]["customAttributes"] == given["customAttributes"]
    assert (await store.control.body(order_id))["note_attributes"] == [
        {"name": "Artwork 1", "value": "https://example.com/l/1"}
    ]


async def test_every_write_and_refusal_is_in_the_journal(store: Store) -> None:
    order_id = await store.new_order(tags="other")
    await store.data(ADD, {"id": gid(order_id), "tags": ["pw-artwork-ready"]})
    await store.control.tags(order_id, add=["sale"], remove=["other"])
    await codes(store, metafield(order_id, "a", compareDigest="0" * 64))
    entries = [entry async for entry in store.control.journal(order_id)]
    assert [(entry["operation"], entry["actor"]) for entry in entries] == [
        ("create", "control"),
        ("tagsAdd", "printworks"),
        ("tags", "another-app"),
        ("metafieldsSet", "printworks"),
    ]
    assert entries[1]["before"] == {"tags": ["other"]}
    assert entries[2]["after"] == {"tags": ["pw-artwork-ready", "sale"]}
    assert entries[3]["errors"][0].startswith("INVALID_COMPARE_DIGEST")
