"""What the pages of Settings share: where they lie, who may change something, and which version was looked at."""

from fastapi import APIRouter, Response

from printworks_jobs_api.api.context import check_scope
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages.shell import redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep

router = APIRouter(include_in_schema=False)

SETTINGS = "/settings"


@router.get(SETTINGS)
async def settings_home(_visitor: VisitorDep) -> Response:
    return redirect(f"{SETTINGS}/storage")


def check_settings(visitor: Visitor, form_token: str) -> None:
    """Raises ProblemError 403 `forged_form`, `missing_scope`."""
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.SETTINGS_WRITE)


def version_number(text: str) -> int | None:
    """The version that a form was made of; None, which changes nothing that is there, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
