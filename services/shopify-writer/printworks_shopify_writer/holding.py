"""Holds an order's fulfilment back while its artwork is not ready, where the installation wants that."""

from collections.abc import Mapping
from typing import Any

from printworks_common.errors import PoisonError
from printworks_common.ids import gid
from printworks_common.logs import get_logger
from printworks_common.shopify.admin import AdminClient

from printworks_shopify_writer import documents, holds, metrics
from printworks_shopify_writer.failures import SHOP_REFUSALS
from printworks_shopify_writer.orders import Newest, Orders

log = get_logger(__name__)


class Holding:
    """`on`: orders are held back. Once it is off, what was held before is still let go when it is ready."""

    def __init__(self, orders: Orders, *, on: bool) -> None:
        self._orders = orders
        self._on = on

    def concerns(self, newest: Newest) -> bool:
        """Whether Shopify has to be asked about this order."""
        return bool(newest.held) or self._holds_back(newest)

    async def bring(self, client: AdminClient, order_id: str, newest: Newest) -> str | None:
        """Place or release what the snapshot asks for. Returns why Shopify refused, None when it did not.

        A refusal keeps no tag from being written. Raises `TransientError` when Shopify does not answer, `PoisonError`
        when it refuses the shop, `GroundMissingError` without the database.
        """
        shop, hold = client.shop.domain, self._holds_back(newest)
        try:
            todo = holds.plan(hold, await self._look(client, order_id), newest.held)
            if todo.place:
                # Noted first: a hold that nobody remembers would never be released.
                await self._orders.holding(shop, order_id, todo.place)
            refused = None if todo.empty else await self._carry_out(client, todo)
        except PoisonError as error:
            if error.code in SHOP_REFUSALS and error.code != "missing_scope":
                raise
            refused = error.code
        if refused is not None:
            metrics.HOLDS.labels(outcome=refused).inc()
            log.error("hold_refused", shop=shop, order_id=order_id, code=refused, hold=hold)
        elif not hold:
            await self._orders.let_free(shop, order_id)
        return refused

    def _holds_back(self, newest: Newest) -> bool:
        """The artwork of an erased order never comes: nothing is left to wait for."""
        return self._on and holds.waits(newest.status) and not newest.erased

    async def _look(self, client: AdminClient, order_id: str) -> tuple[holds.FulfilmentOrder, ...]:
        metrics.REQUESTS.labels(kind="holds").inc()
        data = await client.execute(documents.HOLDS, {"id": gid("Order", order_id)}, cost=documents.HOLDS_COST)
        return holds.read(data["order"]) if data["order"] is not None else ()

    async def _carry_out(self, client: AdminClient, todo: holds.HoldPlan) -> str | None:
        metrics.REQUESTS.labels(kind="hold").inc()
        request = documents.hold(todo)
        answers: Mapping[str, Any] = await client.execute(request.document, request.variables, cost=request.cost)
        refused = [
            error for answer in answers.values() for error in answer["userErrors"]
            if error["code"] not in holds.ANSWERED_ALREADY
        ]  # fmt: skip
        if refused:
            return "hold_refused"
        metrics.HOLDS.labels(outcome="placed").inc(len(todo.place))
        metrics.HOLDS.labels(outcome="released").inc(len(todo.release))
        return None
