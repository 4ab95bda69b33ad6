"""What reaches the broker: nothing that its shop has not signed, and everything that it has, of any version."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import jsonschema
import pytest
from printworks_common.clock import SystemClock
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.events.topics import Topic
from printworks_common.shopify.shops import Shop
from printworks_common.shopify.webhooks import signature
from printworks_ingest.door import PATH, Door
from printworks_ingest.receiver import Receiver
from printworks_local.shopify.webhooks import make_customer, make_line, make_order, make_webhook
from pydantic import SecretStr
from shopify_app.verify.webhook import verify_webhook_req

from tests.unit.ingest.payloads import payload, schemas

DOMAIN = "example.myshopify.com"
SECRET, OLD_SECRET = "hush", "hush of before"
MUTATIONS = 10_000
OF_EACH_SCHEMA = 6

SHOP = Shop(
    domain=DOMAIN,
    client_id="id",
    client_secret=SecretStr(SECRET),
    previous_client_secret=SecretStr(OLD_SECRET),
)


class OneShop:
    def get(self, domain: str) -> Shop | None:
        return SHOP if domain == DOMAIN else None

    def __iter__(self) -> Iterator[Shop]:
        return iter([SHOP])


class Taken:
    """In the producer's place: what would have been published."""

    def __init__(self) -> None:
        self.records: list[OutgoingRecord] = []

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        self.records += records


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def receiver(taken: Taken) -> Receiver:
    return Receiver(OneShop(), taken, SystemClock())  # type: ignore[arg-type]  # only send_many is used


def raw(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.lower().encode(): value.encode("latin-1") for name, value in headers.items()}


class TestMutations:
    BODY = json.dumps(make_order(7, "#7", line_items=[make_line(70, "PW-PHOTO")], customer=make_customer(1))).encode()

    def flipped(self, chance: random.Random, data: bytes) -> bytes:
        changed = bytearray(data)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed)

    def cut(self, chance: random.Random, data: bytes) -> bytes:
        return data[: chance.randrange(len(data))]

    def grown(self, chance: random.Random, data: bytes) -> bytes:
        where = chance.randrange(len(data) + 1)
        return data[:where] + bytes([chance.randrange(256)]) + data[where:]

    def swapped(self, chance: random.Random, data: bytes) -> bytes:
        first, second = sorted(chance.sample(range(len(data)), 2))
        changed = bytearray(data)
        changed[first], changed[second] = changed[second], changed[first]
        return bytes(changed)

    def of_another_secret(self, chance: random.Random, _: bytes) -> bytes:
        return signature(self.BODY, chance.randbytes(8))

    async def test_of_ten_thousand_mutated_bodies_and_signatures_none_is_accepted(
        self, receiver: Receiver, taken: Taken
    ) -> None:
        chance = random.Random(20261126)
        good = raw(make_webhook("orders/paid", self.BODY, secret=SECRET, shop=DOMAIN).headers)
        name = b"x-shopify-hmac-sha256"
        ways = [self.flipped, self.cut, self.grown, self.swapped]
        tried = 0
        while tried < MUTATIONS:
            body, signed = self.BODY, good[name]
            if chance.random() < 0.5:
                body = chance.choice(ways)(chance, body)
            else:
                signed = chance.choice([*ways, self.of_another_secret])(chance, signed)
            if (body, signed) == (self.BODY, good[name]):
                continue  # two equal bytes were swapped
            tried += 1
            answer = await receiver.receive(good | {name: signed}, body)
            assert answer.status in {400, 401}, (body, signed)
        assert taken.records == []
        assert (await receiver.receive(good, self.BODY)).status == 200, "unchanged it is accepted"


Change = Callable[[dict[str, str], str], tuple[str, dict[str, str], str]]


def good(headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    return "POST", headers, body


def by(method: str) -> Change:
    return lambda headers, body: (method, headers, body)


def signed_with(secret: str) -> Change:
    return lambda headers, body: (
        "POST",
        headers | {"X-Shopify-Hmac-Sha256": signature(body.encode(), secret.encode()).decode()},
        body,
    )


def renamed(rename: Callable[[str], str]) -> Change:
    return lambda headers, body: ("POST", {rename(name): value for name, value in headers.items()}, body)


def with_signature(value: str | None) -> Change:
    def change(headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
        rest = {name: one for name, one in headers.items() if name != "X-Shopify-Hmac-Sha256"}
        return "POST", rest if value is None else rest | {"X-Shopify-Hmac-Sha256": value}, body

    return change


def both_families(headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    right = headers["X-Shopify-Hmac-Sha256"]
    return "POST", headers | {"X-Shopify-Hmac-Sha256": "wrong", "Shopify-Hmac-Sha256": right}, body


CASES: dict[str, Change] = {
    "good": good,
    "signed with the secret before the rotation": signed_with(OLD_SECRET),
    "signed with another secret": signed_with("another"),
    "signed with an empty secret": signed_with(""),
    "names in lower case": renamed(str.lower),
    "names in upper case": renamed(str.upper),
    "names without X-": renamed(lambda name: name.removeprefix("X-")),
    "two signatures, the first one wrong": both_families,
    "no signature": with_signature(None),
    "an empty signature": with_signature(""),
    "a signature that is no base64": with_signature("%%%"),
    "a body with one more space": lambda headers, body: ("POST", headers, body + " "),
    "the same text, encoded otherwise": lambda headers, body: ("POST", headers, body.replace("é", "\\u00e9")),
    "GET": by("GET"),
    "PUT": by("PUT"),
    "DELETE": by("DELETE"),
}
UNSIGNED = ("no signature", "an empty signature")


@pytest.mark.parametrize("case", CASES)
async def test_shopifys_own_library_gives_the_same_answer(case: str, receiver: Receiver) -> None:
    body = json.dumps({"note": "é"}, ensure_ascii=False)
    headers = make_webhook("carts/update", body.encode(), secret=SECRET, shop=DOMAIN).headers
    method, headers, body = CASES[case](dict(headers), body)
    oracle = verify_webhook_req(
        {"method": method, "headers": headers, "url": PATH, "body": body},
        {"client_id": "id", "client_secret": SECRET, "old_client_secret": OLD_SECRET},
    )
    app: Any = Door(receiver, max_body_bytes=2**20)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
        ours = await client.request(method, PATH, headers=headers, content=body.encode())
    assert ours.is_success is oracle.ok
    # Who does not sign is not known: 401, where the library speaks of a missing header.
    assert ours.status_code == (401 if case in UNSIGNED else oracle.response.status)


SCHEMAS = list(schemas())


def test_the_schemas_cover_every_topic_about_orders_in_many_versions() -> None:
    assert len({version for version, _, _ in SCHEMAS}) == 13
    assert {topic for _, topic, _ in SCHEMAS} >= {
        "orders/create", "orders/paid", "orders/updated", "orders/edited", "orders/cancelled", "orders/fulfilled",
        "orders/partially_fulfilled", "orders/delete", "refunds/create",
    }  # fmt: skip


def test_the_bodies_made_from_them_are_what_they_allow() -> None:
    chance = random.Random(4)
    for topic in ("orders/paid", "orders/edited", "refunds/create"):
        schema = next(schema for version, name, schema in SCHEMAS if (version, name) == ("2026-07", topic))
        jsonschema.Draft202012Validator(schema).validate(payload(schema, chance))


@pytest.mark.parametrize("version", sorted({version for version, _, _ in SCHEMAS}))
async def test_bodies_made_from_shopifys_schemas_go_through(version: str, receiver: Receiver, taken: Taken) -> None:
    chance = random.Random(version)
    for _, topic, schema in (one for one in SCHEMAS if one[0] == version):
        for _ in range(OF_EACH_SCHEMA):
            body = payload(schema, chance)
            request = make_webhook(topic, body, secret=SECRET, shop=DOMAIN, api_version=version)
            answer = await receiver.receive(raw(request.headers), request.body)
            assert answer.status == 200, (topic, answer, body)
    # An id of 0 is none: what cannot be told apart is kept as a dead letter, and nothing is lost silently.
    assert {Topic.ORDERS, Topic.ORDER_REREADS} <= {record.topic for record in taken.records}
