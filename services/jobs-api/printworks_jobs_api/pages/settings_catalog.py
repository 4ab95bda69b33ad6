"""Settings, Templates and Products: the documents that say how products are printed, listed, written and deleted."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from printworks_common.catalog import AssetKind
from printworks_common.events.control import CatalogKind
from printworks_common.templates.base import MAX_DOCUMENT_BYTES

from printworks_jobs_api.api.catalog import EntryId, parse_object
from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.catalog import Entry
from printworks_jobs_api.pages.documents import Fault, faults_in, in_order, pretty, syntax_fault
from printworks_jobs_api.pages.listing import viewer_of
from printworks_jobs_api.pages.settings import SETTINGS, check_settings, version_number
from printworks_jobs_api.pages.shell import page, redirect
from printworks_jobs_api.pages.starters import MAPPING, TEMPLATE
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError

router = APIRouter(include_in_schema=False)

_LISTED = 250
"""So many are listed; all are in the API."""
ENTRY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Text = Annotated[str, Form(max_length=400)]
DocumentText = Annotated[str, Form(max_length=MAX_DOCUMENT_BYTES)]


@dataclass(frozen=True)
class Shelf:
    """One of the two kinds of documents, and how the pages speak of it."""

    kind: CatalogKind
    part: str
    title: str
    one: str
    starter: dict[str, Any] = field(repr=False)

    @property
    def path(self) -> str:
        return f"{SETTINGS}/{self.part}"


TEMPLATES = Shelf(CatalogKind.TEMPLATE, "templates", "Templates", "template", TEMPLATE)
PRODUCTS = Shelf(CatalogKind.MAPPING, "products", "Products", "product mapping", MAPPING)


@router.get(TEMPLATES.path)
async def templates_page(services: ServicesDep, visitor: VisitorDep, done: str = "") -> Response:
    return await _list(services, visitor, TEMPLATES, done)


@router.get(PRODUCTS.path)
async def products_page(services: ServicesDep, visitor: VisitorDep, done: str = "") -> Response:
    return await _list(services, visitor, PRODUCTS, done)


@router.get(f"{TEMPLATES.path}/new")
async def new_template(services: ServicesDep, visitor: VisitorDep) -> Response:
    return await _editor(services, visitor, TEMPLATES, None, "", pretty(TEMPLATES.starter))


@router.get(f"{PRODUCTS.path}/new")
async def new_product(services: ServicesDep, visitor: VisitorDep) -> Response:
    return await _editor(services, visitor, PRODUCTS, None, "", pretty(PRODUCTS.starter))


@router.get(f"{TEMPLATES.path}/{{entry_id}}")
async def template_page(entry_id: EntryId, services: ServicesDep, visitor: VisitorDep, done: str = "") -> Response:
    return await _entry(services, visitor, TEMPLATES, entry_id, done)


@router.get(f"{PRODUCTS.path}/{{entry_id}}")
async def product_page(entry_id: EntryId, services: ServicesDep, visitor: VisitorDep, done: str = "") -> Response:
    return await _entry(services, visitor, PRODUCTS, entry_id, done)


@router.post(TEMPLATES.path)
async def save_template(
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: Text = "",
    entry_id: Text = "",
    version: Text = "",
    document: DocumentText = "",
) -> Response:
    return await _save(services, visitor, TEMPLATES, form_token, entry_id, version, document)


@router.post(PRODUCTS.path)
async def save_product(
    services: ServicesDep,
    visitor: VisitorDep,
    form_token: Text = "",
    entry_id: Text = "",
    version: Text = "",
    document: DocumentText = "",
) -> Response:
    return await _save(services, visitor, PRODUCTS, form_token, entry_id, version, document)


@router.post(f"{TEMPLATES.path}/{{entry_id}}/delete")
async def delete_template(
    entry_id: EntryId, services: ServicesDep, visitor: VisitorDep, form_token: Text = "", version: Text = ""
) -> Response:
    return await _delete(services, visitor, TEMPLATES, entry_id, form_token, version)


@router.post(f"{PRODUCTS.path}/{{entry_id}}/delete")
async def delete_product(
    entry_id: EntryId, services: ServicesDep, visitor: VisitorDep, form_token: Text = "", version: Text = ""
) -> Response:
    return await _delete(services, visitor, PRODUCTS, entry_id, form_token, version)


async def _list(services: Services, visitor: Visitor, shelf: Shelf, done: str) -> Response:
    shop = visitor.principal.shop
    entries, more = await services.catalog.entries(shop, shelf.kind, limit=_LISTED)
    mappings = entries
    if shelf is TEMPLATES:
        mappings, _ = await services.catalog.entries(shop, CatalogKind.MAPPING, limit=_LISTED)
    users: dict[str, list[str]] = {}
    for mapping in mappings:
        users.setdefault(mapping.body["template_id"], []).append(mapping.entry_id)
    known = {entry.entry_id for entry in await services.catalog.templates(shop)}
    return page(
        f"settings_{shelf.part}.html",
        visitor=visitor,
        section="settings",
        part=shelf.part,
        entries=entries,
        more=more is not None,
        users=users,
        known=known,
        moment=(await viewer_of(services, visitor)).moment,
        notes=[f"The {shelf.one} is deleted."] if done == "deleted" else [],
    )


async def _entry(services: Services, visitor: Visitor, shelf: Shelf, entry_id: str, done: str) -> Response:
    entry = await services.catalog.entry(visitor.principal.shop, shelf.kind, entry_id)
    notes = ["Saved. New print jobs use it; a re-render brings it to older ones."] if done == "saved" else []
    return await _editor(services, visitor, shelf, entry, entry_id, pretty(in_order(entry.body)), notes=notes)


async def _save(
    services: Services, visitor: Visitor, shelf: Shelf, form_token: str, entry_id: str, version: str, text: str
) -> Response:
    """Save what was written, or give it back with what is wrong with it."""
    check_settings(visitor, form_token)
    shown = await services.catalog.find(visitor.principal.shop, shelf.kind, entry_id) if version else None

    async def back(written: str, faults: list[Fault], status: int = 422) -> Response:
        return await _editor(services, visitor, shelf, shown, entry_id, written, faults=faults, status=status)

    fault = syntax_fault(text)
    if fault is not None:
        return await back(text, [fault])
    try:
        body = parse_object(text.encode(), MAX_DOCUMENT_BYTES)
    except ProblemError as error:
        return await back(text, [Fault(error.detail)], error.status)
    name = entry_id or str(body.get("id", ""))
    if not ENTRY_ID.fullmatch(name):
        wrong = Fault("Give it an id: letters, digits, dots, dashes and underscores, 64 at most.")
        return await back(pretty(body), [wrong])
    try:
        await services.catalog.save(visitor.principal, shelf.kind, name, body, if_match=version_number(version))
    except ProblemError as error:
        faults = faults_in(body, error.extensions.get("errors", ()))
        return await back(pretty(body), faults or [Fault(_said(error, shelf))], error.status)
    return redirect(f"{shelf.path}/{name}?done=saved")


async def _delete(
    services: Services, visitor: Visitor, shelf: Shelf, entry_id: str, form_token: str, version: str
) -> Response:
    check_settings(visitor, form_token)
    entry = await services.catalog.entry(visitor.principal.shop, shelf.kind, entry_id)
    try:
        await services.catalog.delete(visitor.principal, shelf.kind, entry_id, if_match=version_number(version))
    except ProblemError as error:
        users = ", ".join(error.extensions.get("mappings", ()))
        fault = Fault(f"{error.detail} They are: {users}." if users else _said(error, shelf))
        text = pretty(in_order(entry.body))
        return await _editor(services, visitor, shelf, entry, entry_id, text, faults=[fault], status=error.status)
    return redirect(f"{shelf.path}?done=deleted")


def _said(error: ProblemError, shelf: Shelf) -> str:
    if error.code == "precondition_required":
        return f"There is a {shelf.one} with this id already. Choose another id, or change that one on its own page."
    if error.code == "version_conflict":
        return "Somebody has changed this meanwhile. Copy your text, reload the page and put your change in again."
    return error.detail


async def _editor(
    services: Services,
    visitor: Visitor,
    shelf: Shelf,
    entry: Entry | None,
    entry_id: str,
    text: str,
    *,
    faults: list[Fault] | None = None,
    notes: list[str] | None = None,
    status: int = 200,
) -> Response:
    samples: list[Entry] = []
    if shelf is TEMPLATES:
        assets, _ = await services.catalog.entries(visitor.principal.shop, CatalogKind.ASSET, limit=_LISTED)
        samples = [one for one in assets if one.body["kind"] == AssetKind.IMAGE]
    return page(
        "settings_document.html",
        status=status,
        visitor=visitor,
        section="settings",
        part=shelf.part,
        shelf=shelf,
        entry=entry,
        entry_id=entry_id,
        text=text,
        samples=samples,
        rows=max(12, min(40, text.count("\n") + 2)),
        faults=faults or [],
        notes=notes or [],
    )
