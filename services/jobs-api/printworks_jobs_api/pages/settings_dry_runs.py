"""Settings, Templates: what a template makes of a sample picture, watched until it is there."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from printworks_common.postgres import Connection
from printworks_common.templates.base import MAX_DOCUMENT_BYTES
from pydantic import ValidationError

from printworks_jobs_api.api.context import ServicesDep
from printworks_jobs_api.api.dry_runs import FileName, RunId, file_answer
from printworks_jobs_api.dry_runs import DryRunIn
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.pages import words
from printworks_jobs_api.pages.documents import faults_in, syntax_fault
from printworks_jobs_api.pages.listing import viewer_of
from printworks_jobs_api.pages.settings import SETTINGS, check_settings
from printworks_jobs_api.pages.shell import is_part, page, redirect
from printworks_jobs_api.pages.visit import VisitorDep
from printworks_jobs_api.problems import ProblemError

router = APIRouter(include_in_schema=False)

PATH = f"{SETTINGS}/dry-runs"

Text = Annotated[str, Form(max_length=400)]


@router.post(PATH)
async def start(
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: Text = "",
    document: Annotated[str, Form(max_length=MAX_DOCUMENT_BYTES)] = "",
    sample: Text = "",
) -> Response:
    """Try the document as it is written, saved or not."""
    check_settings(visitor, form_token)
    fault = syntax_fault(document)
    written: Any = None if fault else json.loads(document)
    if not isinstance(written, dict):
        return _refused(visitor, [fault.sentence if fault else "The document must be a JSON object."])
    try:
        wanted = DryRunIn.model_validate({"template": written, "sample": sample or None})
    except ValidationError:
        return _refused(visitor, ["This sample picture cannot be used."])

    async def effect(connection: Connection) -> Answer:
        run = await services.dry_runs.start(connection, visitor.principal, plan)
        return Answer(202, {"run_id": run.run_id})

    try:
        plan = await services.dry_runs.plan(visitor.principal.shop, wanted)
        begun = await services.once.run(visitor.principal.shop, None, b"", effect)
    except ProblemError as error:
        if error.status == 404:
            raise
        faults = faults_in(wanted.template or {}, error.extensions.get("errors", ()))
        said = [f"Line {one.line}, {one.place}: {one.sentence}" for one in faults] or [error.detail]
        return _refused(visitor, said, error.status)
    return redirect(f"{PATH}/{begun.body['run_id']}")


@router.get(f"{PATH}/{{dry_run_id}}")
async def watch(dry_run_id: RunId, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """How far it is, then what it has made; the part of the page that asks for itself until then."""
    run = await services.dry_runs.find(visitor.principal.shop, dry_run_id)
    files = run.outcome.files if run.outcome else ()
    part = is_part(request)
    return page(
        "part_dry_run.html" if part else "dry_run.html",
        visitor=visitor,
        section="settings",
        part=part,
        run=run,
        preview=next((one for one in files if one.role == "preview"), None),
        files=[
            (one, words.file_label({"facts": one.model_dump(), "role": one.role, "media_type": one.media_type}))
            for one in files
        ],
        begun=(await viewer_of(services, visitor)).moment(run.begun_at),
        size=words.size,
    )


@router.get(f"{PATH}/{{dry_run_id}}/files/{{name}}")
async def file(
    dry_run_id: RunId, name: FileName, request: Request, services: ServicesDep, visitor: VisitorDep
) -> Response:
    return await file_answer(services, visitor.principal.shop, dry_run_id, name, request)


def _refused(visitor: VisitorDep, sentences: list[str], status: int = 422) -> Response:
    return page("dry_run_refused.html", status=status, visitor=visitor, section="settings", sentences=sentences)
