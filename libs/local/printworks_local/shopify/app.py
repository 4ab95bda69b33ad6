"""The ASGI application: `/shops/<domain>/admin/…` as Shopify has it, `/control/…` for tests."""

import asyncio
import hmac
import random
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from printworks_local.shopify.changes import app_named
from printworks_local.shopify.control import Json, World, control_routes
from printworks_local.shopify.execute import AdminApi, ThrottledError
from printworks_local.shopify.schemas import VERSIONS
from printworks_local.shopify.state import FaultConfig, Shop, ShopConfig

_MAX_BODY = 10 * 1024 * 1024
_UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
_CLOSED = {"frozen": (402, "Unavailable Shop"), "locked": (423, "Locked"), "closed": (404, "Not Found")}


class LostResponse(Response):
    """The connection ends in the middle of the answer: the caller cannot know what was done."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def create_app(shops: list[ShopConfig]) -> Starlette:
    """The whole stand-in for these shops; more can be added over the control API."""
    world = World({config.domain: Shop(config) for config in shops})
    admin = _Admin(world)
    return Starlette(
        routes=[
            Route("/shops/{domain}/admin/api/{version}/graphql.json", admin.graphql, methods=["POST"]),
            Route("/shops/{domain}/admin/oauth/access_token", admin.access_token, methods=["POST"]),
            Mount("/control", routes=control_routes(world)),
        ],
        exception_handlers={ClientDisconnect: _nobody_there},
    )


async def _nobody_there(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


class _Admin:
    def __init__(self, world: World) -> None:
        self._world = world
        self._apis: dict[str, AdminApi] = {}

    def _shop(self, request: Request) -> Shop | Json:
        shop = self._world.shops.get(request.path_params["domain"])
        if shop is None:
            return Json({"errors": "Not Found"}, 404)
        if shop.config.state != "open":
            status, text = _CLOSED[shop.config.state]
            return Json({"errors": text}, status)
        return shop

    async def access_token(self, request: Request) -> Response:
        """The client credentials grant: `{access_token, scope, expires_in}`."""
        shop = self._shop(request)
        if isinstance(shop, Json):
            return shop
        given = await _form_or_json(request)
        if given.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type", "Only the client credentials grant is offered here.")
        app = app_named(shop, str(given.get("client_id")))
        if app is None:
            known = any(app_named(other, str(given.get("client_id"))) for other in self._world.shops.values())
            if known:
                return _oauth_error("shop_not_permitted", "Client credentials cannot be performed on this shop.")
            return _oauth_error("application_cannot_be_found", "No application found for this client id.")
        if not hmac.compare_digest(str(given.get("client_secret")).encode(), app.client_secret.encode()):
            return _oauth_error("invalid_client", "The client secret is wrong.")
        shop.count("tokens_issued")
        token = shop.issue_token(app)
        return Json({"access_token": token, "scope": ",".join(app.scopes), "expires_in": app.token_seconds})

    async def graphql(self, request: Request) -> Response:
        shop = self._shop(request)
        if isinstance(shop, Json):
            return shop
        body = await request.body()
        shop.count("requests")
        app = shop.app_of_token(request.headers.get("x-shopify-access-token", ""))
        if app is None:
            shop.count("unauthorized")
            return Json({"errors": _UNAUTHORIZED}, 401)
        version = request.path_params["version"]
        if version not in VERSIONS:
            return Json({"errors": "Not Found"}, 404)
        if len(body) > _MAX_BODY:
            return Json({"errors": "Request body is too large"}, 413)
        payload = _request_payload(body)
        if payload is None:
            return Json({"errors": "The request must be JSON with a `query`."}, 400)
        return await self._answer(shop, app, version, payload)

    async def _answer(self, shop: Shop, app: Any, version: str, payload: dict[str, Any]) -> Response:
        faults, dice = shop.config.faults, shop.random
        await _delay(faults, dice)
        if dice.random() < faults.server_error:
            shop.count("server_errors")
            return Json({"errors": "Internal Server Error"}, dice.choice((500, 502, 503)))
        api = self._apis.get(version)
        if api is None:
            api = self._apis[version] = AdminApi(version)
        try:
            answer = api.run(
                shop,
                app,
                payload["query"],
                payload.get("variables") or {},
                payload.get("operationName"),
                force_throttle=dice.random() < faults.throttled,
            )
        except ThrottledError as throttled:
            return _throttled(faults, dice, throttled)
        if dice.random() < faults.applied_then_lost:
            shop.count("lost_answers")
            if faults.lost_mode == "hang":
                await asyncio.sleep(faults.hang_seconds)
            return LostResponse()
        return Json(answer, headers={"x-shopify-api-version": version})


async def _delay(faults: FaultConfig, dice: random.Random) -> None:
    lowest, highest = faults.latency_ms
    if highest > 0:
        await asyncio.sleep(dice.uniform(lowest, highest) / 1000)


def _throttled(faults: FaultConfig, dice: random.Random, throttled: ThrottledError) -> Response:
    shape = faults.throttle_shape
    if shape == "both":
        shape = dice.choice(("graphql", "http"))
    if shape == "graphql":
        return Json(throttled.answer)
    return Json({"errors": "Throttled"}, 429, headers={"retry-after": f"{max(0.1, throttled.seconds):.1f}"})


def _request_payload(body: bytes) -> dict[str, Any] | None:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(payload, dict):
        return None
    fields = cast("dict[str, Any]", payload)
    fits = isinstance(fields.get("query"), str) and isinstance(fields.get("variables") or {}, dict)
    return fields if fits else None


async def _form_or_json(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return {}
        return cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _oauth_error(code: str, description: str) -> Response:
    return Json({"error": code, "error_description": description}, 400)
