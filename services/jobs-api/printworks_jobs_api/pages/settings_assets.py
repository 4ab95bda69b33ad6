"""Settings, Assets: the shop's library. Uploaded, looked at, replaced, deleted, and put back."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from printworks_common.catalog import AssetKind
from printworks_common.postgres import Connection
from starlette.datastructures import UploadFile

from printworks_jobs_api.api.assets import AssetKey, content
from printworks_jobs_api.api.context import Services, ServicesDep, check_scope
from printworks_jobs_api.assets import Listed
from printworks_jobs_api.idempotency import Answer
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.pages import words
from printworks_jobs_api.pages.forms import FORM_BYTES, chunks, form_length
from printworks_jobs_api.pages.listing import viewer_of
from printworks_jobs_api.pages.settings import SETTINGS, check_settings, version_number
from printworks_jobs_api.pages.settings_catalog import ENTRY_ID
from printworks_jobs_api.pages.shell import page, redirect
from printworks_jobs_api.pages.visit import Visitor, VisitorDep
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.receiving import too_large

router = APIRouter(include_in_schema=False)

PATH = f"{SETTINGS}/assets"
_LISTED = 250
"""So many are listed; all are in the API."""
_SHOWN_BYTES = 512 * 1024
"""Pictures up to this length are shown in the list as they are: nothing here makes smaller ones of them."""
_SHOWN_TYPES = {"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"}

Text = Annotated[str, Form(max_length=400)]


@dataclass(frozen=True)
class KindWord:
    word: str
    icon: str


KINDS = {
    AssetKind.IMAGE.value: KindWord("Picture", "picture"),
    AssetKind.FONT.value: KindWord("Font", "font"),
    AssetKind.PROFILE.value: KindWord("Colour profile", "colours"),
    AssetKind.PALETTE.value: KindWord("Palette", "colours"),
}


@router.get(PATH)
async def assets_page(services: ServicesDep, visitor: VisitorDep, done: str = "") -> Response:
    said = {"saved": "Saved.", "deleted": "Deleted. It can be restored below.", "restored": "Restored."}
    return await _page(services, visitor, notes=[said[done]] if done in said else [])


@router.get(f"{PATH}/{{asset_id}}/content")
async def asset_content(asset_id: AssetKey, request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """The file itself."""
    check_scope(visitor.principal, Scope.FILES_READ)
    return await content(services, visitor.principal.shop, asset_id, request.headers)


@router.post(f"{PATH}/upload")
async def upload(request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    """Take a file in under an id: a new one, or in place of the one whose version the form names."""
    check_scope(visitor.principal, Scope.SETTINGS_WRITE)
    filled = {"kind": AssetKind.IMAGE.value, "asset_id": "", "name": ""}
    try:
        if form_length(request) > services.upload_max_bytes + FORM_BYTES:
            raise too_large(services.upload_max_bytes, "file")
        async with request.form(max_files=1, max_fields=6) as form:
            check_settings(visitor, str(form.get("form_token", "")))
            filled |= {name: str(form.get(name, "")).strip()[:128] for name in filled}
            version = str(form.get("version", ""))
            await _take(services, visitor, filled, form.get("file"), version_number(version) if version else None)
    except ProblemError as error:
        return await _page(services, visitor, fault=_said(error), filled=filled, status=error.status)
    return redirect(f"{PATH}?done=saved")


@router.post(f"{PATH}/{{asset_id}}/delete")
async def delete(
    asset_id: AssetKey, services: ServicesDep, visitor: VisitorDep, form_token: Text = "", in_use: Text = ""
) -> Response:
    """Delete it; one that templates name only after a second word."""
    check_settings(visitor, form_token)
    try:
        await services.assets.delete(visitor.principal, asset_id, if_match="*", in_use=bool(in_use))
    except ProblemError as error:
        if error.code != "asset_in_use":
            raise
        listed = await services.assets.asset(visitor.principal.shop, asset_id)
        sentence = f"{', '.join(listed.used_by)} needs “{listed.entry.body['name']}”: new print jobs would fail."
        return await _page(services, visitor, fault=sentence, in_use=listed, status=409)
    return redirect(f"{PATH}?done=deleted")


@router.post(f"{PATH}/{{asset_id}}/restore")
async def restore(asset_id: AssetKey, services: ServicesDep, visitor: VisitorDep, form_token: Text = "") -> Response:
    """Put back what was deleted."""
    check_settings(visitor, form_token)

    async def effect(connection: Connection) -> Answer:
        await services.assets.restore(connection, visitor.principal, asset_id)
        return Answer(200, {})

    await services.once.run(visitor.principal.shop, None, b"", effect)
    return redirect(f"{PATH}?done=restored")


async def _take(
    services: Services, visitor: Visitor, filled: dict[str, str], file: object, version: int | None
) -> None:
    """Raises ProblemError for what cannot be taken in."""
    if not isinstance(file, UploadFile) or not file.filename:
        raise ProblemError(422, "upload_empty", "Choose a file first.")
    if not ENTRY_ID.fullmatch(filled["asset_id"]):
        raise ProblemError(422, "invalid_request", "The id may have letters, digits, dots, dashes and underscores.")
    if filled["kind"] not in KINDS or not 1 <= len(filled["name"]) <= 100:
        raise ProblemError(422, "invalid_request", "Give the file a kind, and a name of up to 100 characters.")
    await services.assets.save(
        visitor.principal, filled["asset_id"], AssetKind(filled["kind"]), filled["name"].replace("\x00", ""),
        chunks(file), if_match=version,
    )  # fmt: skip


def _said(error: ProblemError) -> str:
    if error.code == "precondition_required":
        return "There is an asset with this id already. Choose another id, or use Replace."
    if error.code == "version_conflict":
        return "Somebody has changed this asset meanwhile. Look at it again and repeat your change."
    return error.detail


async def _page(
    services: Services,
    visitor: Visitor,
    *,
    notes: list[str] | None = None,
    fault: str = "",
    in_use: Listed | None = None,
    filled: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    shop = visitor.principal.shop
    assets, more = await services.assets.assets(shop, limit=_LISTED)
    deleted, _ = await services.assets.assets(shop, limit=_LISTED, deleted=True)
    return page(
        "settings_assets.html",
        status=status,
        visitor=visitor,
        section="settings",
        part="assets",
        assets=assets,
        shown={one.entry.entry_id for one in assets if _is_shown(one)} if visitor.sees_files else set[str](),
        more=more is not None,
        deleted=deleted,
        kinds=KINDS,
        fault=fault,
        in_use=in_use,
        filled=filled or {"kind": AssetKind.IMAGE.value, "asset_id": "", "name": ""},
        limit=services.upload_max_bytes,
        size=words.size,
        moment=(await viewer_of(services, visitor)).moment,
        notes=notes or [],
    )


def _is_shown(listed: Listed) -> bool:
    body = listed.entry.body
    return body["media_type"] in _SHOWN_TYPES and body["bytes"] <= _SHOWN_BYTES
