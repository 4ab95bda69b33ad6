"""Dry-runs of templates: what jobs-api asks of a worker without an order, and where it finds what became of it.

A dry-run has a folder of its own in the hosted bucket: the request, its sample picture, the files, and the outcome,
which is written last. The folder's first part is a day, so that old ones are found without looking into them.
"""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from printworks_common.events.rendering import PreflightCheck, StoredFile

ROOT = "dry-runs/"
OUTCOME = "outcome.json"


class DryRunOutcome(BaseModel):
    """What became of a dry-run. `reason_code` None: the files are there."""

    model_config = ConfigDict(frozen=True)

    files: tuple[StoredFile, ...] = ()
    preflight: tuple[PreflightCheck, ...] = ()
    spec_line: str = ""
    reason_code: str | None = None
    detail: str = ""
    renderer_version: str
    render_ms: int | None = None


def folder(day: date, shop: str, run_id: UUID) -> str:
    """Prefix of everything that belongs to a dry-run."""
    return f"{ROOT}{day:%Y-%m-%d}/{shop}/{run_id}/"
