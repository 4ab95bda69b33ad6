"""The API keys of a shop, managed by the shop itself: make, list, replace, revoke.

A key can give no right that it has not itself. To change a key without a gap, a successor is made; both live until the
old one ends.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from printworks_common.clock import Clock
from printworks_common.postgres import Connection, Pool, ground_errors

from printworks_jobs_api.keys import SQL, KeyStore, NewKey, Principal, Scope
from printworks_jobs_api.problems import ProblemError, not_found

MAX_LIVING = 100
"""Keys of one shop that can be used at a time."""

OVERLAP = timedelta(days=7)
"""How long a replaced key goes on living unless another time is asked for."""

_SHOWN_AFTER_END = timedelta(days=90)


@dataclass(frozen=True)
class KeyFacts:
    """What can be known of a key once it was shown. `succeeds` is the id of the key that it takes the place of."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    succeeds: str | None

    def lives(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Keyring:
    def __init__(self, pool: Pool, clock: Clock, keys: KeyStore) -> None:
        self._pool = pool
        self._clock = clock
        self._keys = keys

    async def keys(self, shop: str) -> Sequence[KeyFacts]:
        """The shop's keys, newest first; those that have ended stay listed for 90 days."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["list_keys"], shop, self._clock.now() - _SHOWN_AFTER_END)
        return [_facts(row) for row in rows]

    async def key(self, shop: str, key_id: str) -> KeyFacts:
        """Raises ProblemError 404."""
        with ground_errors():
            row = await self._pool.fetchrow(SQL["read_key"], shop, key_id)
        if row is None:
            raise not_found("API key")
        return _facts(row)

    async def make(
        self,
        connection: Connection,
        principal: Principal,
        scopes: Collection[Scope],
        *,
        name: str,
        expires_at: datetime | None,
    ) -> NewKey:
        """A new key, whose text is in the answer and nowhere else.

        Raises ProblemError 403 `scope_not_held` when the asking key lacks a scope that it would give, 422
        `invalid_request` for a time that is over, 409 `too_many_keys`.
        """
        lacking = sorted(scope.value for scope in scopes if not principal.may(scope))
        if lacking:
            raise ProblemError(
                403, "scope_not_held", "A key can only be given scopes that the asking key has.", scopes=lacking
            )
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise ProblemError(422, "invalid_request", "expires_at is over already.")
        if await connection.fetchval(SQL["living_keys"], principal.shop, now) >= MAX_LIVING:
            raise ProblemError(409, "too_many_keys", f"A shop has at most {MAX_LIVING} keys. Revoke one first.")
        return await self._keys.create(
            principal.shop, scopes, name=name, expires_at=expires_at, made_by=principal.actor, connection=connection
        )

    async def replace(
        self, connection: Connection, principal: Principal, key_id: str, *, overlap: timedelta = OVERLAP
    ) -> tuple[NewKey, KeyFacts]:
        """A successor with the same name and scopes; the old key ends after `overlap`, so two live until then.

        Raises ProblemError 404, 403 as `make`, 409 `key_ended` for a key that lives no more, 409 `key_replaced` while
        a successor lives.
        """
        row = await connection.fetchrow(SQL["lock_key_of_shop"], principal.shop, key_id)
        if row is None:
            raise not_found("API key")
        old = _facts(row)
        now = self._clock.now()
        if not old.lives(now):
            raise ProblemError(409, "key_ended", "This key is revoked or has expired. Make a new one.")
        lacking = sorted(scope for scope in old.scopes if scope not in principal.scopes)
        if lacking:
            raise ProblemError(
                403, "scope_not_held", "A key can only be given scopes that the asking key has.", scopes=lacking
            )
        successor = await connection.fetchval(SQL["living_successor"], principal.shop, key_id, now)
        if successor is not None:
            raise ProblemError(
                409, "key_replaced", "This key has a successor already. Revoke one of the two first.", key_id=successor
            )
        # What was to end keeps its whole life: the successor lives as long as the old key was meant to.
        length = None if old.expires_at is None else old.expires_at - old.created_at
        made = await self._keys.create(
            principal.shop,
            [Scope(scope) for scope in old.scopes],
            name=old.name,
            expires_at=None if length is None else now + length,
            made_by=principal.actor,
            succeeds=key_id,
            connection=connection,
        )
        await connection.execute(SQL["end_key"], principal.shop, key_id, now + overlap)
        [row] = await connection.fetch(SQL["read_key"], principal.shop, key_id)
        return made, _facts(row)

    async def revoke(self, shop: str, key_id: str) -> None:
        """End a key at once, with the sessions that were opened by it. Again: nothing changes. Raises 404."""
        with ground_errors():
            if await self._pool.fetchval(SQL["revoke_key"], shop, key_id, self._clock.now()) is None:
                raise not_found("API key")


def _facts(row: Any) -> KeyFacts:
    values = dict(row)
    values["scopes"] = tuple(row["scopes"])
    return KeyFacts(**values)
