"""Retry, re-render, cancel, replace a picture: one command in the outbox for one wish, and a clear no otherwise."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from printworks_common.events.control import CommandIssued

from tests.integration.jobs_api.parts import PIXEL, SHOP, Api, Making


async def sent(api: Api) -> list[CommandIssued]:
    """Commands that wait to be published, in their order."""
    rows = await api.pool.fetch("SELECT topic, key, headers, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {"printworks.commands.v1"}
    commands = [CommandIssued.model_validate_json(row["value"]) for row in rows]
    for row, command in zip(rows, commands, strict=True):
        assert row["key"] == f"{command.shop}/{command.order_id}"
        assert row["headers"]["ce_type"] == CommandIssued.type_name
    return commands


async def in_state(api: Api, status: str, **changes: Any) -> str:
    """The path of a job in a state."""
    making = Making()
    making.failed() if status == "failed" else making.job(status=status, step=None, **changes)
    await api.project(making)
    return f"/v1/print-jobs/{making.jobs['1'].job_id}"


async def test_a_retry_of_a_failed_job_becomes_one_command(api: Api) -> None:
    path = await in_state(api, "failed")
    async with await api.client() as client:
        answer = await client.post(f"{path}/retry")
        assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
        [command] = await sent(api)
        assert str(command.command_id) == answer.json()["command_id"]
        assert (command.kind, command.shop, str(command.job_id)) == ("retry", SHOP, path.rpartition("/")[2])
        assert command.issued_by.startswith("key:")
        shown = (await client.get(path)).json()
        assert shown["asked"]["kind"] == "retry"


async def test_asking_again_before_anything_has_changed_names_the_same_command(api: Api) -> None:
    path = await in_state(api, "failed")
    async with await api.client() as client:
        answers = await asyncio.gather(*(client.post(f"{path}/retry") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["command_id"] for answer in answers}) == 1
    assert sorted(answer.json()["outcome"] for answer in answers) == ["accepted"] + ["already_asked"] * 7
    assert len(await sent(api)) == 1


async def test_a_job_that_failed_again_can_be_retried_again(api: Api) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    path = f"/v1/print-jobs/{making.jobs['1'].job_id}/retry"
    async with await api.client() as client:
        await client.post(path)
        making.failed()
        await api.project(making)
        assert (await client.post(path)).json()["outcome"] == "accepted"
    assert len(await sent(api)) == 2


@pytest.mark.parametrize(
    ("status", "verb", "http", "word"),
    [
        ("pending", "retry", 202, "already_running"),
        ("ready", "retry", 409, "not_retryable"),
        ("cancelled", "retry", 409, "not_retryable"),
        ("cleared", "retry", 409, "inputs_expired"),
        ("cleared", "rerender", 409, "inputs_expired"),
        ("cancelled", "rerender", 409, "not_rerenderable"),
        ("cancelled", "cancel", 202, "already_cancelled"),
        ("cleared", "cancel", 409, "not_cancellable"),
    ],
)
async def test_what_cannot_be_is_said_at_once_and_nothing_is_sent(
    api: Api, status: str, verb: str, http: int, word: str
) -> None:
    path = await in_state(api, status)
    async with await api.client() as client:
        answer = await client.post(f"{path}/{verb}")
    assert answer.status_code == http
    assert word in {answer.json().get("outcome"), answer.json().get("code")}
    assert await sent(api) == []


@pytest.mark.parametrize(("status", "verb"), [("ready", "rerender"), ("failed", "rerender"), ("pending", "cancel")])
async def test_rerender_and_cancel_become_commands(api: Api, status: str, verb: str) -> None:
    path = await in_state(api, status)
    async with await api.client() as client:
        assert (await client.post(f"{path}/{verb}")).status_code == 202
    assert [command.kind for command in await sent(api)] == [verb]


async def test_the_same_idempotency_key_does_the_work_once(api: Api) -> None:
    making = Making()
    making.failed()
    await api.project(making)
    path = f"/v1/print-jobs/{making.jobs['1'].job_id}/retry"
    headers = {"Idempotency-Key": "morning-1"}
    async with await api.client() as client:
        first = await client.post(path, headers=headers)
        making.failed()
        await api.project(making)
        again = await client.post(path, headers=headers)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        other = await client.post(path.replace("retry", "cancel"), headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        odd = await client.post(path, headers={"Idempotency-Key": "x" * 300})
        assert (odd.status_code, odd.json()["code"]) == (400, "invalid_idempotency_key")
    assert len(await sent(api)) == 1


async def test_a_refused_request_may_be_sent_again_under_its_key(api: Api) -> None:
    making = Making()
    making.ready()
    await api.project(making)
    path = f"/v1/print-jobs/{making.jobs['1'].job_id}/retry"
    async with await api.client() as client:
        assert (await client.post(path, headers={"Idempotency-Key": "k"})).status_code == 409
        making.failed()
        await api.project(making)
        assert (await client.post(path, headers={"Idempotency-Key": "k"})).status_code == 202


async def test_a_replaced_picture_lies_below_its_order_and_is_named_in_the_command(api: Api) -> None:
    path = await in_state(api, "failed")
    async with await api.client() as client:
        answer = await client.put(f"{path}/inputs/front", content=PIXEL, headers={"Content-Type": "image/png"})
        assert answer.status_code == 202, answer.text
    [command] = await sent(api)
    assert command.kind == "replace_input"
    assert command.replacement is not None
    digest = hashlib.sha256(PIXEL).hexdigest()
    assert command.replacement.input_id == "photo:front"
    assert command.replacement.key == f"orders/2026-11-20/{SHOP}/5001/{command.job_id}/inputs/{digest}"
    assert (command.replacement.sha256, command.replacement.bytes) == (digest, len(PIXEL))
    assert command.replacement.media_type == "image/png"
    assert await api.store.get_bytes(command.replacement.key) == PIXEL


@pytest.mark.parametrize(
    ("slot", "content", "status", "code"),
    [
        ("back", PIXEL, 404, "unknown_input"),
        ("front", b"", 422, "upload_empty"),
        ("front", b"<svg/>", 415, "upload_unsupported"),
        ("front", b"\xff\xd8\xff" + b"x" * 41 * 1024 * 1024, 413, "upload_too_large"),
    ],
    ids=["unknown slot", "empty", "no picture", "too large"],
)
async def test_a_picture_that_cannot_be_used_is_refused(
    api: Api, slot: str, content: bytes, status: int, code: str
) -> None:
    path = await in_state(api, "failed")
    async with await api.client() as client:
        answer = await client.put(f"{path}/inputs/{slot}", content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await sent(api) == []


async def test_an_upload_that_does_not_say_its_length_is_cut_off_at_the_limit(api: Api) -> None:
    path = await in_state(api, "failed")
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 200 * 1024 * 1024:
            given += 1024 * 1024
            yield b"\xff\xd8\xff" + b"x" * (1024 * 1024 - 3)

    async with await api.client() as client:
        answer = await client.put(f"{path}/inputs/front", content=endless())
    assert answer.status_code == 413
    assert json.loads(answer.text)["code"] == "upload_too_large"


async def test_a_picture_of_a_cleared_job_cannot_be_replaced(api: Api) -> None:
    path = await in_state(api, "cleared")
    async with await api.client() as client:
        answer = await client.put(f"{path}/inputs/front", content=PIXEL)
    assert (answer.status_code, answer.json()["code"]) == (409, "inputs_expired")


async def test_old_notes_are_dropped(api: Api) -> None:
    path = await in_state(api, "failed")
    async with await api.client() as client:
        await client.post(f"{path}/retry", headers={"Idempotency-Key": "k"})
    await api.pool.execute("UPDATE idempotency SET created_at = created_at - interval '2 days'")
    await api.services.commands.forget_old(api.pool)
    assert await api.pool.fetchval("SELECT count(*) FROM idempotency") == 0
    assert await api.pool.fetchval("SELECT count(*) FROM commands") == 1
