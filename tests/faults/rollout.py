"""A new release of every service: the same code with one more migration per schema, one before it and one after."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
from printworks_local.services import SCHEMAS
from printworks_local.stack.model import checkout_root
from printworks_local.stack.postgres import quoted
from printworks_local.stack.process import Command
from printworks_local.supervisor import run_command

from tests.faults.system import PACKAGES, System, packages_of

PACKAGE_OF_SCHEMA = {
    "ingest": "services/ingest/printworks_ingest",
    "render": "services/render/printworks_render",
    "jobs_api": "services/jobs-api/printworks_jobs_api",
    "shopify_writer": "services/shopify-writer/printworks_shopify_writer",
    "retention": "services/retention/printworks_retention",
}
UP, DOWN = "-- migrate:up", "-- migrate:down"
COLUMN = "of_the_next_release"


@dataclass(frozen=True)
class Release:
    """A copy of the code in `folder`."""

    folder: Path

    @classmethod
    async def make(cls, system: System, folder: Path) -> "Release":
        """Copy what runs, and add migrations of each schema's busiest table: `pre` adds a column with a value for all
        rows and an index over it, `post` takes both away."""
        source = system.options.source or checkout_root()
        for package in PACKAGES:
            shutil.copytree(
                source / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        for schema, table in (await busiest_tables(system)).items():
            migrations = folder / PACKAGE_OF_SCHEMA[schema] / "sql" / "migrations"
            (migrations / "20991231000000_pre_next_release.sql").write_text(
                f"{UP}\nALTER TABLE {quoted(table)} ADD COLUMN {COLUMN} text NOT NULL DEFAULT 'new';\n"
                f"CREATE INDEX {COLUMN}_{table} ON {quoted(table)} ({COLUMN});\n{DOWN}\n"
            )
            (migrations / "20991231000100_post_next_release.sql").write_text(
                f"{UP}\nALTER TABLE {quoted(table)} DROP COLUMN {COLUMN};\n{DOWN}\n"
            )
        return cls(folder)

    async def migrate(self, system: System, phase: str) -> None:
        """Run the migrations of all schemas. Raises StackError when one fails."""
        for schema, command in SCHEMAS.items():
            of_schema = next(one for one in system.processes.values() if one.service.schema == schema)
            dsn = of_schema.command.environment["PRINTWORKS_POSTGRES_DSN"]
            log = system.printworks.directory / "logs" / f"migrate-{schema}-{phase}.log"
            variables = self._variables({"PRINTWORKS_POSTGRES_DSN": dsn})
            await run_command(command, ["migrate", "--phase", phase], variables, log)

    def command(self, before: Command) -> Command:
        """The same process with the new code."""
        return replace(before, environment=self._variables(dict(before.environment)))

    def _variables(self, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "PYTHONPATH": ":".join(map(str, packages_of(self.folder)))}


async def busiest_tables(system: System) -> dict[str, str]:
    """Of each schema the table that is written most."""
    connection = await asyncpg.connect(system.printworks.postgres_dsn)
    try:
        rows = await connection.fetch(
            """
            SELECT DISTINCT ON (schemaname) schemaname, relname FROM pg_stat_user_tables
            WHERE schemaname = ANY ($1) AND relname <> 'schema_migrations'
            ORDER BY schemaname, n_tup_ins + n_tup_upd + n_tup_del DESC
            """,
            list(SCHEMAS),
        )
        return {row["schemaname"]: row["relname"] for row in rows}
    finally:
        await connection.close()
