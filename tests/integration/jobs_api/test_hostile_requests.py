"""jobs-api as a process under attack: every request gets a typed answer, no fault of ours, and others go on."""

import asyncio
import importlib
import pkgutil
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from printworks_jobs_api import pages

from tests.hostile_http import BODIES, MIXED_FRAMING, PATH_TRICKS, exchange, go_on_beside_slow_ones, send
from tests.integration.jobs_api.parts import PIXEL, Making, stored_file
from tests.integration.jobs_api.running import Running

Request = tuple[str, bytes, bytes | None, dict[str, str]]
"""Method, address, body, headers."""

AT_ONCE = 8
"""Requests under way together."""


@pytest_asyncio.fixture(loop_scope="session")
async def client(running: Running) -> AsyncGenerator[httpx.AsyncClient]:
    """With a key of a shop of its own that may do everything. Afterwards the service has seen no fault of its own."""
    said = len(running.api.lines)
    key = await running.key(f"attacked-{secrets.token_hex(4)}.myshopify.com")
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers, trust_env=False, timeout=40) as one:
        yield one
        assert (await one.get("/v1/print-jobs")).status_code == 200
    faults = [line for line in running.api.lines[said:] if "request_failed" in line or "Traceback" in line]
    assert faults == []


def typed(answer: httpx.Response, *, machine: bool = True) -> None:
    """Not a fault of ours, nothing of our inside, no header that the caller has made; errors are RFC 9457 documents."""
    told = (answer.request.method, answer.request.extensions.get("target"), answer.text[:300])
    assert answer.status_code < 500, told
    assert "Traceback" not in answer.text, told
    assert "site-packages" not in answer.text, told
    assert "stolen" not in answer.headers.get("set-cookie", ""), told
    if machine and answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json", told
        document = answer.json()
        assert document["status"] == answer.status_code, told
        assert re.fullmatch(r"[a-z_]+", document["code"]), told


async def all_of(client: httpx.AsyncClient, requests: Sequence[Request]) -> None:
    """Send them, a few at a time, and check each answer."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(method: str, target: bytes, content: bytes | None, headers: dict[str, str]) -> None:
        async with gate:
            answer = await send(client, method, target, content=content, headers=headers)
        typed(answer, machine=target.startswith((b"/v1/", b"/files/", b"/file-lists/")))

    await asyncio.gather(*(one(*request) for request in requests))


def filled(path: str, segment: bytes) -> bytes:
    """The path of a route with one thing in the place of all its parameters."""
    return re.sub(rb"\{[^}]+\}", lambda _: segment, path.encode())


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method.upper(), path, one) for path, item in document["paths"].items() for method, one in item.items()]


def page_routes() -> list[tuple[str, str]]:
    """Method and path of every page."""
    found: list[tuple[str, str]] = []
    for module in pkgutil.iter_modules(pages.__path__):
        router = getattr(importlib.import_module(f"{pages.__name__}.{module.name}"), "router", None)
        for route in router.routes if router else []:
            assert isinstance(route, APIRoute)
            found += [(method, route.path) for method in sorted(route.methods or ())]
    return found


async def test_tricks_in_paths_are_answered_by_every_operation(client: httpx.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    requests = [
        (method, filled(path, trick), b"{}" if method in {"POST", "PUT", "PATCH"} else None, {"If-Match": "*"})
        for method, path, _ in operations(document)
        if "{" in path
        for trick in PATH_TRICKS
    ]
    assert len(requests) > 400
    await all_of(client, requests)


async def test_bodies_that_only_say_they_are_json_are_answered_by_every_operation_that_takes_one(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    requests = [
        (method, filled(path, b"00000000-0000-0000-0000-000000000000"), body, {"Content-Type": "application/json"})
        for method, path, operation in operations(document)
        if "application/json" in operation.get("requestBody", {}).get("content", {})
        for body in BODIES.values()
    ]
    assert len(requests) > 100
    await all_of(client, requests)


async def test_tricks_in_parameters_are_answered_by_every_operation(client: httpx.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    requests = [
        (
            method,
            filled(path, b"00000000-0000-0000-0000-000000000000") + b"?" + name.encode() + b"=" + trick,
            None,
            {},
        )
        for method, path, operation in operations(document)
        if method == "GET"
        for name in (one["name"] for one in operation.get("parameters", []) if one["in"] == "query")
        if name != "wait"
        for trick in (*PATH_TRICKS, b"x&" * 2000)
    ]
    assert len(requests) > 100
    await all_of(client, requests)


async def test_headers_that_do_not_make_sense_are_answered(client: httpx.AsyncClient) -> None:
    odd = ["\x01", "é" * 100, "bytes=-0", "bytes=9-1,2-", "bytes=" + "0-1," * 5000, '"' * 5000, "W/" * 3000, "*", ""]
    names = (
        "If-Match", "If-None-Match", "If-Range", "Range", "Idempotency-Key", "Accept", "Content-Type", "Cookie",
        "Authorization", "traceparent", "tracestate", "X-Forwarded-For", "Content-Encoding", "Origin", "Host",
    )  # fmt: skip
    for name in names:
        for value in odd:
            for method, path in (("GET", "/v1/print-jobs"), ("POST", "/v1/exports"), ("GET", "/print-jobs")):
                headers = httpx.Headers([(name.encode(), value.encode("latin-1"))])
                answer = await client.request(
                    method, path, content=b"{}" if method == "POST" else None, headers=headers
                )
                assert answer.status_code < 500, (name, value[:20], path, answer.text)


async def test_pages_answer_tricks_in_paths_forms_and_queries(running: Running, client: httpx.AsyncClient) -> None:
    key = client.headers["authorization"].split()[1]
    async with httpx.AsyncClient(base_url=running.api.url, trust_env=False, timeout=40) as browser:
        assert (await browser.post("/sign-in", data={"api_key": key})).status_code == 303
        assert (await browser.get("/print-jobs")).status_code == 200
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        # A multipart body without an end, with a boundary that it does not have, with a path for a name.
        parts = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "text/html"}
        multipart = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="../../a\x00b"\r\n\r\n' + PIXEL
        requests: list[Request] = []
        for method, path in page_routes():
            if path == "/sign-out":
                continue
            for trick in PATH_TRICKS:
                query = b"?q=" + trick + b"&view=" + trick + b"&after=" + trick + b"&next=" + trick
                target = filled(path, trick) + query
                content = b"form_token=" + trick + b"&api_key=" + trick if method == "POST" else None
                requests.append((method, target, content, form))
            if method == "POST":
                requests.append((method, filled(path, b"a"), multipart, parts))
                requests.append((method, filled(path, b"a"), b"form_token=%ff%00&" + b"a=b&" * 3000, form))
        assert len(requests) > 500
        await all_of(browser, requests)


@pytest.mark.parametrize("path", ["/files/{}/a.jpg", "/files/a/{}", "/file-lists/{}", "/line/{}", "/static/{}", "/{}"])
async def test_nothing_is_reached_by_tricks_in_tokens_and_names(client: httpx.AsyncClient, path: str) -> None:
    for trick in PATH_TRICKS:
        answer = await send(client, "GET", path.encode().replace(b"{}", trick))
        assert answer.status_code in {400, 404}, (trick, answer.text)
        typed(answer, machine=False)
        assert "root:" not in answer.text


async def test_a_hostile_name_of_a_file_makes_no_header(running: Running, client: httpx.AsyncClient) -> None:
    shop = f"names-{secrets.token_hex(4)}.myshopify.com"
    headers = {"Authorization": f"Bearer {await running.key(shop)}"}
    names = (
        'a"\r\nSet-Cookie: stolen=1\r\n\r\n<script>.png',
        "..\\..\\con.png",
        "\u202egnp.exe.png",
        "ünïcödé — 图片.png",
    )
    making = Making(shop=shop)
    for number, name in enumerate(names, start=1):
        job = making.job(str(number))
        file = stored_file(job.job_id, "thumbnail", PIXEL, name=name)
        file = file.model_copy(update={"key": f"orders/{shop}/{number}"})
        await running.store.put_bytes(file.key, PIXEL, file.media_type)
        making.ready(str(number), file)
    await running.publish(making)
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers, trust_env=False, timeout=40) as owner:
        await owner.get("/v1/changes?wait=20")
        items = (await owner.get("/v1/print-jobs")).json()["items"]
        assert len(items) == len(names)
        for item in items:
            answer = await owner.get(item["files"][0]["url"])
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
            disposition = answer.headers["content-disposition"]
            assert disposition.isascii()
            assert re.fullmatch(r"inline; filename=\"[^\"\\/]+\"; filename\*=UTF-8''[A-Za-z0-9._~%-]+", disposition)
            typed(answer)


@pytest.mark.parametrize("framing", MIXED_FRAMING)
async def test_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_what_follows_is_not_read(
    running: Running, framing: str
) -> None:
    hidden = b"GET /v1/openapi.json HTTP/1.1\r\nHost: a\r\nX-Hidden: 1\r\n\r\n"
    head = b"POST /v1/exports HTTP/1.1\r\nHost: a\r\n"
    answer = await exchange(running.api.url, head + MIXED_FRAMING[framing] + hidden)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"openapi" not in answer


@pytest.mark.parametrize("target", ["PUT /v1/templates/a", "PUT /v1/assets/a?kind=font&name=a", "POST /v1/exports"])
async def test_a_client_that_hangs_up_within_its_body_is_no_fault_of_ours(
    running: Running, client: httpx.AsyncClient, target: str
) -> None:
    address = httpx.URL(running.api.url)
    said = len(running.api.lines)
    _, writer = await asyncio.open_connection(address.host, address.port)
    authorization = client.headers["authorization"].encode()
    head = b"%s HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\nContent-Length: 1000\r\n\r\n"
    writer.write(head % (target.encode(), authorization) + b'{"a": ')
    await writer.drain()
    await asyncio.sleep(0.3)
    writer.close()
    async with asyncio.timeout(10):
        while not (told := [one for one in running.api.lines[said:] if '"event": "request"' in one]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert '"http_status": 4' in told[0], told


BEGINNINGS = (
    b"GET /v1/print-jobs HTTP/1.1\r\nHost: a\r\nX-A: ",
    b"POST /v1/exports HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n{",
    b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b"Content-Length: 900000\r\n\r\n--x\r\n",
)
"""Of a head, of a document and of a form."""


async def test_others_are_answered_as_before_while_hundreds_send_one_byte_at_a_time(
    client: httpx.AsyncClient, running: Running
) -> None:
    async def listed() -> None:
        assert (await client.get("/v1/print-jobs")).status_code == 200

    await go_on_beside_slow_ones(running.api.url, BEGINNINGS, listed)
