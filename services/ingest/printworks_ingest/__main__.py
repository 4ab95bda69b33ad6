"""`printworks-ingest receiver | reconciler | count | reconcile | smoke | migrate | doctor`."""

import argparse
from pathlib import Path

from printworks_common import command
from printworks_common.doctor.command import Patient, doctor_command
from printworks_common.doctor.shopify import Wanted
from printworks_common.runtime import run
from printworks_common.settings import load

from printworks_ingest import app, at_once, smoke
from printworks_ingest.settings import SCHEMA, MigrateSettings, ReceiverSettings, ReconcilerSettings
from printworks_ingest.subscriptions import SUBSCRIBED, enum_of


def receiver(_arguments: list[str]) -> None:
    run("ingest", "receiver", load(ReceiverSettings), app.build_receiver)


def reconciler(_arguments: list[str]) -> None:
    run("ingest", "reconciler", load(ReconcilerSettings), app.build_reconciler)


def count(arguments: list[str]) -> None:
    text = "Count the orders of every shop, then end. Exit code 4: a shop could not be counted."
    argparse.ArgumentParser(prog="printworks-ingest count", description=text).parse_args(arguments)
    run("ingest", "count", load(ReconcilerSettings), app.build_count)


MIGRATIONS = Path(app.__file__).parent / "sql" / "migrations"

SHOP = Wanted(topics=[enum_of(topic) for topic in SUBSCRIBED])

PATIENTS = {
    "receiver": Patient(ReceiverSettings, shops=lambda _: SHOP),
    "reconciler": Patient(
        ReconcilerSettings, group="reconciler", schema=SCHEMA, migrations=MIGRATIONS, shops=lambda _: SHOP
    ),
}


def main() -> None:
    command.main(
        "printworks-ingest",
        {
            "receiver": receiver,
            "reconciler": reconciler,
            "count": count,
            "reconcile": at_once.command,
            "smoke": smoke.command,
            "doctor": doctor_command("printworks-ingest", PATIENTS),
            "migrate": command.migrate_command(MigrateSettings, SCHEMA, app.__file__),
        },
    )


if __name__ == "__main__":
    main()
