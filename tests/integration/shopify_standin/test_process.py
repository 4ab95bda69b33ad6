"""The stand-in as a process: ready when it says so, gone when its starter is done."""

import httpx
import psutil
import pytest
from printworks_local.shopify.server import start_shopify
from printworks_local.shopify.state import ShopConfig


async def test_it_answers_once_started_and_ends_with_its_starter() -> None:
    async with start_shopify([ShopConfig(domain="a.myshopify.com")]) as running, httpx.AsyncClient() as http:
        health = await http.get(f"{running.url}/control/health")
        assert health.json() == {"ok": True, "shops": ["a.myshopify.com"]}
        assert running.pid is not None
        assert psutil.pid_exists(running.pid)
    assert not psutil.pid_exists(running.pid)


async def test_it_can_run_inside_the_process() -> None:
    async with start_shopify([ShopConfig(domain="a.myshopify.com")], in_process=True) as running:
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{running.url}/control/health")).json()["ok"]
        url = running.url
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{url}/control/health")
