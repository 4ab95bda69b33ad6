"""`printworks-jobs-api api | projector | migrate | keys create | rebuild | reseal | privacy | doctor`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from printworks_common import command
from printworks_common.clock import SystemClock
from printworks_common.doctor.command import Patient, doctor_command
from printworks_common.errors import PrintworksError
from printworks_common.events.base import ShopDomain
from printworks_common.postgres import close_pool, open_pool
from printworks_common.runtime import run
from printworks_common.settings import load
from pydantic import TypeAdapter, ValidationError

from printworks_jobs_api import app, rebuild_command
from printworks_jobs_api.catalog import Catalog
from printworks_jobs_api.keys import KeyStore, NewKey, Scope
from printworks_jobs_api.own_storage import OwnStorages
from printworks_jobs_api.privacy_report import PrivacyReport, json_lines, table
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.settings import SCHEMA, ApiSettings, DatabaseSettings, ProjectorSettings, ResealSettings

SERVICE = "jobs-api"

PRIVACY_LINES = 10_000
"""So many requests are printed at most."""


def api(_arguments: list[str]) -> None:
    run(SERVICE, "api", load(ApiSettings), app.build_api)


def projector(_arguments: list[str]) -> None:
    run(SERVICE, "projector", load(ProjectorSettings), app.build_projector)


def keys(arguments: list[str]) -> int:
    """`keys create`: makes an API key and prints it, this once."""
    chosen = _keys_parser().parse_args(arguments)
    try:
        key = asyncio.run(_create_key(load(DatabaseSettings), chosen.shop, chosen.scopes, chosen.name))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    shown = {"key_id": key.key_id, "shop": chosen.shop, "scopes": chosen.scopes, "api_key": key.text}
    print(json.dumps(shown) if chosen.json else key.text)
    return 0


def reseal(_arguments: list[str]) -> int:
    """Seal the storage credentials of all shops with the first sealing key; afterwards the others can go."""
    try:
        count = asyncio.run(_reseal(load(ResealSettings)))
    except (PrintworksError, ProblemError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{count} shops were sealed anew")
    return 0


def privacy(arguments: list[str]) -> int:
    """How far Shopify's requests about people and shops are."""
    parser = argparse.ArgumentParser(prog="printworks-jobs-api privacy", description="Privacy requests, newest first.")
    parser.add_argument("--all", action="store_true", help="those that are done as well")
    parser.add_argument("--shop", type=_shop, help="of this shop only")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    chosen = parser.parse_args(arguments)
    try:
        rows = asyncio.run(_privacy_requests(load(DatabaseSettings), chosen.shop, done=chosen.all))
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(json_lines(rows) if chosen.json else table(rows)))
    return 0


MIGRATIONS = Path(app.__file__).parent / "sql" / "migrations"

PATIENTS = {
    "api": Patient(ApiSettings, schema=SCHEMA, migrations=MIGRATIONS),
    "projector": Patient(ProjectorSettings, group=app.GROUP, schema=SCHEMA, migrations=MIGRATIONS),
}


def main() -> None:
    command.main(
        "printworks-jobs-api",
        {
            "api": api,
            "projector": projector,
            "migrate": command.migrate_command(DatabaseSettings, SCHEMA, app.__file__),
            "keys": keys,
            "rebuild": rebuild_command.main,
            "reseal": reseal,
            "privacy": privacy,
            "doctor": doctor_command("printworks-jobs-api", PATIENTS),
        },
    )


def _keys_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="printworks-jobs-api keys", description="API keys of shops.")
    commands = parser.add_subparsers(required=True)
    create = commands.add_parser("create", help="make an API key and print it, this once")
    create.add_argument("--shop", required=True, type=_shop, help="example.myshopify.com")
    create.add_argument("--scopes", required=True, type=_scopes, help=f"comma-separated, or all: {', '.join(Scope)}")
    create.add_argument("--name", default="", help="what the key is for")
    create.add_argument("--json", action="store_true", help="print a JSON object: key_id, shop, scopes, api_key")
    return parser


def _shop(text: str) -> str:
    try:
        return TypeAdapter[str](ShopDomain).validate_python(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError("must be a shop's domain, example.myshopify.com") from error


def _scopes(text: str) -> list[Scope]:
    if text == "all":
        return list(Scope)
    try:
        return [Scope(one.strip()) for one in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be some of {', '.join(Scope)}") from error


async def _create_key(settings: DatabaseSettings, shop: str, scopes: list[Scope], name: str) -> NewKey:
    pool = await open_pool(settings, schema=SCHEMA)
    try:
        return await KeyStore(pool, SystemClock()).create(shop, scopes, name=name)
    finally:
        await close_pool(pool)


async def _privacy_requests(settings: DatabaseSettings, shop: str | None, *, done: bool) -> Sequence[Any]:
    pool = await open_pool(settings, schema=SCHEMA)
    try:
        return await PrivacyReport(pool).requests(shop, done=done, limit=PRIVACY_LINES)
    finally:
        await close_pool(pool)


async def _reseal(settings: ResealSettings) -> int:
    pool = await open_pool(settings, schema=SCHEMA)
    try:
        catalog = Catalog(pool, SystemClock())
        return await OwnStorages(pool, catalog, settings.sealer(), allow_private_addresses=False).reseal()
    finally:
        await close_pool(pool)


if __name__ == "__main__":
    main()
