"""Whose rows a request sees: the database decides, by the shop of the credential.

Requests use a pool of their own, whose connections work in a role without rights of its own on any table. Each time one
is taken, the shop of whoever asks is set on it; the policies of the tables let that shop's rows through, and none while
no shop is set. A query that has forgotten its WHERE gives no other shop's row away.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from printworks_common.postgres import Connection, Pool, open_pool
from printworks_common.settings import PostgresSettings

from printworks_jobs_api.settings import SCHEMA

ROLE = "jobs_api_requests"

NOBODY = ""
_shop: ContextVar[str] = ContextVar("shop", default=NOBODY)


def act_for(shop: str) -> None:
    """From here on the request sees this shop's rows. Called where a credential has been checked."""
    _shop.set(shop)


@contextmanager
def acting_for(shop: str) -> Generator[None]:
    """The same for a piece of work that no request asks for; with an empty name nothing is seen."""
    before = _shop.set(shop)
    try:
        yield
    finally:
        _shop.reset(before)


async def open_requests(settings: PostgresSettings) -> Pool:
    """The pool of requests. Raises GroundMissingError while the database does not answer or has no such role."""
    return await open_pool(settings, schema=SCHEMA, role=ROLE, on_acquire=_set_shop)


async def step_down(connection: Connection, shop: str) -> None:
    """Let a transaction that has chosen its work among all shops do it with the rights of a request."""
    await connection.execute(f"SET LOCAL ROLE {ROLE}")
    await connection.execute("SELECT set_config('printworks.shop', $1, true)", shop)


async def _set_shop(connection: Connection) -> None:
    await connection.execute("SELECT set_config('printworks.shop', $1, false)", _shop.get())
