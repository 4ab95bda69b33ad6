"""Fault 5: a store that slows us down, loses the ends of uploads and gives back other bytes than it has. No print job
is ready with a file that is not the one it names."""

from collections import Counter
from contextlib import ExitStack

from tests.faults.gate import HttpFaults
from tests.faults.running import Context, Figures, Scenario, judged
from tests.faults.traffic import Traffic, TrafficOptions
from tests.faults.weather import LINKED, all_ready, begun, sown, store_links

FAULTS = HttpFaults(slow_down=0.2, cut_uploads=0.05, shortened_uploads=0.05, cut_downloads=0.1, wrong_bytes=0.1)


async def run(context: Context) -> Figures:
    links = store_links(sown(context))
    orders = context.pick(30, 120, 1000)

    async def faults(traffic: Traffic) -> None:
        with ExitStack() as failing:
            for link in links:
                failing.enter_context(link.failing(FAULTS))
            await begun(traffic, orders)
            context.tell(f"all {orders} orders have begun")
        await all_ready(context.system)

    figures, _ = await judged(context, context.traffic(TrafficOptions(orders=orders, rate=3.0)), faults)
    counts = sum((link.gate.counts for link in links), Counter[str]())
    figures.more["requests to the store"] = str(counts.pop("requests", 0))
    figures.more |= {name.replace("_", " "): str(count) for name, count in sorted(counts.items())}
    figures.broken += [f"{name} did not happen" for name in HttpFaults.__dataclass_fields__ if not counts[name]]
    return figures


STORE_FAULTS = Scenario("storage", "a store that slows down, loses and changes bytes", LINKED, run)
