"""Order attributes: ours are put in, replaced and told from others by the list alone; others are never lost."""

from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_shopify_writer.attributes import (
    MAX_ATTRIBUTES,
    MAX_KEY,
    MAX_TEXT,
    Attribute,
    Line,
    differs,
    fingerprint,
    merged,
    wanted,
)


def url(number: int) -> str:
    return f"https://pw.example.com/lines/{number:0>48}"


def line(number: int, title: str = "Poster", *texts: tuple[str, str]) -> Line:
    return Line(number, title, url(number), texts)


def test_each_line_has_its_link_and_the_texts_follow_all_links() -> None:
    assert wanted([line(1, "Mug", ("Name", "Ada")), line(2, "Poster")]) == (
        ("Artwork 1: Mug", url(1)),
        ("Artwork 2: Poster", url(2)),
        ("Artwork 1 › Name", "Ada"),
    )


def test_what_others_wrote_stays_where_it_is() -> None:
    present = (("Gift note", "Happy birthday"), ("Delivery day", "Friday"))
    assert merged(present, wanted([line(1)])).attributes == (*present, ("Artwork 1: Poster", url(1)))


def test_ours_are_replaced_and_not_repeated() -> None:
    first = merged((("Gift note", "Hi"),), wanted([line(1, "Mug", ("Name", "Ada")), line(2)])).attributes
    again = merged(first, wanted([line(1, "Mug", ("Name", "Bob"))]))
    assert again.attributes == (("Gift note", "Hi"), ("Artwork 1: Mug", url(1)), ("Artwork 1 › Name", "Bob"))


def test_a_label_of_ours_with_somebody_elses_value_is_theirs() -> None:
    theirs = (("Artwork 1: sketch", "https://elsewhere.example.com/1"), ("Artwork 1, colour", "red"))
    target = merged(theirs, wanted([line(1)]))
    assert target.attributes[:2] == theirs


def test_a_taken_key_gets_a_number() -> None:
    target = merged((("Artwork 1: Poster", "mine"),), wanted([line(1)]))
    assert target.attributes[1] == ("Artwork 1: Poster (2)", url(1))
    assert not differs(target.attributes, merged(target.attributes, wanted([line(1)])))


def test_what_is_too_long_is_cut() -> None:
    (key, value), (_, text) = wanted([line(1, "x" * 300, ("Name", "y" * 2000))])
    assert (len(key), value) == (MAX_KEY, url(1))
    assert (len(text), text[-1]) == (MAX_TEXT, "…")


def test_a_full_list_loses_texts_before_links_and_says_how_many() -> None:
    present = tuple((f"key {number}", "") for number in range(MAX_ATTRIBUTES - 2))
    target = merged(present, wanted([line(1, "Mug", ("Name", "Ada")), line(2)]))
    assert [key for key, _ in target.attributes[-2:]] == ["Artwork 1: Mug", "Artwork 2: Poster"]
    assert target.left_out == 1


def test_the_same_attributes_are_recognised_without_their_texts() -> None:
    ours = wanted([line(1, "Mug", ("Name", "Ada"))])
    assert fingerprint(ours) == fingerprint(wanted([line(1, "Mug", ("Name", "Ada"))]))
    assert "Ada" not in fingerprint(ours)


keys = st.sampled_from(["Gift", "Artwork 1", "Artwork 1: Poster", "Artwork 1 › Name", "Artwork 1 (2)", "Artwork 12"])
values = st.sampled_from(["", "x", url(1), url(2), "https://elsewhere.example.com/"])
lists = st.lists(st.tuples(keys, values), max_size=8, unique_by=lambda one: one[0]).map(tuple)
lines = st.lists(
    st.builds(line, st.integers(1, 3), st.sampled_from(["", "Poster"]), st.just(("Name", "Ada"))),
    max_size=3,
    unique_by=lambda one: one.number,
)


@settings(max_examples=60)
@given(lists, lines)
def test_merging_again_changes_nothing_and_keys_stay_unique(present: tuple[Attribute, ...], some: list[Line]) -> None:
    once = merged(present, wanted(some))
    assert not differs(once.attributes, merged(once.attributes, wanted(some)))
    assert len({key for key, _ in once.attributes}) == len(once.attributes)
    assert all(one in once.attributes for one in present if "›" not in one[0] and "/lines/" not in one[1])
