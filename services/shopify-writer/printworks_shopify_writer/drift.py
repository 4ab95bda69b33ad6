"""Looks at written orders again, at low priority, and lets be written anew what somebody else has changed."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from printworks_common.errors import GroundMissingError, PrintworksError
from printworks_common.ids import gid
from printworks_common.logs import get_logger
from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop, Shops

from printworks_shopify_writer import documents, metrics
from printworks_shopify_writer.orders import Checked, Orders
from printworks_shopify_writer.target import STATUS_KEY, Names, Plan, Target, listed_files, plan, seen_after

log = get_logger(__name__)

IDLE_SECONDS = 60.0
"""Until a shop is asked about again in which nothing was due, or which did not answer."""


class Sweeper:
    """`within`: orders written so long ago are looked at. `every`: how long after its last look an order is due."""

    def __init__(
        self,
        orders: Orders,
        shops: Shops,
        clients: AdminClients,
        names: Names,
        *,
        within: timedelta,
        every: timedelta,
        paused: Callable[[str], bool],
    ) -> None:
        self._orders = orders
        self._shops = shops
        self._clients = clients
        self._names = names
        self._within = within
        self._every = every
        self._paused = paused
        self._due_from: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def dispatch(self) -> int:
        """Start a look at each shop that is due. Shops do not wait for each other. Always 0: nothing is urgent."""
        now = time.monotonic()
        for shop in self._shops:
            if self._due_from.get(shop.domain, 0.0) <= now and not self._paused(shop.domain):
                self._due_from[shop.domain] = float("inf")
                task = asyncio.create_task(self._look_at(shop))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return 0

    async def drain(self) -> None:
        """Wait for the looks that are under way."""
        if self._running:
            await asyncio.wait(self._running)

    async def sweep(self, shop: Shop) -> int:
        """Look at the next orders of a shop. Returns how many there were. Raises as `AdminClient.execute`, or
        `GroundMissingError`; the orders are due again then."""
        due = await self._orders.to_check(shop.domain, self._within, self._every, documents.CHECK_BATCH)
        if not due:
            return 0
        try:
            nodes = await self._states(self._clients.of(shop), due)
        except PrintworksError:
            await self._orders.still_due(shop.domain, [one.order_id for one in due])
            raise
        await self._orders.gone(shop.domain, [one.order_id for one in due if nodes[one.order_id] is None])
        plans = {one: self._plan(one, node) for one in due if (node := nodes[one.order_id]) is not None}
        drifted = {one.order_id: todo for one, todo in plans.items() if not todo.empty}
        again = await self._orders.write_again(shop.domain, [one for one in plans if one.order_id in drifted])
        metrics.CHECKED.inc(len(due))
        for order_id in again:
            parts = sorted(drifted_parts(drifted[order_id]))
            log.warning("order_drifted", shop=shop.domain, order_id=order_id, parts=parts)
            for part in parts:
                metrics.DRIFT.labels(part=part).inc()
        return len(due)

    async def _look_at(self, shop: Shop) -> None:
        pause = IDLE_SECONDS
        try:
            if await self.sweep(shop) == documents.CHECK_BATCH:
                pause = 0.0
        except GroundMissingError as error:
            log.warning("drift_waits", code=error.code)
        except PrintworksError as error:
            log.warning("drift_waits", shop=shop.domain, code=error.code)
        finally:
            self._due_from[shop.domain] = time.monotonic() + pause

    async def _states(self, client: AdminClient, due: Sequence[Checked]) -> dict[str, Mapping[str, Any] | None]:
        metrics.REQUESTS.labels(kind="check").inc()
        data = await client.execute(
            documents.ORDER_STATES,
            {"ids": [gid("Order", one.order_id) for one in due], "namespace": self._names.namespace},
            cost=documents.LOOK_COST * len(due),
            gives_way=True,
        )
        return {one.order_id: node for one, node in zip(due, data["nodes"], strict=True)}

    def _plan(self, order: Checked, node: Mapping[str, Any]) -> Plan:
        target = Target(order.status, listed_files(order.files, order.files_url))
        return plan(target, seen_after(node), self._names, gid("Order", order.order_id))


def drifted_parts(todo: Plan) -> Iterable[str]:
    """Which of `status`, `files` and `tags` a plan puts right. Pure."""
    keys = {str(one["key"]) for one in todo.set_metafields} | set(todo.delete_keys)
    parts = {"status" if key == STATUS_KEY else "files" for key in keys}
    return parts | ({"tags"} if todo.add_tags or todo.remove_tags else set[str]())
