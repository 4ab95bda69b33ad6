"""The broker's programs: Apache Kafka's official jars, brought by Maven once and checked against `jars.sha256`.

`.printworks/cache/kafka/<version>/` holds `libs/`, `formatted/` (a formatted, empty storage directory) and one
class-data archive per Java version, which makes later starts about twice as fast.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from printworks_local.stack.model import StackError

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
CHECKSUMS = HERE / "jars.sha256"
MINIMUM_JAVA = 17
DOWNLOAD_TIMEOUT = 600.0
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


@dataclass(frozen=True, slots=True)
class Distribution:
    """The jars and the Java that runs them."""

    directory: Path
    java: Path
    java_version: str

    @property
    def class_path(self) -> str:
        return str(self.directory / "libs" / "*")

    @property
    def formatted(self) -> Path:
        return self.directory / "formatted"

    @property
    def class_archive(self) -> Path:
        return self.directory / f"java-{self.java_version}.jsa"


def version() -> str:
    """Kafka's version as pinned in pom.xml."""
    match = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if match is None:
        raise StackError(f"{POM} names no kafka.version.")
    return match.group(1)


def find_java() -> tuple[Path, str]:
    """Path and version of the machine's Java. Raises StackError when there is none or it is older than 17."""
    found = shutil.which("java")
    if found is None:
        raise StackError(
            "Java is not installed; install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)."
        )
    output = subprocess.run([found, "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    match = re.search(r'version "((\d+)[^"]*)"', output)
    if match is None or int(match.group(2)) < MINIMUM_JAVA:
        raise StackError(f"Apache Kafka needs Java {MINIMUM_JAVA} or newer; {found} says: {output.splitlines()[0]}")
    return Path(found), match.group(1)


def obtain(root: Path) -> Distribution:
    """The distribution, from the cache or through Maven; blocks. Raises StackError with what to do."""
    java, java_version = find_java()
    directory = root / ".printworks" / "cache" / "kafka" / version()
    with cache_lock(directory):
        if not (directory / "libs").is_dir():
            _download(directory)
    return Distribution(directory, java, java_version)


@contextmanager
def cache_lock(directory: Path) -> Generator[None]:
    """Only one process at a time fills the cache."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(directory: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError("Apache Maven is not installed; it brings the Kafka broker (Debian: apt-get install maven).")
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        shutil.copy(POM, temporary)
        libs = Path(temporary) / "libs"
        result = subprocess.run(
            [maven, "--batch-mode", "--quiet", PLUGIN, f"-DoutputDirectory={libs}", "-DincludeScope=runtime"],
            cwd=temporary,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=DOWNLOAD_TIMEOUT,
        )
        if result.returncode != 0:
            tail = "\n".join((result.stdout + result.stderr).splitlines()[-20:])
            raise StackError(f"Maven could not bring Apache Kafka {version()}:\n{tail}", code="stack_kafka_download")
        _verify(libs)
        libs.rename(directory / "libs")


def _verify(libs: Path) -> None:
    lines = (line.split() for line in CHECKSUMS.read_text(encoding="utf-8").splitlines())
    expected = {name: checksum for checksum, name in lines}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in libs.glob("*.jar")}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise StackError(
            f"The jars that Maven brought are not those of {CHECKSUMS.name}: {', '.join(wrong)}.",
            code="stack_kafka_checksum",
        )
