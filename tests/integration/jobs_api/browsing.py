"""How tests use the pages in a real Chromium: a shop's morning to look at, sign-in, screenshots."""

import asyncio
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Browser, BrowserContext, Page

from tests.integration.jobs_api.parts import Making, stored_file
from tests.integration.jobs_api.running import Running

SCREENSHOTS = os.environ.get("PRINTWORKS_SCREENSHOTS", "")
"""A directory: every page is kept there as a picture, for looking at."""


def every_page(morning: list[Making]) -> dict[str, str]:
    """Addresses of all pages, by the names of their pictures."""
    return {
        "attention": "/print-jobs",
        "all": "/print-jobs?view=all",
        "none": "/print-jobs?view=all&q=nobody",
        "failed-order": f"/orders/{morning[3].order_id}",
        "ready-order": f"/orders/{morning[1].order_id}",
        "missing": "/orders/1",
        "storage": "/settings/storage",
        "keys": "/settings/keys",
        "retention": "/settings/retention",
        "orders": "/orders",
        "sign-in": "/sign-in",
    }


def picture(colour: str, size: tuple[int, int]) -> bytes:
    """A PNG with something on it."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill="white")
    draw.rectangle((0, height * 7 // 8, width, height), fill="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


async def publish_ready(running: Running, making: Making, line: str, colour: str) -> None:
    """Give a line its files, with their bytes in the bucket."""
    job = making.jobs[line].job_id
    files = [
        stored_file(job, "print", f"%PDF {colour}".encode()),
        stored_file(job, "preview", picture(colour, (800, 1130))),
        stored_file(job, "thumbnail", picture(colour, (256, 360))),
    ]
    contents = [f"%PDF {colour}".encode(), picture(colour, (800, 1130)), picture(colour, (256, 360))]
    for file, content in zip(files, contents, strict=True):
        await running.store.put_bytes(file.key, content, file.media_type)
    making.ready(line, *files)


async def fill(running: Running, shop: str) -> list[Making]:
    """A morning's orders: some ready, two failed, some in progress."""
    begin = datetime.now(UTC) - timedelta(hours=6)
    people = (
        "Jörg Müller",
        "田中花子",
        "Ada O’Brien",
        "مُحَمَّد علي",
        "Søren Sørensen",
        "Zoë van der Meulen-Rasmussen",
        "Ελένη",
    )
    makings: list[Making] = []
    for number, name in enumerate(people):
        making = Making(
            shop=shop, order_id=str(6000 + number), name=f"#{1001 + number}", customer=name,
            created_at=begin + timedelta(minutes=40 * number),
        )  # fmt: skip
        making.job("1", product_title="Canvas print" if number % 2 else "Diamond painting kit", quantity=1 + number % 3)
        if number < 3:
            await publish_ready(running, making, "1", ("#c2593f", "#3f7ac2", "#4f9d69")[number])
        elif number < 5:
            making.failed("1", ("upload_missing", "upload_corrupt")[number - 3])
        makings.append(making)
        await running.publish(making)
    await shown(running, shop, len(makings))
    return makings


async def shown(running: Running, shop: str, jobs: int) -> None:
    """Wait until the read model has so many print jobs of the shop."""
    headers = {"Authorization": f"Bearer {await running.key(shop)}"}
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=running.api.url, headers=headers) as client:
        while True:
            page = (await client.get("/v1/print-jobs?counts=true")).json()
            if sum(page["counts"].values()) >= jobs:
                return
            await asyncio.sleep(0.2)


async def signed_in(chromium: Browser, running: Running, shop: str) -> Page:
    return await sign_in(await chromium.new_context(), running, shop)


async def sign_in(context: BrowserContext, running: Running, shop: str) -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    await page.goto(f"{running.api.url}/sign-in")
    await page.get_by_label("API key of your shop").fill(await running.key(shop))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/print-jobs**")
    return page


async def shoot(page: Page, name: str) -> None:
    if SCREENSHOTS:
        await page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"), full_page=True)
