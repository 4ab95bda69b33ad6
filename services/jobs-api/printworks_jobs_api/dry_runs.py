"""Dry-runs: a template rendered on a sample picture, by the same workers and with the same limits as print jobs.

No picture is opened here. A request goes to the workers through the outbox; the worker leaves files and outcome in the
dry-run's own folder of the bucket, where they are read. A day later the folder is gone.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from printworks_common.catalog import AssetKind
from printworks_common.clock import Clock
from printworks_common.dry_runs import OUTCOME, ROOT, DryRunOutcome, folder
from printworks_common.events.control import CatalogKind
from printworks_common.events.envelope import encode
from printworks_common.events.rendering import PinnedInput, RenderRequested, StoredFile
from printworks_common.failures import explain
from printworks_common.outbox import enqueue
from printworks_common.postgres import Connection, load_queries
from printworks_common.storage import ObjectMissingError, ObjectStore
from printworks_common.templates import (
    AssetId,
    Design,
    DesignInvalidError,
    DesignMissingError,
    Name,
    PhotoChoice,
    TextChoice,
    required_inputs,
)
from printworks_common.templates.base import MAX_DOCUMENT_BYTES
from printworks_common.templates.layers import TextLayer
from printworks_common.tracing import current_traceparent
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from printworks_jobs_api.catalog import Catalog, checked_template
from printworks_jobs_api.commands import SOURCE
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.problems import ProblemError, not_found

SQL = load_queries("printworks_jobs_api", "sql/catalog.sql")

MAX_WAITING = 3
"""Dry-runs of a shop that wait or are rendered at the same time."""
MAX_A_DAY = 200
ANSWER_WITHIN = timedelta(minutes=5)
"""A dry-run without an outcome after this time has failed."""
KEPT = timedelta(days=1)

REQUEST = "request.json"
SAMPLE = "sample.jpg"
_SAMPLE_URL = "https://sample.invalid/picture"


class DryRunIn(BaseModel):
    """Exactly one of `template` and `template_id`."""

    model_config = ConfigDict(extra="forbid")

    template: dict[str, Any] | None = Field(default=None, description="A template document; it need not be saved.")
    template_id: Name | None = Field(default=None, description="A template of the shop, in its newest version.")
    sample: AssetId | None = Field(
        default=None, description="A picture of the shop's library, for all slots; without it a picture of ours."
    )
    texts: dict[Name, Annotated[str, StringConstraints(max_length=2000)]] = Field(
        default={}, max_length=40, description="Texts by slot; a slot without one shows its own name."
    )

    @model_validator(mode="after")
    def _one_template(self) -> "DryRunIn":
        if (self.template is None) == (self.template_id is None):
            raise ValueError("give exactly one of template and template_id")
        return self


@dataclass(frozen=True)
class Plan:
    """What is rendered. `inputs` by id; None stands for our own sample picture."""

    template_id: str
    document: dict[str, Any]
    design: Design
    inputs: dict[str, PinnedInput | None]


@dataclass(frozen=True)
class DryRun:
    """`outcome` None: it is not rendered yet."""

    run_id: str
    template_id: str
    begun_at: datetime
    status: Literal["rendering", "ready", "failed"]
    reason_code: str | None = None
    reason: str = ""
    outcome: DryRunOutcome | None = None

    @property
    def expires_at(self) -> datetime:
        return self.begun_at + KEPT


class DryRuns:
    def __init__(self, catalog: Catalog, store: ObjectStore, clock: Clock) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock

    async def plan(self, shop: str, wanted: DryRunIn) -> Plan:
        """What there is to be rendered, all of it from the catalog.

        Raises ProblemError 404 for an unknown template, 413 `too_large`, 422 `template_invalid`, `design_invalid`,
        `design_missing`, `asset_missing`, `font_by_address`.
        """
        document = wanted.template
        if document is None:
            document = (await self._catalog.entry(shop, CatalogKind.TEMPLATE, str(wanted.template_id))).body
        # As long as a saved one at most: the request has to fit into a record.
        if len(json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")) > MAX_DOCUMENT_BYTES:
            raise ProblemError(413, "too_large", f"The document is longer than {MAX_DOCUMENT_BYTES // 1024} KB.")
        template = checked_template(document)
        layers = [one for one in template.layers() if isinstance(one, TextLayer)]
        shown = {one.slot: one.slot[: one.max_length] for one in layers if one.slot}
        texts = {slot: TextChoice(text=text) for slot, text in (shown | wanted.texts).items()}
        photos = {slot: PhotoChoice(source=_SAMPLE_URL) for slot in template.photo_slots()}
        design = Design(photos=photos, texts=texts)
        try:
            refs = required_inputs(template, design)
        except (DesignInvalidError, DesignMissingError) as error:
            raise ProblemError(422, error.code, str(error)) from error
        sample = None
        if wanted.sample is not None:
            sample = await self._asset(shop, wanted.sample, "upload", AssetKind.IMAGE)
        inputs: dict[str, PinnedInput | None] = {}
        for ref in refs:
            if ref.kind == "upload":
                inputs[ref.id] = sample
            elif ref.by_url:
                raise ProblemError(
                    422, "font_by_address", "A font that lies at an address is not fetched for a dry-run. Upload it "
                    "to the library and name it there.",
                )  # fmt: skip
            else:
                inputs[ref.id] = await self._asset(shop, ref.source, ref.kind)
        return Plan(template.id, document, design, inputs)

    async def start(self, connection: Connection, principal: Principal, plan: Plan) -> DryRun:
        """Ask for it, inside a transaction. Raises ProblemError 409 `too_many_dry_runs`."""
        shop = principal.shop
        # One at a time for a shop: two that begin at once must not both pass the limit.
        await connection.execute(SQL["lock_dry_runs"], shop)
        now = self._clock.now().astimezone(UTC)
        await self._check_room(shop, now)
        run_id = uuid4()
        prefix = folder(now.date(), shop, run_id)
        ours = await self._our_sample(prefix) if None in plan.inputs.values() else None
        begun = {"template_id": plan.template_id, "begun_at": now.isoformat()}
        await self._store.put_bytes(f"{prefix}{REQUEST}", json.dumps(begun).encode(), "application/json")
        request = RenderRequested(
            shop=shop,
            order_id="0",
            job_id=run_id,
            line_item_id="0",
            artwork_version=1,
            attempt=1,
            order_name="#1001",
            quantity=1,
            template=plan.document,
            template_version=1,
            design=plan.design.model_dump(mode="json", exclude_none=True),
            inputs=tuple(
                found.model_copy(update={"input_id": input_id})
                for input_id, given in plan.inputs.items()
                if (found := given or ours) is not None
            ),
            document_time=now,
            output_prefix=prefix,
            dry_run=True,
        )
        record = encode(request, event_id=str(run_id), source=SOURCE, time=now, traceparent=current_traceparent())
        await enqueue(connection, [record])
        return DryRun(_text_of(now.date(), run_id), plan.template_id, now, "rendering")

    async def find(self, shop: str, text: str) -> DryRun:
        """Raises ProblemError 404 for one that is over, never was, or is another shop's."""
        day, run_id = _read(text)
        prefix = folder(day, shop, run_id)
        begun = await self._object(f"{prefix}{REQUEST}")
        if begun is None:
            raise not_found("dry-run")
        request = json.loads(begun)
        begun_at = datetime.fromisoformat(request["begun_at"])
        left = await self._object(f"{prefix}{OUTCOME}")
        if left is not None:
            outcome = DryRunOutcome.model_validate_json(left)
            if outcome.reason_code is None:
                return DryRun(text, request["template_id"], begun_at, "ready", outcome=outcome)
            said = explain(outcome.reason_code).sentence
            return DryRun(text, request["template_id"], begun_at, "failed", outcome.reason_code, said, outcome)
        if self._clock.now() - begun_at > ANSWER_WITHIN:
            said = "No render worker has answered. Try again; if it goes on, tell your operator."
            return DryRun(text, request["template_id"], begun_at, "failed", "not_answered", said)
        return DryRun(text, request["template_id"], begun_at, "rendering")

    async def file(self, shop: str, text: str, name: str) -> StoredFile:
        """A file that a dry-run has made. Raises ProblemError 404."""
        outcome = (await self.find(shop, text)).outcome
        for file in outcome.files if outcome is not None else ():
            if file.name == name:
                return file
        raise not_found("file of this dry-run")

    async def forget_old(self) -> None:
        """Drop the folders of days that are over for everybody."""
        last = (self._clock.now().astimezone(UTC) - KEPT).date()
        for place in await self._store.folders(ROOT):
            day = place.removeprefix(ROOT).rstrip("/")
            if day < last.isoformat():
                await self._store.delete_prefix(place)

    async def _check_room(self, shop: str, now: datetime) -> None:
        day = now.astimezone(UTC).date()
        begun, ended = dict[str, datetime](), set[str]()
        async for one in self._store.list(f"{ROOT}{day:%Y-%m-%d}/{shop}/"):
            place, _, name = one.key.rpartition("/")
            if name == REQUEST:
                begun[place] = one.modified or now
            if name == OUTCOME:
                ended.add(place)
        waiting = [at for place, at in begun.items() if place not in ended and now - at < ANSWER_WITHIN]
        if len(waiting) >= MAX_WAITING or len(begun) >= MAX_A_DAY:
            raise ProblemError(
                409, "too_many_dry_runs", "Too many dry-runs of this shop are under way. Wait for one of them."
            )

    async def _our_sample(self, prefix: str) -> PinnedInput:
        content = (resources.files("printworks_jobs_api") / SAMPLE).read_bytes()
        stored = await self._store.put_bytes(f"{prefix}inputs/{SAMPLE}", content, "image/jpeg")
        return PinnedInput(
            input_id="", kind="upload", key=stored.key, sha256=stored.sha256, bytes=stored.bytes,
            media_type=stored.media_type,
        )  # fmt: skip

    async def _asset(self, shop: str, asset_id: str, kind: str, wanted: AssetKind | None = None) -> PinnedInput:
        entry = await self._catalog.find(shop, CatalogKind.ASSET, asset_id)
        if entry is None or entry.deleted or (wanted is not None and entry.body["kind"] != wanted):
            what = "picture" if wanted is not None else "asset"
            raise ProblemError(422, "asset_missing", f"There is no {what} {asset_id} in the library.", asset=asset_id)
        body = entry.body
        return PinnedInput(
            input_id="", kind=kind, key=body["key"], sha256=body["sha256"], bytes=body["bytes"],
            media_type=body["media_type"],
        )  # fmt: skip

    async def _object(self, key: str) -> bytes | None:
        try:
            return await self._store.get_bytes(key)
        except ObjectMissingError:
            return None


def _text_of(day: date, run_id: UUID) -> str:
    """`20261126-<32 hex digits>`: the day is a part of the id, since it is a part of the place."""
    return f"{day:%Y%m%d}-{run_id.hex}"


def _read(text: str) -> tuple[date, UUID]:
    day, _, run_id = text.partition("-")
    try:
        if len(day) != 8 or len(run_id) != 32:
            raise ValueError(text)
        return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date(), UUID(run_id)
    except ValueError as error:
        raise not_found("dry-run") from error
