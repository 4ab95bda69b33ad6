"""Apache Kafka: one combined broker and controller in KRaft mode, on loopback."""

import asyncio
import fcntl
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import BrokerNotAvailableError, KafkaError

from printworks_local.stack.kafka_distribution import Distribution, cache_lock
from printworks_local.stack.model import Listener, StackError
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command, ServerProcess

CLUSTER_ID = "cHJpbnR3b3Jrc2xvY2FsMQ"
"""Any 16 bytes in base64; every local broker is a cluster of its own and nobody compares them."""

JVM = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)
ARCHIVE_TIMEOUT = 120.0


SINGLE_NODE_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # A killed broker may come back when its old session has ended; by default that is 9 seconds.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
    "num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "controlled.shutdown.enable": "false",  # nobody to hand over to
    "log.cleaner.dedupe.buffer.size": str(4 * 1024 * 1024),
    # What has run out goes within seconds, so that a test can wait for it; by default that takes 5 minutes.
    "log.retention.check.interval.ms": "2000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
}
"""All but addresses and directories."""


class KafkaServer:
    """Where one broker keeps its data and how it is started. `directory` holds `data/` and `server.properties`."""

    def __init__(
        self,
        distribution: Distribution,
        directory: Path,
        log: Path,
        *,
        durable: bool,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._distribution = distribution
        self._directory = directory
        self._log = log
        self._listeners = listeners
        self._port, self._controller_port = free_ports(2)
        directory.mkdir(parents=True, exist_ok=True)
        self._properties = directory / "server.properties"
        settings = self._settings(durable)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _settings(self, durable: bool) -> dict[str, str]:
        doors = [Listener("PLAINTEXT", self._port, self._port), *self._listeners]
        protocols = SINGLE_NODE_SETTINGS["listener.security.protocol.map"]
        settings = {
            **SINGLE_NODE_SETTINGS,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": ",".join(
                [f"{door.name}://127.0.0.1:{door.port}" for door in doors]
                + [f"CONTROLLER://127.0.0.1:{self._controller_port}"]
            ),
            "advertised.listeners": ",".join(f"{door.name}://127.0.0.1:{door.advertised_port}" for door in doors),
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": ",".join(
                [protocols, *(f"{door.name}:PLAINTEXT" for door in self._listeners)]
            ),
            "log.dirs": str(self._directory / "data"),
        }
        if durable:
            settings["log.flush.interval.messages"] = "1"
        return settings

    def server_command(self, *extra_jvm: str) -> Command:
        archive = self._distribution.class_archive
        shared = [f"-XX:SharedArchiveFile={archive}"] if archive.is_file() and not extra_jvm else []
        return Command(
            name="Apache Kafka",
            arguments=[
                *(str(self._distribution.java), *JVM, *shared, *extra_jvm, *LOGGING),
                *("-cp", self._distribution.class_path, "kafka.Kafka", str(self._properties)),
            ],
            log=self._log,
            stop_timeout=20.0,
        )

    def format(self) -> None:
        """Give a new broker its storage: a copy of what Kafka's own StorageTool has made once. Blocks."""
        data = self._directory / "data"
        if (data / "meta.properties").is_file():
            return
        formatted = self._distribution.formatted
        with cache_lock(self._distribution.directory):
            if not formatted.is_dir():
                self._run_storage_tool()
                (self._directory / "data").rename(formatted)
        shutil.copytree(formatted, data)

    def _run_storage_tool(self) -> None:
        result = subprocess.run(
            [
                *(str(self._distribution.java), *JVM, *LOGGING, "-cp", self._distribution.class_path),
                *("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID),
                *("--config", str(self._properties)),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if result.returncode != 0:
            raise StackError(
                f"Kafka's StorageTool could not format {self._directory}:\n{result.stdout}{result.stderr}",
                code="stack_kafka_format",
            )

    async def probe(self) -> None:
        await probe(self.bootstrap)


async def probe(bootstrap: str) -> None:
    """Ask for the cluster's metadata. Raises what PROBE_ERRORS lists while the broker is not ready, or answers and is
    not registered yet."""
    host, _, port = bootstrap.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))  # aiokafka would log a refused connection as an error
    writer.close()
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=4000)
    try:
        await client.start()
        if not (await client.describe_cluster())["brokers"]:
            raise BrokerNotAvailableError
    finally:
        await client.close()


PROBE_ERRORS = (OSError, KafkaError)


async def make_class_archive(distribution: Distribution, scratch: Path) -> None:
    """Run a broker once so that Java writes down the classes it has loaded. Nothing to do when that was done before."""
    with (distribution.directory / "archive.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if distribution.class_archive.is_file():
            return
        temporary = distribution.class_archive.with_suffix(".new")
        server = KafkaServer(distribution, scratch / "kafka", scratch / "kafka.log", durable=False)
        await asyncio.to_thread(server.format)
        process = ServerProcess(server.server_command(f"-XX:ArchiveClassesAtExit={temporary}"))
        try:
            await process.wait_ready(server.probe, PROBE_ERRORS, ARCHIVE_TIMEOUT)
            await process.stop()
        finally:
            await process.kill()
        if temporary.is_file():  # without an archive the broker starts slower, and that is all
            temporary.replace(distribution.class_archive)
