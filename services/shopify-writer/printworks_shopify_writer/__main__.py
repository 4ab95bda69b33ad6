"""`printworks-shopify-writer writer | migrate | failures | retry | doctor`."""

from pathlib import Path

from printworks_common import command
from printworks_common.doctor.command import Patient, doctor_command
from printworks_common.doctor.shopify import Wanted
from printworks_common.runtime import run
from printworks_common.settings import load

from printworks_shopify_writer import app, commands
from printworks_shopify_writer.definitions import WANTED
from printworks_shopify_writer.settings import SCHEMA, MigrateSettings, WriterSettings


def writer(_arguments: list[str]) -> None:
    run("shopify-writer", "writer", load(WriterSettings), app.build_writer)


def needs_of_a_shop(settings: WriterSettings) -> Wanted:
    holds = {"write_merchant_managed_fulfillment_orders"} if settings.fulfilment_holds else set[str]()
    return Wanted(
        scopes=frozenset({"write_orders"} | holds),
        namespace=settings.metafield_namespace,
        definitions={key: kind for key, kind, _ in WANTED},
    )


PATIENTS = {
    "writer": Patient(
        WriterSettings,
        group="shopify-writer",
        schema=SCHEMA,
        migrations=Path(app.__file__).parent / "sql" / "migrations",
        shops=needs_of_a_shop,
    )
}


def main() -> None:
    command.main(
        "printworks-shopify-writer",
        {
            "writer": writer,
            "migrate": command.migrate_command(MigrateSettings, SCHEMA, app.__file__),
            "failures": commands.failures,
            "retry": commands.retry,
            "doctor": doctor_command("printworks-shopify-writer", PATIENTS),
        },
    )


if __name__ == "__main__":
    main()
