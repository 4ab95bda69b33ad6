"""The dashboard in a frame of the Shopify admin, in a real Chromium: another site's frame, a cookie for it alone."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Route, async_playwright, expect
from printworks_local.chromium import FLAGS, ensure_chromium
from printworks_local.stack.ports import free_ports

from tests.integration.jobs_api.browsing import fill
from tests.integration.jobs_api.running import Process, Running, start
from tests.integration.jobs_api.test_staff import SECRET, id_token

SHOP = "framed.myshopify.com"
ADMIN = "https://admin.shopify.com/store/framed/apps/printworks"


@pytest_asyncio.fixture(loop_scope="session")
async def embedded(running: Running, tmp_path: Path) -> AsyncGenerator[Process]:
    """jobs-api that knows the credentials of the shop."""
    shops = tmp_path / "shops.json"
    shops.write_text(json.dumps([{"domain": SHOP, "client_id": "app", "client_secret": SECRET}]))
    (port,) = free_ports(1)
    api = await start("api", running.env | {"PRINTWORKS_SHOPS_FILE": str(shops)}, port=port)
    yield api
    assert await api.stop() == 0


@pytest_asyncio.fixture(loop_scope="session")
async def frames() -> AsyncGenerator[Browser]:
    """A Chromium that lets a page of the internet show one of this machine, which is where the test's pages are."""
    async with async_playwright() as playwright:
        flags = [*FLAGS, "--disable-features=LocalNetworkAccessChecks"]
        browser = await playwright.chromium.launch(executable_path=str(ensure_chromium()), args=flags)
        yield browser
        await browser.close()


async def test_staff_see_and_retry_without_signing_in(running: Running, embedded: Process, frames: Browser) -> None:
    await fill(running, SHOP)
    context = await frames.new_context()
    page = await context.new_page()

    async def admin(route: Route) -> None:
        source = f"{embedded.url}/?embedded=1&shop={SHOP}&id_token={id_token(shop=SHOP)}"
        body = (
            f'<!doctype html><title>Admin</title><iframe title="App" width="1200" height="900" src="{source}"></iframe>'
        )
        await route.fulfill(body=body, content_type="text/html")

    await page.route(ADMIN, admin)
    await page.goto(ADMIN)
    frame: FrameLocator = page.frame_locator("iframe")
    await expect(frame.get_by_role("heading", name="Print Jobs")).to_be_visible()
    row = frame.get_by_role("row").filter(has_text="#1004")
    await row.get_by_role("button", name="Retry").click()
    await expect(row).to_contain_text("Retry sent")
    await frame.get_by_role("link", name="Orders").click()
    await expect(frame.get_by_role("heading", name="Orders")).to_be_visible()
    [cookie] = [one for one in await context.cookies(embedded.url) if one.get("name") == "pw_staff"]
    assert cookie.get("httpOnly")
    assert cookie.get("secure")

    # Opened by itself, the address knows nobody: the cookie is for the admin's frame alone.
    alone = await context.new_page()
    await alone.goto(f"{embedded.url}/print-jobs")
    await expect(alone.get_by_role("heading", name="Sign in")).to_be_visible()
    await context.close()
