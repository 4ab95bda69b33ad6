"""What the tests of jobs-api work with: snapshots as the coordinator writes them, jobs-api as its clients see it."""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from printworks_common import ids
from printworks_common.events.print_jobs import (
    ArtworkVersion,
    InputState,
    JobSnapshot,
    OrderSnapshot,
    TextField,
    TimelineEntry,
)
from printworks_common.events.rendering import StoredFile
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool
from printworks_common.storage import ObjectStore
from printworks_jobs_api.api.context import Services
from printworks_jobs_api.app import assemble, create_app
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.projector import Projector
from printworks_jobs_api.settings import SCHEMA, ApiSettings
from printworks_local.stack import Stack

SHOP = "aurora-prints.myshopify.com"
OTHER_SHOP = "borealis-prints.myshopify.com"
PUBLIC_URL = "http://print.example"
BEGIN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def stored_file(job: UUID, role: str, content: bytes, *, version: int = 1, name: str | None = None) -> StoredFile:
    """A file of a print job as a render result lists it."""
    kinds = {"print": ("pdf", "application/pdf"), "thumbnail": ("png", "image/png"), "preview": ("png", "image/png")}
    form, media_type = kinds[role]
    name = name or f"1001-1-{role}.{form}"
    digest = hashlib.sha256(content).hexdigest()
    return StoredFile(
        file_id=ids.file_id(job, version, name, digest),
        role=role,
        name=name,
        format=form,
        media_type=media_type,
        bytes=len(content),
        sha256=digest,
        width_px=4960,
        height_px=7016,
        width_mm=420,
        height_mm=594,
        dpi=300,
        colour_space="sRGB",
        bleed_mm=3,
        key=f"orders/2026-11-20/{SHOP}/1/{job}/{version}/{digest[:16]}-{name}",
    )


@dataclass
class Making:
    """Makes snapshots of one order: each `snapshot` has the next version."""

    shop: str = SHOP
    order_id: str = "5001"
    name: str = "#1001"
    customer: str | None = "Jörg Müller"
    created_at: datetime = BEGIN
    retention_date: date = date(2027, 2, 18)
    version: int = 0
    jobs: dict[str, JobSnapshot] = field(default_factory=dict[str, JobSnapshot])

    def job(self, line: str = "1", **changes: Any) -> JobSnapshot:
        """The job of a line item, with changes; its version grows with each call."""
        before = self.jobs.get(line)
        if before is None:
            before = JobSnapshot(
                job_id=ids.job_id(self.shop, self.order_id, line),
                line_item_id=line,
                version=0,
                status="pending",
                step="pinning",
                product_title="Photo print",
                variant_title="42 × 59 cm",
                product_id="900",
                variant_id="901",
                sku="PW-PHOTO",
                quantity=1,
                template_id="photo",
                template_version=1,
                recipe="photo",
                artwork_version=1,
                texts=(TextField(name="Text", value="For Ada"),),
                inputs=(InputState(input_id="photo:front", kind="upload", pinned=True, bytes=100),),
                timeline=(TimelineEntry(at=self.created_at, event="paid", artwork_version=1),),
                queued_at=self.created_at,
            )
        job = before.model_copy(update={"version": before.version + 1, **changes})
        self.jobs[line] = job
        return job

    def ready(self, line: str = "1", *files: StoredFile) -> JobSnapshot:
        at = self.created_at + timedelta(seconds=34)
        return self.job(
            line,
            status="ready",
            step=None,
            reason_code=None,
            completed_at=at,
            artwork=(
                ArtworkVersion(
                    artwork_version=1,
                    current=True,
                    files=files,
                    spec_line="300 DPI · 4960 × 7016 · PDF · sRGB · 3 mm bleed",
                    completed_at=at,
                ),
            ),
        )

    def failed(self, line: str = "1", reason: str = "upload_missing", **changes: Any) -> JobSnapshot:
        at = self.created_at + timedelta(seconds=12)
        entry = TimelineEntry(at=at, event="failed", detail=reason, artwork_version=1)
        timeline = (*(self.jobs[line] if line in self.jobs else self.job(line)).timeline, entry)
        return self.job(
            line, status="failed", step=None, reason_code=reason, completed_at=at, timeline=timeline, **changes
        )

    def snapshot(self, *, version: int | None = None) -> OrderSnapshot:
        self.version += 1
        states = {job.status for job in self.jobs.values()} - {"cancelled"}
        status = next((one for one in ("pending", "failed", "ready") if one in states), None)
        return OrderSnapshot(
            shop=self.shop,
            order_id=self.order_id,
            order_gid=ids.gid("Order", self.order_id),
            order_name=self.name,
            version=version or self.version,
            created_at=self.created_at,
            order_date=self.created_at.date(),
            first_paid_at=self.created_at,
            retention_date=self.retention_date,
            customer_name=self.customer,
            financial_status="paid",
            artwork_status=status,
            jobs=tuple(self.jobs.values()),
            occurred_at=self.created_at + timedelta(seconds=self.version),
        )


@dataclass
class Api:
    """jobs-api as its clients see it."""

    services: Services
    projector: Projector
    store: ObjectStore
    pool: Pool
    requests: Pool
    """Sees the rows of the shop that is acted for."""
    settings: ApiSettings
    stack: Stack

    async def key(self, shop: str = SHOP, *scopes: Scope) -> str:
        """A new API key of the shop; without scopes it has all."""
        return (await self.services.keys.create(shop, scopes or tuple(Scope))).text

    async def client(self, shop: str = SHOP, *scopes: Scope) -> httpx.AsyncClient:
        """A client with a key of the shop."""
        return self.browser({"Authorization": f"Bearer {await self.key(shop, *scopes)}"})

    def browser(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """A client without a key."""
        transport = httpx.ASGITransport(app=create_app(self.services), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers)

    def configured(self, settings: ApiSettings, store: ObjectStore | None = None) -> "Api":
        """The same with other settings, and the store that these ask for."""
        store = store or self.store
        return replace(
            self, services=assemble(self.pool, self.requests, store, settings), store=store, settings=settings
        )

    async def project(self, *makings: Making) -> None:
        for making in makings:
            await self.projector.apply(making.snapshot())

    async def published(self, topic: str) -> list[bytes]:
        """Values of what waits in the outbox for a topic, in order."""
        rows = await self.pool.fetch("SELECT value FROM outbox WHERE topic = $1 ORDER BY id", topic)
        return [row["value"] for row in rows]

    def link(self, file: StoredFile, shop: str = SHOP) -> str:
        return self.services.signer.url(PUBLIC_URL, shop, file.file_id, file.name)


def api_settings(stack: Stack, dsn: str, bucket: str, **more: Any) -> ApiSettings:
    info = stack.info
    values: dict[str, Any] = {
        "kafka_bootstrap": info.kafka_bootstrap,
        "postgres_dsn": dsn,
        "s3_endpoint": info.s3_endpoint,
        "s3_access_key": info.s3_access_key,
        "s3_secret_key": info.s3_secret_key,
        "bucket": bucket,
        "public_url": PUBLIC_URL,
        "file_link_keys": "k1:" + base64.b64encode(b"1" * 32).decode(),
        "session_key": base64.b64encode(b"s" * 32).decode(),
        "sealing_keys": "s1:" + base64.b64encode(b"2" * 32).decode(),
        # The merchant's storage of these tests is on loopback.
        "allow_private_addresses": True,
        **more,
    }
    return ApiSettings.model_validate(values)


async def migrated(dsn: str) -> str:
    with resources.as_file(resources.files("printworks_jobs_api") / "sql" / "migrations") as directory:
        await migrate(dsn, SCHEMA, Path(directory))
    return dsn
