"""`printworks-retention loop | once | walk | audit | migrate | doctor`."""

import argparse
import asyncio
import functools
import json
import sys
from pathlib import Path

from printworks_common import command
from printworks_common.doctor.command import Patient, doctor_command
from printworks_common.errors import PrintworksError
from printworks_common.postgres import close_pool, open_pool
from printworks_common.runtime import run
from printworks_common.settings import load

from printworks_retention import app, audit
from printworks_retention.settings import SCHEMA, DatabaseSettings, RetentionSettings


def loop(_arguments: list[str]) -> None:
    run("retention", "loop", load(RetentionSettings), app.build_loop)


def once(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="once", description="Purge what is due, then end. Refused: exit code 3.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="print counts and bytes per shop and day, delete nothing")
    what.add_argument(
        "--approve", type=int, default=0, metavar="N", help="up to N orders may go, whatever the cap says"
    )
    given = parser.parse_args(arguments)
    build = functools.partial(app.build_once, approved=given.approve, dry_run=given.dry_run)
    run("retention", "once", load(RetentionSettings), build)


def walk(_arguments: list[str]) -> None:
    run("retention", "walk", load(RetentionSettings), app.build_walk)


def audit_command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="audit", description="Check the audit's chain of hashes and print it.")
    parser.add_argument("--format", choices=["json", "csv"], default="json", help="json: one record per line")
    given = parser.parse_args(arguments)
    try:
        asyncio.run(_print_audit(load(DatabaseSettings), given.format))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _print_audit(settings: DatabaseSettings, form: str) -> None:
    pool = await open_pool(settings, schema=SCHEMA)
    try:
        if form == "csv":
            sys.stdout.write(audit.csv_line(audit.COLUMNS))
        async for entry in audit.read(pool):
            sys.stdout.write(audit.csv_row(entry) if form == "csv" else f"{json.dumps(entry.facts())}\n")
    finally:
        await close_pool(pool)


PATIENTS = {
    "loop": Patient(
        RetentionSettings,
        group="retention",
        schema=SCHEMA,
        migrations=Path(app.__file__).parent / "sql" / "migrations",
    )
}


def main() -> None:
    command.main(
        "printworks-retention",
        {
            "loop": loop,
            "once": once,
            "walk": walk,
            "audit": audit_command,
            "doctor": doctor_command("printworks-retention", PATIENTS),
            "migrate": command.migrate_command(DatabaseSettings, SCHEMA, app.__file__),
        },
    )


if __name__ == "__main__":
    main()
