"""Access tokens: asked for as Shopify's own library asks, renewed ahead of time, once more on a 401."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from printworks_common.errors import PoisonError, PrintworksError, TransientError
from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.shops import Shop
from printworks_common.shopify.tokens import AccessToken
from pydantic import SecretStr
from shopify_app.exchange.client_credentials import exchange_using_client_credentials

DAY = 86_400

Answer = Callable[[httpx.Request], httpx.Response]


def shop(**more: Any) -> Shop:
    return Shop(domain="example.myshopify.com", client_id="id", client_secret=SecretStr("hush"), **more)


class Shopify:
    """Answers of the token endpoint in turn, the last one for ever; remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | httpx.RequestError) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, httpx.RequestError):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


def granted(text: str = "shpat_new", **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"access_token": text, "scope": "read_orders", "expires_in": DAY, **more})


ANSWERS: dict[str, httpx.Response | httpx.RequestError] = {
    "granted": granted(),
    "invalid client": httpx.Response(400, json={"error": "invalid_client"}),
    "not in the organisation": httpx.Response(400, json={"error": "shop_not_permitted"}),
    "unauthorised": httpx.Response(401, json={"error": "invalid_client"}),
    "no JSON": httpx.Response(400, content=b"<html>"),
    "broken": httpx.Response(500, content=b""),
    "unreachable": httpx.ConnectError("no route"),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_shopifys_own_library_asks_the_same_and_comes_to_the_same_end(case: str) -> None:
    ours, theirs = Shopify(ANSWERS[case]), Shopify(ANSWERS[case])
    with httpx.Client(transport=httpx.MockTransport(theirs)) as client:
        config: Any = {"client_id": "id", "client_secret": "hush"}
        oracle = exchange_using_client_credentials("example", config, client)
    text, refused = None, None
    async with ours.client() as http:
        try:
            text = await AccessToken(shop(), http).get()
        except PrintworksError as error:
            refused = error
    # What may pass is tried again, what is refused is not.
    if text is None:
        assert type(refused) is (TransientError if case in {"broken", "unreachable"} else PoisonError)
    assert (text is not None) is oracle.ok
    assert text == (oracle.access_token.token if oracle.access_token else None)
    [one], [other] = ours.asked, theirs.asked
    assert (one.method, one.url, json.loads(one.content)) == (other.method, other.url, json.loads(other.content))


async def test_a_token_is_asked_for_once_however_many_need_it() -> None:
    shopify = Shopify(granted())
    async with shopify.client() as http:
        token = AccessToken(shop(), http)
        assert set(await asyncio.gather(*(token.get() for _ in range(20)))) == {"shpat_new"}
    assert len(shopify.asked) == 1


@pytest.mark.parametrize(("lasts", "renewed_after"), [(DAY, DAY - 300), (600, 300), (60, 30)])
async def test_it_is_renewed_before_it_runs_out(
    monkeypatch: pytest.MonkeyPatch, lasts: int, renewed_after: int
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    shopify = Shopify(granted("first", expires_in=lasts), granted("second", expires_in=lasts))
    async with shopify.client() as http:
        token = AccessToken(shop(), http)
        assert await token.get() == "first"
        now += renewed_after - 1
        assert await token.get() == "first"
        now += 1
        assert await token.get() == "second"


async def test_a_static_token_is_used_as_it_is() -> None:
    shopify = Shopify(httpx.Response(500))
    async with shopify.client() as http:
        assert await AccessToken(shop(access_token=SecretStr("shpat_static")), http).get() == "shpat_static"
    assert shopify.asked == []


class TestRefusedTokens:
    """A token that Shopify no longer takes: `accepted` is the one that it does."""

    def shopify(self, accepted: str, *tokens: str) -> tuple[list[str], httpx.AsyncClient]:
        calls: list[str] = []
        left = list(tokens)

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/oauth/access_token"):
                calls.append("token")
                return granted(left.pop(0))
            calls.append(request.headers["X-Shopify-Access-Token"])
            if calls[-1] != accepted:
                return httpx.Response(401, json={"errors": "Invalid API key or access token"})
            return httpx.Response(200, json={"data": {"shop": {}}})

        return calls, httpx.AsyncClient(transport=httpx.MockTransport(answer))

    async def test_a_new_one_is_asked_for_and_the_request_sent_once_more(self) -> None:
        calls, http = self.shopify("second", "first", "second")
        async with http:
            assert await AdminClient(shop(), http).execute("{ shop { id } }", {}) == {"shop": {}}
        assert calls == ["token", "first", "token", "second"]

    async def test_when_the_new_one_is_refused_too_a_person_has_to_look(self) -> None:
        calls, http = self.shopify("none", "first", "second")
        async with http:
            with pytest.raises(PoisonError) as refused:
                await AdminClient(shop(), http).execute("{ shop { id } }", {})
        assert refused.value.code == "token_refused"
        assert calls == ["token", "first", "token", "second"]

    async def test_a_static_one_cannot_be_renewed(self) -> None:
        calls, http = self.shopify("none")
        async with http:
            with pytest.raises(PoisonError) as refused:
                await AdminClient(shop(access_token=SecretStr("static")), http).execute("{ shop { id } }", {})
        assert refused.value.code == "token_refused"
        assert calls == ["static"]
