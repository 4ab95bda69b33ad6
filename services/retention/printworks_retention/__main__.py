"""`printworks-retention loop | once | migrate`."""

from printworks_common import command
from printworks_common.runtime import run
from printworks_common.settings import load

from printworks_retention import app
from printworks_retention.settings import SCHEMA, MigrateSettings, RetentionSettings


def loop(_arguments: list[str]) -> None:
    run("retention", "loop", load(RetentionSettings), app.build_loop)


def once(_arguments: list[str]) -> None:
    run("retention", "once", load(RetentionSettings), app.build_once)


def main() -> None:
    command.main(
        "printworks-retention",
        {"loop": loop, "once": once, "migrate": command.migrate_command(MigrateSettings, SCHEMA, app.__file__)},
    )


if __name__ == "__main__":
    main()
