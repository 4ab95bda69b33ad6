"""What the hashes of the audit are made of."""

import csv

from hypothesis import given
from hypothesis import strategies as st
from printworks_retention.audit import COLUMNS, Entry, canonical, csv_row, hash_of, keys_digest

pairs = st.tuples(st.text("abc/.", min_size=1), st.text("0123"))


@given(st.lists(pairs, max_size=20))
def test_the_digest_of_keys_does_not_depend_on_their_order(keys: list[tuple[str, str]]) -> None:
    assert keys_digest(reversed(keys)) == keys_digest(keys)


@given(st.lists(pairs, min_size=1, max_size=20, unique=True))
def test_the_digest_of_keys_tells_when_one_is_missing(keys: list[tuple[str, str]]) -> None:
    assert keys_digest(keys[1:]) != keys_digest(keys)


def test_a_record_is_hashed_with_the_one_before() -> None:
    body = canonical({"b": 1, "a": {"d": "\u00e4", "c": None}})
    assert body == '{"a":{"c":null,"d":"\\u00e4"},"b":1}'
    assert hash_of("0" * 64, body) != hash_of("1" * 64, body)


def test_a_reason_that_somebody_wrote_is_no_formula_in_the_export() -> None:
    body = canonical({"at": "2026-11-26T00:00:00+00:00", "kind": "purge", "reason": "=1+1", "bytes": -5})
    row = dict(zip(COLUMNS, next(csv.reader([csv_row(Entry(1, "0", "1", body))])), strict=True))
    assert (row["reason"], row["bytes"], row["by"]) == ("'=1+1", "-5", "")
