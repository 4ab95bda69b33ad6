"""What the console commands of all services have in common."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from printworks_common.errors import PrintworksError
from printworks_common.migrations import migrate
from printworks_common.settings import PostgresSettings, load


def migrate_command(settings: type[PostgresSettings], schema: str, package_file: str) -> Callable[[list[str]], int]:
    """The sub-command `migrate [--phase pre|post|all]` of a service with its own schema."""

    def command(arguments: list[str]) -> int:
        parser = argparse.ArgumentParser(prog="migrate", description=f"Bring the schema {schema} up to date.")
        parser.add_argument("--phase", choices=["pre", "post", "all"], default="all")
        phase = parser.parse_args(arguments).phase
        directory = Path(package_file).parent / "sql" / "migrations"
        try:
            asyncio.run(migrate(load(settings).postgres_dsn.get_secret_value(), schema, directory, phase=phase))
        except PrintworksError as error:
            print(error, file=sys.stderr)  # noqa: T201 (a command talks to its terminal)
            return 1
        return 0

    return command


def main(program: str, commands: Mapping[str, Callable[[list[str]], int | None]]) -> None:
    """Run the sub-command that the command line names; each gets the arguments behind it."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in commands:
        asked_for_help = bool(arguments) and arguments[0] in {"-h", "--help"}
        print(f"usage: {program} {{{','.join(commands)}}} …", file=sys.stdout if asked_for_help else sys.stderr)
        sys.exit(0 if asked_for_help else 2)
    sys.exit(commands[arguments[0]](arguments[1:]) or 0)
