"""How tests use the pages in a real Chromium: a shop's morning to look at, sign-in, screenshots."""

import asyncio
import io
import os
import re
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image, ImageDraw
from playwright.async_api import Browser, BrowserContext, Page
from printworks_common.dry_runs import OUTCOME, DryRunOutcome, folder
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.starters import MAPPING, TEMPLATE

from tests.integration.jobs_api.parts import SHOP, Api, Making, stored_file
from tests.integration.jobs_api.running import Running

SCREENSHOTS = os.environ.get("PRINTWORKS_SCREENSHOTS", "")
"""A directory: every page is kept there as a picture, for looking at."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BARRIERS = {"serious", "critical"}


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
        "templates": "/settings/templates",
        "template": "/settings/templates/mug",
        "template-new": "/settings/templates/new",
        "products": "/settings/products",
        "product-new": "/settings/products/new",
        "assets": "/settings/assets",
        "keys": "/settings/keys",
        "retention": "/settings/retention",
        "orders": "/orders",
        "retry-all": "/print-jobs/retry-all?view=all",
        "nothing-to-retry": "/print-jobs/retry-all?view=ready&q=ada",
        "export-new": "/exports/new?view=ready&q=10",
        "exports": "/exports",
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


async def stock(running: Running, shop: str) -> None:
    """Give a shop a catalog: two templates, three mappings, assets of which one is in use and one deleted."""
    headers = {"Authorization": f"Bearer {await running.key(shop)}"}
    with_logo = {**TEMPLATE, "id": "mug", "name": "Mug with our logo"}
    logo = {"type": "logo", "asset": "logo", "box": {"x": 10, "y": 10, "width": 60, "height": 40}}
    with_logo["areas"] = [{**TEMPLATE["areas"][0], "layers": [*TEMPLATE["areas"][0]["layers"], logo]}]
    texts = {"photos": {"photo": "Photo"}, "texts": {"text": "Your text"}}
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers) as client:
        for path, document in (
            ("templates/photo-a3", TEMPLATE),
            ("templates/mug", with_logo),
            ("mappings/photo-a3", MAPPING),
            ("mappings/mug", {"product_id": "8123456789012", "template_id": "mug", "properties": texts}),
            ("mappings/poster", {"variant_id": "44123456789012", "template_id": "poster", "properties": texts}),
        ):
            (await client.put(f"/v1/{path}", json=document)).raise_for_status()
        for name, title in (("logo", "Our logo"), ("confetti", "Confetti")):
            about = {"kind": "image", "name": title}
            content = picture("#c2593f" if name == "logo" else "#3f7ac2", (300, 200))
            (await client.put(f"/v1/assets/{name}", params=about, content=content)).raise_for_status()
        (await client.delete("/v1/assets/confetti")).raise_for_status()


async def leave_outcome(running: Running, shop: str, dry_run_id: str) -> None:
    """Leave what a worker leaves of a dry-run (that a real one does is tested elsewhere)."""
    day, _, run_id = dry_run_id.partition("-")
    prefix = folder(datetime.strptime(day, "%Y%m%d").date(), shop, UUID(run_id))
    contents = {"print": b"%PDF", "preview": picture("#3f7ac2", (1200, 850))}
    files = [
        stored_file(UUID(run_id), role, content).model_copy(update={"key": f"{prefix}{role}", "name": f"a-{role}.png"})
        for role, content in contents.items()
    ]
    for file in files:
        await running.store.put_bytes(file.key, contents[file.role], file.media_type)
    outcome = DryRunOutcome(files=tuple(files), spec_line="300 DPI", renderer_version="1", render_ms=900)
    await running.store.put_bytes(f"{prefix}{OUTCOME}", outcome.model_dump_json().encode(), "application/json")


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


async def sign_in_without_chromium(api: Api, client: httpx.AsyncClient, shop: str = SHOP, *scopes: Scope) -> None:
    """Sign a plain client in to the shop; without scopes with all rights."""
    answer = await client.post("/sign-in", data={"api_key": await api.key(shop, *scopes)})
    assert answer.status_code == 303, answer.text


def form_token(page: httpx.Response) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found is not None
    return found.group(1)


async def barriers(page: Page) -> list[str]:
    """Serious and critical findings: rule, what is wrong, and where."""
    found = await Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    violations: list[dict[str, Any]] = found.response["violations"]
    return [
        f"{one['id']}: {one['help']} ({', '.join(node['html'][:120] for node in one['nodes'][:3])})"
        for one in violations
        if one["impact"] in BARRIERS
    ]


async def judge(page: Page, name: str) -> None:
    """Look at a page as it is now, narrow and wide, light and dark: nothing beside the screen, no serious barrier."""
    # Before its styles are there a page is as wide as its longest line.
    await page.wait_for_load_state("load")
    for width, scheme in product((360, 768, 1440), SCHEMES):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await shoot(page, f"{name}-{width}-{scheme}")
        assert not await is_too_wide(page), f"{name} at {width} px scrolls sideways"
        assert await barriers(page) == [], f"{name} at {width} px, {scheme}"


async def is_too_wide(page: Page) -> bool:
    """Whether it has to be scrolled sideways."""
    return await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
