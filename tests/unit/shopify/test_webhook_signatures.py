"""Who sent a webhook, decided on the raw bytes; Shopify's own library is the oracle."""

import base64
import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st
from printworks_common.shopify.webhooks import header_names, is_signed, signature

SECRET = b"hush"


def test_the_signature_is_base64_of_hmac_sha256_over_the_raw_body() -> None:
    expected = base64.b64encode(hmac.new(SECRET, b'{"a": 1}', hashlib.sha256).digest())
    assert signature(b'{"a": 1}', SECRET) == expected
    assert is_signed(b'{"a": 1}', expected, [SECRET])


def test_after_a_rotation_the_old_secret_still_counts() -> None:
    assert is_signed(b"x", signature(b"x", b"old"), [b"new", b"old"])
    assert not is_signed(b"x", signature(b"x", b"old"), [b"new"])


@given(st.binary(max_size=200), st.integers(0, 199), st.integers(1, 255))
def test_a_body_with_one_changed_byte_is_refused(body: bytes, where: int, change: int) -> None:
    if not body:
        return
    changed = bytearray(body)
    changed[where % len(body)] ^= change
    assert not is_signed(bytes(changed), signature(body, SECRET), [SECRET])


@given(st.binary(max_size=80))
def test_a_made_up_signature_is_refused(header: bytes) -> None:
    assert not is_signed(b"body", header, [SECRET])


def test_both_header_families_are_known() -> None:
    assert header_names("Hmac-Sha256") == (b"x-shopify-hmac-sha256", b"shopify-hmac-sha256")
