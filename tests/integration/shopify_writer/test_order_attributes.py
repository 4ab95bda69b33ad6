"""Order attributes: a link per customised line and the texts of designs, written once with ready, others kept."""

from printworks_common.events.print_jobs import TextField
from printworks_shopify_writer import commands

from tests.integration.shopify_writer.conftest import LINK, SHOP, Bench, job, page_url, settled_definitions

NAME = TextField(name="Name", value="Ada", origin="design")
COLOUR = TextField(name="Colour", value="red", origin="property")
OURS = [("Artwork 1: Mug", page_url(1)), ("Artwork 2: Poster", page_url(2)), ("Artwork 1 › Name", "Ada")]
JOBS = (job(1, title="Mug", texts=(NAME, COLOUR)), job(2))


async def with_attributes(bench: Bench, *attributes: tuple[str, str]) -> None:
    body = await bench.shop.body(1)
    await bench.shop.put_order(
        {**body, "note_attributes": [{"name": key, "value": value} for key, value in attributes]}
    )


async def test_with_ready_every_line_gets_its_link_and_texts_of_designs_follow(bench: Bench) -> None:
    await with_attributes(bench, ("Gift note", "Hi"))
    await bench.snapshot(1, 1, "pending", jobs=JOBS)
    await bench.settle()
    assert await bench.attributes(1) == [("Gift note", "Hi")]
    await bench.snapshot(1, 2, "ready", LINK, jobs=JOBS)
    await bench.settle()
    assert await bench.attributes(1) == [("Gift note", "Hi"), *OURS]


async def test_pending_and_ready_take_three_requests_and_sixty_points(bench: Bench) -> None:
    await settled_definitions(bench)
    before = await bench.shop.stats()
    for version, status in ((1, "pending"), (2, "ready")):
        await bench.snapshot(1, version, status, *([LINK] if status == "ready" else []), jobs=JOBS)
        await bench.settle()
    after = await bench.shop.stats()
    assert after["requests"] - before["requests"] == 3
    assert after["points"] - before["points"] == 60


async def test_they_are_written_once(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.settle()
    await with_attributes(bench, ("Gift note", "Hi"))
    await bench.snapshot(1, 2, "failed", jobs=JOBS)
    await bench.settle()
    await bench.snapshot(1, 3, "ready", LINK, jobs=JOBS)
    await bench.settle()
    assert await bench.attributes(1) == [("Gift note", "Hi")]


async def test_other_lines_are_written_in_place_of_the_old_ones(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.settle()
    await bench.snapshot(1, 2, "ready", LINK, jobs=(JOBS[0], job(2, status="cancelled"), job(3)))
    await bench.settle()
    keys = [key for key, _ in await bench.attributes(1)]
    assert keys == ["Artwork 1: Mug", "Artwork 3: Poster", "Artwork 1 › Name"]


async def test_the_texts_are_forgotten_once_they_are_written(bench: Bench) -> None:
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    assert "Ada" in str(await bench.row(1, "lines"))
    await bench.settle()
    assert "Ada" not in str(await bench.row(1, "*"))


async def test_what_another_app_adds_between_reading_and_writing_back_is_all_that_can_be_lost(bench: Bench) -> None:
    """The race that Shopify leaves: `orderUpdate` overwrites the list. What was there before the reading stays."""
    await with_attributes(bench, ("Gift note", "Hi"))
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.settle()
    await with_attributes(bench, *(await bench.attributes(1)), ("Delivery day", "Friday"))
    await bench.snapshot(1, 2, "ready", LINK, jobs=(*JOBS, job(3)))
    await bench.settle()
    keys = [key for key, _ in await bench.attributes(1)]
    assert keys[:1] == ["Gift note"]
    assert {"Delivery day", "Artwork 3: Poster"} < set(keys)


async def test_switched_off_nothing_is_written(bench: Bench) -> None:
    writer = await bench.another_writer(order_attributes=False)
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.turn(writer)
    assert await bench.attributes(1) == []
    assert (await bench.order(1))[0] == ["pw-artwork-ready", "vip", "wholesale"]


async def test_refused_attributes_leave_status_and_links_right_and_are_seen(bench: Bench) -> None:
    await bench.shop.configure(attribute_limit=2)
    await bench.snapshot(1, 1, "ready", LINK, jobs=JOBS)
    await bench.settle()
    assert (await bench.order(1))[0] == ["pw-artwork-ready", "vip", "wholesale"]
    assert (await bench.row(1, "attributes_error"))["attributes_error"] == "shopify_user_error"
    assert await commands.listed(bench.pool, None, None) == [f"{SHOP} 1: Shopify refuses the order's attributes."]
    before = await bench.requests()
    await bench.snapshot(1, 2, "ready", LINK, "https://files.example.com/b.pdf", jobs=JOBS)
    await bench.settle()
    assert await bench.requests() - before == 2  # the links written and read back, and no attributes
