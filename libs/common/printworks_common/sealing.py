"""Secrets that have to be stored and read again, such as a merchant's storage credentials: sealed with AES-256-GCM.

A record names the key it was sealed with, so keys rotate: the first one seals, all of them open. What it belongs to is
bound to it: a record that is copied to another shop's row cannot be opened there.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from printworks_common.errors import PoisonError
from printworks_common.events.base import EventPart

KEY_BYTES = 32
_NONCE_BYTES = 12
"""Random nonces of 96 bits: safe for 2^32 records under one key (NIST SP 800-38D, section 8.3)."""


class Sealed(EventPart):
    """A sealed secret. Nothing in it helps without the key."""

    key_id: str = Field(description="Which sealing key opens it.")
    nonce: str = Field(description="Base64 of 12 bytes.")
    ciphertext: str = Field(description="Base64 of ciphertext and tag.")


@dataclass(frozen=True)
class Sealer:
    """Seals and opens. `keys` maps key id to 32 bytes; `current` seals new records."""

    keys: Mapping[str, bytes]
    current: str

    def seal(self, secret: str, belongs_to: str) -> Sealed:
        """`belongs_to` says whose secret it is, such as `storage/<shop>`; the same is needed to open it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = AESGCM(self.keys[self.current]).encrypt(nonce, secret.encode(), belongs_to.encode())
        return Sealed(key_id=self.current, nonce=_text(nonce), ciphertext=_text(ciphertext))

    def open(self, sealed: Sealed, belongs_to: str) -> str:
        """Raises PoisonError `seal_unreadable`: sealed with a key that is gone, changed, or somebody else's."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise _unreadable("it was sealed with a key that is not configured")
        try:
            nonce = base64.b64decode(sealed.nonce, validate=True)
            ciphertext = base64.b64decode(sealed.ciphertext, validate=True)
            return AESGCM(key).decrypt(nonce, ciphertext, belongs_to.encode()).decode()
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise _unreadable("it was changed, or belongs to somebody else") from error

    def is_current(self, sealed: Sealed) -> bool:
        return sealed.key_id == self.current


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _unreadable(why: str) -> PoisonError:
    return PoisonError(f"The sealed secret cannot be opened: {why}.", code="seal_unreadable")
