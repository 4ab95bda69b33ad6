"""A merchant's side of the running Printworks: sends webhooks, reads orders as Shopify and jobs-api have them."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from printworks_local.install import set_up_shop, wait_until_known
from printworks_local.products import Product
from printworks_local.shopify.client import PATIENCE, ShopControl
from printworks_local.shopify.webhooks import WebhookRequest, make_webhook
from printworks_local.shops_file import RunningShop
from printworks_local.up import Printworks

NAMESPACE = "pw_customization"
TAG_PREFIX = "pw-artwork-"


@dataclass(frozen=True, slots=True)
class ShopifyOrder:
    """What Printworks has left on an order."""

    tags: list[str]
    """Ours only."""
    other_tags: list[str]
    artwork_status: str | None
    artwork_files: list[str] | None
    """None: the metafield does not exist."""

    @property
    def untouched(self) -> bool:
        return not self.tags and self.artwork_status is None and self.artwork_files is None


def read_order(state: dict[str, Any]) -> ShopifyOrder:
    """From the stand-in's view of an order."""
    fields = {one["key"]: one["value"] for one in state["metafields"] if one["namespace"] == NAMESPACE}
    files = fields.get("artwork_files")
    return ShopifyOrder(
        tags=[tag for tag in state["tags"] if tag.startswith(TAG_PREFIX)],
        other_tags=[tag for tag in state["tags"] if not tag.startswith(TAG_PREFIX)],
        artwork_status=fields.get("artwork_status"),
        artwork_files=None if files is None else json.loads(files),
    )


class ShopFloor:
    """One shop of a running Printworks behind the stand-in."""

    def __init__(
        self,
        printworks: Printworks,
        shop: RunningShop | None = None,
        *,
        ingest_url: str | None = None,
        jobs_api_url: str | None = None,
    ) -> None:
        """Of `shop`, else of the first one; the addresses are for what may stand before the services."""
        if printworks.shopify_url is None:
            raise ValueError("the shops were given: nobody but Shopify can put orders into them")
        self.printworks = printworks
        self.shop = shop or printworks.shop()
        self.shopify = ShopControl(printworks.shopify_url, self.shop.domain)
        self._webhooks = f"{ingest_url or printworks.ingest_url}/webhooks/shopify"
        self._door = httpx.AsyncClient(trust_env=False, timeout=PATIENCE, limits=httpx.Limits(max_connections=64))
        self.api = httpx.AsyncClient(
            base_url=jobs_api_url or printworks.jobs_api_url,
            headers={"Authorization": f"Bearer {self.shop.api_key}"},
            trust_env=False,
            timeout=PATIENCE,
        )

    async def __aenter__(self) -> "ShopFloor":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shopify.__aexit__()
        await self._door.aclose()
        await self.api.aclose()

    async def sell(self, *products: Product) -> None:
        """Map products to their templates, and wait until an order of them is known to be customised."""
        await set_up_shop(str(self.api.base_url), self.shop.api_key, products)
        await wait_until_known(self.printworks.postgres_dsn, self.shop.domain, products)

    def webhook(self, topic: str, content: dict[str, Any] | bytes, **options: Any) -> WebhookRequest:
        """Signed with the shop's secret."""
        return make_webhook(topic, content, secret=self.shop.client_secret, shop=self.shop.domain, **options)

    async def send(self, request: WebhookRequest) -> httpx.Response:
        """Deliver a webhook as Shopify does."""
        return await self._door.post(self._webhooks, content=request.body, headers=request.headers)

    async def order_paid(self, body: dict[str, Any]) -> httpx.Response:
        """The order appears in the shop, and its `orders/paid` webhook is delivered."""
        await self.shopify.put_order(body)
        return await self.send(self.webhook("orders/paid", body))

    async def on_shopify(self, order_id: int | str) -> ShopifyOrder:
        """The order as Shopify has it now."""
        return read_order(await self.shopify.order(order_id))

    async def in_api(self, order_id: int | str) -> dict[str, Any] | None:
        """The order with its print jobs in full; None while jobs-api does not know it. Waits as long as it is told to
        when it has asked too often: thousands of orders are read one after the other."""
        while True:
            answer = await self.api.get(f"/v1/orders/{order_id}")
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS.value:
                break
            await asyncio.sleep(float(answer.headers["retry-after"]))
        if answer.status_code == httpx.codes.NOT_FOUND.value:
            return None
        answer.raise_for_status()
        return answer.json()

    async def shown(
        self, order_id: int | str, so: Callable[[dict[str, Any]], bool], *, seconds: float = 30
    ) -> dict[str, Any] | None:
        """The order in jobs-api as soon as it is `so`: the read model may come a moment after the tag.

        After `seconds` it is returned as it is then, or None while jobs-api does not know it."""
        deadline = time.monotonic() + seconds
        while True:
            order = await self.in_api(order_id)
            if (order is not None and so(order)) or time.monotonic() > deadline:
                return order
            await asyncio.sleep(0.1)

    async def retry(self, job_id: str) -> None:
        (await self.api.post(f"/v1/print-jobs/{job_id}/retry")).raise_for_status()
