"""What a shop's key reaches of other shops' things: every operation of the API's own document that names one of them,
every list, search, and what is asked of print jobs by their ids. Nothing may be seen or changed.
"""

import asyncio
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import httpx

SAMPLE = 4
"""So many print jobs of each shop are asked for one by one, with every other shop's key."""

MADE = {"/v1/exports": "export_id", "/v1/holds": "hold_id", "/v1/keys": "key_id"}
"""Where things are that a shop makes for this, and takes away again; how their ids are named."""

OTHER_PLACES = {"slot": "photo", "part": "1", "name": "a.jpg"}
"""Parts of addresses that name nothing by themselves."""

READY_SECONDS = 30.0
"""Until an export of a few print jobs is prepared."""

_WORDS = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop's own client, and the ids of its orders."""

    name: str
    api: httpx.AsyncClient
    orders: Collection[str]


@dataclass(frozen=True, slots=True)
class Owner:
    """A shop that has something, and what must not be reached of it."""

    shop: Shop
    jobs: Sequence[dict[str, Any]]
    """Some of its print jobs, as it lists them."""
    ids: Mapping[str, Sequence[str]]
    """Ids of some of its things, by the names that they have in addresses."""
    marks: frozenset[str]
    """Ids that would give any of its things away in an answer."""


async def reached(shops: Sequence[Shop]) -> AsyncIterator[str]:
    """A sentence for everything of a shop that another shop's key has seen or changed."""
    async with AsyncExitStack() as exits:
        owners = [await exits.enter_async_context(_belongings(shop)) for shop in shops if shop.orders]
        before = [await _state(owner) for owner in owners]
        for shop in shops:
            others = [owner for owner in owners if owner.shop is not shop]
            own = next((owner for owner in owners if owner.shop is shop), None)
            async for text in _tried(shop, own, others):
                yield f"{shop.name} {text}"
        for owner, known in zip(owners, before, strict=True):
            if await _state(owner) != known:
                yield f"something of {owner.shop.name} was changed by another shop's key"


@asynccontextmanager
async def _belongings(shop: Shop) -> AsyncGenerator[Owner]:
    """The shop's print jobs, and one of each thing that it makes itself; they go afterwards."""
    jobs = [
        row
        async for page in _pages(shop.api, "/v1/print-jobs", {"limit": "250"})
        for row in page.json()["items"]
        if row["order_id"] in shop.orders
    ]
    chosen = random.Random(shop.name).sample(jobs, min(SAMPLE, len(jobs)))
    wanted = {"ids": [job["job_id"] for job in chosen]} if chosen else {"filter": {}}
    made = {
        "export_id": await _made(shop.api, "/v1/exports", wanted),
        "bulk_id": await _made(shop.api, "/v1/bulk-actions", {"action": "cancel", "filter": {"q": "nobody has it"}}),
        "hold_id": await _made(shop.api, "/v1/holds", {"reason": "It is another shop's."}),
        "key_id": await _made(shop.api, "/v1/keys", {"name": "not used", "scopes": ["jobs:read"]}),
    }
    created = {name: answer[name] for name, answer in made.items()}
    ids = {
        "order_id": sorted({job["order_id"] for job in chosen}),
        "job_id": [job["job_id"] for job in chosen],
        **{name: [one] for name, one in created.items()},
    }
    marks = {*shop.orders, *created.values(), *(job["job_id"] for job in jobs)}
    marks |= {file["file_id"] for job in jobs for file in job["files"]}
    try:
        yield Owner(shop, chosen, ids, frozenset(marks))
    finally:
        for path, name in MADE.items():
            await shop.api.delete(f"{path}/{created[name]}")


async def _state(owner: Owner) -> list[Any]:
    """What its owner sees of what others are refused."""
    found: list[Any] = []
    for number in owner.ids["order_id"]:
        order = await _read(owner.shop.api, f"/v1/orders/{number}")
        jobs = [(job["job_id"], job["version"], job["status"], job["asked"]) for job in order["jobs"]]
        found.append((number, order["version"], order["artwork_status"], sorted(jobs)))
    for path, name in MADE.items():
        answer = await owner.shop.api.get(f"{path}/{owner.ids[name][0]}")
        thing = answer.json()
        found.append((answer.status_code, thing.get("revoked_at"), thing.get("lifted_at")))
    return found


async def _tried(shop: Shop, own: Owner | None, others: Sequence[Owner]) -> AsyncIterator[str]:
    document = await _read(shop.api, "/v1/openapi.json")
    for other in others:
        async for text in _named(shop.api, document, other):
            yield text
        async for text in _searched(shop.api, other):
            yield text
    if others:
        async for text in _asked_by_id(shop.api, own, others):
            yield text
    async for text in _listed(shop.api, document, others):
        yield text


async def _named(api: httpx.AsyncClient, document: Mapping[str, Any], other: Owner) -> AsyncIterator[str]:
    """Whatever is about a thing of the other shop answers as if there were none."""
    for method, path in _operations(document, other.ids):
        for address in _addresses(path, other.ids):
            answer = await api.request(method, address, headers={"If-Match": "*"})
            if answer.status_code != httpx.codes.NOT_FOUND.value:
                yield f"gets {answer.status_code} for {method} {path} of {other.shop.name}"


async def _searched(api: httpx.AsyncClient, other: Owner) -> AsyncIterator[str]:
    for name, path in product({job["order_name"] for job in other.jobs}, ("/v1/print-jobs", "/v1/orders")):
        async for page in _pages(api, path, {"q": name}):
            if other.marks & _words(page):
                yield f"finds an order of {other.shop.name} under {path}"


async def _listed(api: httpx.AsyncClient, document: Mapping[str, Any], others: Sequence[Owner]) -> AsyncIterator[str]:
    for path, query in _lists(document):
        seen: set[str] = set()
        async for page in _pages(api, path, query):
            seen |= _words(page)
        for other in others:
            if given_away := seen & other.marks:
                yield f"sees {len(given_away)} things of {other.shop.name} under {path}"


async def _asked_by_id(api: httpx.AsyncClient, own: Owner | None, others: Sequence[Owner]) -> AsyncIterator[str]:
    """Others' print jobs among one's own: they are not counted and not exported."""
    mine = own.ids["job_id"] if own else []
    theirs = [job_id for other in others for job_id in other.ids["job_id"]]
    if not theirs:
        return
    count = await _made(api, "/v1/bulk-actions/count", {"action": "rerender", "ids": [*mine, *theirs]})
    if count["matched"] != len(mine):
        yield f"counts {count['matched']} print jobs where it names {len(mine)} of its own"
    export = await _made(api, "/v1/exports", {"ids": [*mine, *theirs], "include": ["print", "thumbnail"]})
    address = f"/v1/exports/{export['export_id']}"
    try:
        manifest = _words(await _manifest(api, address))
        if export["jobs_matched"] != len(mine) or any(other.marks & manifest for other in others):
            yield "exports print jobs of others"
    finally:
        await api.delete(address)


async def _manifest(api: httpx.AsyncClient, export: str) -> httpx.Response:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        answer = await api.get(f"{export}/manifest")
        if answer.status_code != httpx.codes.CONFLICT.value or time.monotonic() > deadline:
            return answer.raise_for_status()
        await asyncio.sleep(0.1)


def _operations(document: Mapping[str, Any], ids: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Method and path of whatever is about a thing that has one of these ids."""
    for path, item in document["paths"].items():
        if any(f"{{{name}}}" in path for name in ids):
            yield from ((method.upper(), path) for method in item)


def _addresses(path: str, ids: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = re.findall(r"{(\w+)}", path)
    for values in product(*(ids[name] if name in ids else [OTHER_PLACES[name]] for name in names)):
        yield path.format(**dict(zip(names, values, strict=True)))


def _lists(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Path and query of whatever is read without naming a thing, as much on a page as there may be."""
    for path, item in document["paths"].items():
        if "get" in item and "{" not in path:
            schemas = {one["name"]: one["schema"] for one in item["get"].get("parameters", [])}
            yield path, {"limit": str(schemas["limit"]["maximum"])} if "limit" in schemas else {}


async def _pages(api: httpx.AsyncClient, path: str, query: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
    """One after the other, to the last."""
    following: dict[str, str] = {}
    while True:
        answer = await api.get(path, params={**query, **following})
        if answer.status_code != httpx.codes.NOT_FOUND.value:  # so answers what a shop has not set up
            answer.raise_for_status()
        yield answer
        page = answer.json()
        if cursor := page.get("next_cursor"):
            following = {"cursor": cursor}
        elif page.get("more", True) and (after := page.get("next_after")):
            following = {"after": after}
        else:
            return


def _words(answer: httpx.Response) -> set[str]:
    return set(_WORDS.findall(answer.text))


async def _read(api: httpx.AsyncClient, path: str) -> Any:
    return (await api.get(path)).raise_for_status().json()


async def _made(api: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Any:
    return (await api.post(path, json=body)).raise_for_status().json()
