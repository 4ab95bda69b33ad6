"""A running stand-in and what is needed to talk to it."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from printworks_local.shopify.client import ShopControl
from printworks_local.shopify.server import RunningShopify, start_shopify
from printworks_local.shopify.state import AppConfig, ShopConfig
from printworks_local.shopify.webhooks import make_customer, make_line, make_order

TOKEN = "shpat_static"
_numbers = itertools.count(9_007_199_254_740_993)


@dataclass
class Store:
    """One shop as its app sees it, and its control."""

    admin_api_url: str
    control: ShopControl
    http: httpx.AsyncClient

    async def post(self, query: str, variables: dict[str, Any] | None = None, token: str = TOKEN) -> httpx.Response:
        return await self.http.post(
            f"{self.admin_api_url}/admin/api/2026-10/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": token},
        )

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.post(query, variables)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def data(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.ask(query, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def token(self, **fields: str) -> httpx.Response:
        given = {"client_id": "printworks", "client_secret": "s3cret", "grant_type": "client_credentials"}
        return await self.http.post(f"{self.admin_api_url}/admin/oauth/access_token", json={**given, **fields})

    async def new_order(self, **fields: Any) -> int:
        """An order with a customised line; its id is beyond 2^53."""
        order_id = next(_numbers)
        line = make_line(order_id + 10_000, "PW-PHOTO", properties={"Photo": "https://example.com/a.png", "Text": "Hi"})
        given: dict[str, Any] = {"line_items": [line], "customer": make_customer(7), **fields}
        await self.control.put_order(make_order(order_id, "#1001", **given))
        return order_id


def gid(order_id: int) -> str:
    return f"gid://shopify/Order/{order_id}"


@pytest_asyncio.fixture(scope="session")
async def shopify() -> AsyncIterator[RunningShopify]:
    async with start_shopify([ShopConfig(domain="idle.myshopify.com")]) as running:
        yield running


@pytest.fixture
async def store(shopify: RunningShopify) -> AsyncIterator[Store]:
    """A new shop for each test."""
    domain = f"shop-{next(_numbers)}.myshopify.com"
    app = AppConfig(client_secret="s3cret", static_tokens=[TOKEN])
    config = ShopConfig(domain=domain, apps=[app], plan="enterprise")
    async with httpx.AsyncClient(timeout=20) as http, ShopControl(shopify.url, domain) as control:
        created = await http.put(f"{shopify.url}/control/shops/{domain}", json=config.model_dump(exclude={"domain"}))
        assert created.status_code == 200
        yield Store(shopify.admin_api_url(domain), control, http)
