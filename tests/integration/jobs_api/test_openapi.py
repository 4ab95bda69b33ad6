"""Every operation of the document: odd requests never end in a fault of ours, and no shop reaches another's things."""

import asyncio
import itertools
import secrets
import warnings
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from printworks_jobs_api.pages.starters import TEMPLATE
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.jobs_api.parts import PIXEL, Making
from tests.integration.jobs_api.running import Running

EXAMPLES = 8
"""Per operation, half of them valid by the document and half not."""

ANSWER_SECONDS = 20.0


@dataclass
class Shop:
    """A shop with one thing of each kind, and its ids as the document names them."""

    client: httpx.AsyncClient
    ids: dict[str, str]


@pytest_asyncio.fixture(loop_scope="session")
async def shop(running: Running) -> AsyncGenerator[Shop]:
    name = f"fuzz-{secrets.token_hex(4)}.myshopify.com"
    making = Making(shop=name)
    making.failed()
    headers = {"Authorization": f"Bearer {await running.key(name)}"}
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers, timeout=40) as client:
        await running.publish(making)
        job_id = str(making.jobs["1"].job_id)
        assert (await client.get("/v1/changes?wait=30")).json()["items"]
        export = (await client.post("/v1/exports", json={"filter": {}})).json()
        bulk = (await client.post("/v1/bulk-actions", json={"action": "cancel", "filter": {"q": "nobody"}})).json()
        hold = (await client.post("/v1/holds", json={"reason": "Dispute"})).json()
        [key] = (await client.get("/v1/keys")).json()["items"]
        await client.put("/v1/mappings/poster", json={"sku": "A", "template_id": "t"})
        picture = {"kind": "image", "name": "Star"}
        await client.put("/v1/assets/star", params=picture, content=PIXEL)
        dry_run = (await client.post("/v1/dry-runs", json={"template": TEMPLATE})).json()
        ids = {
            "job_id": job_id, "order_id": making.order_id, "export_id": export["export_id"],
            "bulk_id": bulk["bulk_id"], "hold_id": hold["hold_id"], "key_id": key["key_id"],
            "entry_id": "poster", "asset_id": "star", "dry_run_id": dry_run["dry_run_id"],
        }  # fmt: skip
        yield Shop(client, ids)


async def test_no_request_ends_in_a_fault_of_ours(running: Running, shop: Shop) -> None:
    document = (await shop.client.get("/v1/openapi.json")).json()
    await asyncio.to_thread(try_all, document, running.api.url, dict(shop.client.headers), shop.ids)


def try_all(document: dict[str, Any], url: str, headers: dict[str, str], ids: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_dict(document)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for found in schema.get_all_operations():
            operation: Any = found.ok()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
            for mode in GenerationMode:
                try_operation(operation, mode, url, headers, ids)


def try_operation(operation: Any, mode: GenerationMode, url: str, headers: dict[str, str], ids: dict[str, str]) -> None:
    tried = itertools.count()

    @settings(
        max_examples=EXAMPLES // 2,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list[Any](HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        # Half of the requests are about things that there are, so that they get beyond the search for them.
        known = {name: value for name, value in ids.items() if name in (case.path_parameters or {})}
        if known and next(tried) % 2 and operation.path != "/v1/keys/{key_id}":
            case.path_parameters |= known
        if "wait" in (case.query or {}):
            case.query["wait"] = "0"
        response = case.call(base_url=url, headers={"Authorization": headers["authorization"]}, timeout=ANSWER_SECONDS)
        checks = [not_a_server_error]
        if response.status_code < 300:
            checks += [response_schema_conformance, content_type_conformance, status_code_conformance]
        case.validate_response(response, checks=checks)

    try:
        run()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing about this operation can be said wrongly


async def test_no_operation_reaches_another_shops_things(running: Running, shop: Shop) -> None:
    other = f"other-{secrets.token_hex(4)}.myshopify.com"
    headers = {"Authorization": f"Bearer {await running.key(other)}", "If-Match": "*"}
    document = (await shop.client.get("/v1/openapi.json")).json()
    tried = 0
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers, timeout=ANSWER_SECONDS) as thief:
        for path, item in document["paths"].items():
            address = path
            for name, value in shop.ids.items():
                address = address.replace(f"{{{name}}}", value)
            if address == path:
                continue
            address = address.replace("{slot}", "front").replace("{part}", "1").replace("{name}", "a.jpg")
            for method in item:
                # Ids of templates, mappings and assets are each shop's own: there a PUT makes one for the asking shop.
                if path.endswith(("{entry_id}", "{asset_id}")) and method == "put":
                    continue
                answer = await thief.request(method, address)
                assert answer.status_code == 404, (method, path, answer.text)
                tried += 1
    assert tried >= 20
    for name in ("job_id", "hold_id", "export_id", "bulk_id", "key_id", "dry_run_id"):
        [path] = [one for one in document["paths"] if one.endswith(f"{{{name}}}") and "get" in document["paths"][one]]
        assert (await shop.client.get(path.replace(f"{{{name}}}", shop.ids[name]))).status_code == 200
