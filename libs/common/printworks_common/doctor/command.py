"""The sub-command `doctor ROLE` of every service."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from printworks_common.clock import SystemClock
from printworks_common.doctor import kafka, postgres, settings, shopify, store
from printworks_common.doctor.findings import Finding, Verdict
from printworks_common.settings import KafkaSettings, PostgresSettings, Settings, ShopsSettings, StorageSettings


@dataclass(frozen=True)
class Patient:
    """What a role stands on. `shops` says what it needs of a shop, from its settings; None: it asks Shopify nothing."""

    settings: type[Settings]
    group: str | None = None
    schema: str | None = None
    migrations: Path = Path()
    shops: Callable[[Any], shopify.Wanted] | None = None


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """All findings about a role; without readable settings there is nothing more to look at."""
    read, findings = settings.look(patient.settings)
    for finding in findings:
        yield finding
    if read is None:
        return
    for look in _looks(patient, read):
        async for finding in look:
            yield finding


def _looks(patient: Patient, read: Settings) -> list[AsyncIterator[Finding]]:
    clock = SystemClock()
    looks: list[AsyncIterator[Finding]] = []
    if isinstance(read, KafkaSettings):
        looks.append(kafka.look(read, patient.group))
    if isinstance(read, PostgresSettings) and patient.schema is not None:
        looks.append(postgres.look(read, patient.schema, patient.migrations, clock))
    if isinstance(read, StorageSettings):
        looks.append(store.look(read, clock))
    if isinstance(read, ShopsSettings) and patient.shops is not None:
        looks.append(shopify.look(read.shops_file, patient.shops(read)))
    return looks


def doctor_command(program: str, patients: Mapping[str, Patient]) -> Callable[[list[str]], int]:
    """Exit code 0: nothing is wrong; 1: something is."""

    def command(arguments: list[str]) -> int:
        parser = argparse.ArgumentParser(
            prog=f"{program} doctor", description="Look at all that a role stands on. Changes nothing."
        )
        parser.add_argument("role", choices=sorted(patients), help="the role whose environment this is")
        return asyncio.run(_tell(patients[parser.parse_args(arguments).role]))

    return command


async def _tell(patient: Patient) -> int:
    wrong = 0
    async for finding in examine(patient):
        print(finding, flush=True)  # noqa: T201 (a command talks to its terminal)
        wrong += finding.verdict is Verdict.WRONG
    return 1 if wrong else 0
