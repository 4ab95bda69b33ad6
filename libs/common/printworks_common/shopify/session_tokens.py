"""Session tokens of the Shopify admin: who uses our app there, and in which shop. Pure.

A JWT signed with the app's client secret (HS256), good for a minute. `dest` names the shop, `aud` the app, `sub` the
member of staff. Source: Shopify's documentation of session tokens; `shopifyapp` is the oracle in the tests.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from printworks_common.shopify.shops import Shop

SKEW_SECONDS = 10
"""Shopify's clock and ours may differ by so much."""

LONGEST = 4096
"""Characters of a token that is looked at; Shopify's have about 500."""


@dataclass(frozen=True)
class StaffMember:
    """Somebody signed in to the admin of a shop. `user_id` is Shopify's; no name comes with it."""

    shop: str
    user_id: str


def looks_like_one(text: str) -> bool:
    """Whether a bearer text may be a session token: three parts, as no API key of ours has."""
    return text.count(".") == 2


def read(text: str, shop_of: Callable[[str], Shop | None], now: datetime) -> StaffMember | None:
    """Who a token speaks for; None when it is forged, of another app, of a shop that we do not know, or out of time."""
    parts = text.split(".")
    if len(parts) != 3 or len(text) > LONGEST or not text.isascii():
        return None
    header, claims, signature = _json(parts[0]), _json(parts[1]), _bytes(parts[2])
    if header is None or claims is None or signature is None or header.get("alg") != "HS256":
        return None
    domain = _host(claims.get("dest"))
    shop = shop_of(domain) if domain else None
    if shop is None or not _signed(f"{parts[0]}.{parts[1]}".encode(), signature, shop):
        return None
    if _host(claims.get("iss")) != domain or claims.get("aud") != shop.client_id or not _in_time(claims, now):
        return None
    user = claims.get("sub")
    return StaffMember(shop.domain, user) if isinstance(user, str) and user.isalnum() else None


def _signed(content: bytes, signature: bytes, shop: Shop) -> bool:
    # Each is compared: which secret it was does not show in the time it takes.
    fits = [hmac.compare_digest(_mac(secret, content), signature) for secret in shop.webhook_secrets]
    return any(fits)


def _mac(secret: bytes, content: bytes) -> bytes:
    return hmac.new(secret, content, hashlib.sha256).digest()


def _in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    until, since = claims.get("exp"), claims.get("nbf")
    if type(until) is not int or type(since) is not int:
        return False
    return since - SKEW_SECONDS <= now.timestamp() < until + SKEW_SECONDS


def _host(address: object) -> str | None:
    """`https://example.myshopify.com/admin` → `example.myshopify.com`."""
    if not isinstance(address, str) or not address.startswith("https://"):
        return None
    return address.removeprefix("https://").partition("/")[0]


def _json(part: str) -> dict[str, Any] | None:
    raw = _bytes(part)
    try:
        content = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", content) if isinstance(content, dict) else None


def _bytes(part: str) -> bytes | None:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
