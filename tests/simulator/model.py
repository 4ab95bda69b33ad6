"""What must hold of every state that was committed, and what an order must end as: the rules, once more in small.

It knows what happened on Shopify and what people asked for, and nothing of how the services go about it.
"""

import json
from datetime import date, datetime, timedelta
from uuid import UUID

from printworks_common.events.artwork import JobStatus
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.failures import Reason
from printworks_render.coordinator.decisions import PAID
from printworks_render.coordinator.deliveries import BACK_OFF
from printworks_render.coordinator.model import Job, Order

from tests.simulator.bucket import SimulatedBucket
from tests.simulator.pictures import REASONS, Fate, digest, fate_of
from tests.simulator.rendering import print_digest
from tests.simulator.shopify import PREFIX, OrderOnShopify
from tests.simulator.story import MAPPED, PLAIN, LineOnShopify, Truth
from tests.simulator.world import World

RETENTION_DAYS = 90


class Model:
    """The promises about one order."""

    def __init__(self, world: World, truth: Truth, bucket: SimulatedBucket) -> None:
        self._world = world
        self._truth = truth
        self._bucket = bucket
        self._version = 0
        self._updated_at: datetime | None = None
        self._published: dict[int, str] = {}
        self._cancelled = False
        self.later_mapped = False
        """Whether the product that had no mapping at first has one now, and its orders were read again."""
        self.cancels: set[UUID] = set()
        """Jobs that a person has asked to cancel; whether one was there to be cancelled then, depends."""
        self.stopped: set[UUID] = set()
        """Those that were there."""
        self.replacements: dict[UUID, set[str]] = {}
        """Digests of the pictures that people gave in place of a job's."""
        self.replaced: set[UUID] = set()
        """Jobs of which a replacement was taken."""
        self.told_last_day: date | None = None
        """The latest day that was told as the last one."""
        self.days = RETENTION_DAYS

    # ------------------------------------------------------------------ at every commit

    def committed(self, order: Order) -> None:
        """A state of the order that is durable now."""
        world = self._world
        if order.version < self._version:
            world.broken(f"version {order.version} came after {self._version}")
        self._version = order.version
        if self._updated_at is not None and order.updated_at < self._updated_at:
            world.broken(f"what Shopify said at {order.updated_at} has replaced what it said at {self._updated_at}")
        self._updated_at = order.updated_at
        if self._cancelled and order.cancelled_at is None:
            world.broken("the order was cancelled, and is not any more")
        self._cancelled = order.cancelled_at is not None
        lines = [job.line.line_item_id for job in order.jobs]
        if len(set(lines)) != len(lines):
            world.broken(f"a line item has more than one print job: {lines}")
        to_print = order.financial_status in PAID and order.cancelled_at is None
        for job in order.jobs:
            if job.status is JobStatus.PENDING and not to_print:
                world.broken(f"{job.job_id} waits although nothing of the order is to be printed")
            if job.job_id in self.stopped and job.status in {JobStatus.PENDING, JobStatus.READY}:
                world.broken(f"{job.job_id} was stopped by a person, and is {job.status}")
            if job.status is JobStatus.READY:
                self._ready(order, job)
        if order.purged_at is None and order.artwork_status != self.status_of(order.jobs):
            world.broken(f"the order is {order.artwork_status}, its jobs say {self.status_of(order.jobs)}")
        if order.purged_at is not None and any(
            job.status is not JobStatus.CLEARED for job in order.jobs
        ):  # fmt: skip
            world.broken("the order is closed, and a job of it goes on")

    @staticmethod
    def status_of(jobs: tuple[Job, ...]) -> str | None:
        """none → no status; any pending → pending; else any failed → failed; else ready."""
        states = {job.status for job in jobs if job.status is not JobStatus.CANCELLED}
        return next((one for one in ("pending", "failed", "ready") if one in states), None)

    def _ready(self, order: Order, job: Job) -> None:
        """Its files exist, are the right ones, and lie where the shop wants them."""
        current = [one for one in job.artwork if one.current]
        if [one.artwork_version for one in current] != [job.artwork_version]:
            self._world.broken(f"{job.job_id} is ready in version {job.artwork_version}, its files are {current}")
        if order.purged_at is not None:
            return
        wanted = print_digest(self._picture(job), job.template_version or 0)
        for file in current[0].files:
            if file.sha256 != wanted:
                self._world.broken(f"{job.job_id} is ready with files of something else")
            if file.delivered is None and self._bucket.objects.get(file.key) != file.sha256:
                self._world.broken(f"{job.job_id} is ready, and {file.key} is not there")
            if job.own_storage and file.role == "print" and file.delivered is None and job.step is None:
                self._storage_left(order, job)

    def _picture(self, job: Job) -> str:
        """Digest of the picture that is to be printed: the line item's, or one that a person gave in its place."""
        given = next((one.sha256 or "" for one in job.inputs if one.replaced), None)
        if given is not None:
            if given not in self.replacements.get(job.job_id, ()):
                self._world.broken(f"{job.job_id} has a picture that nobody gave")
            return given
        return next((digest(one.value) for one in job.line.properties), "")

    def _storage_left(self, order: Order, job: Job) -> None:
        self._world.broken(f"{job.job_id} of {order.order_id} is ready, and its files are not in the shop's storage")

    # ------------------------------------------------------------------ what others are told

    def told(self, event_id: str, event: OrderSnapshot) -> None:
        """A snapshot was published."""
        version, status, files = event.version, event.artwork_status, event.artwork_files
        if event.retention_date is not None:
            self.told_last_day = max(self.told_last_day or event.retention_date, event.retention_date)
        if self._published.setdefault(version, event_id) != event_id:
            self._world.broken(f"version {version} was published as two different events")
        if version > self._version:
            self._world.broken(f"version {version} was published before it was committed")
        if files and status != "ready":
            self._world.broken(f"files are listed while the order is {status}")

    # ------------------------------------------------------------------ at the end

    def customised(self, line: LineOnShopify) -> bool:
        return line.sku != PLAIN and (line.sku == MAPPED or self.later_mapped)

    def ended(self, order: Order | None) -> None:
        """All is quiet: the order is as Shopify has it, and each of its jobs is where it must be."""
        world, truth = self._world, self._truth
        if order is None:
            world.broken("the order is not known")
        known = order.financial_status, order.cancelled_at is not None, order.customer_name
        if known != (truth.status, truth.cancelled_at is not None, truth.customer):
            world.broken(f"the order is {truth.status}, {truth.cancelled_at}, {truth.customer}; known is {known}")
        jobs = {job.line.line_item_id: job for job in order.jobs}
        for line in truth.lines:
            job = jobs.pop(line.line_item_id, None)
            wanted = truth.to_print and line.quantity > 0 and self.customised(line)
            if wanted and job is None:
                world.broken(f"line {line.line_item_id} is customised and paid, and has no print job")
            elif job is not None and not wanted and job.status is not JobStatus.CANCELLED:
                world.broken(f"line {line.line_item_id} is not to be printed, its job is {job.status}")
            elif job is not None and wanted:
                self._job_ended(job, line)
        if jobs:
            world.broken(f"there are print jobs of lines that do not exist: {sorted(jobs)}")

    def _job_ended(self, job: Job, line: LineOnShopify) -> None:
        world = self._world
        if job.line.properties != line.item().properties or job.quantity != line.quantity:
            world.broken(f"job {job.job_id} has an older line item: {job.line} instead of {line}")
        if job.job_id in self.stopped or (job.stopped and job.job_id in self.cancels):
            if job.status is not JobStatus.CANCELLED:
                world.broken(f"job {job.job_id} was stopped by a person, and is {job.status}")
            return
        if job.job_id in self.replaced and not any(one.replaced for one in job.inputs):
            world.broken(f"job {job.job_id} has lost the picture that a person gave")
        reasons = self._reasons(job, line)
        if job.own_storage and job.deliveries > len(BACK_OFF):
            reasons |= {Reason.STORAGE_UNREACHABLE}
        if job.status is JobStatus.READY and (not reasons or self._may_be_ready(job, line, reasons)):
            world.happened["ended ready"] += 1
            return
        if job.status is JobStatus.FAILED and job.reason_code in reasons:
            world.happened["ended failed"] += 1
            return
        world.broken(f"job {job.job_id} of {line} is {job.status} ({job.step}, {job.reason_code}), allowed: {reasons}")

    def _reasons(self, job: Job, line: LineOnShopify) -> frozenset[str]:
        """Why the job has to fail; none: it becomes ready. A picture that a person gave is a good one."""
        if any(one.replaced for one in job.inputs):
            return frozenset()
        if line.picture is None:
            return frozenset({Reason.DESIGN_MISSING})
        return REASONS[fate_of(line.picture)]

    def _may_be_ready(self, job: Job, line: LineOnShopify, reasons: frozenset[str]) -> bool:
        if reasons <= {Reason.STORAGE_UNREACHABLE}:
            return True
        return line.picture is not None and fate_of(line.picture) is Fate.VANISHES

    def on_shopify(self, order: Order, shopify: OrderOnShopify, listed: tuple[str, ...]) -> None:
        """Tag = metafield = snapshot; nothing of others' is lost."""
        status = order.artwork_status
        tag = None if status is None else f"{PREFIX}{status}"
        if shopify.ours != ({tag} if tag else set()) or shopify.value("artwork_status") != tag:
            self._world.broken(f"Shopify has {shopify.ours} and {shopify.value('artwork_status')}, the order is {tag}")
        files = shopify.value("artwork_files")
        if (json.loads(files) if files else []) != list(listed):
            self._world.broken("the links on Shopify are not those of the snapshot")
        if not shopify.others_tags <= shopify.tags:
            self._world.broken(f"tags of others are lost: {shopify.others_tags - shopify.tags}")
        if not set(shopify.others_attributes) <= set(shopify.attributes):
            self._world.broken("attributes of others are lost")

    # ------------------------------------------------------------------ retention

    def last_day(self) -> date | None:
        """Until when the files are kept, at least: Shopify's own dates and the period. None: never paid."""
        paid = self._truth.paid_at
        if paid is None:
            return None
        last = max(self._truth.created_at.date(), paid.date()) + timedelta(days=self.days)
        return max(last, self.told_last_day or last)

    def may_go(self, key: str) -> bool:
        last = self.last_day()
        return last is not None and self._world.now().date() > last

    def purged(self, order: Order) -> None:
        prefix = f"/{order.shop}/{order.order_id}/"
        left = [key for key in self._bucket.objects if prefix in key]
        if left:
            self._world.broken(f"the order's day has come, and {left} are still there")
        if any(job.status is not JobStatus.CLEARED for job in order.jobs):
            self._world.broken("the order's files are gone, and a job says nothing of it")
