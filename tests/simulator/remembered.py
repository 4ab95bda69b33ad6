"""Pure functions that every world asks the same: order numbers, catalogs and links repeat. Each answer is computed once
in a process, so that a world's time is spent on what is new in it.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from types import TracebackType
from typing import Any, cast

from printworks_common import ids
from printworks_common.filelinks import LinkSigner
from printworks_common.templates import Template, read_template
from printworks_render.coordinator import decisions, intake, pinning, store
from printworks_render.coordinator.model import ShopCatalog
from printworks_render.coordinator.snapshots import Links
from printworks_shopify_writer import intake as writer_intake
from printworks_shopify_writer import reports

KEPT = 2**16


class RememberedSigner(LinkSigner):
    """The link of each file is signed once."""

    __hash__ = object.__hash__
    url = lru_cache(KEPT)(LinkSigner.url)


class RememberedLinks(Links):
    """Those of pages are signed once as well."""

    line = lru_cache(KEPT)(Links.line)
    list_of_files = lru_cache(KEPT)(Links.list_of_files)


class Catalogs:
    """Takes the place of `read_catalog`. In all worlds an entry of one name and version has the same body."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], ShopCatalog] = {}

    def read(self, rows: Sequence[Mapping[str, Any]], default_retention_days: int) -> ShopCatalog:
        names = tuple((row["kind"], row["entry_id"], row["version"]) for row in rows)
        known = self._known.get(names)
        if known is None:
            known = self._known[names] = _read_catalog(cast("Any", rows), default_retention_days)
        return known


class Templates:
    """Takes the place of `read_template`. Documents of templates are those of `Catalogs`, which stay."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[dict[str, Any], Template]] = {}

    def read(self, document: dict[str, Any]) -> Template:
        known = self._known.get(id(document))
        if known is None or known[0] is not document:
            known = self._known[id(document)] = document, read_template(document)
        return known[1]


class NoFolder:
    """Takes the place of `TemporaryDirectory` where inputs are pinned: simulated pictures are written nowhere."""

    def __init__(self, prefix: str) -> None:
        self._name = prefix

    def __enter__(self) -> str:
        return self._name

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return


class NoTracing:
    """Takes the place of `printworks_common.tracing`: outside of any span, as without it."""

    @staticmethod
    def span(*_: object, **__: object) -> nullcontext[None]:
        return nullcontext()

    @staticmethod
    def current_traceparent() -> None:
        return None


class _Tempfile:
    TemporaryDirectory = NoFolder


_read_catalog = store.read_catalog

STAND_INS: Sequence[tuple[object, str, object]] = (
    *((ids, name, lru_cache(KEPT, typed=True)(getattr(ids, name))) for name in ("job_id", "file_id", "event_id")),
    (store, "read_catalog", Catalogs().read),
    (decisions, "read_template", Templates().read),
    (pinning, "tempfile", _Tempfile),
    *((module, "tracing", NoTracing) for module in (intake, pinning, reports, store, writer_intake)),
)
"""What they are put into, its name there, and the thing."""
