"""Tokens of `/files/<token>/<name>`: they name shop, file and signing key, and carry neither object key nor expiry.
Tokens of pages (`/lines/<token>`, `/file-lists/<token>`) are made in the same way.

A token is for ever; whether the file may still be read is decided per request, from the file's row. Keys rotate: new
tokens are signed with the first key, old tokens stay valid as long as their key is configured.

Token: base64url without padding of
`key id (1 byte length + ASCII) | file id (16 bytes) | shop (UTF-8) | MAC (16 bytes)`;
the MAC is the first 16 bytes of HMAC-SHA256 over what stands before it. In a page's token a job's or order's id stands
for the file id, and the page's kind is under the MAC too, so that a token is good for its own kind only.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote
from uuid import UUID

_MAC_BYTES = 16
_UUID_BYTES = 16


class Page(StrEnum):
    """Pages behind a link; the value is the first part of their path."""

    LINE = "lines"
    """Of one line item; the id is its job's."""
    FILES = "file-lists"
    """The print-ready files of an order; the id is the order's number as a UUID."""


@dataclass(frozen=True)
class FileRef:
    shop: str
    file_id: UUID


@dataclass(frozen=True)
class PageRef:
    shop: str
    page_id: UUID


@dataclass(frozen=True)
class LinkSigner:
    """Signs and reads tokens. `keys` maps key id to secret; `current` signs new ones."""

    keys: Mapping[str, bytes]
    current: str

    def token(self, shop: str, file: UUID) -> str:
        return self._token(b"", shop, file)

    def read(self, token: str) -> FileRef | None:
        """What the token names, or None for anything that we have not signed."""
        found = self._read(b"", token)
        return FileRef(*found) if found else None

    def url(self, public_url: str, shop: str, file: UUID, name: str) -> str:
        """Absolute link of a file; `name` is for the reader of the link, the token alone decides."""
        return f"{public_url.rstrip('/')}/files/{self.token(shop, file)}/{quote(name, safe='')}"

    def page_url(self, public_url: str, page: Page, shop: str, page_id: UUID) -> str:
        """Absolute link of a page."""
        return f"{public_url.rstrip('/')}/{page}/{self._token(page.encode(), shop, page_id)}"

    def read_page(self, page: Page, token: str) -> PageRef | None:
        """What the token of such a page names, or None for anything that we have not signed."""
        found = self._read(page.encode(), token)
        return PageRef(*found) if found else None

    def _token(self, kind: bytes, shop: str, named: UUID) -> str:
        kid = self.current.encode("ascii")
        body = bytes([len(kid)]) + kid + named.bytes + shop.encode()
        return base64.urlsafe_b64encode(body + self._mac(self.current, kind, body)).rstrip(b"=").decode("ascii")

    def _read(self, kind: bytes, token: str) -> tuple[str, UUID] | None:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if not raw or len(raw) < 1 + raw[0] + _UUID_BYTES + 1 + _MAC_BYTES:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        kid_end = 1 + raw[0]
        try:
            kid = body[1:kid_end].decode("ascii")
            shop = body[kid_end + _UUID_BYTES :].decode()
        except UnicodeDecodeError:
            return None
        # The last base64 digit has spare bits: only the one spelling that we write is accepted.
        if kid not in self.keys or not hmac.compare_digest(mac, self._mac(kid, kind, body)):
            return None
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != token:
            return None
        return shop, UUID(bytes=body[kid_end : kid_end + _UUID_BYTES])

    def _mac(self, kid: str, kind: bytes, body: bytes) -> bytes:
        # A body begins with the length of its key id, at most 32: no kind can be taken for the beginning of a body.
        return hmac.digest(self.keys[kid], kind + body, "sha256")[:_MAC_BYTES]
