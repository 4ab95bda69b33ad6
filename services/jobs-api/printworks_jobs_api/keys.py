"""API keys: `pwk_<id>_<secret>`, shown once, stored as SHA-256 of the secret.

A secret is 256 random bits, so a plain hash is enough: there is nothing to guess that a slow hash would protect.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from printworks_common.clock import Clock
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries

SQL = load_queries("printworks_jobs_api", "sql/keys.sql")

_FORM = re.compile(r"pwk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    JOBS_READ = "jobs:read"
    FILES_READ = "files:read"
    JOBS_WRITE = "jobs:write"
    SETTINGS_WRITE = "settings:write"
    EXPORT = "export"


@dataclass(frozen=True)
class NewKey:
    """A key that was just made; `text` is the only place where the secret stands."""

    key_id: str
    text: str
    secret_sha256: bytes


@dataclass(frozen=True)
class Principal:
    """Who asks: the shop comes from the key, or the session token, and from nowhere else."""

    shop: str
    key_id: str
    """Of the API key; with a session token the id of the member of staff."""
    scopes: frozenset[str]
    kind: str = "key"

    @property
    def actor(self) -> str:
        """How timelines and commands name who asked."""
        return f"{self.kind}:{self.key_id}"

    def may(self, scope: Scope) -> bool:
        return scope.value in self.scopes


def mint() -> NewKey:
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    return NewKey(key_id=key_id, text=f"pwk_{key_id}_{secret}", secret_sha256=hash_secret(secret))


def parse(text: str) -> tuple[str, str] | None:
    """Id and secret of a key's text; None for anything that is no key."""
    match = _FORM.fullmatch(text)
    return (match.group(1), match.group(2)) if match else None


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class KeyStore:
    """API keys in the database."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def create(
        self,
        shop: str,
        scopes: Collection[Scope],
        *,
        name: str = "",
        expires_at: datetime | None = None,
        made_by: str = "operator",
        succeeds: str | None = None,
        connection: "Connection | None" = None,
    ) -> NewKey:
        """A new key; with `connection` inside its transaction. Rights are the caller's business (`keyring.py`)."""
        key = mint()
        with ground_errors():
            await (connection or self._pool).execute(
                SQL["create_key"],
                key.key_id, shop, name, key.secret_sha256, sorted(scopes), self._clock.now(), expires_at, made_by,
                succeeds,
            )  # fmt: skip
        return key

    async def authenticate(self, text: str) -> Principal | None:
        """Who holds this key; None when it is unknown, wrong, expired or revoked."""
        parsed = parse(text)
        if parsed is None:
            return None
        key_id, secret = parsed
        row = await self._find(key_id)
        if row is None or not hmac.compare_digest(row["secret_sha256"], hash_secret(secret)):
            return None
        return await self._alive(row)

    async def resume(self, key_id: str) -> Principal | None:
        """Who holds the key that a session was opened with, as long as the key lives."""
        row = await self._find(key_id)
        return None if row is None else await self._alive(row)

    async def _find(self, key_id: str) -> Any | None:
        with ground_errors():
            return await self._pool.fetchrow(SQL["find_key"], key_id)

    async def _alive(self, row: Any) -> Principal | None:
        now = self._clock.now()
        if row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= now):
            return None
        if row["last_used_at"] is None or row["last_used_at"] < now - _USE_NOTED_EVERY:
            with ground_errors():
                await self._pool.execute(SQL["note_use"], row["key_id"], now)
        return Principal(shop=row["shop"], key_id=row["key_id"], scopes=frozenset(row["scopes"]))
