"""The receiver over HTTP and a real Kafka: what is good is durable before the 200, what is bad leaves no trace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from printworks_common.clock import SystemClock
from printworks_common.kafka.admin import ensure_topics, plan
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.settings import KafkaSettings
from printworks_common.shopify.shops import ShopRegistry
from printworks_ingest import metrics
from printworks_ingest.door import PATH, Door
from printworks_ingest.receiver import Receiver
from printworks_local.shopify.webhooks import make_line, make_order, make_webhook
from printworks_local.stack import Part, Stack

SHOP, SECRET = "door.myshopify.com", "door-secret"
ORDERS, REREADS = "printworks.orders.v1", "printworks.order-rereads.v1"
PRIVACY, CATALOG = "printworks.privacy.v1", "printworks.catalog.v1"
DEAD_LETTERS = "printworks.orders.v1.receiver.dlq"
MAX_BODY = 4 * 1024 * 1024


@dataclass
class DoorBench:
    http: httpx.AsyncClient
    bootstrap: str
    new_receiver: Callable[[], httpx.AsyncClient]
    """A client of another receiver, with a memory of its own."""

    async def published(self, since: dict[str, int]) -> list[tuple[str, str, bytes]]:
        """Topic, event type and value of everything published after `since`."""
        return [(one.topic, _header(one, "ce_type"), one.value or b"") for one in await self.records(since)]

    async def records(self, since: dict[str, int]) -> list[Any]:
        """Everything published after `since`, as Kafka has it."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            found: list[Any] = []
            for place, end in (await self._ends(consumer)).items():
                topic, _, partition = place.rpartition("/")
                where = TopicPartition(topic, int(partition))
                if end <= since.get(place, 0):
                    continue
                consumer.assign([where])
                consumer.seek(where, since.get(place, 0))
                while await consumer.position(where) < end:
                    for records in (await consumer.getmany(timeout_ms=1000)).values():
                        found += records
            return found
        finally:
            await consumer.stop()

    async def mark(self) -> dict[str, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            return await self._ends(consumer)
        finally:
            await consumer.stop()

    async def _ends(self, consumer: AIOKafkaConsumer) -> dict[str, int]:
        partitions = {topic.name: topic.partitions for topic in plan(GROUPS)}
        places = [
            TopicPartition(topic, number)
            for topic in (ORDERS, REREADS, PRIVACY, CATALOG, DEAD_LETTERS)
            for number in range(partitions[topic])
        ]
        return {f"{at.topic}/{at.partition}": end for at, end in (await consumer.end_offsets(places)).items()}

    async def send(self, body: bytes, headers: dict[str, str], method: str = "POST") -> httpx.Response:
        return await self.http.request(method, PATH, content=body, headers=headers)


def _header(record: Any, wanted: str) -> str:
    return next((value.decode() for name, value in record.headers if name == wanted), "")


@pytest.fixture(scope="module")
async def door(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DoorBench]:
    bootstrap = stack.info.kafka_bootstrap
    settings = KafkaSettings(kafka_bootstrap=bootstrap)
    await ensure_topics(settings, GROUPS)
    shops = tmp_path_factory.mktemp("shops") / "shops.yaml"
    shops.write_text(json.dumps([{"domain": SHOP, "client_id": "a", "client_secret": SECRET}]))
    producer = KafkaProducer(settings, acknowledge_within=2.0)
    await producer.start()

    def new_receiver() -> httpx.AsyncClient:
        receiver = Receiver(ShopRegistry(Path(shops)), producer, SystemClock())
        app: Any = Door(receiver, max_body_bytes=MAX_BODY)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door")

    async with new_receiver() as http:
        yield DoorBench(http, bootstrap, new_receiver)
    await producer.stop()


def webhook(topic: str = "orders/paid", content: dict[str, Any] | bytes | None = None, **options: Any) -> Any:
    body = content if content is not None else make_order(1, "#1", line_items=[make_line(10, "PW-PHOTO")])
    signed = make_webhook(topic, body, secret=options.pop("secret", SECRET), shop=options.pop("shop", SHOP), **options)
    return signed.body, dict(signed.headers)


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    assert "Traceback" not in response.text
    return response.status_code, document["code"]


def counted(topic: str, outcome: str) -> float:
    return metrics.WEBHOOKS.labels(topic=topic, outcome=outcome)._value.get()


@pytest.mark.parametrize("topic", ["orders/paid", "orders/create", "orders/updated", "orders/cancelled"])
async def test_an_order_is_published_whole_and_trimmed(door: DoorBench, topic: str) -> None:
    since = await door.mark()
    assert (await door.send(*webhook(topic))).status_code == 200
    [(where, kind, value)] = await door.published(since)
    assert (where, kind) == (ORDERS, "printworks.order.received.v1")
    assert json.loads(value)["order_id"] == "1"
    assert b"Musterweg" not in value
    assert b"@" not in value


@pytest.mark.parametrize(
    ("topic", "content", "reason"),
    [
        ("orders/edited", {"order_edit": {"id": 5, "order_id": 77, "line_items": {}}}, "edited"),
        ("refunds/create", {"id": 5, "order_id": 77, "refund_line_items": []}, "refunded"),
    ],
)
async def test_what_carries_only_deltas_asks_for_a_re_read(
    door: DoorBench, topic: str, content: dict[str, Any], reason: str
) -> None:
    since = await door.mark()
    assert (await door.send(*webhook(topic, content))).status_code == 200
    [(where, _, value)] = await door.published(since)
    assert where == REREADS
    assert (json.loads(value)["order_id"], json.loads(value)["reason"]) == ("77", reason)


CUSTOMER = {"id": 191167, "email": "canary@example.com", "phone": "+49 555 0000"}


@pytest.mark.parametrize(
    ("topic", "content", "kind", "order_ids"),
    [
        (
            "customers/data_request",
            {"shop_domain": SHOP, "customer": CUSTOMER, "orders_requested": [7, 8], "data_request": {"id": 9999}},
            "export_customer",
            ["7", "8"],
        ),
        (
            "customers/redact",
            {"shop_domain": SHOP, "customer": CUSTOMER, "orders_to_redact": [9007199254740993]},
            "erase_customer",
            ["9007199254740993"],
        ),
        ("shop/redact", {"shop_id": 1, "shop_domain": SHOP}, "erase_shop", []),
    ],
)
async def test_a_compliance_webhook_asks_all_services_and_names_orders_only(
    door: DoorBench, topic: str, content: dict[str, Any], kind: str, order_ids: list[str]
) -> None:
    since = await door.mark()
    assert (await door.send(*webhook(topic, content))).status_code == 200
    [(where, event_type, value)] = await door.published(since)
    assert (where, event_type) == (PRIVACY, "printworks.privacy.requested.v1")
    event = json.loads(value)
    assert (event["shop"], event["kind"], event["order_ids"]) == (SHOP, kind, order_ids)
    assert b"canary" not in value
    assert b"555" not in value


async def test_an_uninstalled_app_is_told_to_every_role_through_the_catalog(door: DoorBench) -> None:
    since = await door.mark()
    assert (await door.send(*webhook("app/uninstalled", {"id": 1, "myshopify_domain": SHOP}))).status_code == 200
    [(where, _, value)] = await door.published(since)
    entry = json.loads(value)
    assert (where, entry["kind"], entry["body"]) == (CATALOG, "installation", {"installed": False})


async def test_what_erases_or_stops_a_shop_must_speak_of_the_shop_that_sends_it(door: DoorBench) -> None:
    since = await door.mark()
    answer = await door.send(*webhook("shop/redact", {"shop_id": 1, "shop_domain": "another.myshopify.com"}))
    assert problem(answer) == (400, "shop_mismatch")
    assert await door.published(since) == []


async def test_an_unknown_topic_is_counted_and_ignored(door: DoorBench) -> None:
    since = await door.mark()
    assert (await door.send(*webhook("carts/update", {"id": 1}))).status_code == 200
    assert await door.published(since) == []


async def test_both_header_families_are_accepted(door: DoorBench) -> None:
    body, headers = webhook()
    plain = {name.replace("X-Shopify-", "Shopify-"): value for name, value in headers.items()}
    assert (await door.send(body, plain)).status_code == 200


async def test_the_same_webhook_again_is_answered_without_doing_the_work_again(door: DoorBench) -> None:
    since, before = await door.mark(), counted("orders/paid", "duplicate")
    body, headers = webhook(webhook_id="repeated")
    for _ in range(3):
        assert (await door.send(body, headers)).status_code == 200
    assert len(await door.published(since)) == 1
    assert counted("orders/paid", "duplicate") == before + 2


async def test_the_same_event_under_another_webhook_id_is_a_repeat_within_its_topic(door: DoorBench) -> None:
    since = await door.mark()
    for topic in ("orders/paid", "orders/updated"):
        for webhook_id in ("one", "other"):
            body, headers = webhook(topic, webhook_id=f"{topic} {webhook_id}", event_id="the same event")
            assert (await door.send(body, headers)).status_code == 200
    assert len(await door.published(since)) == 2


async def test_a_repeat_that_reaches_another_receiver_has_the_same_event_id(door: DoorBench) -> None:
    since = await door.mark()
    body, headers = webhook(webhook_id="same")
    await door.send(body, headers)
    async with door.new_receiver() as other:
        await other.post(PATH, content=body, headers=headers)
    first, second = await door.records(since)
    assert _header(first, "ce_id") == _header(second, "ce_id")


class TestBadInputIsRefusedCountedAndNotPublished:
    async def refused(
        self, door: DoorBench, expected: tuple[int, str], *request: Any, topic: str = "unverified"
    ) -> None:
        since, before = await door.mark(), counted(topic, expected[1])
        assert problem(await door.send(*request)) == expected
        assert counted(topic, expected[1]) == before + 1
        assert await door.published(since) == []

    async def test_wrong_signature(self, door: DoorBench) -> None:
        await self.refused(door, (401, "signature_wrong"), *webhook(secret="another"))

    async def test_missing_signature(self, door: DoorBench) -> None:
        body, headers = webhook()
        headers = {name: value for name, value in headers.items() if not name.lower().endswith("hmac-sha256")}
        await self.refused(door, (401, "signature_missing"), body, headers)

    async def test_a_signature_that_is_not_ascii(self, door: DoorBench) -> None:
        body, headers = webhook()
        raw = [
            (k.encode(), "é=".encode() if k.lower().endswith("hmac-sha256") else v.encode()) for k, v in headers.items()
        ]
        response = await door.http.post(PATH, content=body, headers=raw)
        assert problem(response) == (401, "signature_wrong")

    async def test_unknown_shop(self, door: DoorBench) -> None:
        await self.refused(door, (401, "shop_unknown"), *webhook(shop="nobody.myshopify.com"))

    @pytest.mark.parametrize("missing", ["Topic", "Webhook-Id", "API-Version", "Shop-Domain"])
    async def test_another_header_missing(self, door: DoorBench, missing: str) -> None:
        body, headers = webhook()
        headers = {name: value for name, value in headers.items() if not name.lower().endswith(missing.lower())}
        assert problem(await door.send(body, headers)) == (400, "missing_header")

    @pytest.mark.parametrize("body", [b'{"id": 1', b"[1, 2]", b"", b"nonsense", b"\xff\xfe\x00"])
    async def test_no_json_object(self, door: DoorBench, body: bytes) -> None:
        await self.refused(door, (400, "not_json"), *webhook(content=body), topic="orders/paid")

    async def test_ten_thousand_levels(self, door: DoorBench) -> None:
        deep = b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
        await self.refused(door, (400, "not_json"), *webhook(content=deep), topic="orders/paid")

    async def test_a_body_above_four_megabytes(self, door: DoorBench) -> None:
        large = b'{"id": 1, "note": "' + b"x" * MAX_BODY + b'"}'
        await self.refused(door, (413, "too_large"), *webhook(content=large))

    async def test_a_large_body_that_hides_its_length(self, door: DoorBench) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(5):
                yield b"x" * 1024 * 1024

        response = await door.http.post(PATH, content=chunks(), headers=webhook()[1])
        assert problem(response) == (413, "too_large")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_another_method(self, door: DoorBench, method: str) -> None:
        body, headers = webhook()
        response = await door.send(body, headers, method)
        assert problem(response) == (405, "method")
        assert response.headers["allow"] == "POST"


async def test_a_signed_object_of_unexpected_shape_is_kept_and_read_again(door: DoorBench) -> None:
    since = await door.mark()
    odd = {"id": 88, "name": "#88", "line_items": "none"}
    assert (await door.send(*webhook(content=odd))).status_code == 200
    found = {where: value for where, _, value in await door.published(since)}
    assert json.loads(found[DEAD_LETTERS]) == odd
    assert json.loads(found[REREADS])["reason"] == "unreadable"


async def test_without_the_broker_the_answer_is_503_and_afterwards_200_again(
    door: DoorBench, controlled_stack: Stack
) -> None:
    await controlled_stack.stop(Part.KAFKA)
    request = webhook(webhook_id="not stored at first")
    try:
        assert problem(await door.send(*request)) == (503, "not_stored")
    finally:
        await controlled_stack.start(Part.KAFKA)
    since = await door.mark()
    async with asyncio.timeout(30):
        while (await door.send(*request)).status_code != 200:  # noqa: ASYNC110 (the broker tells no event of ours)
            await asyncio.sleep(0.2)
    assert await door.published(since), "what was not stored is not taken for a repeat"
