"""The pages in a real Chromium: the story of a failure, updates that move nothing, hostile text that runs nowhere."""

import asyncio
import io
import os
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright, expect
from printworks_common.events.print_jobs import TextField
from printworks_local.chromium import FLAGS, ensure_chromium

from tests.integration.jobs_api.conftest import Running
from tests.integration.jobs_api.parts import Making, stored_file

SCREENSHOTS = os.environ.get("PRINTWORKS_SCREENSHOTS", "")
"""A directory: every page is kept there as a picture, for looking at."""

HOSTILE = "\"><script>window.ran=1</script><img src=x onerror='window.ran=1'><svg onload=window.ran=1>"
WIDTHS = (320, 360, 768, 1440)


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
    return makings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncGenerator[Browser]:
    expect.set_options(timeout=30_000)  # the machine may be busy
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(ensure_chromium()), args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def morning(running: Running) -> list[Making]:
    """A shop that nobody changes: for looking only."""
    return await fill(running, "morning.myshopify.com")


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


async def test_a_failure_is_seen_understood_retried_and_becomes_ready(chromium: Browser, running: Running) -> None:
    shop = "story.myshopify.com"
    [*_, making, _, _, _] = await fill(running, shop)
    page = await signed_in(chromium, running, shop)
    await expect(page.get_by_role("heading", name="Print Jobs")).to_be_visible()
    row = page.get_by_role("row").filter(has_text=making.name)
    await expect(row).to_contain_text("no longer at the address")
    await row.get_by_role("button", name="Retry").click()
    await expect(row).to_contain_text("Retry sent")
    await expect(row.get_by_role("button")).to_have_count(0)

    # The row stays where it is and says itself how far the print job has come.
    place = await row.bounding_box()
    making.job("1", status="pending", step="rendering", reason_code=None)
    await running.publish(making)
    await expect(row).to_contain_text("rendering", timeout=60_000)
    await publish_ready(running, making, "1", "#8a5fbf")
    await running.publish(making)
    await expect(row).to_contain_text("Print PDF", timeout=60_000)
    after = await row.bounding_box()
    assert place is not None
    assert after is not None
    assert after["y"] == place["y"]
    async with page.expect_download() as downloading:
        await row.get_by_role("link", name="Print PDF").click()
    downloaded = await (await downloading.value).path()
    assert downloaded.read_bytes() == b"%PDF #8a5fbf"
    await page.context.close()


async def test_updates_can_be_paused(chromium: Browser, running: Running) -> None:
    shop = "paused.myshopify.com"
    making = (await fill(running, shop))[-1]
    page = await signed_in(chromium, running, shop)
    await page.get_by_role("button", name="Pause updates").click()
    await expect(page.get_by_role("button", name="Updates paused")).to_have_attribute("aria-pressed", "true")
    making.failed()
    await running.publish(making)
    await asyncio.sleep(9)
    await expect(page.get_by_role("link", name="refresh")).to_have_count(0)
    await page.get_by_role("button", name="Updates paused").click()
    await expect(page.get_by_role("link", name="refresh")).to_be_visible(timeout=60_000)
    await page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_no_page_is_wider_than_its_screen(
    chromium: Browser, running: Running, morning: list[Making], width: int, scheme: Literal["light", "dark"]
) -> None:
    viewport = ViewportSize(width=width, height=900)
    context = await chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    page = await sign_in(context, running, morning[0].shop)
    for name, path in (
        ("attention", "/print-jobs"),
        ("all", "/print-jobs?view=all"),
        ("none", "/print-jobs?view=all&q=nobody"),
        ("failed-order", f"/orders/{morning[3].order_id}"),
        ("ready-order", f"/orders/{morning[1].order_id}"),
        ("missing", "/orders/1"),
        ("storage", "/settings/storage"),
        ("keys", "/settings/keys"),
        ("retention", "/settings/retention"),
        ("orders", "/orders"),
        ("sign-in", "/sign-in"),
    ):
        await page.goto(running.api.url + path)
        wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        await shoot(page, f"{name}-{width}-{scheme}")
        assert not wide, f"{name} at {width} px scrolls sideways"
        broken = await page.evaluate(
            "[...document.images].filter(i => i.getAttribute('src') && i.complete && !i.naturalWidth).length"
        )
        assert broken == 0
    await page.context.close()


async def test_everything_can_be_read_and_filtered_without_javascript(chromium: Browser, running: Running) -> None:
    shop = "plain.myshopify.com"
    await fill(running, shop)
    page = await sign_in(await chromium.new_context(java_script_enabled=False), running, shop)
    await page.get_by_role("navigation", name="Views").get_by_role("link", name="All").click()
    await page.get_by_role("searchbox").fill("sorensen")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="#1005", exact=True).click()
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator("#notes")).to_have_text("1 retry sent.")
    await page.context.close()


async def test_the_list_is_used_with_the_keyboard_alone(chromium: Browser, running: Running) -> None:
    shop = "keyboard.myshopify.com"
    await fill(running, shop)
    page = await signed_in(chromium, running, shop)
    retry = page.get_by_role("button", name="Retry print job").first
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await retry.evaluate("one => one === document.activeElement"):
            break
    outline = await retry.evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Retry sent")).to_be_visible()
    await page.context.close()


async def test_hostile_text_runs_nowhere_and_nothing_is_fetched_from_elsewhere(
    chromium: Browser, running: Running
) -> None:
    shop = "hostile.myshopify.com"
    making = Making(shop=shop, name=HOSTILE, customer=HOSTILE)
    making.failed(
        "1", "upload_corrupt", product_title=HOSTILE, variant_title=HOSTILE, sku=HOSTILE, reason_detail=HOSTILE,
        texts=(TextField(name=HOSTILE, value=HOSTILE),),
    )  # fmt: skip
    job = making.job("2", product_title=HOSTILE).job_id
    making.ready("2", stored_file(job, "print", b"p", name=HOSTILE))
    await running.publish(making)
    page = await signed_in(chromium, running, shop)
    violations: list[str] = []
    elsewhere: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)
    page.on("request", lambda one: None if one.url.startswith(running.api.url) else elsewhere.append(one.url))
    for path in ("/print-jobs?view=all", "/orders/5001", "/print-jobs"):
        await page.goto(running.api.url + path, wait_until="networkidle")
        await expect(page.get_by_text("window.ran=1").first).to_be_visible()
        assert await page.evaluate("window.ran") is None
    await page.get_by_role("button", name="Retry print job").click()
    await expect(page.get_by_text("Retry sent")).to_be_visible()
    assert await page.evaluate("window.ran") is None
    assert (violations, elsewhere) == ([], [])
    await page.context.close()
