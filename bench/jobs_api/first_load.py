"""The first look at the list in a real Chromium: nothing is cached, the clock runs from the address to the picture."""

import statistics
from dataclasses import dataclass
from typing import Any, ClassVar

from playwright.async_api import Browser, async_playwright
from printworks_local.chromium import FLAGS, ensure_chromium

LOADS = 7
PAGES = {"all": "/print-jobs?view=all", "needs attention": "/print-jobs?view=attention", "orders": "/orders"}

_TIMES = """() => {
  const load = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return [load.responseStart, paint ? paint.startTime : load.loadEventEnd, load.loadEventEnd];
}"""


@dataclass(frozen=True)
class Load:
    """Milliseconds from the address to the first byte, to the first picture, and until everything is there."""

    byte: float
    paint: float
    whole: float
    PARTS: ClassVar = ("byte", "paint", "whole")


async def first_loads(port: int, key: str) -> None:
    """Print the medians and the slowest of a few loads of each list, each in a new profile of the browser."""
    print(f"  first load in Chromium, ms: first byte, first paint, whole (slowest of {LOADS})")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(ensure_chromium()), args=list(FLAGS))
        for name, path in PAGES.items():
            loads = [await _load(browser, f"http://127.0.0.1:{port}", path, key) for _ in range(LOADS)]
            byte, paint, whole = (statistics.median(getattr(one, part) for one in loads) for part in Load.PARTS)
            slowest = max(one.whole for one in loads)
            print(f"  {name:<24}{byte:9.0f} {paint:9.0f} {whole:9.0f} ({slowest:.0f})", flush=True)
        await browser.close()


async def _load(browser: Browser, url: str, path: str, key: str) -> Load:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    signed = await context.request.post(f"{url}/sign-in", form={"api_key": key}, max_redirects=0)
    if signed.status != 303:
        raise SystemExit(f"sign-in: {signed.status} {await signed.text()}")
    page = await context.new_page()
    answer = await page.goto(url + path, wait_until="load")
    if answer is None or answer.status != 200 or not await page.locator("tbody tr").count():
        raise SystemExit(f"{path}: {answer.status if answer else 'no answer'}, or no rows")
    # The end of the load event is noted after it has run.
    await page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    times: Any = await page.evaluate(_TIMES)
    await context.close()
    return Load(*times)
