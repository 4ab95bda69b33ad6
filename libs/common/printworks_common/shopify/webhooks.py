"""Who sent a webhook: the HMAC over the raw body, and Shopify's headers in both families.

The signature is checked on the raw bytes before anything is parsed: Shopify's own library parses first, so that an
unauthenticated caller could make it raise (deep nesting, huge integers, a signature that is not ASCII).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signature(body: bytes, secret: bytes) -> bytes:
    """Base64 of HMAC-SHA256 over the raw body, as Shopify puts it into the header."""
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())


def is_signed(body: bytes, header: bytes, secrets: Iterable[bytes]) -> bool:
    """Whether one of the secrets signed this body. Constant time in the content of the header."""
    return any(hmac.compare_digest(signature(body, secret), header) for secret in secrets)


def header_names(name: str) -> tuple[bytes, bytes]:
    """Both spellings of a Shopify header in lower case: `X-Shopify-Topic`, and `Shopify-Topic` as Events send it."""
    lower = name.lower().encode()
    return b"x-shopify-" + lower, b"shopify-" + lower
