"""A shop's Admin GraphQL API: tokens, rate limit and errors, each with its own handling."""

import time
from typing import Any

import httpx

from printworks_common.errors import PoisonError
from printworks_common.shopify.answers import (
    check,
    check_search,
    error_codes,
    json_object,
    refusal,
    requested_cost,
    retry_after,
    unreachable,
)
from printworks_common.shopify.shops import Shop
from printworks_common.shopify.throttle import PointGate, read_status
from printworks_common.shopify.tokens import AccessToken

API_VERSION = "2026-10"

LONGEST_THROTTLE_SECONDS = 60
"""Longer waits are handed back to the caller, who can do something else meanwhile."""

LEFT_TO_OTHERS = 0.5
"""Share of the bucket that a request which gives way leaves alone."""

LONGEST_WAY_SECONDS = 20
"""How long it waits for that, at most: work that gives way must come to its end too."""

ANSWER_SECONDS = 20.0
"""Without an answer for so long a request counts as lost; whether it was carried out is not known then."""

UNKNOWN_COST = 10.0


def http_client(answer_seconds: float = ANSWER_SECONDS) -> httpx.AsyncClient:
    """The HTTP client for all shops of a process. It uses no proxy of the environment.

    Its connections have no common limit: how many requests a shop has on the way is up to the caller, and a shop that
    does not answer takes no connection from another.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30)
    return httpx.AsyncClient(timeout=httpx.Timeout(answer_seconds, connect=5), limits=limits, trust_env=False)


class AdminClient:
    """Admin API of one shop. Safe for concurrent use; requests wait for the shop's point budget."""

    def __init__(self, shop: Shop, http: httpx.AsyncClient, *, api_version: str = API_VERSION) -> None:
        self._shop = shop
        self._http = http
        self._url = f"{shop.base_url}/admin/api/{api_version}/graphql.json"
        self._token = AccessToken(shop, http)
        self._costs: dict[str, float] = {}
        self.points = PointGate()

    @property
    def shop(self) -> Shop:
        return self._shop

    async def execute(
        self,
        document: str,
        variables: dict[str, Any],
        *,
        gives_way: bool = False,
        cost: float = UNKNOWN_COST,
        headroom: float = 0.0,
    ) -> dict[str, Any]:
        """Run a GraphQL document and give its `data`.

        `cost` is a guess that counts until Shopify has told the document's cost. The request goes out once there are
        points for it and `headroom` more, so that a request that follows at once need not wait. With `gives_way` it
        leaves half of the shop's points to others for as long as it can: for what nobody waits for.

        Raises `TransientError` when Shopify does not answer, answers 5xx or throttles for long: the mutation may have
        been applied. Raises `PoisonError` when it refuses: `shop_…`, `missing_scope`, `token_refused`,
        `query_too_dear` (its cost is above the limit of one request), `search_not_understood` (part of a search was
        dropped, so that the answer is to another question), `shopify_refused`.
        """
        deadline = time.monotonic() + LONGEST_THROTTLE_SECONDS
        renewed = False
        if gives_way:
            await self.points.leave_room(self._costs.get(document, cost), LEFT_TO_OTHERS, LONGEST_WAY_SECONDS)
        while True:
            guess = self._costs.get(document, cost)
            response, body = await self._exchange(document, variables, guess, headroom, deadline)
            if response.status_code == 401:
                if renewed or not self._token.renewable:
                    raise PoisonError("Shopify refuses the access token.", code="token_refused")
                renewed = True
                self._token.refused(response.request.headers["X-Shopify-Access-Token"])
                continue
            if response.status_code == 429:
                await self.points.sleep(retry_after(response), deadline)
                continue
            check(response.status_code, body)
            asked = requested_cost(body)
            if asked is not None:
                self._costs[document] = asked
            errors = body.get("errors")
            if not errors:
                check_search(body)
                return body["data"]
            if "THROTTLED" not in error_codes(errors):
                raise refusal(errors)
            # Without a pause a bucket that another of our processes empties would be asked again and again.
            await self.points.sleep(max(0.05, self.points.wait(asked or guess)), deadline)

    async def _exchange(
        self, document: str, variables: dict[str, Any], cost: float, headroom: float, deadline: float
    ) -> tuple[httpx.Response, dict[str, Any]]:
        """One request and the JSON object of its answer, empty where there is none."""
        token = await self._token.get()
        await self.points.enter(cost, headroom, deadline)
        body: dict[str, Any] | None = None
        try:
            response = await self._http.post(
                self._url,
                json={"query": document, "variables": variables},
                headers={"X-Shopify-Access-Token": token},
            )
            body = json_object(response)
            return response, body or {}
        except httpx.HTTPError as error:
            raise unreachable(error) from error
        finally:
            self.points.leave(cost, read_status(body or {}, time.monotonic()))


def numeric_id(gid: str) -> str:
    """`gid://shopify/Order/123` → `123`."""
    return gid.rsplit("/", 1)[-1].split("?", 1)[0]
