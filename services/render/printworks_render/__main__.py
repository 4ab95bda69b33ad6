"""`printworks-render coordinator | worker | deliver | file | republish | migrate | doctor`."""

from pathlib import Path

from printworks_common import command
from printworks_common.runtime import run
from printworks_common.settings import load


def coordinator(_arguments: list[str]) -> None:
    from printworks_render.coordinator.app import build
    from printworks_render.settings import CoordinatorSettings

    run("render", "coordinator", load(CoordinatorSettings), build)


def worker(_arguments: list[str]) -> None:
    from printworks_render.settings import WorkerSettings
    from printworks_render.worker.app import build

    run("render", "worker", load(WorkerSettings), build)


def deliver(_arguments: list[str]) -> None:
    from printworks_render.deliverer.app import build
    from printworks_render.settings import DelivererSettings

    run("render", "deliver", load(DelivererSettings), build)


def file(arguments: list[str]) -> int:
    from printworks_render.engine.command import main as render_file

    return render_file(arguments)


def republish(arguments: list[str]) -> int:
    from printworks_render.coordinator.republish import main as republish_orders

    return republish_orders(arguments)


def migrate(arguments: list[str]) -> int:
    from printworks_render.settings import SCHEMA, MigrateSettings

    return command.migrate_command(MigrateSettings, SCHEMA, __file__)(arguments)


def doctor(arguments: list[str]) -> int:
    from printworks_common.doctor.command import Patient, doctor_command

    from printworks_render.settings import SCHEMA, CoordinatorSettings, DelivererSettings, WorkerSettings

    migrations = Path(__file__).parent / "sql" / "migrations"
    patients = {
        "coordinator": Patient(CoordinatorSettings, group="coordinator", schema=SCHEMA, migrations=migrations),
        "worker": Patient(WorkerSettings, group="worker"),
        "deliver": Patient(DelivererSettings, group="deliverer"),
    }
    return doctor_command("printworks-render", patients)(arguments)


def main() -> None:
    command.main(
        "printworks-render",
        {
            "coordinator": coordinator,
            "worker": worker,
            "deliver": deliver,
            "file": file,
            "republish": republish,
            "migrate": migrate,
            "doctor": doctor,
        },
    )


if __name__ == "__main__":
    main()
