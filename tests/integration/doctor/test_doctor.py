"""The doctor before real parts: what is right is said to be right, what is broken is named, nothing is changed."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from printworks_common.clock import SystemClock
from printworks_common.doctor import kafka, postgres, shopify, store
from printworks_common.doctor.findings import Finding, Findings, Verdict
from printworks_common.doctor.shopify import Wanted
from printworks_common.events.topics import Topic
from printworks_common.kafka.admin import TopicPlan, create_topics, ensure_topics, plan
from printworks_common.kafka.groups import GROUPS
from printworks_common.migrations import migrate
from printworks_common.settings import KafkaSettings, PostgresSettings, StorageSettings
from printworks_local.services import SERVICES, Service
from printworks_local.shopify.client import ShopControl
from printworks_local.shopify.server import start_shopify
from printworks_local.shopify.state import AppConfig, ShopConfig
from printworks_local.stack import Stack
from pydantic import SecretStr

CLOCK = SystemClock()


async def all_of(findings: Findings) -> list[Finding]:
    return [one async for one in findings]


def wrongs(findings: list[Finding]) -> list[str]:
    return [one.sentence for one in findings if one.verdict is Verdict.WRONG]


async def test_kafka_with_all_topics_is_found_well(stack: Stack) -> None:
    settings = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(settings, GROUPS)
    findings = await all_of(kafka.look(settings, "coordinator"))
    assert not wrongs(findings)
    sentences = [one.sentence for one in findings]
    assert f"{len(plan(GROUPS))} topics are there" in sentences
    assert "the topics of the group coordinator can be read" in sentences


async def test_topics_that_are_missing_or_keep_their_records_for_another_time_are_named(stack: Stack) -> None:
    settings = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(settings, GROUPS)
    groups = {"newcomer": (Topic.ORDERS,)}
    (missing,) = wrongs(await all_of(kafka.look(settings, None, groups)))
    assert "topics are missing: printworks.orders.v1.newcomer.dlq; run" in missing

    dead_letters = TopicPlan("printworks.orders.v1.newcomer.dlq", 1, {"retention.ms": "1000"})
    await create_topics(settings, [dead_letters])
    said = wrongs(await all_of(kafka.look(settings, None, groups)))
    assert f"{dead_letters.name}: retention.ms is 1000, not 604800000" in said


async def test_brokers_that_do_not_answer_are_named_with_what_to_look_at() -> None:
    findings = await all_of(kafka.look(KafkaSettings(kafka_bootstrap="127.0.0.1:1"), "coordinator"))
    (said,) = wrongs(findings)
    assert "the brokers at 127.0.0.1:1 do not answer" in said


async def test_a_schema_is_followed_from_not_there_to_up_to_date(
    new_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> None:
    settings = PostgresSettings(postgres_dsn=SecretStr(await new_database()))
    (tmp_path / "20260101000000_pre_a.sql").write_text("-- migrate:up\nCREATE TABLE a (id int);\n\n-- migrate:down\n")

    async def look() -> list[str]:
        return wrongs(await all_of(postgres.look(settings, "patient", tmp_path, CLOCK)))

    assert await look() == ["there is no schema patient; run `migrate`"]
    await migrate(settings.postgres_dsn.get_secret_value(), "patient", tmp_path)
    assert await look() == []
    (tmp_path / "20260102000000_pre_b.sql").write_text("-- migrate:up\nCREATE TABLE b (id int);\n\n-- migrate:down\n")
    assert await look() == ["the schema patient lacks 20260102000000_pre_b.sql; run `migrate --phase pre`"]


async def test_a_database_that_is_away_is_named_without_its_password() -> None:
    dsn = "postgresql://user:hunter2@127.0.0.1:1/none"
    findings = await all_of(postgres.look(PostgresSettings(postgres_dsn=SecretStr(dsn)), "x", Path(), CLOCK))
    assert wrongs(findings) == ["The database does not answer. (database_unreachable)"]
    assert "hunter2" not in str(findings)


def storage(stack: Stack, **changes: object) -> StorageSettings:
    info = stack.info
    values = {
        "s3_endpoint": info.s3_endpoint,
        "s3_access_key": info.s3_access_key,
        "s3_secret_key": info.s3_secret_key,
        "bucket": info.bucket,
    }
    return StorageSettings.model_validate({**values, **changes})


async def test_a_bucket_is_tried_and_one_that_is_not_there_or_not_ours_is_named(stack: Stack, bucket: str) -> None:
    assert not wrongs(await all_of(store.look(storage(stack, bucket=bucket), CLOCK)))
    (missing,) = wrongs(await all_of(store.look(storage(stack, bucket="no-such-bucket"), CLOCK)))
    assert "bucket_missing" in missing
    (refused,) = wrongs(await all_of(store.look(storage(stack, bucket=bucket, s3_secret_key="wrong"), CLOCK)))
    assert "store_refused" in refused


async def test_a_shop_is_asked_for_token_scopes_and_webhooks(tmp_path: Path) -> None:
    app = AppConfig(client_id="app", client_secret="app-secret", static_tokens=["shpat_doctor"])
    shop = ShopConfig(domain="doctor.myshopify.com", apps=[app])
    wanted = Wanted(topics=["ORDERS_PAID"], definitions={"artwork_status": "single_line_text_field"})
    shops = tmp_path / "shops.json"
    async with start_shopify([shop]) as running, ShopControl(running.url, shop.domain) as control:
        entry = {
            "domain": shop.domain,
            "client_id": "app",
            "client_secret": "app-secret",
            "access_token": "shpat_doctor",
            "admin_api_url": running.admin_api_url(shop.domain),
        }
        shops.write_text(json.dumps([entry]))
        findings = await all_of(shopify.look(shops, wanted))
        assert not wrongs(findings)
        assert [one.verdict for one in findings] == [Verdict.GOOD, Verdict.NOTE, Verdict.NOTE]

        await control.scopes("app", ["read_products"])
        (lacking,) = wrongs(await all_of(shopify.look(shops, wanted)))
        assert "scope" in lacking

        shops.write_text(json.dumps([{**entry, "access_token": "shpat_wrong"}]))
        (refused,) = wrongs(await all_of(shopify.look(shops, wanted)))
        assert "token_refused" in refused
        assert "shpat_wrong" not in refused


@pytest.mark.parametrize("broken", ["", "not: [a list"])
async def test_a_shops_file_that_cannot_be_used_is_named(tmp_path: Path, broken: str) -> None:
    shops = tmp_path / "shops.yaml"
    shops.write_text(broken)
    (said,) = wrongs(await all_of(shopify.look(shops, Wanted())))
    assert "shops_file" in said


def test_every_topic_of_a_group_is_one_of_ours() -> None:
    assert {topic for topics in GROUPS.values() for topic in topics} <= set(Topic)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_role_has_a_doctor_who_names_what_is_not_set(service: Service) -> None:
    program = Path(sys.executable).with_name(service.command)
    bare = {"PATH": "/usr/bin", "PRINTWORKS_NO_SUCH_SETTING": "hunter2"}
    run = subprocess.run([program, "doctor", service.role], env=bare, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    assert "WRONG settings  PRINTWORKS_KAFKA_BOOTSTRAP is not set" in run.stdout
    assert "PRINTWORKS_NO_SUCH_SETTING is set, but this role does not read it" in run.stdout
    assert "hunter2" not in run.stdout
