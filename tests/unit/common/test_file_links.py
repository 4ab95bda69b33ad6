"""Tokens of links: they name what we have signed, each kind for itself, and nothing else is accepted."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_common.filelinks import FileRef, LinkSigner, Page, PageRef

SHOP = "example.myshopify.com"
ONE = UUID("b72ffb1a-509f-5e03-9170-65246ac7f8d9")
SIGNER = LinkSigner({"a": b"k" * 32}, "a")


def _page_token(page: Page, signer: LinkSigner = SIGNER) -> str:
    return signer.page_url("https://print.example.com/", page, SHOP, ONE).rsplit("/", 1)[1]


def test_a_file_token_names_shop_and_file() -> None:
    assert SIGNER.read(SIGNER.token(SHOP, ONE)) == FileRef(SHOP, ONE)


def test_a_page_link_names_its_kind_in_the_path_and_the_page_in_the_token() -> None:
    assert SIGNER.page_url("https://print.example.com/", Page.LINE, SHOP, ONE).startswith(
        "https://print.example.com/lines/"
    )
    assert SIGNER.read_page(Page.LINE, _page_token(Page.LINE)) == PageRef(SHOP, ONE)


def test_a_token_is_good_for_its_own_kind_only() -> None:
    assert SIGNER.read(_page_token(Page.LINE)) is None
    assert SIGNER.read_page(Page.LINE, SIGNER.token(SHOP, ONE)) is None
    assert SIGNER.read_page(Page.LINE, _page_token(Page.FILES)) is None


def test_old_keys_are_read_and_a_removed_key_ends_its_links() -> None:
    rotated = LinkSigner({"b": b"n" * 32, "a": b"k" * 32}, "b")
    assert rotated.read(SIGNER.token(SHOP, ONE)) == FileRef(SHOP, ONE)
    assert rotated.token(SHOP, ONE) != SIGNER.token(SHOP, ONE)
    assert LinkSigner({"b": b"n" * 32}, "b").read(SIGNER.token(SHOP, ONE)) is None


@given(place=st.integers(0, 200), letter=st.sampled_from("AQgw0-_=/. é"))
@settings(max_examples=200)
def test_a_token_with_any_other_letter_in_it_is_refused(place: int, letter: str) -> None:
    for token, read in (
        (SIGNER.token(SHOP, ONE), SIGNER.read),
        (_page_token(Page.LINE), lambda text: SIGNER.read_page(Page.LINE, text)),
    ):
        at = place % len(token)
        forged = token[:at] + letter + token[at + 1 :]
        assert (read(forged) is None) == (forged != token)


@pytest.mark.parametrize("text", ["", "a", "AAAA", "=" * 50, "\x00", "é" * 40])
def test_what_is_no_token_is_refused_without_an_error(text: str) -> None:
    assert SIGNER.read(text) is None
    assert SIGNER.read_page(Page.FILES, text) is None
