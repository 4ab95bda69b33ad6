"""What is written on an order: from what was seen to the target, and never anything of another app."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_local.shopify.documents import validate_document
from printworks_shopify_writer import documents
from printworks_shopify_writer.target import FRESH, Metafield, Names, Plan, Seen, Target, listed_files, plan

NAMES = Names("pw-artwork-", "pw_customization")
OWNER = "gid://shopify/Order/1"
LINKS = ("https://files.example.com/files/t/a.pdf",)

statuses = st.sampled_from([None, "pending", "ready", "failed"])
other_tags = st.frozensets(
    st.sampled_from(["vip", "gift", "PW-ARTWORK-PENDING", "pw-artwork-ready", "Pw-Artwork-Failed"])
)
metafields = st.none() | st.builds(
    Metafield, st.sampled_from(["pw-artwork-ready", "other", json.dumps(LINKS)]), st.just("d")
)


def planned(target: Target, seen: Seen) -> Plan:
    return plan(target, seen, NAMES, OWNER)


def carried_out(seen: Seen, todo: Plan) -> Seen:
    """What Shopify has after the plan: metafields set or deleted, tags compared without case."""
    fields: dict[str, Metafield | None] = {"artwork_status": seen.status, "artwork_files": seen.files}
    for one in todo.set_metafields:
        fields[str(one["key"])] = Metafield(str(one["value"]), "new")
    for key in todo.delete_keys:
        fields[key] = None
    removed = {tag.casefold() for tag in todo.remove_tags}
    tags = {tag for tag in seen.tags if tag.casefold() not in removed} | set(todo.add_tags)
    return Seen(frozenset(tags), fields["artwork_status"], fields["artwork_files"])


@given(statuses, other_tags, metafields, metafields)
def test_one_plan_brings_any_order_to_its_target(
    status: Any, tags: frozenset[str], status_field: Metafield | None, files: Metafield | None
) -> None:
    target = Target(status, LINKS if status == "ready" else ())
    seen = Seen(tags, status_field, files)
    after = carried_out(seen, planned(target, seen))
    assert planned(target, after).empty
    ours = {tag.casefold() for tag in after.tags} & set(NAMES.all_tags())
    assert ours == ({f"pw-artwork-{status}"} if status else set())
    assert (after.status.value if after.status else None) == (f"pw-artwork-{status}" if status else None)
    assert (after.files is not None) == (status == "ready")


@given(statuses, other_tags)
def test_other_apps_tags_are_never_touched(status: Any, tags: frozenset[str]) -> None:
    todo = planned(Target(status, ()), Seen(tags, None, None))
    assert set(todo.add_tags) | set(todo.remove_tags) <= set(NAMES.all_tags())


def test_a_first_write_expects_that_nothing_is_there() -> None:
    [field] = planned(Target("pending", ()), FRESH).set_metafields
    assert field["compareDigest"] is None


def test_a_later_write_expects_what_was_seen() -> None:
    seen = Seen(frozenset({"pw-artwork-pending"}), Metafield("pw-artwork-pending", "abc"), None)
    todo = planned(Target("ready", LINKS), seen)
    assert [field["compareDigest"] for field in todo.set_metafields] == ["abc", None]
    assert (todo.add_tags, todo.remove_tags) == (("pw-artwork-ready",), ("pw-artwork-pending",))


def test_more_files_than_a_list_holds_become_one_link() -> None:
    many = tuple(f"https://files.example.com/{number}" for number in range(129))
    assert listed_files(many[:128], "https://list") == many[:128]
    assert listed_files(many, "https://list") == ("https://list",)
    assert listed_files(("https://" + "x" * 2048,), "https://list") == ("https://list",)


def test_a_list_is_compared_as_a_list_and_not_as_text() -> None:
    seen = Seen(
        frozenset({"pw-artwork-ready"}), Metafield("pw-artwork-ready", "a"), Metafield(f'[ "{LINKS[0]}" ]', "b")
    )
    assert planned(Target("ready", LINKS), seen).empty


ALL_PLANS = [
    Plan(sets, deletes, add, remove, attributes)
    for sets in ((), ({"key": "artwork_status"},))
    for deletes in ((), ("artwork_files",))
    for add in ((), ("pw-artwork-ready",))
    for remove in ((), ("pw-artwork-pending",))
    for attributes in (None, (("Artwork 1", "https://pw.example.com/lines/t"),))
    if sets or deletes or add or remove or attributes
]


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_every_write_is_valid_by_the_official_schema(version: str) -> None:
    for todo in ALL_PLANS:
        for attributes in (False, True):
            request = documents.write(todo, OWNER, "pw_customization", attributes=attributes)
            assert validate_document(request.document, version) == [], todo


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize(
    "document",
    [
        documents.order_state(False),
        documents.order_state(True),
        documents.ORDER_STATES,
        documents.DEFINITIONS,
        documents.DEFINE,
        documents.PIN,
    ],
    ids=lambda document: document.split()[1].split("(")[0],
)
def test_every_other_document_is_valid_by_the_official_schema(document: str, version: str) -> None:
    assert validate_document(document, version) == []
