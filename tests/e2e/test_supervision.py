"""The supervisor keeps services running, and its stack file follows."""

import asyncio
import json

import psutil
import pytest
from printworks_local.services import SERVICES, Service
from printworks_local.shop_floor import ShopFloor

CONTRACT = {
    "ingest_url", "jobs_api_url", "kafka_bootstrap", "postgres_dsn", "s3_endpoint", "s3_access_key", "s3_secret_key",
    "bucket", "shops", "services",
}  # fmt: skip


def test_the_stack_file_has_what_others_need(floor: ShopFloor) -> None:
    content = json.loads(floor.printworks.stack_file.read_text())
    assert set(content) == CONTRACT
    assert set(content["shops"][0]) == {"domain", "client_secret", "admin_api_url", "api_key"}
    assert set(content["services"]) == {service.name for service in SERVICES}


def test_only_its_owner_can_read_the_stack_file(floor: ShopFloor) -> None:
    assert floor.printworks.stack_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_the_stack_file_names_the_process_that_serves_the_metrics(floor: ShopFloor, service: Service) -> None:
    content = json.loads(floor.printworks.stack_file.read_text())
    entry = content["services"][service.name]
    assert service.role in psutil.Process(entry["pid"]).cmdline()
    assert (await floor.api.get(entry["metrics_url"])).status_code == 200


async def test_a_service_that_dies_is_started_again_on_its_port_and_the_stack_file_follows(floor: ShopFloor) -> None:
    one = floor.printworks.supervised["retention"]
    dead = one.kill()
    async with asyncio.timeout(30):
        while one.pid in {None, dead}:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.05)
    await one.wait_ready(30)
    entry = json.loads(floor.printworks.stack_file.read_text())["services"]["retention"]
    assert entry["pid"] == one.pid
    assert entry["metrics_url"] == f"{one.url}/metrics"
