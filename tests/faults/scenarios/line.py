"""A line as bad as they come, between every process and every server: slow, narrow, resets, answers that are cut."""

from collections import Counter

from tests.faults.links import Target
from tests.faults.proxy import FAIR, Weather
from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import LINKED, all_ready, begun, sown

BAD = Weather(
    latency=0.01,
    jitter=0.04,
    bytes_per_second=1_000_000,
    reset_per_second=0.02,
    cut_answers_after=(5_000, 300_000),
)
SENDERS = frozenset({Target.RECEIVER, Target.PICTURES})
"""Others' lines: Shopify's and the customers'."""


async def run(context: Context) -> Figures:
    links = [link for link in sown(context) if link.server not in SENDERS]
    orders = context.pick(30, 120, 1000)

    async def faults(traffic: Traffic) -> None:
        for link in links:
            link.weather = BAD
        try:
            await begun(traffic, orders)
        finally:
            for link in links:
                link.weather = FAIR
        await all_ready(context.system)

    figures, _ = await judged(context, context.traffic(TrafficOptions(orders=orders, rate=3.0)), faults)
    counts = sum((link.counts for link in links), Counter[str]())
    figures.more["resets"] = str(counts["reset"])
    figures.more["cut answers"] = str(counts["cut"])
    figures.broken += [f"no connection was {what}" for what in ("reset", "cut") if not counts[what]]
    return figures


LINE = Scenario("line", "every line is slow and narrow, with resets and cut answers", LINKED, run)
