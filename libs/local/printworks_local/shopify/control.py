"""The control API: what tests, the demo and measurements do to the shops, and what they read back.

All bodies are JSON. Paths, below `/control`:

    GET    /health                                     {ok, shops}
    PUT    /shops/{domain}                             ShopConfig without domain; creates, or changes and keeps orders
    DELETE /shops/{domain}                             forget the shop and everything in it
    GET    /shops/{domain}                             ShopConfig (secrets included: loopback only)
    PATCH  /shops/{domain}                             the given fields of ShopConfig
    PUT    /shops/{domain}/faults                      FaultConfig
    PUT    /shops/{domain}/scopes                      {client_id, scopes}
    POST   /shops/{domain}/tokens/expire               {expired}
    GET    /shops/{domain}/stats                       counters, and buckets by client id
    GET    /shops/{domain}/journal?after=&limit=&order_id=   {entries, next, more, dropped}
    GET    /shops/{domain}/orders?after=&limit=        {orders, next}, by id
    PUT    /shops/{domain}/orders                      REST body of one order -> its state
    GET    /shops/{domain}/orders/{id}                 state: tags, metafields with digest, attributes, line items
    GET    /shops/{domain}/orders/{id}/body            REST body as a webhook would carry it now
    POST   /shops/{domain}/orders/{id}/edit            {set, lines, add_lines} -> REST body
    POST   /shops/{domain}/orders/{id}/cancel          {reason, financial_status} -> REST body
    POST   /shops/{domain}/orders/{id}/refund          {line_items, financial_status} -> body of refunds/create
    POST   /shops/{domain}/orders/{id}/tags            {add, remove, actor} -> state
    POST   /shops/{domain}/orders/{id}/metafields      {set, delete, actor} -> state
    GET    /shops/{domain}/orders/{id}/fulfillment     {fulfillment_orders: [{id, status, holds}]}
    POST   /shops/{domain}/orders/{id}/fulfillment     {split, status, release, hold, app} -> the same
    DELETE /shops/{domain}/orders/{id}
    GET    /shops/{domain}/definitions                 metafield definitions
    GET    /shops/{domain}/subscriptions               webhook subscriptions
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, cast

import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from printworks_local.shopify import changes, fulfillment
from printworks_local.shopify.state import FaultConfig, Order, Shop, ShopConfig

Handler = Callable[[Request], Awaitable[Response]]


class Json(Response):
    """A JSON answer."""

    media_type = "application/json"

    def __init__(self, content: object, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(orjson.dumps(content), status_code, headers)


@dataclass
class World:
    """All shops by domain."""

    shops: dict[str, Shop]


class ControlError(Exception):
    """The caller of the control API asked for something that is not there, or in a wrong form."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def control_routes(world: World) -> list[Route]:
    control = _Control(world)
    shop, order = "/shops/{domain}", "/shops/{domain}/orders/{order_id:int}"
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/health", control.health),
        ("PUT", shop, control.put_shop),
        ("GET", shop, control.get_shop),
        ("DELETE", shop, control.delete_shop),
        ("PATCH", shop, control.patch_shop),
        ("PUT", shop + "/faults", control.put_faults),
        ("PUT", shop + "/scopes", control.put_scopes),
        ("POST", shop + "/tokens/expire", control.expire_tokens),
        ("GET", shop + "/stats", control.stats),
        ("GET", shop + "/journal", control.journal),
        ("GET", shop + "/definitions", control.definitions),
        ("GET", shop + "/subscriptions", control.subscriptions),
        ("GET", shop + "/orders", control.list_orders),
        ("PUT", shop + "/orders", control.put_order),
        ("GET", order, control.get_order),
        ("DELETE", order, control.delete_order),
        ("GET", order + "/body", control.order_body),
        ("POST", order + "/edit", control.edit_order),
        ("POST", order + "/cancel", control.cancel_order),
        ("POST", order + "/refund", control.refund_order),
        ("POST", order + "/tags", control.change_tags),
        ("POST", order + "/metafields", control.change_metafields),
        ("GET", order + "/fulfillment", control.fulfillment_orders),
        ("POST", order + "/fulfillment", control.change_fulfillment),
    ]
    return [Route(path, _guarded(handler), methods=[method]) for method, path, handler in table]


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except ControlError as error:
            return Json({"error": str(error)}, error.status)
        except ValidationError as error:
            return Json({"error": str(error)}, 422)
        except KeyError as error:
            return Json({"error": f"{error} is missing or not known"}, 422)

    return guarded


async def _content(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        content = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ControlError(400, "The body is not JSON.") from error
    if not isinstance(content, dict):
        raise ControlError(400, "The body is not a JSON object.")
    return cast("dict[str, Any]", content)


class _Control:
    def __init__(self, world: World) -> None:
        self._world = world

    def _shop(self, request: Request) -> Shop:
        domain = request.path_params["domain"]
        shop = self._world.shops.get(domain)
        if shop is None:
            raise ControlError(404, f"There is no shop {domain}.")
        return shop

    def _order(self, request: Request) -> tuple[Shop, Order]:
        shop, order_id = self._shop(request), request.path_params["order_id"]
        order = shop.orders.get(order_id)
        if order is None:
            raise ControlError(404, f"There is no order {order_id}.")
        return shop, order

    async def health(self, _request: Request) -> Response:
        return Json({"ok": True, "shops": sorted(self._world.shops)})

    async def put_shop(self, request: Request) -> Response:
        domain = request.path_params["domain"]
        config = ShopConfig(**{**await _content(request), "domain": domain})
        present = self._world.shops.get(domain)
        if present is None:
            self._world.shops[domain] = Shop(config)
        else:
            present.reconfigure(config)
        return Json(config.model_dump())

    async def get_shop(self, request: Request) -> Response:
        return Json(self._shop(request).config.model_dump())

    async def delete_shop(self, request: Request) -> Response:
        self._world.shops.pop(request.path_params["domain"], None)
        return Json({"deleted": True})

    async def patch_shop(self, request: Request) -> Response:
        shop = self._shop(request)
        shop.reconfigure(ShopConfig(**{**shop.config.model_dump(), **await _content(request)}))
        return Json(shop.config.model_dump())

    async def put_faults(self, request: Request) -> Response:
        shop = self._shop(request)
        faults = FaultConfig(**await _content(request))
        shop.reconfigure(shop.config.model_copy(update={"faults": faults}))
        return Json(faults.model_dump())

    async def put_scopes(self, request: Request) -> Response:
        shop, content = self._shop(request), await _content(request)
        app = changes.app_named(shop, content["client_id"])
        if app is None:
            raise ControlError(404, "There is no such app in this shop.")
        app.scopes = [str(scope) for scope in content["scopes"]]
        return Json({"client_id": app.client_id, "scopes": app.scopes})

    async def expire_tokens(self, request: Request) -> Response:
        return Json({"expired": changes.expire_tokens(self._shop(request))})

    async def stats(self, request: Request) -> Response:
        shop = self._shop(request)
        buckets = {client_id: bucket.status() for client_id, bucket in shop.buckets.items()}
        return Json({**shop.stats, "orders": len(shop.orders), "buckets": buckets})

    async def journal(self, request: Request) -> Response:
        query = request.query_params
        order_id = int(query["order_id"]) if "order_id" in query else None
        after, limit = int(query.get("after", "0")), int(query.get("limit", "1000"))
        return Json(self._shop(request).journal.read(after, limit, order_id))

    async def definitions(self, request: Request) -> Response:
        return Json({"definitions": [asdict(item) for item in self._shop(request).definitions]})

    async def subscriptions(self, request: Request) -> Response:
        return Json({"subscriptions": [asdict(item) for item in self._shop(request).subscriptions]})

    async def list_orders(self, request: Request) -> Response:
        shop, query = self._shop(request), request.query_params
        after, limit = int(query.get("after", "0")), int(query.get("limit", "250"))
        chosen = sorted(number for number in shop.orders if number > after)[:limit]
        views = [shop.order_view(shop.orders[number]) for number in chosen]
        return Json({"orders": views, "next": str(chosen[-1]) if chosen else None})

    async def put_order(self, request: Request) -> Response:
        shop, body = self._shop(request), await _content(request)
        return Json(shop.order_view(changes.put(shop, body)))

    async def get_order(self, request: Request) -> Response:
        shop, order = self._order(request)
        return Json(shop.order_view(order))

    async def order_body(self, request: Request) -> Response:
        return Json(self._order(request)[1].rest_body())

    async def delete_order(self, request: Request) -> Response:
        changes.delete(*self._order(request))
        return Json({"deleted": True})

    async def edit_order(self, request: Request) -> Response:
        return Json(changes.edit(*self._order(request), await _content(request)))

    async def cancel_order(self, request: Request) -> Response:
        return Json(changes.cancel(*self._order(request), **await _content(request)))

    async def refund_order(self, request: Request) -> Response:
        content = await _content(request)
        lines, status = content.get("line_items") or [], content.get("financial_status")
        return Json(changes.refund(*self._order(request), lines, status))

    async def change_tags(self, request: Request) -> Response:
        shop, order = self._order(request)
        content = await _content(request)
        add, remove = content.get("add") or [], content.get("remove") or []
        changes.change_tags(shop, order, add, remove, content.get("actor") or "another-app")
        return Json(shop.order_view(order))

    async def change_metafields(self, request: Request) -> Response:
        shop, order = self._order(request)
        content = await _content(request)
        write, remove = content.get("set") or [], content.get("delete") or []
        refused = changes.change_metafields(shop, order, write, remove, content.get("actor") or "another-app")
        if refused:
            raise ControlError(422, "; ".join(refused))
        return Json(shop.order_view(order))

    async def fulfillment_orders(self, request: Request) -> Response:
        shop, order = self._order(request)
        return Json({"fulfillment_orders": [fulfillment.view(one) for one in fulfillment.of(shop, order)]})

    async def change_fulfillment(self, request: Request) -> Response:
        shop, order = self._order(request)
        fulfillment.change(shop, order, await _content(request))
        return await self.fulfillment_orders(request)
