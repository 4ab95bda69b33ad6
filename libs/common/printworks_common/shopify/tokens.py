"""The access token of a shop: static, or by the client credentials grant, renewed ahead of time under a lock."""

import asyncio
import time

import httpx

from printworks_common.errors import PoisonError, TransientError
from printworks_common.shopify.answers import closed, unreachable
from printworks_common.shopify.shops import Shop

RENEW_AHEAD_SECONDS = 300
"""A token is renewed so long before it runs out."""


class AccessToken:
    def __init__(self, shop: Shop, http: httpx.AsyncClient) -> None:
        self._shop = shop
        self._http = http
        self._text = shop.access_token.get_secret_value() if shop.access_token else None
        self._until = float("inf") if self._text else 0.0
        self._lock = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        return self._shop.access_token is None

    async def get(self) -> str:
        """Raises `TransientError` when Shopify does not answer, `PoisonError` (`token_refused`, `shop_…`) when it
        refuses."""
        async with self._lock:
            if self._text is None or time.monotonic() >= self._until:
                self._text, seconds = await self._request()
                self._until = time.monotonic() + max(seconds - RENEW_AHEAD_SECONDS, seconds / 2)
            return self._text

    def refused(self, text: str) -> None:
        """Shopify does not accept this token: the next request asks for a new one, unless somebody did already."""
        if text == self._text:
            self._until = 0.0

    async def _request(self) -> tuple[str, float]:
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
            raise unreachable(error) from error
        if response.status_code == 429 or response.status_code >= 500:
            raise TransientError(f"Shopify answers {response.status_code}.", code="shopify_unavailable")
        refusal = closed(response.status_code)
        if refusal is not None:
            raise refusal
        try:
            granted = response.json()
            return str(granted["access_token"]), float(granted.get("expires_in", 24 * 3600))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PoisonError("Shopify refuses the client credentials of this shop.", code="token_refused") from error
