"""Exports of artwork: chosen in the list, prepared while one watches, then downloaded."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from printworks_common.file_names import FIELDS
from printworks_common.postgres import Connection
from pydantic import ValidationError

from printworks_jobs_api import downloads
from printworks_jobs_api.api.context import Services, ServicesDep, check_scope
from printworks_jobs_api.api.exports import PartNumber, export_uuid
from printworks_jobs_api.api.print_jobs import job_uuid
from printworks_jobs_api.exports import DEFAULT_NAMES, Export, ExportIn, Include
from printworks_jobs_api.filters import JobFilter
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages import words
from printworks_jobs_api.pages.address import ListAddress, View, filter_words
from printworks_jobs_api.pages.listing import PAGE_ROWS, shown_view, viewer_of
from printworks_jobs_api.pages.print_jobs import PATH as LIST_PATH
from printworks_jobs_api.pages.shell import inside, is_part, page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.selection import FilterIn
from printworks_jobs_api.shops import UNKNOWN_SHOP

router = APIRouter(include_in_schema=False)

PATH = "/exports"
_LISTED = 50
"""So many exports are listed; all are in the API."""

INCLUDES = {
    Include.PRINT: "Print-ready files",
    Include.PREVIEW: "Previews",
    Include.THUMBNAIL: "Thumbnails",
}

FormToken = Annotated[str, Form(max_length=400)]
Jobs = Annotated[list[str] | None, Form()]


@router.get(PATH)
async def exports_page(services: ServicesDep, visitor: VisitorDep) -> Response:
    """Exports of the last days, the newest first."""
    check_scope(visitor.principal, Scope.EXPORT)
    found, more = await services.exports.exports(visitor.principal.shop, limit=_LISTED)
    viewer = await viewer_of(services, visitor)
    return page(
        "exports.html", visitor=visitor, section="exports", exports=found, more=more, moment=viewer.moment, notes=[],
        size=words.size,
    )  # fmt: skip


@router.get(f"{PATH}/new")
async def choose(services: ServicesDep, visitor: VisitorDep, address: Annotated[ListAddress, Depends()]) -> Response:
    """What of everything that the list shows is to be exported."""
    check_scope(visitor.principal, Scope.EXPORT)
    view = await shown_view(services, visitor, address)
    return await _choice(services, visitor, address, view)


@router.post(f"{PATH}/new")
async def choose_of_ticked(
    services: ServicesDep,
    visitor: VisitorDep,
    job: Jobs = None,
    back: Annotated[str, Form(max_length=2000)] = "",
    form_token: FormToken = "",
) -> Response:
    """What of the ticked print jobs is to be exported; of everything that the list shows when none is ticked."""
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.EXPORT)
    here = inside(back)
    if not job:
        return redirect(f"{PATH}/new?{urlsplit(here).query}")
    ids = [str(job_uuid(one)) for one in job[:PAGE_ROWS]]
    return _chosen(visitor, matched=len(ids), ids=ids, narrowed_by=[], action=PATH, back=here)


@router.post(PATH)
async def begin(
    services: ServicesDep,
    visitor: VisitorDep,
    address: Annotated[ListAddress, Depends()],
    job: Jobs = None,
    include: Annotated[list[str] | None, Form()] = None,
    names: Annotated[str, Form(max_length=1000)] = DEFAULT_NAMES,
    form_token: FormToken = "",
) -> Response:
    """Ask for the export, of the ticked print jobs or of what the address's filter shows."""
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.EXPORT)
    view = await shown_view(services, visitor, address)
    what: dict[str, object] = {"ids": job} if job else {"filter": FilterIn.of(address.filter(view))}
    faults: list[str] = []
    try:
        wanted = ExportIn.model_validate({**what, "include": include or [], "names": names})
        export = await _create(services, visitor, wanted)
    except ValidationError as error:
        faults = [_fault(one["loc"], one["msg"]) for one in error.errors()]
    except ProblemError as error:
        faults = [error.detail]
    else:
        return redirect(f"{PATH}/{export}")
    if job:
        ids = [str(job_uuid(one)) for one in job[:PAGE_ROWS]]
        return _chosen(
            visitor, matched=len(ids), ids=ids, narrowed_by=[], action=PATH, back=LIST_PATH, faults=faults,
            include=include or [], names=names,
        )  # fmt: skip
    return await _choice(services, visitor, address, view, faults=faults, include=include or [], names=names)


@router.get(f"{PATH}/{{export_id}}")
async def export_page(export_id: str, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """How far it is, then its downloads; the part of the page that asks for itself until it is ready."""
    check_scope(visitor.principal, Scope.EXPORT)
    export = await services.exports.export(visitor.principal.shop, export_uuid(export_id))
    viewer = await viewer_of(services, visitor)
    part = is_part(request)
    return page(
        "part_export.html" if part else "export.html",
        part=part,
        visitor=visitor,
        section="exports",
        export=export,
        row=export.row,
        narrowed_by=_wanted_words(export),
        made=viewer.moment(export.row["created_at"]),
        ends=viewer.moment(export.row["expires_at"]),
        size=words.size,
    )


@router.get(f"{PATH}/{{export_id}}/manifest")
async def manifest(export_id: str, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    check_scope(visitor.principal, Scope.EXPORT)
    return await downloads.manifest(
        services.exports, services.streams, visitor.principal.shop, export_uuid(export_id), request.headers
    )


@router.head(f"{PATH}/{{export_id}}/parts/{{part}}")
@router.get(f"{PATH}/{{export_id}}/parts/{{part}}")
async def archive(
    export_id: str, part: PartNumber, request: Request, services: ServicesDep, visitor: VisitorDep
) -> Response:
    """A ZIP archive, or a range of it: a browser goes on with a download that broke off."""
    check_scope(visitor.principal, Scope.EXPORT)
    return await downloads.archive(
        services.exports, services.streams, visitor.principal.shop, export_uuid(export_id), part,
        method=request.method, headers=request.headers,
    )  # fmt: skip


@router.post(f"{PATH}/{{export_id}}/drop")
async def drop(export_id: str, services: ServicesDep, visitor: VisitorDep, form_token: FormToken = "") -> Response:
    """Stop preparing it, or forget a ready one."""
    visitor.check_form(form_token)
    check_scope(visitor.principal, Scope.EXPORT)
    await services.exports.drop(visitor.principal.shop, export_uuid(export_id))
    return redirect(PATH)


async def _create(services: Services, visitor: Visitor, wanted: ExportIn) -> str:
    async def effect(connection: Connection) -> Answer:
        export = await services.exports.create(connection, visitor.principal, wanted)
        return Answer(202, {"export_id": str(export.export_id)})

    return str((await services.once.run(visitor.principal.shop, None, b"", effect)).body["export_id"])


async def _choice(
    services: Services,
    visitor: Visitor,
    address: ListAddress,
    view: View,
    *,
    faults: list[str] | None = None,
    include: list[str] | None = None,
    names: str = DEFAULT_NAMES,
) -> Response:
    wanted: JobFilter = address.filter(view)
    counts = await services.reader.counts(visitor.principal.shop, wanted)
    return _chosen(
        visitor, matched=sum(counts.values()), ids=[], narrowed_by=filter_words(wanted),
        action=f"{PATH}?{address.query()}", back=f"{LIST_PATH}?{address.query()}", faults=faults, include=include,
        names=names,
    )  # fmt: skip


def _chosen(
    visitor: Visitor,
    *,
    matched: int,
    ids: list[str],
    narrowed_by: list[str],
    action: str,
    back: str,
    faults: list[str] | None = None,
    include: list[str] | None = None,
    names: str = DEFAULT_NAMES,
) -> Response:
    return page(
        "export_new.html",
        status=422 if faults else 200,
        visitor=visitor,
        section="exports",
        matched=matched,
        ids=ids,
        narrowed_by=narrowed_by,
        action=action,
        back=back,
        faults=faults or [],
        includes=INCLUDES,
        include=[Include.PRINT.value] if include is None else include,
        names=names,
        placeholders=FIELDS,
    )


def _wanted_words(export: Export) -> list[str]:
    """What was chosen, in a few words each."""
    wanted = ExportIn.model_validate(export.row["wanted"])
    chosen = ["chosen one by one"] if wanted.filter is None else filter_words(wanted.filter.job_filter(UNKNOWN_SHOP))
    return [*chosen, *(INCLUDES[one] for one in wanted.include)]


def _fault(place: tuple[int | str, ...], sentence: str) -> str:
    field = {"include": "Files", "names": "Names"}.get(str(place[0]) if place else "", "Selection")
    if field == "Files":
        return "Choose at least one kind of files."
    return f"{field}: {sentence.removeprefix('Value error, ')}"
