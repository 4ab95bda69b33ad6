"""Fulfilment orders and the holds on them, as far as an app that holds orders back sees them.

Source of the rules: `fulfillmentOrderHold` and `FulfillmentOrderHoldInput` in the official schema of 2026-10.
"""

from typing import Any

from graphql import GraphQLError

from printworks_local.shopify.connections import connection
from printworks_local.shopify.fields import RequestContext, from_source, resolver
from printworks_local.shopify.order_fields import gid, parse_gid
from printworks_local.shopify.state import AppConfig, FulfillmentHold, FulfillmentOrder, Order, Shop

HOLDS_PER_APP = 10
HANDLE_LENGTH = 64
HOLDABLE = frozenset({"OPEN", "SCHEDULED", "ON_HOLD"})


def view(one: FulfillmentOrder) -> dict[str, Any]:
    """The state, for tests."""
    holds = [{"app": hold.client_id, "handle": hold.handle, "notes": hold.notes} for hold in one.holds]
    return {"id": gid("FulfillmentOrder", one.id), "status": one.shown_status, "holds": holds}


def of(shop: Shop, order: Order) -> list[FulfillmentOrder]:
    """The fulfilment orders of an order. The first is made when somebody asks, so that most orders cost nothing."""
    kept = shop.fulfillment_orders.setdefault(order.id, [])
    if not kept:
        kept.append(FulfillmentOrder(shop.next_id(), order.id))
    if order.body.get("cancelled_at"):
        for one in kept:
            one.status, one.holds = "CLOSED", []
    return kept


def change(shop: Shop, order: Order, content: dict[str, Any]) -> None:
    """What a person or another app does to all fulfilment orders of an order.

    `split`: one more, as an edit or a second location brings it about. `status`: the one below any hold. `release`: all
    holds go. `hold`: another app's handle. Raises `KeyError` for anything else.
    """
    for name, value in content.items():
        for one in of(shop, order):
            match name:
                case "split":
                    pass
                case "status":
                    one.status = str(value)
                case "release":
                    one.holds = []
                case "hold":
                    one.holds.append(FulfillmentHold(shop.next_id(), "another-app", str(value), "OTHER", None))
                case _:
                    raise KeyError(name)
        if name == "split":
            of(shop, order).append(FulfillmentOrder(shop.next_id(), order.id))


def _error(message: str, code: str | None, *path: str) -> dict[str, Any]:
    return {"field": list(path), "message": message, "code": code}


def _problem(one: FulfillmentOrder | None, app: AppConfig, given: dict[str, Any]) -> dict[str, Any] | None:
    if one is None:
        return _error("Fulfillment order does not exist.", "FULFILLMENT_ORDER_NOT_FOUND", "id")
    if one.shown_status not in HOLDABLE:
        return _error(f"The fulfillment order is {one.shown_status.lower()} and cannot be held.", None, "id")
    mine = [hold for hold in one.holds if hold.client_id == app.client_id]
    if len(given.get("handle") or "") > HANDLE_LENGTH:
        return _error(f"Handle is too long (maximum is {HANDLE_LENGTH} characters)", None, "fulfillmentHold", "handle")
    if any(hold.handle == given.get("handle") for hold in mine):
        return _error(
            "The handle is in use for another hold.", "DUPLICATE_FULFILLMENT_HOLD_HANDLE", "fulfillmentHold", "handle"
        )
    if len(mine) >= HOLDS_PER_APP:
        return _error(f"At most {HOLDS_PER_APP} holds.", "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED", "id")
    return None


@resolver("Order", "fulfillmentOrders")
def _fulfillment_orders(order: Order, context: RequestContext, args: dict[str, Any]) -> Any:
    if args.get("query") is not None or args.get("displayable"):
        raise GraphQLError(
            "The stand-in does not filter fulfillment orders.", extensions={"code": "STAND_IN_NO_RESOLVER"}
        )
    found = of(context.shop, order)
    return connection(found, args, lambda one: (one.id, 0), reverse=bool(args.get("reverse")))


from_source(
    "FulfillmentOrder",
    id=lambda one: gid("FulfillmentOrder", one.id),
    status=lambda one: one.shown_status,
    fulfillmentHolds=lambda one: one.holds,
    orderId=lambda one: gid("Order", one.order_id),
)

from_source(
    "FulfillmentHold",
    id=lambda hold: gid("FulfillmentHold", hold.id),
    handle=lambda hold: hold.handle,
    reason=lambda hold: hold.reason,
    reasonNotes=lambda hold: hold.notes,
)


@resolver("FulfillmentHold", "heldByRequestingApp")
def _held_by_requesting_app(hold: FulfillmentHold, context: RequestContext, _args: dict[str, Any]) -> bool:
    return hold.client_id == context.app.client_id


@resolver("Mutation", "fulfillmentOrderHold")
def _hold(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    given = args["fulfillmentHold"]
    if given.get("fulfillmentOrderLineItems"):
        raise GraphQLError("The stand-in holds whole fulfillment orders.", extensions={"code": "STAND_IN_NO_RESOLVER"})
    one = _find(context, args["id"])
    problem = _problem(one, context.app, given)
    if one is None or problem is not None:
        return {"fulfillmentHold": None, "fulfillmentOrder": None, "userErrors": [problem]}
    before = view(one)
    notes = given.get("reasonNotes")
    hold = FulfillmentHold(context.shop.next_id(), context.app.client_id, given.get("handle"), given["reason"], notes)
    one.holds.append(hold)
    _journal(context, one, "fulfillmentOrderHold", before)
    return {"fulfillmentHold": hold, "fulfillmentOrder": one, "userErrors": []}


@resolver("Mutation", "fulfillmentOrderReleaseHold")
def _release(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    one = _find(context, args["id"])
    if one is None:
        problem = _error("Fulfillment order does not exist.", "FULFILLMENT_ORDER_NOT_FOUND", "id")
        return {"fulfillmentOrder": None, "userErrors": [problem]}
    before, ids = view(one), args.get("holdIds")
    one.holds = [] if ids is None else [hold for hold in one.holds if gid("FulfillmentHold", hold.id) not in ids]
    _journal(context, one, "fulfillmentOrderReleaseHold", before)
    return {"fulfillmentOrder": one, "userErrors": []}


def _find(context: RequestContext, text: str) -> FulfillmentOrder | None:
    kind, number = parse_gid(text)
    if kind != "FulfillmentOrder":
        return None
    every = (one for kept in context.shop.fulfillment_orders.values() for one in kept)
    return next((one for one in every if one.id == number), None)


def _journal(context: RequestContext, one: FulfillmentOrder, operation: str, before: dict[str, Any]) -> None:
    context.shop.journal.append(
        order_id=one.order_id, actor=context.app.client_id, operation=operation, before=before, after=view(one)
    )
