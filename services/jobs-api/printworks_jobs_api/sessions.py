"""Sessions of the pages: a signed cookie that names the API key it was opened with, and a token against forged forms.

The cookie holds no secret and no rights: each request looks the key up, so a revoked key ends its sessions.
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


@dataclass(frozen=True)
class Session:
    key_id: str
    nonce: str
    ends_at: datetime


class SessionSigner:
    def __init__(self, secret: bytes, hours: int) -> None:
        self._secret = secret
        self._length = timedelta(hours=hours)

    @property
    def seconds(self) -> int:
        return int(self._length.total_seconds())

    def open(self, key_id: str, now: datetime) -> str:
        """Value of the cookie of a new session."""
        ends_at = int((now + self._length).timestamp())
        body = json.dumps([key_id, secrets.token_urlsafe(18), ends_at], separators=(",", ":")).encode()
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
        key_id, nonce, ends_at = json.loads(body)
        session = Session(key_id=key_id, nonce=nonce, ends_at=datetime.fromtimestamp(ends_at, now.tzinfo))
        return session if now < session.ends_at else None

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
