"""`python -m tests.on_minio MINIO [pytest arguments]`: the tests of storage on a MinIO server, which ends with them."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException
from printworks_local.stack.model import new_secret
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command, ServerProcess

TESTS = ("tests/integration/common/test_storage.py", "tests/integration/common/test_merchant_storage.py")
USER = "printworks"
BUCKET = "printworks-tests"
START_SECONDS = 60.0
NOT_NEEDED = "not-needed.invalid:1"
"""These tests ask for neither PostgreSQL nor Kafka; STACK=external wants their addresses all the same."""


async def run(minio: Path, arguments: list[str]) -> int:
    """Exit code of pytest."""
    port, console = free_ports(2)
    address, secret = f"127.0.0.1:{port}", new_secret()
    with tempfile.TemporaryDirectory(prefix="printworks-minio-") as directory:
        server = ServerProcess(
            Command(
                name="minio",
                arguments=[
                    *(str(minio), "server", f"{directory}/data"),
                    *("--address", address, "--console-address", f"127.0.0.1:{console}"),
                ],
                log=Path(directory) / "minio.log",
                environment={"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": secret},
            )
        )
        try:
            client = Minio(address, access_key=USER, secret_key=secret, secure=False)

            async def make_bucket() -> None:
                if not await asyncio.to_thread(client.bucket_exists, BUCKET):
                    await asyncio.to_thread(client.make_bucket, BUCKET)

            await server.wait_ready(make_bucket, (MinioException, urllib3.exceptions.HTTPError), START_SECONDS)
            environment = {
                "STACK": "external",
                "PRINTWORKS_STACK_POSTGRES_DSN": f"postgresql://{NOT_NEEDED}",
                "PRINTWORKS_STACK_KAFKA_BOOTSTRAP": NOT_NEEDED,
                "PRINTWORKS_STACK_S3_ENDPOINT": f"http://{address}",
                "PRINTWORKS_STACK_S3_ACCESS_KEY": USER,
                "PRINTWORKS_STACK_S3_SECRET_KEY": secret,
                "PRINTWORKS_STACK_S3_BUCKET": BUCKET,
            }
            pytest = [sys.executable, "-m", "pytest", *TESTS, *arguments]
            done = await asyncio.to_thread(subprocess.run, pytest, env={**os.environ, **environment}, check=False)
            return done.returncode
        finally:
            await server.kill()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(Path(sys.argv[1]).resolve(), sys.argv[2:])))
