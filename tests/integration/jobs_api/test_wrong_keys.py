"""Guessing API keys: wrong ones are limited for each address, right ones get in at any time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import httpx
import pytest
from fastapi import FastAPI
from printworks_jobs_api.app import create_app
from printworks_jobs_api.guesses import Guesses, networks
from printworks_jobs_api.keys import mint
from printworks_jobs_api.metrics import WRONG_KEYS

from tests.integration.jobs_api.parts import PUBLIC_URL, Api

PROXY = "10.0.0.1"


@dataclass(frozen=True)
class Guarded:
    """jobs-api, one application for all clients."""

    api: Api
    app: FastAPI

    async def key(self) -> str:
        return await self.api.key()


@pytest.fixture
def guarded(api: Api) -> Guarded:
    """Three wrong keys of an address at once and one in ten minutes after that; behind a proxy; time stands still."""
    guesses = Guesses(0.1, 3, now=lambda: 0.0)
    services = replace(api.services, guesses=guesses, trusted_proxies=networks(f"{PROXY}/32"))
    return Guarded(api, create_app(services))


def client_at(guarded: Guarded, peer: str, key: str = "", **headers: str) -> httpx.AsyncClient:
    """Somebody at an address, with a key."""
    transport = httpx.ASGITransport(app=guarded.app, client=(peer, 40000), raise_app_exceptions=False)
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers)


def counted(door: str, outcome: str) -> float:
    return WRONG_KEYS.labels(door, outcome)._value.get()


async def ask(guarded: Guarded, peer: str, key: str, **headers: str) -> httpx.Response:
    async with client_at(guarded, peer, key, **headers) as client:
        return await client.get("/v1/holds")


async def sign_in(guarded: Guarded, peer: str, key: str) -> httpx.Response:
    async with client_at(guarded, peer) as client:
        return await client.post("/sign-in", data={"api_key": key})


async def test_wrong_keys_are_told_to_wait_and_right_ones_get_in_from_the_same_address(guarded: Guarded) -> None:
    limited = counted("api", "limited")
    answers = [await ask(guarded, "192.0.2.1", mint().text) for _ in range(5)]
    assert [one.status_code for one in answers] == [401, 401, 401, 429, 429]
    assert answers[4].json()["code"] == "too_many_wrong_keys"
    assert answers[4].headers["content-type"] == "application/problem+json"
    assert answers[4].headers["retry-after"] == "600"
    assert counted("api", "limited") == limited + 2
    assert (await ask(guarded, "192.0.2.1", await guarded.key())).status_code == 200
    assert (await ask(guarded, "192.0.2.2", mint().text)).status_code == 401


@pytest.mark.parametrize("attempt", [ask, sign_in], ids=["api", "sign-in"])
async def test_both_doors_have_one_limit(
    guarded: Guarded, attempt: Callable[[Guarded, str, str], Awaitable[httpx.Response]]
) -> None:
    for _ in range(3):
        await attempt(guarded, "192.0.2.3", mint().text)
    assert (await ask(guarded, "192.0.2.3", mint().text)).status_code == 429
    assert (await sign_in(guarded, "192.0.2.3", mint().text)).status_code == 429


async def test_the_sign_in_says_so_on_its_page_and_a_right_key_signs_in(guarded: Guarded) -> None:
    answers = [await sign_in(guarded, "192.0.2.4", "pwk_wrong") for _ in range(4)]
    assert [one.status_code for one in answers] == [422, 422, 422, 429]
    assert answers[3].headers["content-type"].startswith("text/html")
    assert 'role="alert"' in answers[3].text
    assert "Try again in" in answers[3].text
    assert answers[3].headers["retry-after"] == "600"
    assert (await sign_in(guarded, "192.0.2.4", await guarded.key())).status_code == 303


async def test_a_header_moves_nobody_to_another_address_unless_a_trusted_proxy_wrote_it(guarded: Guarded) -> None:
    direct = [await ask(guarded, "192.0.2.5", mint().text, **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(4)]
    assert [one.status_code for one in direct] == [401, 401, 401, 429]
    behind = [
        await ask(guarded, PROXY, mint().text, **{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"}) for n in range(4)
    ]
    assert [one.status_code for one in behind] == [401, 401, 401, 429]
    assert (await ask(guarded, PROXY, mint().text, **{"X-Forwarded-For": "203.0.113.10"})).status_code == 401


async def test_guesses_from_everywhere_lock_no_key_out(guarded: Guarded) -> None:
    answers = [await ask(guarded, f"192.0.2.{n}", mint().text) for n in range(10, 71)]
    assert [one.status_code for one in answers] == [401] * 60 + [429]
    assert (await ask(guarded, "192.0.2.200", await guarded.key())).status_code == 200


async def test_no_key_and_tokens_of_the_admin_are_no_guesses(guarded: Guarded) -> None:
    refused = counted("admin", "refused")
    for _ in range(6):
        assert (await ask(guarded, "192.0.2.6", "")).status_code == 401
        assert (await ask(guarded, "192.0.2.6", "eyJhbGciOiJIUzI1NiJ9.eyJkZXN0IjoiYSJ9.c2ln")).status_code == 401
    assert counted("admin", "refused") == refused + 6
    assert (await ask(guarded, "192.0.2.6", mint().text)).status_code == 401
