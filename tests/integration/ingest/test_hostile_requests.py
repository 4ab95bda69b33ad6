"""The receiver as a process under attack: every request gets a typed answer, and Shopify is answered as before."""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import httpx
import pytest
import pytest_asyncio
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import KafkaSettings
from printworks_ingest.door import PATH
from printworks_local.shopify.webhooks import make_line, make_order, make_webhook
from printworks_local.stack import Stack

from tests.hostile_http import BODIES, MIXED_FRAMING, PATH_TRICKS, exchange, go_on_beside_slow_ones, send

SHOP, SECRET = "besieged.myshopify.com", "besieged-secret"

_numbers = itertools.count(1)


@dataclass
class Receiver:
    """The process, and what it has said."""

    url: str
    lines: list[str] = field(default_factory=list[str])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def receiver(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Receiver]:
    await ensure_topics(KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap), GROUPS)
    shops = tmp_path_factory.mktemp("besieged") / "shops.yaml"
    shops.write_text(json.dumps([{"domain": SHOP, "client_id": "a", "client_secret": SECRET}]))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "printworks_ingest", "receiver",
        env=kept | {
            "PRINTWORKS_KAFKA_BOOTSTRAP": stack.info.kafka_bootstrap,
            "PRINTWORKS_SHOPS_FILE": str(shops),
            "PRINTWORKS_HTTP_HOST": "127.0.0.1",
            "PRINTWORKS_HTTP_PORT": "0",
            "PRINTWORKS_LOG_FORMAT": "json",
        },
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    running = Receiver("")
    async with asyncio.timeout(60):
        async for raw in process.stdout:
            said = json.loads(raw)
            if said.get("event") == "started":
                running.url = f"http://127.0.0.1:{said['port']}"
                break
    assert running.url, "the receiver has not started"
    reading = asyncio.create_task(_read(process.stdout, running.lines))
    yield running
    process.terminate()
    async with asyncio.timeout(30):
        assert await process.wait() == 0
    await reading


async def _read(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while raw := await stream.readline():
        lines.append(raw.decode(errors="replace"))


@pytest_asyncio.fixture(loop_scope="session")
async def client(receiver: Receiver) -> AsyncGenerator[httpx.AsyncClient]:
    """Afterwards the receiver has seen no fault of its own and takes orders."""
    said = len(receiver.lines)
    async with httpx.AsyncClient(base_url=receiver.url, trust_env=False, timeout=40) as one:
        yield one
        assert (await post(one, an_order())).status_code == 200
    faults = [line for line in receiver.lines[said:] if "Traceback" in line or '"exception"' in line]
    assert faults == []


def an_order() -> bytes:
    number = next(_numbers)
    return json.dumps(make_order(number, f"#{number}", line_items=[make_line(number, "PW-PHOTO")])).encode()


async def post(client: httpx.AsyncClient, body: bytes, topic: str = "orders/paid") -> httpx.Response:
    """As Shopify sends it, rightly signed: beyond the signature the body alone is hostile."""
    signed = make_webhook(topic, body, secret=SECRET, shop=SHOP)
    return await client.post(PATH, content=signed.body, headers=dict(signed.headers))


def refused(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("topic", ["orders/paid", "orders/edited", "customers/redact", "app/uninstalled", "other"])
async def test_a_signed_body_that_only_says_it_is_json_is_refused_or_kept_for_a_person(
    client: httpx.AsyncClient, topic: str, name: str
) -> None:
    answer = await post(client, BODIES[name], topic)
    if answer.status_code != 200:
        refused(answer)


async def test_hostile_values_in_an_order_lose_no_order(client: httpx.AsyncClient) -> None:
    values = (
        b"9" * 500, b"-1", b"1e999", b"NaN", b"1.5", b"true", b"null", b"[]", b"{}", b'"\\u0000"', b'"\\ud800"',
        b'"' + b"x" * 1_000_000 + b'"', b'{"a": [[[[]]]]}', b'"=cmd|\' /C calc\'!A0"', b'"<script>alert(1)</script>"',
    )  # fmt: skip
    fields = (
        b"id", b"name", b"order_number", b"created_at", b"updated_at", b"cancelled_at", b"financial_status", b"test",
        b"customer", b"line_items",
    )  # fmt: skip
    for name in fields:
        for value in values:
            body = an_order()[:-1] + b', "' + name + b'": ' + value + b"}"  # the last of two counts
            answer = await post(client, body)
            assert answer.status_code == 200, (name, value[:30], answer.text)
    for name in (b"id", b"title", b"sku", b"quantity", b"current_quantity", b"properties", b"product_id"):
        for value in values:
            line = b'{"id": 5, "title": "A", "quantity": 1, "' + name + b'": ' + value + b"}"
            answer = await post(client, an_order()[:-1] + b', "line_items": [' + line + b"]}")
            assert answer.status_code == 200, (name, value[:30], answer.text)


async def test_tricks_in_paths_lead_nowhere(client: httpx.AsyncClient) -> None:
    for trick in PATH_TRICKS:
        for target in (b"/" + trick, PATH.encode() + b"/" + trick, PATH.encode() + b"?" + trick, b"/metrics/" + trick):
            answer = await send(client, "GET", target)
            assert answer.status_code in {400, 404, 405}, (target, answer.text)
            assert "Traceback" not in answer.text


async def test_headers_that_do_not_make_sense_are_refused(client: httpx.AsyncClient) -> None:
    signed = make_webhook("orders/paid", an_order(), secret=SECRET, shop=SHOP)
    for name in signed.headers:
        for value in (b"", b"\x01", b"\xff" * 100, b"../" * 100, b"%00", b"x" * 30_000, b"' OR 1=1--"):
            headers = httpx.Headers([(n.encode(), v.encode()) for n, v in signed.headers.items() if n != name])
            headers = httpx.Headers([*headers.raw, (name.encode(), value)])
            answer = await client.post(PATH, content=signed.body, headers=headers)
            assert answer.status_code < 500, (name, value[:20], answer.text)
            assert answer.status_code in {200, 400, 401}, (name, value[:20], answer.text)


async def test_a_flood_of_headers_is_cut_off(receiver: Receiver, client: httpx.AsyncClient) -> None:
    head = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\n"
    for flood in (b"X-A: b\r\n" * 5000, b"X-A: " + b"b" * 1_000_000, b"".join(b"X-%d: b\r\n" % n for n in range(300))):
        answer = await exchange(receiver.url, head + flood + b"\r\n\r\n")
        assert answer.split(b" ")[1:2] in ([b"431"], [b"400"], []), answer[:200]
    assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("framing", MIXED_FRAMING)
async def test_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_what_follows_is_not_read(
    receiver: Receiver, framing: str
) -> None:
    head = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\n"
    answer = await exchange(receiver.url, head + MIXED_FRAMING[framing] + b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"printworks_" not in answer


async def test_webhooks_are_answered_as_before_while_hundreds_send_one_byte_at_a_time(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    path = PATH.encode()
    beginnings = (
        b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nX-Shopify-Topic: ",
        b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n{",
        b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n{",
    )

    async def webhook() -> None:
        assert (await post(client, an_order())).status_code == 200

    await go_on_beside_slow_ones(receiver.url, beginnings, webhook)
