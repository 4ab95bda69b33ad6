"""Brings one order on Shopify to its newest snapshot: look, plan, write, read back, until it is so.

Every round begins with the newest snapshot, so a writer that was late, or was overtaken between two of its requests,
ends with what is right now and not with what it set out to write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from printworks_common.errors import PoisonError, TransientError
from printworks_common.ids import gid
from printworks_common.logs import get_logger
from printworks_common.shopify.admin import AdminClient

from printworks_shopify_writer import attributes, documents, metrics
from printworks_shopify_writer.attributes import Attribute
from printworks_shopify_writer.holding import Holding
from printworks_shopify_writer.orders import Newest, Orders, Written
from printworks_shopify_writer.target import (
    Names,
    Plan,
    Seen,
    Target,
    listed_files,
    memory,
    plan,
    remembered,
    seen_after,
)

log = get_logger(__name__)

MAX_ROUNDS = 8
"""Rounds of look, plan and write in one go. More means that somebody writes against us: try again later."""

STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST"})
"""The metafield is not as it was when we looked."""


class OrderGoneError(Exception):
    """Shopify no longer has the order: there is nothing to write on."""


@dataclass(frozen=True)
class Answer:
    """What became of a write. `seen`: the order as Shopify gave it back, None when it has to be looked at."""

    seen: Seen | None
    attributes_refused: bool = False


class Convergence:
    def __init__(self, orders: Orders, names: Names, holding: Holding, *, order_attributes: bool) -> None:
        self._orders = orders
        self._holding = holding
        self._names = names
        self._order_attributes = order_attributes

    async def converge(self, client: AdminClient, order_id: str) -> None:
        """Write until the order is as its newest snapshot says.

        Raises `TransientError` when Shopify does not answer, or when somebody changes the order again and again
        (`shopify_contended`), `PoisonError` when it refuses, `GroundMissingError` without the database.
        """
        shop, owner = client.shop.domain, gid("Order", order_id)
        seen: Seen | None = None
        refused: str | None = None
        held_as_of: int | None = None
        hold_error: str | None = None
        for _ in range(MAX_ROUNDS):
            newest = await self._orders.newest(shop, order_id)
            if newest is None:
                return
            wish = self._wish(newest, refused)
            try:
                if seen is None:
                    seen = await self._starting_point(client, order_id, newest, wish)
                files = listed_files(newest.files, newest.files_url)
                todo = plan(Target(newest.status, files, wish), seen, self._names, owner)
                if not todo.empty:
                    answer = await self._carry_out(client, order_id, todo, wish)
                    if answer.attributes_refused and wish is not None:
                        refused = attributes.fingerprint(wish)
                    seen = answer.seen or await self._look(client, order_id, wish)
                elif wish is not None and seen.attributes is None:
                    seen = await self._look(client, order_id, wish)
                elif newest.version != held_as_of and (held_as_of is not None or self._holding.concerns(newest)):
                    # Once more round: if the order was overtaken meanwhile, what was held is let go again.
                    hold_error = await self._holding.bring(client, order_id, newest)
                    held_as_of = newest.version
                else:
                    done = self._done(newest, seen, wish, refused, hold_error)
                    await self._orders.written(shop, order_id, done)
                    if todo.left_out:
                        metrics.ATTRIBUTES_LEFT_OUT.labels(why="no_room").inc(todo.left_out)
                    if refused:
                        metrics.ATTRIBUTES_LEFT_OUT.labels(why="refused").inc()
                    self._tell(shop, order_id, newest, "repaired" if newest.repair else "written")
                    return
            except OrderGoneError:
                await self._orders.written(shop, order_id, Written(newest.version, newest.status, None, gone=True))
                self._tell(shop, order_id, newest, "order_gone")
                return
        raise TransientError("The order is changed again and again by somebody else.", code="shopify_contended")

    def _wish(self, newest: Newest, refused: str | None) -> tuple[Attribute, ...] | None:
        """The attributes to write; None when they are written already, refused, or not wanted."""
        if newest.erased:
            return None if attributes.fingerprint(()) in (newest.attributes_hash, refused) else ()
        if not self._order_attributes or newest.status != "ready" or not newest.lines:
            return None
        wanted = attributes.wanted(newest.lines)
        return None if attributes.fingerprint(wanted) in (newest.attributes_hash, refused) else wanted

    async def _starting_point(
        self, client: AdminClient, order_id: str, newest: Newest, wish: Sequence[Attribute] | None
    ) -> Seen:
        """What to plan from. Memory saves a request: compare-and-set and the reading back tell when it is wrong."""
        return await self._look(client, order_id, wish) if newest.look else remembered(newest.seen)

    async def _look(self, client: AdminClient, order_id: str, wish: Sequence[Attribute] | None) -> Seen:
        metrics.REQUESTS.labels(kind="look").inc()
        data = await client.execute(
            documents.order_state(wish is not None),
            {"id": gid("Order", order_id), "namespace": self._names.namespace},
            cost=documents.LOOK_COST,
        )
        if data["order"] is None:
            raise OrderGoneError
        return seen_after(data["order"])

    async def _carry_out(
        self, client: AdminClient, order_id: str, todo: Plan, wish: Sequence[Attribute] | None
    ) -> Answer:
        metrics.REQUESTS.labels(kind="write").inc()
        request = documents.write(todo, gid("Order", order_id), self._names.namespace, attributes=wish is not None)
        follows = documents.MUTATION_COST if wish is not None and todo.attributes is None else 0.0
        data = await client.execute(request.document, request.variables, cost=request.cost, headroom=follows)
        order = documents.order_in(data)
        seen = seen_after(order) if order is not None else None
        refusals = {part: found for part in data if (found := _user_errors(data, part))}
        if any(one.get("code") not in STALE for one in refusals.pop("set", ())):
            return await self._refused(client, order_id, "set")
        attributes_refused = refusals.pop("update", None) is not None
        for part in refusals:
            return await self._refused(client, order_id, part)
        return Answer(seen, attributes_refused)

    async def _refused(self, client: AdminClient, order_id: str, part: str) -> Answer:
        """User errors: either the order is gone, or Shopify does not want what we write."""
        await self._look(client, order_id, None)
        log.error("write_refused", shop=client.shop.domain, order_id=order_id, part=part)
        raise PoisonError("Shopify refuses what is written on the order.", code="shopify_user_error")

    def _done(
        self, newest: Newest, seen: Seen, wish: Sequence[Attribute] | None, refused: str | None, hold_error: str | None
    ) -> Written:
        return Written(
            newest.version,
            newest.status,
            memory(seen, self._names),
            attributes_hash=attributes.fingerprint(wish) if wish is not None else refused,
            attributes_error="shopify_user_error" if wish is None and refused else None,
            hold_error=hold_error,
        )

    def _tell(self, shop: str, order_id: str, newest: Newest, outcome: str) -> None:
        metrics.WRITES.labels(outcome=outcome).inc()
        if not newest.repair:
            metrics.WRITE_SECONDS.observe(newest.age)
        log.info("order_written", shop=shop, order_id=order_id, version=newest.version, outcome=outcome)


def _user_errors(data: Mapping[str, Any], part: str) -> Sequence[Mapping[str, Any]]:
    return (data.get(part) or {}).get("userErrors") or ()
