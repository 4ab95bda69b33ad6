"""A shop's library: stickers, backgrounds, logos, fonts, colour profiles and palettes, each under an id that stays.

Files lie in the hosted bucket under their own digest and are never overwritten: a print job has copies of what it uses,
and what was deleted can be put back. What a file really holds is judged where it is rendered, in a process of its own;
here only its first bytes are looked at.
"""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from printworks_common.catalog import Asset, AssetKind
from printworks_common.events.control import CatalogKind
from printworks_common.postgres import Connection, Pool, ground_errors
from printworks_common.storage import ObjectStore
from printworks_common.templates import TemplateInvalidError, read_template
from printworks_common.templates.inputs import template_assets

from printworks_jobs_api.catalog import Catalog, Entry, IfMatch, Saved
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found
from printworks_jobs_api.receiving import picture_type, receive

_FONTS = {
    b"\x00\x01\x00\x00": "font/ttf",
    b"true": "font/ttf",
    b"OTTO": "font/otf",
    b"wOFF": "font/woff",
    b"wOF2": "font/woff2",
}
_WANTED = {
    AssetKind.IMAGE: "a JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP picture",
    AssetKind.FONT: "a TrueType, OpenType, WOFF or WOFF2 font",
    AssetKind.PROFILE: "an ICC profile",
    AssetKind.PALETTE: "a palette: CSV in UTF-8",
}


@dataclass(frozen=True)
class Listed:
    """An asset, and the templates that name it."""

    entry: Entry
    used_by: Sequence[str]


def asset_type(kind: AssetKind, head: bytes) -> str | None:
    """Media type by the first bytes of a file (at least 64, if it has so many); None when it is not of this kind."""
    match kind:
        case AssetKind.IMAGE:
            return picture_type(head)
        case AssetKind.FONT:
            return _FONTS.get(head[:4])
        case AssetKind.PROFILE:
            return "application/vnd.iccprofile" if head[36:40] == b"acsp" else None
        case AssetKind.PALETTE:
            return None if b"\x00" in head else "text/csv"


class Assets:
    def __init__(
        self, pool: Pool, catalog: Catalog, store: ObjectStore, *, max_bytes: int, folder: Path | None
    ) -> None:
        """`folder` holds uploads until they are in the bucket."""
        self._pool = pool
        self._catalog = catalog
        self._store = store
        self._max_bytes = max_bytes
        self._folder = folder

    async def assets(
        self, shop: str, *, after: str = "", limit: int, deleted: bool = False
    ) -> tuple[list[Listed], str | None]:
        """Assets by id (or the deleted ones), and the id after which the next page begins."""
        entries, following = await self._catalog.entries(
            shop, CatalogKind.ASSET, after=after, limit=limit, deleted=deleted
        )
        users = await self._users(shop) if entries else {}
        return [Listed(entry, users.get(entry.entry_id, ())) for entry in entries], following

    async def asset(self, shop: str, asset_id: str) -> Listed:
        """One that is there or was deleted. Raises ProblemError 404."""
        entry = await self._catalog.find(shop, CatalogKind.ASSET, asset_id)
        if entry is None:
            raise not_found("asset")
        return Listed(entry, (await self._users(shop)).get(asset_id, ()))

    async def save(
        self,
        principal: Principal,
        asset_id: str,
        kind: AssetKind,
        name: str,
        chunks: AsyncIterable[bytes],
        *,
        if_match: IfMatch,
    ) -> Saved:
        """Take a file in under an id: a new one, in place of another, or of one that was deleted.

        Raises ProblemError 413 `upload_too_large`, 415 `upload_unsupported`, 422 `upload_empty`, 409
        `asset_of_another_kind`, and 412, 428 as `check_match` does.
        """
        with TemporaryDirectory(prefix="asset-", dir=self._folder) as folder:
            path = Path(folder) / "asset"
            received = await receive(chunks, path, self._max_bytes, what="file")
            media_type = asset_type(kind, received.head)
            if media_type is None:
                raise ProblemError(415, "upload_unsupported", f"This is not {_WANTED[kind]}.")
            stored = await self._store.put_file(f"assets/{principal.shop}/{received.sha256}", path, media_type)
        asset = Asset(
            kind=kind,
            name=name,
            key=stored.key,
            sha256=stored.sha256,
            crc32=stored.crc32,
            bytes=stored.bytes,
            media_type=media_type,
        )
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                before = await self._catalog.lock(connection, principal, CatalogKind.ASSET, asset_id)
                if not before.deleted and before.body.get("kind") != kind:
                    raise ProblemError(
                        409, "asset_of_another_kind", f"Under this id there is a {before.body.get('kind')} already."
                    )
                return await self._catalog.put(
                    connection, principal, CatalogKind.ASSET, asset_id, asset.model_dump(mode="json"), if_match=if_match
                )

    async def delete(self, principal: Principal, asset_id: str, *, if_match: IfMatch, in_use: bool) -> None:
        """Print jobs that have it keep their copies. Raises ProblemError 404, 412, and 409 `asset_in_use` with the
        templates that name it, unless `in_use` says that it may be."""
        users = (await self._users(principal.shop)).get(asset_id, ())
        if users and not in_use:
            raise ProblemError(
                409, "asset_in_use", "Templates name this asset: new print jobs would fail without it.", templates=users
            )
        await self._catalog.delete(principal, CatalogKind.ASSET, asset_id, if_match=if_match)

    async def restore(self, connection: Connection, principal: Principal, asset_id: str) -> Entry:
        """Put back what was deleted, as it was, inside a transaction; one that is there stays. Raises ProblemError
        404."""
        stored = await self._catalog.lock(connection, principal, CatalogKind.ASSET, asset_id)
        if stored.version == 0:
            raise not_found("asset")
        if not stored.deleted:
            return stored
        return await self._catalog.write(
            connection, principal, CatalogKind.ASSET, asset_id, stored.version + 1, stored.body
        )

    async def _users(self, shop: str) -> dict[str, list[str]]:
        """Ids of templates by the assets that they name."""
        users: dict[str, list[str]] = {}
        for entry in await self._catalog.templates(shop):
            try:
                named = template_assets(read_template(entry.body))
            except TemplateInvalidError:
                continue  # of a form that this version does not know: what it names cannot be told
            for asset_id in sorted(named):
                users.setdefault(asset_id, []).append(entry.entry_id)
        return users
