"""A shop's Admin GraphQL API: tokens, rate limit and errors, each with its own handling."""

import asyncio
import time
from typing import Any

import httpx

from printworks_common.errors import PoisonError, TransientError
from printworks_common.logs import get_logger
from printworks_common.shopify.shops import Shop
from printworks_common.shopify.throttle import Budget

log = get_logger(__name__)

API_VERSION = "2026-10"

RENEW_AHEAD_SECONDS = 300
"""A token is renewed so long before it runs out."""

LONGEST_THROTTLE_SECONDS = 60
"""Longer waits are handed back to the caller, who can do something else meanwhile."""

LEFT_TO_OTHERS = 0.5
"""Share of the bucket that a request which gives way leaves alone."""

LONGEST_WAY_SECONDS = 20
"""How long it waits for that, at most."""

_CLOSED = {402: "shop_frozen", 403: "shop_forbidden", 404: "shop_gone", 423: "shop_locked"}


def http_client() -> httpx.AsyncClient:
    """The HTTP client for all shops of a process. It uses no proxy of the environment."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=100, keepalive_expiry=30)
    return httpx.AsyncClient(timeout=httpx.Timeout(20, connect=5), limits=limits, trust_env=False)


class AdminClient:
    """Admin API of one shop. Safe for concurrent use; requests wait for the shop's point budget."""

    def __init__(self, shop: Shop, http: httpx.AsyncClient, *, api_version: str = API_VERSION) -> None:
        self._shop = shop
        self._http = http
        self._url = f"{shop.base_url}/admin/api/{api_version}/graphql.json"
        self._token = shop.access_token.get_secret_value() if shop.access_token else None
        self._token_until = float("inf") if self._token else 0.0
        self._token_lock = asyncio.Lock()
        self._budget: Budget | None = None
        self._costs: dict[str, float] = {}

    @property
    def shop(self) -> Shop:
        return self._shop

    async def execute(self, document: str, variables: dict[str, Any], *, gives_way: bool = False) -> dict[str, Any]:
        """Run a GraphQL document and give its `data`.

        With `gives_way` it leaves half of the shop's points to others for as long as it can: for what nobody waits for.

        Raises `TransientError` when Shopify does not answer, answers 5xx or throttles for long: the mutation may have
        been applied. Raises `PoisonError` when it refuses: `shop_…`, `missing_scope`, `token_refused`,
        `query_too_dear` (its cost is above the limit of one request), `search_not_understood` (part of a search was
        dropped, so that the answer is to another question), `shopify_refused`.
        """
        deadline = time.monotonic() + LONGEST_THROTTLE_SECONDS
        renewed = False
        if gives_way:
            await self._leave_room(document)
        while True:
            await self._wait_for_points(document, deadline)
            response = await self._post(document, variables)
            if response.status_code == 401:
                if renewed or self._shop.access_token is not None:
                    raise PoisonError("Shopify refuses the access token.", code="token_refused")
                renewed = True
                self._token_until = 0.0
                continue
            if response.status_code == 429:
                await self._sleep(float(response.headers.get("Retry-After", "1")), deadline)
                continue
            body = self._body(response)
            self._learn(document, body)
            errors = body.get("errors")
            if not errors:
                _check_search(body)
                return body["data"]
            if _codes(errors) & {"THROTTLED"}:
                await self._sleep(self._throttled_for(body), deadline)
                continue
            raise _refusal(errors)

    async def _post(self, document: str, variables: dict[str, Any]) -> httpx.Response:
        headers = {"X-Shopify-Access-Token": await self._access_token()}
        try:
            return await self._http.post(self._url, json={"query": document, "variables": variables}, headers=headers)
        except httpx.HTTPError as error:
            raise TransientError(
                f"Shopify does not answer ({type(error).__name__}).", code="shopify_unreachable"
            ) from error

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code >= 500:
            raise TransientError(f"Shopify answers {response.status_code}.", code="shopify_unavailable")
        if response.status_code in _CLOSED:
            raise PoisonError(f"Shopify answers {response.status_code}.", code=_CLOSED[response.status_code])
        try:
            body = response.json()
        except ValueError as error:
            raise TransientError("Shopify's answer is no JSON.", code="shopify_unavailable") from error
        if response.status_code != 200 or not isinstance(body, dict):
            raise PoisonError(f"Shopify answers {response.status_code}.", code="shopify_refused")
        return body

    async def _access_token(self) -> str:
        """The static token, or one by the client credentials grant, renewed ahead of time under a lock."""
        async with self._token_lock:
            if self._token is None or time.monotonic() >= self._token_until:
                self._token, seconds = await self._request_token()
                self._token_until = time.monotonic() + max(seconds - RENEW_AHEAD_SECONDS, seconds / 2)
            return self._token

    async def _request_token(self) -> tuple[str, float]:
        try:
            response = await self._http.post(
                f"{self._shop.base_url}/admin/oauth/access_token",
                json={
                    "client_id": self._shop.client_id,
                    "client_secret": self._shop.client_secret.get_secret_value(),
                    "grant_type": "client_credentials",
                },
            )
        except httpx.HTTPError as error:
            raise TransientError("Shopify does not answer.", code="shopify_unreachable") from error
        if response.status_code >= 500:
            raise TransientError(f"Shopify answers {response.status_code}.", code="shopify_unavailable")
        if response.status_code != 200:
            raise PoisonError("Shopify refuses the client credentials of this shop.", code="token_refused")
        granted = response.json()
        return granted["access_token"], float(granted.get("expires_in", 24 * 3600))

    async def _leave_room(self, document: str) -> None:
        """Wait until others have half of the bucket, and no longer than `LONGEST_WAY_SECONDS`: work that gives way must
        come to its end too."""
        deadline = time.monotonic() + LONGEST_WAY_SECONDS
        while self._budget is not None:
            cost = min(self._costs.get(document, 10.0) + self._budget.maximum * LEFT_TO_OTHERS, self._budget.maximum)
            wait = min(self._budget.wait(cost, time.monotonic()), deadline - time.monotonic())
            if wait <= 0:
                return
            await asyncio.sleep(wait)

    async def _wait_for_points(self, document: str, deadline: float) -> None:
        cost = self._costs.get(document, 10.0)
        while self._budget is not None:
            wait = self._budget.wait(cost, time.monotonic())
            if wait <= 0:
                self._budget = self._budget.spend(cost, time.monotonic())
                return
            await self._sleep(wait, deadline)

    async def _sleep(self, seconds: float, deadline: float) -> None:
        if time.monotonic() + seconds > deadline:
            raise TransientError("Shopify's rate limit is used up.", code="shopify_throttled", retry_after=seconds)
        await asyncio.sleep(seconds)

    def _learn(self, document: str, body: dict[str, Any]) -> None:
        cost = (body.get("extensions") or {}).get("cost")
        if not cost:
            return
        status = cost.get("throttleStatus")
        if status:
            self._budget = Budget(
                maximum=float(status["maximumAvailable"]),
                available=float(status["currentlyAvailable"]),
                restore_rate=float(status["restoreRate"]),
                seen_at=time.monotonic(),
            )
        # What Shopify asks for beforehand decides whether a request is throttled, not what it charges in the end.
        if cost.get("requestedQueryCost") is not None:
            self._costs[document] = float(cost["requestedQueryCost"])

    def _throttled_for(self, body: dict[str, Any]) -> float:
        cost = (body.get("extensions") or {}).get("cost")
        if not cost or self._budget is None:
            return 1.0
        return max(0.05, self._budget.wait(float(cost.get("requestedQueryCost", 10.0)), time.monotonic()))


def _codes(errors: Any) -> set[str]:
    if not isinstance(errors, list):
        return set()
    return {str((error.get("extensions") or {}).get("code")) for error in errors if isinstance(error, dict)}


def _check_search(body: dict[str, Any]) -> None:
    """Shopify drops what it does not understand of a search and answers the rest: a warning is all that tells."""
    searches = (body.get("extensions") or {}).get("search") or []
    fields = {str(warning.get("field")) for search in searches for warning in search.get("warnings") or []}
    if fields:
        raise PoisonError(
            f"Shopify did not understand the search by {', '.join(sorted(fields))}.", code="search_not_understood"
        )


def _refusal(errors: Any) -> Exception:
    codes = _codes(errors)
    if "ACCESS_DENIED" in codes:
        return PoisonError("The app lacks a scope for this.", code="missing_scope")
    if "MAX_COST_EXCEEDED" in codes:
        return PoisonError("The request costs more than Shopify allows for one.", code="query_too_dear")
    if "INTERNAL_SERVER_ERROR" in codes:
        return TransientError("Shopify reports an internal error.", code="shopify_unavailable")
    return PoisonError("Shopify refuses the request.", code="shopify_refused")


def numeric_id(gid: str) -> str:
    """`gid://shopify/Order/123` → `123`."""
    return gid.rsplit("/", 1)[-1].split("?", 1)[0]
