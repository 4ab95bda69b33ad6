"""Session tokens of the Shopify admin; Shopify's own library is the oracle."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_common.shopify.session_tokens import StaffMember, looks_like_one, read
from printworks_common.shopify.shops import Shop
from pydantic import SecretStr
from shopify_app.verify.admin_ui_ext import verify_admin_ui_ext_req

NOW = datetime.now(UTC)
AT = int(NOW.timestamp())
SECRET, OLD, OTHER = ("s" * 32, "o" * 32, "x" * 32)
SHOP = Shop(
    domain="example.myshopify.com",
    client_id="app",
    client_secret=SecretStr(SECRET),
    previous_client_secret=SecretStr(OLD),
)
CLAIMS: dict[str, Any] = {
    "iss": "https://example.myshopify.com/admin",
    "dest": "https://example.myshopify.com",
    "aud": "app",
    "sub": "42",
    "exp": AT + 60,
    "nbf": AT,
    "iat": AT,
    "jti": "f8912129",
    "sid": "aaea182f",
}


def shop_of(domain: str) -> Shop | None:
    return SHOP if domain == SHOP.domain else None


def token(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


def oracle(text: str) -> bool:
    config = {"client_id": "app", "client_secret": SECRET, "old_client_secret": OLD}
    request = {
        "method": "GET",
        "url": "https://pw.example.com/v1/orders/1",
        "headers": {"Authorization": f"Bearer {text}"},
    }
    return verify_admin_ui_ext_req(request, config).ok  # type: ignore[arg-type]  # typed dictionaries of its own


def test_a_good_token_names_shop_and_member_of_staff() -> None:
    assert read(token(), shop_of, NOW) == StaffMember("example.myshopify.com", "42")


AGREED: dict[str, tuple[Callable[[int], str], bool]] = {
    "good": (lambda now: token(exp=now + 60), True),
    "after a rotation": (lambda now: token(OLD, exp=now + 60), True),
    "clocks differ by less than ten seconds": (lambda now: token(exp=now + 60, nbf=now + 5, iat=now + 5), True),
    "just out of time": (lambda now: token(exp=now - 5), True),
    "another secret": (lambda now: token(OTHER, exp=now + 60), False),
    "out of time": (lambda now: token(exp=now - 60), False),
    "not yet good": (lambda now: token(exp=now + 600, nbf=now + 300), False),
    "another app": (lambda now: token(exp=now + 60, aud="another"), False),
    "another algorithm": (lambda now: token("s" * 64, "HS512", exp=now + 60), False),
    "no signature": (lambda now: jwt.encode(CLAIMS | {"exp": now + 60}, "", algorithm="none"), False),
    "no token": (lambda _: "a.b.c", False),
    "empty": (lambda _: "", False),
}


@pytest.mark.parametrize("case", AGREED)
def test_shopifys_own_library_says_the_same(case: str) -> None:
    make, good = AGREED[case]
    now = datetime.now(UTC)
    text = make(int(now.timestamp()))
    assert (read(text, shop_of, now) is not None, oracle(text)) == (good, good)


@pytest.mark.parametrize(
    "changes",
    [
        {"dest": "https://another.myshopify.com"},
        {"iss": "https://another.myshopify.com/admin"},
        {"dest": "http://example.myshopify.com"},
        {"dest": None},
        {"iss": None},
        {"exp": None},
        {"nbf": None},
        {"exp": "soon"},
        {"sub": None},
        {"sub": "42\n"},
        {"aud": ["app"]},
    ],
    ids=str,
)
def test_where_it_is_not_so_strict_we_are(changes: dict[str, Any]) -> None:
    payload = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    assert read(signed(payload), shop_of, NOW) is None
    assert read(signed(CLAIMS), shop_of, NOW) is not None


def signed(payload: dict[str, Any]) -> str:
    """A well-signed token, whatever its claims: the library would refuse to encode some."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode()
        for one in ({"alg": "HS256", "typ": "JWT"}, payload)
    ]
    mac = hmac.new(SECRET.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])


@settings(max_examples=150)
@given(st.integers(0, 10_000), st.sampled_from("AZaz09-_.="))
def test_a_token_with_one_changed_character_is_refused(where: int, put: str) -> None:
    text = token()
    where %= len(text)
    changed = text[:where] + put + text[where + 1 :]
    # The last character of a part may hold bits that mean nothing.
    if changed != text and where not in (text.index(".") - 1, text.rindex(".") - 1, len(text) - 1):
        assert read(changed, shop_of, NOW) is None


def test_deep_and_endless_content_is_refused_and_not_parsed_to_death() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 2000).decode().rstrip("=")
    assert read(f"{deep}.{deep}.x", shop_of, NOW) is None
    assert read(f"{'A' * 5000}.b.c", shop_of, NOW) is None


def test_an_api_key_is_not_taken_for_one() -> None:
    assert not looks_like_one("pwk_abcdefghijkl_" + "x" * 43)
