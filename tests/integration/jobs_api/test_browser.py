"""The pages in a real Chromium: the story of a failure, updates that move nothing, hostile text that runs nowhere."""

import asyncio
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, ViewportSize, expect
from printworks_common.events.print_jobs import TextField
from printworks_common.events.topics import Topic

from tests.integration.jobs_api.browsing import (
    every_page,
    fill,
    is_too_wide,
    judge,
    leave_outcome,
    picture,
    publish_ready,
    shoot,
    shown,
    sign_in,
    signed_in,
    stock,
)
from tests.integration.jobs_api.parts import Making, stored_file
from tests.integration.jobs_api.running import Running, next_of, reading

HOSTILE = "\"><script>window.ran=1</script><img src=x onerror='window.ran=1'><svg onload=window.ran=1>"
WIDTHS = (320, 360, 768, 1440)


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


async def test_a_damaged_picture_is_replaced_and_its_print_job_becomes_ready(
    chromium: Browser, running: Running, tmp_path: Path
) -> None:
    shop = "repair.myshopify.com"
    makings = await fill(running, shop)
    making = makings[4]
    page = await signed_in(chromium, running, shop)
    row = page.get_by_role("row").filter(has_text=making.name)
    await expect(row).to_contain_text("damaged or incomplete")
    await row.get_by_role("link", name=making.name, exact=True).click()
    card = page.get_by_role("region", name="Diamond painting kit")
    await expect(card).to_contain_text("Ask the customer to send it again and use Replace picture.")

    # The picture that the customer has sent again.
    sent = picture("#8a5fbf", (900, 700))
    (tmp_path / "again.png").write_bytes(sent)
    await card.get_by_label("New picture").set_input_files(tmp_path / "again.png")
    async with reading(running, Topic.COMMANDS) as commands:
        await card.get_by_role("button", name="Replace and render again").click()
        await expect(card).to_contain_text("New picture sent")
        command = json.loads((await next_of(commands, shop)).value)
    assert command["kind"] == "replace_input"
    assert await running.store.get_bytes(command["replacement"]["key"]) == sent

    making.job("1", status="pending", step="rendering", reason_code=None)
    await running.publish(making)
    await publish_ready(running, making, "1", "#8a5fbf")
    await running.publish(making)
    await expect(page.get_by_role("link", name="refresh")).to_be_visible(timeout=60_000)
    await page.get_by_role("link", name="refresh").click()
    await expect(card.get_by_role("link", name="Print PDF")).to_be_visible(timeout=60_000)
    async with page.expect_download() as downloading:
        await card.get_by_role("link", name="Print PDF").click()
    assert (await (await downloading.value).path()).read_bytes() == b"%PDF #8a5fbf"
    await page.context.close()


async def test_all_that_has_failed_is_retried_at_once_and_watched(chromium: Browser, running: Running) -> None:
    shop = "together.myshopify.com"
    await fill(running, shop)
    page = await signed_in(chromium, running, shop)
    await page.get_by_role("button", name="Retry all…").click()
    await expect(page.get_by_role("heading", name="Retry 2 print jobs?")).to_be_visible()
    await page.get_by_role("button", name="Retry 2 print jobs").click()
    await expect(page.get_by_role("heading", name="All were asked")).to_be_visible()
    await expect(page.get_by_text("2 of 2 print jobs")).to_be_visible()
    await judge(page, "bulk-retry")
    await page.get_by_role("link", name="See what needs attention").click()
    await expect(page.get_by_text("Retry sent")).to_have_count(2)
    await page.context.close()


async def test_ticked_print_jobs_are_exported_and_downloaded(chromium: Browser, running: Running) -> None:
    shop = "exporting.myshopify.com"
    await fill(running, shop)
    page = await signed_in(chromium, running, shop)
    await page.goto(f"{running.api.url}/print-jobs?view=all")
    for name in ("#1001", "#1003", "#1004"):
        await page.get_by_label(f"Select order {name}").check()
    await page.get_by_role("button", name="Export 3 selected").click()
    await page.get_by_role("button", name="Prepare export").click()
    await expect(page.get_by_role("heading", name="Ready to download")).to_be_visible()
    await expect(page.get_by_text("1 print job without files")).to_be_visible()
    await judge(page, "export")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Archive (ZIP)").click()
    with zipfile.ZipFile(await (await downloading.value).path()) as archive:
        assert sorted(archive.read(name) for name in archive.namelist()) == [b"%PDF #4f9d69", b"%PDF #c2593f"]
    await page.get_by_role("link", name="Exports", exact=True).first.click()
    await expect(page.get_by_role("heading", name="Exports", exact=True)).to_be_visible()
    await judge(page, "exports-one")
    await page.context.close()


async def test_a_template_is_tried_in_a_tab_of_its_own(chromium: Browser, running: Running) -> None:
    shop = "trying.myshopify.com"
    await stock(running, shop)
    page = await signed_in(chromium, running, shop)
    await page.goto(f"{running.api.url}/settings/templates/photo-a3")
    await page.get_by_label("Sample picture").select_option("Our logo")
    async with page.context.expect_page() as opening:
        await page.get_by_role("button", name="Try it").click()
    tab = await opening.value
    await expect(tab.get_by_role("heading", name="Being rendered")).to_be_visible()
    await judge(tab, "dry-run-waiting")
    await leave_outcome(running, shop, tab.url.rpartition("/")[2])
    await expect(tab.get_by_role("heading", name="This is what it makes")).to_be_visible()
    await expect(tab.get_by_role("img", name="Preview of photo-a3")).to_be_visible()
    await judge(tab, "dry-run-ready")
    await page.context.close()


async def test_a_fault_leads_to_its_line(chromium: Browser, running: Running) -> None:
    shop = "faulty.myshopify.com"
    await stock(running, shop)
    page = await signed_in(chromium, running, shop)
    await page.goto(f"{running.api.url}/settings/templates/photo-a3")
    document = page.get_by_label("Document (JSON)")
    await document.fill((await document.input_value()).replace('"dpi": 300', '"dpi": 30'))
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Not saved.")).to_be_visible()
    await judge(page, "template-fault")
    await page.get_by_role("link", name="Line ").first.click()
    marked = await document.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
    assert marked.strip() == '"dpi": 30,'
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
    for name, path in every_page(morning).items():
        await page.goto(running.api.url + path)
        await shoot(page, f"{name}-{width}-{scheme}")
        assert not await is_too_wide(page), f"{name} at {width} px scrolls sideways"
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


async def test_before_files_go_the_lists_say_so(chromium: Browser, running: Running) -> None:
    shop = "expiring.myshopify.com"
    today = datetime.now(UTC)
    for number, days in enumerate((2, 9)):
        ordered = today - timedelta(days=90 - days)
        making = Making(
            shop=shop, order_id=str(7000 + number), name=f"#{1001 + number}", created_at=ordered,
            retention_date=(ordered + timedelta(days=90)).date(),
        )  # fmt: skip
        making.failed()
        await running.publish(making)
    await shown(running, shop, 2)
    page = await signed_in(chromium, running, shop)
    await page.goto(f"{running.api.url}/print-jobs?view=all")
    await expect(page.get_by_text("hosted files of 1 order are cleared within 3 days")).to_be_visible()
    await judge(page, "before-files-go")
    await page.get_by_role("link", name="Show them").click()
    await expect(page.get_by_role("link", name="#1001", exact=True)).to_be_visible()
    await page.context.close()
