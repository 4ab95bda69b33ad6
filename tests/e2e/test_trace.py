"""One order can be followed through the logs of all services by one trace id."""

import asyncio
import json
import time
from itertools import count
from pathlib import Path

from printworks_common.events.topics import Topic
from printworks_local.evidence import read_topic
from printworks_local.services import API, COORDINATOR, PROJECTOR, RECEIVER, RETENTION, WORKER, WRITER
from printworks_local.shop_floor import ShopFloor
from printworks_local.traffic import make_orders, send_orders, wait_until_tagged

ON_THE_WAY = (RECEIVER, COORDINATOR, WORKER, WRITER, PROJECTOR, RETENTION)


def services_with(logs: Path, trace_id: str) -> set[str]:
    """Services that have logged a line of this trace."""
    found: set[str] = set()
    for log in logs.glob("*.log"):
        lines = (line for line in log.read_text(encoding="utf-8").splitlines() if trace_id in line)
        if any(json.loads(line)["trace_id"] == trace_id for line in lines):
            found.add(log.stem)
    return found


async def still_silent(logs: Path, trace_id: str, expected: set[str], *, seconds: float) -> set[str]:
    """Of these services, those without a line of this trace after `seconds`: some read the snapshot after the tag."""
    deadline = time.monotonic() + seconds
    while missing := expected - services_with(logs, trace_id):
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    return missing


async def test_one_trace_id_leads_through_the_logs_of_all_services_and_the_events_of_all_topics(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    await send_orders(floor, make_orders(order_id, 1, addresses, lambda _: 1))
    await wait_until_tagged(floor, [order_id], seconds=60)
    bootstrap = floor.printworks.info.kafka_bootstrap
    trace_ids: set[str] = set()
    for topic in (Topic.ORDERS, Topic.RENDER_REQUESTS, Topic.RENDER_RESULTS, Topic.PRINT_JOBS, Topic.ARTWORK):
        events = [one for one in await read_topic(bootstrap, topic) if one.data["order_id"] == str(order_id)]
        events = [one for one in events if "reconciler" not in one.source]
        assert events, topic
        trace_ids |= {(one.traceparent or "--").split("-")[1] for one in events}
    assert len(trace_ids) == 1
    (trace_id,) = trace_ids
    expected = {service.name for service in ON_THE_WAY}
    missing = await still_silent(floor.printworks.directory / "logs", trace_id, expected, seconds=30)
    assert missing == set()


async def test_no_log_line_tells_a_name_an_address_of_a_picture_or_a_secret(
    floor: ShopFloor, addresses: list[str], next_order_id: "count[int]"
) -> None:
    order_id = next(next_order_id)
    bodies = make_orders(order_id, 1, addresses, lambda _: 1)
    await send_orders(floor, bodies)
    await wait_until_tagged(floor, [order_id], seconds=60)
    secret = [bodies[0]["customer"]["email"], "Muster", addresses[0], floor.shop.client_secret, floor.shop.api_key]
    for log in (floor.printworks.directory / "logs").glob("*.log"):
        text = log.read_text(encoding="utf-8")
        assert [word for word in secret if word in text] == [], log.name


async def test_every_service_logs_json_lines_and_serves_health_readiness_and_metrics(floor: ShopFloor) -> None:
    for name, one in floor.printworks.supervised.items():
        lines = one.log.read_text(encoding="utf-8").splitlines()
        assert lines, name
        assert all("event" in json.loads(line) for line in lines), name
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await floor.api.get(f"{one.url}{path}")).status_code == 200, (name, path)
    assert API.name in floor.printworks.supervised
