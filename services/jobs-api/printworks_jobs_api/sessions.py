"""Sessions of the pages: a signed cookie that names whose it is, and a token against forged forms.

It is a key's, or a member of staff's who came from the Shopify admin. The cookie holds no secret and no rights: each
request looks the key, or the shop, up, so that a revoked key and a shop that is gone end their sessions.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

COOKIE = "pw_session"
STAFF_COOKIE = "pw_staff"
"""A cookie of its own: whoever has signed in with a key is not signed in as somebody else by opening an address."""

STAFF_LENGTH = timedelta(hours=4)
"""Opening the app in the admin again begins a new one, so nobody has to wait for a long one to end."""

_STAFF = "staff:"


@dataclass(frozen=True)
class Session:
    """`key_id` is empty for a member of staff, `staff` (shop and id at Shopify) is None for a key."""

    key_id: str
    nonce: str
    ends_at: datetime
    staff: tuple[str, str] | None = None


class SessionSigner:
    def __init__(self, secret: bytes, hours: int) -> None:
        self._secret = secret
        self._length = timedelta(hours=hours)

    @property
    def seconds(self) -> int:
        return int(self._length.total_seconds())

    def open(self, key_id: str, now: datetime) -> str:
        """Value of the cookie of a new session of a key."""
        return self._open(key_id, now + self._length)

    def open_staff(self, shop: str, user_id: str, now: datetime) -> str:
        """Value of the cookie of a new session of a member of staff."""
        return self._open(f"{_STAFF}{shop}:{user_id}", now + STAFF_LENGTH)

    def _open(self, holder: str, end: datetime) -> str:
        ends_at = int(end.timestamp())
        body = json.dumps([holder, secrets.token_urlsafe(18), ends_at], separators=(",", ":")).encode()
        return f"{_encode(body)}.{_encode(self._mac(b'session', body))}"

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie; None when it is over or was not signed by us."""
        try:
            encoded, mac = cookie.encode("ascii").split(b".")
            body = _decode(encoded)
            if not hmac.compare_digest(_decode(mac), self._mac(b"session", body)):
                return None
        except (ValueError, binascii.Error):
            return None
        holder, nonce, ends_at = json.loads(body)
        end = datetime.fromtimestamp(ends_at, now.tzinfo)
        if now >= end:
            return None
        if holder.startswith(_STAFF):
            shop, _, user_id = holder.removeprefix(_STAFF).partition(":")
            return Session("", nonce, end, staff=(shop, user_id))
        return Session(holder, nonce, end)

    def form_token(self, session: Session) -> str:
        """What every form of this session carries."""
        return _encode(self._mac(b"form", session.nonce.encode()))

    def is_form_token(self, session: Session, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.form_token(session).encode())

    def _mac(self, purpose: bytes, body: bytes) -> bytes:
        return hmac.new(self._secret, purpose + b"\x00" + body, hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
