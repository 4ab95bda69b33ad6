"""`printworks-shopify-writer writer | migrate | failures | retry`."""

from printworks_common import command
from printworks_common.runtime import run
from printworks_common.settings import load

from printworks_shopify_writer import app, commands
from printworks_shopify_writer.settings import SCHEMA, MigrateSettings, WriterSettings


def writer(_arguments: list[str]) -> None:
    run("shopify-writer", "writer", load(WriterSettings), app.build_writer)


def main() -> None:
    command.main(
        "printworks-shopify-writer",
        {
            "writer": writer,
            "migrate": command.migrate_command(MigrateSettings, SCHEMA, app.__file__),
            "failures": commands.failures,
            "retry": commands.retry,
        },
    )


if __name__ == "__main__":
    main()
