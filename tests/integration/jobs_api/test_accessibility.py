"""What axe-core finds on every page, in a real Chromium: nothing serious."""

from typing import Literal

import pytest
from playwright.async_api import Browser, ViewportSize

from tests.integration.jobs_api.browsing import barriers, every_page, sign_in
from tests.integration.jobs_api.parts import Making
from tests.integration.jobs_api.running import Running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_no_page_has_a_serious_barrier(
    chromium: Browser, running: Running, morning: list[Making], width: int, scheme: Literal["light", "dark"]
) -> None:
    viewport = ViewportSize(width=width, height=900)
    context = await chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    page = await sign_in(context, running, morning[0].shop)
    found: dict[str, list[str]] = {}
    for name, path in every_page(morning).items():
        await page.goto(running.api.url + path)
        if here := await barriers(page):
            found[name] = here
    await context.close()
    assert not found


async def test_a_barrier_would_be_found(chromium: Browser) -> None:
    page = await chromium.new_page()
    await page.set_content(
        "<html lang=en><title>Any</title><main><h1>Any</h1><img src=x><p style=color:#ddd>Hardly to be read</p></main>"
    )
    assert {one.partition(":")[0] for one in await barriers(page)} == {"image-alt", "color-contrast"}
    await page.close()
