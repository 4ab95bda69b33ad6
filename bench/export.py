"""An export of 5,000 files and 5 GB: loaded whole, loaded again with the connection cut at 20 random places, compared.

Beside it: the same objects read straight from the store by one client, one after the other. `--files`, `--kilobytes`
and `--cuts` choose another size. Files share 16 objects, so that little disk is used; nothing that is loaded is kept.
"""

import argparse
import asyncio
import base64
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path

import httpx
from printworks_common.clock import SystemClock
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.migrations import migrate
from printworks_common.postgres import close_pool, open_pool
from printworks_common.storage import ObjectStore
from printworks_jobs_api.keys import KeyStore, Scope
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.settings import SCHEMA, ApiSettings
from printworks_local.export_load import download, orders_with_files, peak_memory, put_objects
from printworks_local.stack import StackInfo, StackOptions, start_stack
from printworks_local.stack.ports import free_ports

SHOP = "bench-export.myshopify.com"
BUCKET = "bench-export"
MEMORY_LIMIT = 200_000_000
START_SECONDS = 60.0
READ_SECONDS = 60.0
MB = 1_000_000


def environment(info: StackInfo, dsn: str, port: int) -> dict[str, str]:
    return {
        "PRINTWORKS_KAFKA_BOOTSTRAP": info.kafka_bootstrap,
        "PRINTWORKS_POSTGRES_DSN": dsn,
        "PRINTWORKS_S3_ENDPOINT": info.s3_endpoint,
        "PRINTWORKS_S3_ACCESS_KEY": info.s3_access_key,
        "PRINTWORKS_S3_SECRET_KEY": info.s3_secret_key,
        "PRINTWORKS_BUCKET": BUCKET,
        "PRINTWORKS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PRINTWORKS_FILE_LINK_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "PRINTWORKS_SESSION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "PRINTWORKS_HTTP_HOST": "127.0.0.1",
        "PRINTWORKS_HTTP_PORT": str(port),
        # One archive: the longest download there can be.
        "PRINTWORKS_EXPORT_PART_BYTES": str(2**50),
    }


@asynccontextmanager
async def running_api(env: dict[str, str], url: str) -> AsyncGenerator[int]:
    """The API as a process of its own; yields its pid."""
    command = [sys.executable, "-m", "printworks_jobs_api", "api"]
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | env, stdout=subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(START_SECONDS):
            while True:
                if process.returncode is not None:
                    raise RuntimeError(f"jobs-api ended with exit code {process.returncode}")
                with suppress(httpx.TransportError):
                    if (await client.get(f"{url}/readyz")).is_success:
                        break
                await asyncio.sleep(0.2)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def measure(files: int, length: int, cuts: int) -> None:
    (port,) = free_ports(1)
    async with start_stack(StackOptions(label="bench-export", bucket=BUCKET)) as stack:
        env = environment(stack.info, await stack.create_database("jobs_api"), port)
        settings = ApiSettings.model_validate(
            {name.removeprefix("PRINTWORKS_").lower(): value for name, value in env.items()}
        )
        await ensure_topics(settings, GROUPS)
        with resources.as_file(resources.files("printworks_jobs_api") / "sql" / "migrations") as directory:
            await migrate(settings.postgres_dsn.get_secret_value(), SCHEMA, Path(directory))
        store = ObjectStore(settings)
        pool = await open_pool(settings, schema=SCHEMA)
        objects = await put_objects(store, SHOP, length)
        projector = Projector(pool, SystemClock())
        for snapshot in orders_with_files(SHOP, objects, files):
            await projector.apply(snapshot)
        key = await KeyStore(pool, SystemClock()).create(SHOP, [Scope.EXPORT])
        url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {key.text}"}
        async with running_api(env, url) as pid, httpx.AsyncClient(headers=headers, timeout=READ_SECONDS) as client:
            idle = peak_memory(pid)
            began = time.perf_counter()
            export = (await client.post(f"{url}/v1/exports", json={"filter": {}})).raise_for_status().json()
            while export["status"] == "preparing":
                await asyncio.sleep(0.1)
                export = (await client.get(f"{url}/v1/exports/{export['export_id']}")).raise_for_status().json()
            prepared = time.perf_counter() - began
            [part] = export["parts"]
            began = time.perf_counter()
            whole = await download(client, part["url"])
            took = time.perf_counter() - began
            places = sorted(random.Random(1).sample(range(1, part["bytes"]), cuts))
            broken = await download(client, part["url"], cuts=places)
            memory = peak_memory(pid)
        began = time.perf_counter()
        for number in range(files):
            async for _ in store.stream(objects[number % len(objects)].key):
                pass
        bare = time.perf_counter() - began
        await close_pool(pool)
        await store.close()
    size = whole.bytes / MB
    print(f"{export['files']} files in {export['jobs_done']} print jobs, archive of {size:,.0f} MB")
    print(f"prepared in {prepared:.1f} s ({export['files'] / prepared:,.0f} files a second)")
    print(f"loaded whole: {took:.1f} s, {size / took:,.0f} MB/s; the bare store: {bare:.1f} s, {size / bare:,.0f} MB/s")
    same = "the same" if whole.sha256 == broken.sha256 else "ANOTHER"
    print(f"cut at {cuts} places, {broken.requests} requests: {same} sha256 {broken.sha256}")
    print(f"memory of the API process: {idle / MB:.0f} MB idle, {memory / MB:.0f} MB at most (limit: 200 MB)")
    if whole.sha256 != broken.sha256 or memory > MEMORY_LIMIT:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--kilobytes", type=int, default=1000, help="of a file")
    parser.add_argument("--cuts", type=int, default=20)
    options = parser.parse_args()
    asyncio.run(measure(options.files, options.kilobytes * 1000, options.cuts))


if __name__ == "__main__":
    main()
