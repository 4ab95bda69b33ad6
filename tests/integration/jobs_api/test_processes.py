"""The roles as processes: from a record on the topic to an answer, from a click to a command, and their ends."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from printworks_common.events.control import CatalogEntry, CommandIssued
from printworks_common.events.topics import Topic
from printworks_local.stack import Stack

from tests.integration.jobs_api.parts import PIXEL, Making, stored_file
from tests.integration.jobs_api.running import Running, command, environment, next_of, reading, start
from tests.integration.jobs_api.test_catalog_api import PHOTO


@asynccontextmanager
async def client(running: Running, shop: str) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {await running.key(shop)}"}
    async with httpx.AsyncClient(base_url=running.api.url, headers=headers, trust_env=False, timeout=20) as one:
        yield one


async def test_a_snapshot_on_the_topic_is_an_answer_of_the_api(running: Running) -> None:
    shop = "flow-one.myshopify.com"
    making = Making(shop=shop)
    job = making.job().job_id
    file = stored_file(job, "thumbnail", PIXEL)
    await running.store.put_bytes(file.key, PIXEL, file.media_type)
    async with client(running, shop) as api:
        waiting = asyncio.create_task(api.get("/v1/changes?wait=15"))
        making.ready("1", file)
        await running.publish(making)
        assert [one["status"] for one in (await waiting).json()["items"]] == ["ready"]
        [item] = (await api.get("/v1/print-jobs?q=muller")).json()["items"]
        fetched = await api.get(item["files"][0]["url"])
        assert (fetched.status_code, fetched.content) == (200, PIXEL)


async def test_a_retry_is_a_command_on_the_topic(running: Running) -> None:
    shop = "flow-two.myshopify.com"
    making = Making(shop=shop)
    making.failed()
    async with client(running, shop) as api, reading(running, Topic.COMMANDS) as commands:
        await running.publish(making)
        await api.get("/v1/changes?wait=15")
        answer = await api.post(f"/v1/print-jobs/{making.jobs['1'].job_id}/retry")
        assert answer.status_code == 202
        record = await next_of(commands, shop)
        issued = CommandIssued.model_validate_json(record.value)
        assert str(issued.command_id) == answer.json()["command_id"]
        headers = {name: value.decode() for name, value in record.headers}
        assert headers["ce_type"] == CommandIssued.type_name
        assert "traceparent" in headers


async def test_a_template_is_an_entry_on_the_catalog_topic(running: Running) -> None:
    shop = "flow-three.myshopify.com"
    async with client(running, shop) as api, reading(running, Topic.CATALOG) as catalog:
        assert (await api.put("/v1/templates/poster", json=PHOTO)).status_code == 201
        entry = CatalogEntry.model_validate_json((await next_of(catalog, shop)).value)
    assert (entry.kind, entry.entry_id, entry.version, entry.body) == ("template", "poster", 1, PHOTO)


async def test_health_and_metrics_are_served_beside_the_api(running: Running) -> None:
    async with httpx.AsyncClient(trust_env=False) as probe:
        for process in (running.api, running.projector):
            assert (await probe.get(f"{process.url}/healthz")).status_code == 200
            assert (await probe.get(f"{process.url}/readyz")).status_code == 200
            assert "printworks_" in (await probe.get(f"{process.url}/metrics")).text


async def test_a_projector_that_was_killed_goes_on_where_it_was(running: Running) -> None:
    shop = "flow-four.myshopify.com"
    async with client(running, shop) as api:
        await running.projector.kill()
        makings = [Making(shop=shop, order_id=str(number), name=f"#{number}") for number in range(20)]
        for making in makings:
            making.job()
            await running.publish(making)
        running.projector = await start("projector", running.env)
        after = 0
        async with asyncio.timeout(30):
            while after < 20:
                after = int((await api.get(f"/v1/changes?after={after}&wait=10")).json()["next_after"])
        assert len((await api.get("/v1/print-jobs")).json()["items"]) == 20


async def test_logs_hold_no_names_texts_keys_or_tokens(running: Running) -> None:
    shop = "flow-five.myshopify.com"
    making = Making(shop=shop, customer="Canary Name")
    making.ready("1", stored_file(making.job().job_id, "print", b"p", name="Canary File.pdf"))
    async with client(running, shop) as api:
        await running.publish(making)
        await api.get("/v1/changes?wait=15")
        await api.get("/v1/print-jobs?q=Canary")
        token = (await api.get("/v1/print-jobs")).json()["items"][0]["files"][0]["url"].split("/")[4]
        await api.head(f"/files/{token}/Canary%20File.pdf")
        key = api.headers["authorization"].split("_")[-1]
    logged = "\n".join(running.api.lines + running.projector.lines)
    for secret in ("Canary", token, key, "For Ada"):
        assert secret not in logged
    for line in running.api.lines:
        json.loads(line)


async def test_a_missing_setting_is_named_and_ends_with_2(stack: Stack) -> None:
    env = environment(stack.info, stack.info.postgres_dsn, "bucket", "http://127.0.0.1:1")
    for variable, role in (("PRINTWORKS_SESSION_KEY", "api"), ("PRINTWORKS_POSTGRES_DSN", "projector")):
        code, output = await command({name: value for name, value in env.items() if name != variable}, role)
        assert (code, variable in output) == (2, True)
    code, output = await command(env | {"PRINTWORKS_SESSION_KEY": "c2hvcnQ="}, "api")
    assert (code, "PRINTWORKS_SESSION_KEY" in output, "c2hvcnQ" in output) == (2, True, False)


async def test_a_key_for_what_is_no_shop_is_not_made(running: Running) -> None:
    for arguments in (("--shop", "example.com", "--scopes", "all"), ("--shop", "a.myshopify.com", "--scopes", "x")):
        code, _ = await command(running.env, "keys", "create", *arguments)
        assert code == 2
