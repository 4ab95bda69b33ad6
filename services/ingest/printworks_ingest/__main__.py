"""`printworks-ingest receiver | reconciler | reconcile | smoke | migrate`."""

from printworks_common import command
from printworks_common.runtime import run
from printworks_common.settings import load

from printworks_ingest import app, at_once, smoke
from printworks_ingest.settings import SCHEMA, MigrateSettings, ReceiverSettings, ReconcilerSettings


def receiver(_arguments: list[str]) -> None:
    run("ingest", "receiver", load(ReceiverSettings), app.build_receiver)


def reconciler(_arguments: list[str]) -> None:
    run("ingest", "reconciler", load(ReconcilerSettings), app.build_reconciler)


def main() -> None:
    command.main(
        "printworks-ingest",
        {
            "receiver": receiver,
            "reconciler": reconciler,
            "reconcile": at_once.command,
            "smoke": smoke.command,
            "migrate": command.migrate_command(MigrateSettings, SCHEMA, app.__file__),
        },
    )


if __name__ == "__main__":
    main()
