"""API keys, sessions of the pages, and tokens of their forms."""

from datetime import UTC, datetime, timedelta

import pytest
from printworks_jobs_api import keys
from printworks_jobs_api.sessions import SessionSigner

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_new_key_reads_back_and_only_its_hash_is_kept() -> None:
    key = keys.mint()
    parsed = keys.parse(key.text)
    assert parsed is not None
    assert parsed[0] == key.key_id
    assert keys.hash_secret(parsed[1]) == key.secret_sha256
    assert parsed[1].encode() not in key.secret_sha256


def test_two_keys_have_nothing_in_common() -> None:
    assert keys.mint().text != keys.mint().text


@pytest.mark.parametrize(
    "text", ["", "pwk_", "pwk_abc_def", "sk_" + "a" * 56, "pwk_" + "a" * 12 + "_" + "ü" * 43, "\x00"]
)
def test_what_is_no_key_is_not_looked_up(text: str) -> None:
    assert keys.parse(text) is None


def test_a_session_names_the_key_it_was_opened_with_until_it_is_over() -> None:
    signer = SessionSigner(b"k" * 32, hours=12)
    cookie = signer.open("abcdefghijkl", NOW)
    session = signer.read(cookie, NOW + timedelta(hours=11))
    assert session is not None
    assert session.key_id == "abcdefghijkl"
    assert signer.read(cookie, NOW + timedelta(hours=12, seconds=1)) is None


def test_a_session_of_staff_names_shop_and_person_and_no_key() -> None:
    signer = SessionSigner(b"k" * 32, hours=12)
    cookie = signer.open_staff("aurora-prints.myshopify.com", "42", NOW)
    session = signer.read(cookie, NOW + timedelta(hours=3))
    assert session is not None
    assert (session.key_id, session.staff) == ("", ("aurora-prints.myshopify.com", "42"))
    assert signer.read(cookie, NOW + timedelta(hours=4, seconds=1)) is None


def test_a_changed_or_foreign_session_is_none() -> None:
    signer = SessionSigner(b"k" * 32, hours=12)
    cookie = signer.open("abcdefghijkl", NOW)
    assert SessionSigner(b"x" * 32, hours=12).read(cookie, NOW) is None
    for at in range(0, len(cookie), 7):
        changed = cookie[:at] + ("A" if cookie[at] != "A" else "B") + cookie[at + 1 :]
        read = signer.read(changed, NOW)
        # The last base64 digit has spare bits: it may change and still be the same session.
        assert read is None or read == signer.read(cookie, NOW)
    for junk in ("", ".", "a.b.c", "é.é", "a" * 5000):
        assert signer.read(junk, NOW) is None


def test_a_form_token_belongs_to_one_session() -> None:
    signer = SessionSigner(b"k" * 32, hours=12)
    one, other = (signer.read(signer.open("abcdefghijkl", NOW), NOW) for _ in range(2))
    assert one is not None
    assert other is not None
    assert signer.is_form_token(one, signer.form_token(one))
    assert not signer.is_form_token(one, signer.form_token(other))
    assert not signer.is_form_token(one, "")
    assert not signer.is_form_token(one, "ü")
