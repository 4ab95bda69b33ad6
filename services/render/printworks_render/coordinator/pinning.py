"""Pins the inputs of print jobs: everything that a render needs is copied into our bucket before it is released.

What is pinned cannot break later. A dispatcher claims jobs from Postgres, round robin over shops, and gives a claim
back by letting it run out, so a crash loses nothing.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from printworks_common import tracing
from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.events.artwork import JobStatus
from printworks_common.failures import Reason
from printworks_common.fetching import FONTS, IMAGES, Fetcher
from printworks_common.logs import get_logger
from printworks_common.postgres import ground_errors
from printworks_common.storage import ObjectMissingError, ObjectStore

from printworks_render.coordinator import decisions, metrics, transitions
from printworks_render.coordinator.model import Input, Job, Order, Step
from printworks_render.coordinator.store import SQL, Change, OrderStore

log = get_logger(__name__)

CLAIM = timedelta(seconds=15)
"""A claim is renewed while its job is worked on; a crashed coordinator's jobs are taken over after it."""

RENEW_SECONDS = 5.0

BACK_OFF = (2, 5, 15, 60, 180)
"""Seconds between the tries of an input whose server does not answer; then the job fails with its reason."""

MAX_UPLOAD_BYTES = 40 * 1024 * 1024
MAX_FONT_BYTES = 10 * 1024 * 1024
MAX_DESIGN_BYTES = 256 * 1024


@dataclass(frozen=True)
class PinningLimits:
    """How many jobs are worked on at once, in all and per shop."""

    parallel: int = 16
    per_shop: int = 4


class PinningDispatcher:
    def __init__(
        self,
        store: OrderStore,
        *,
        pool: "asyncpg.Pool[asyncpg.Record]",
        objects: ObjectStore,
        fetcher: Fetcher,
        clock: Clock,
        limits: PinningLimits,
    ) -> None:
        self._store = store
        self._pool = pool
        self._objects = objects
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits
        self._running: dict[asyncio.Task[None], UUID] = {}
        self._renewed = time.monotonic()
        self._free: Callable[[], None] = lambda: None

    async def dispatch(self) -> int:
        """Claim what may be worked on and start it. Returns the number of jobs started."""
        await self._renew()
        room = self._limits.parallel - len(self._running)
        if room <= 0:
            return 0
        with ground_errors():
            rows = await self._pool.fetch(SQL["claim_pinning"], room, self._limits.per_shop, CLAIM)
        for row in rows:
            task = asyncio.create_task(self._pin(row["shop"], row["order_id"], row["job_id"]))
            self._running[task] = row["job_id"]
            task.add_done_callback(self._finished)
        return len(rows)

    async def _renew(self) -> None:
        if not self._running or time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        with ground_errors():
            await self._pool.execute(SQL["renew_pinning"], list(self._running.values()), CLAIM)

    def on_free(self, listener: Callable[[], None]) -> None:
        """Called when there is room for another job."""
        self._free = listener

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        self._free()

    async def drain(self) -> None:
        """Wait for the jobs that are being pinned."""
        if self._running:
            await asyncio.wait(self._running)

    async def _pin(self, shop: str, order_id: str, job_id: UUID) -> None:
        try:
            with metrics.PIN_SECONDS.time():
                outcome = await self._pin_job(shop, order_id, job_id)
        except GroundMissingError as error:
            # The claim runs out and the job is taken up again; nothing of it is the job's fault.
            outcome = "ground_missing"
            log.warning("pinning_waits", shop=shop, job_id=str(job_id), code=error.code)
        except Exception as error:
            # A fault of ours must end as a visible failure of this job, not as a job that is tried for ever.
            log.error("pinning_failed", shop=shop, job_id=str(job_id), exc_info=error)
            outcome = await self._give_up(shop, order_id, job_id)
        metrics.PINNED.labels(outcome=outcome).inc()

    async def _give_up(self, shop: str, order_id: str, job_id: UUID) -> str:
        try:
            order = await self._store.order(shop, order_id)
            job = order.job(job_id) if order else None
            if order is None or job is None:
                return "overtaken"
            return await self._later(order, job, job.inputs, Reason.RENDER_FAILED, "The inputs could not be stored.")
        except GroundMissingError:
            return "ground_missing"

    async def _pin_job(self, shop: str, order_id: str, job_id: UUID) -> str:
        order = await self._store.order(shop, order_id)
        job = order.job(job_id) if order else None
        if order is None or job is None or job.step != Step.PINNING:
            return "overtaken"
        with tracing.span("pin", parent_headers=order.trace_headers, shop=shop, order_id=order_id, job_id=str(job_id)):
            return await self._pin_inputs(order, job)

    async def _pin_inputs(self, order: Order, job: Job) -> str:
        shop = order.shop
        try:
            planned = await self._with_design(job, shop)
        except TransientError as error:
            return await self._later(order, job, job.inputs, Reason.DESIGN_MISSING, str(error))
        except PoisonError as error:
            return await self._fail(order, job, job.inputs, error.code, str(error))
        inputs: list[Input] = []
        problem: tuple[str, str, bool] | None = None
        for one in planned.inputs:
            if one.pinned:
                inputs.append(one)
                continue
            try:
                inputs.append(await self._pin_input(order, planned, one))
            except (TransientError, PoisonError) as error:
                code = error.code if error.code in set(Reason) else Reason.RENDER_FAILED
                inputs.append(one.model_copy(update={"reason_code": code}))
                if one.required and problem is None:
                    problem = code, str(error), isinstance(error, TransientError)
        if problem is None:
            return await self._done(order, planned, inputs)
        code, sentence, may_pass = problem
        if may_pass:
            return await self._later(order, planned, inputs, code, sentence)
        return await self._fail(order, planned, inputs, code, sentence)

    async def _with_design(self, job: Job, shop: str) -> Job:
        """The job with its design; a design that is a link is fetched first."""
        if job.design is not None or job.design_url is None:
            return job
        with tempfile.TemporaryDirectory(prefix="pw-design-") as folder:
            try:
                fetched = await self._fetcher.fetch(
                    job.design_url, Path(folder) / "design.json", max_bytes=MAX_DESIGN_BYTES
                )
            except PoisonError as error:
                code = Reason.DESIGN_INVALID if error.code == Reason.UPLOAD_TOO_LARGE else Reason.DESIGN_MISSING
                raise PoisonError("The design document could not be fetched.", code=code) from error
            document = fetched.path.read_bytes()
        return decisions.read_fetched_design(job, document, await self._store.catalog(shop))

    async def _pin_input(self, order: Order, job: Job, one: Input) -> Input:
        """Copy one input into the bucket, under its own hash.

        Raises `TransientError` or `PoisonError` with a reason code, `GroundMissingError` when our own store is away.
        """
        prefix = input_prefix(order, job)
        source = one.source or ""
        if not source.startswith(("http://", "https://")):
            return await self._pin_asset(order.shop, prefix, one)
        limit, accepts = (MAX_FONT_BYTES, FONTS) if one.kind == "font" else (MAX_UPLOAD_BYTES, IMAGES)
        with tempfile.TemporaryDirectory(prefix="pw-pin-") as folder:
            try:
                fetched = await self._fetcher.fetch(source, Path(folder) / "input", max_bytes=limit, accepts=accepts)
            except PoisonError as error:
                raise PoisonError(str(error), code=_reason_for(one.kind, error.code)) from error
            except TransientError as error:
                raise TransientError(str(error), code=_reason_for(one.kind, error.code)) from error
            key = f"{prefix}{fetched.sha256}"
            await self._objects.put_file(key, fetched.path, media_type=fetched.media_type)
        return one.model_copy(
            update={
                "key": key,
                "sha256": fetched.sha256,
                "bytes": fetched.bytes,
                "media_type": fetched.media_type,
                "reason_code": None,
            }
        )

    async def _pin_asset(self, shop: str, prefix: str, one: Input) -> Input:
        asset = await self._store.asset(shop, one.source or "")
        code = Reason.FONT_UNAVAILABLE if one.kind == "font" else Reason.ASSET_MISSING
        if asset is None:
            raise PoisonError("The asset is not in the shop's library.", code=code)
        key = f"{prefix}{asset['sha256']}"
        try:
            await self._objects.copy(str(asset["key"]), key)
        except ObjectMissingError as error:
            raise PoisonError("The asset's file is gone.", code=code) from error
        return one.model_copy(
            update={
                "key": key,
                "sha256": asset["sha256"],
                "bytes": asset["bytes"],
                "media_type": asset.get("media_type"),
                "reason_code": None,
            }
        )

    async def _done(self, order: Order, planned: Job, inputs: Sequence[Input]) -> str:
        now = self._clock.now()
        return await self._save(
            order, planned, "pinned", lambda job: transitions.inputs_pinned(job, inputs, now, **_plan(planned))
        )

    async def _fail(self, order: Order, planned: Job, inputs: Sequence[Input], code: str, sentence: str) -> str:
        now = self._clock.now()
        return await self._save(
            order,
            planned,
            code,
            lambda job: transitions.failed(job, code, sentence, now, inputs=tuple(inputs), **_plan(planned)),
        )

    async def _later(self, order: Order, planned: Job, inputs: Sequence[Input], code: str, sentence: str) -> str:
        if planned.tries >= len(BACK_OFF):
            return await self._fail(order, planned, inputs, code, sentence)
        not_before = self._clock.now() + timedelta(seconds=BACK_OFF[planned.tries])
        kept = {"inputs": tuple(inputs), **_plan(planned)}
        return await self._save(
            order, planned, "later", lambda job: transitions.pin_again(job, not_before).model_copy(update=kept)
        )

    async def _save(self, order: Order, planned: Job, outcome: str, transition: transitions.Transition) -> str:
        """Write the outcome, unless the job was cancelled, edited or retried while its inputs were fetched."""
        overtaken = False

        def decide(now_known: Order | None) -> Change | None:
            nonlocal overtaken
            job = now_known.job(planned.job_id) if now_known else None
            if now_known is None or job is None or not _same_work(job, planned):
                overtaken = True
                return None
            return Change(transitions.with_status(now_known.with_job(transition(job))))

        await self._store.change(order.shop, order.order_id, decide)
        return "overtaken" if overtaken else outcome


def input_prefix(order: Order, job: Job) -> str:
    """Where the inputs of a job lie: copied per job, never shared between orders."""
    return f"orders/{order.order_date:%Y-%m-%d}/{order.shop}/{order.order_id}/{job.job_id}/inputs/"


def _plan(job: Job) -> dict[str, object]:
    return {name: getattr(job, name) for name in ("design", "template", "template_id", "template_version", "recipe")}


def _same_work(job: Job, planned: Job) -> bool:
    """Whether the job still waits for what was looked for: each change of it has a version, two may share a moment."""
    return job.status is JobStatus.PENDING and job.step == Step.PINNING and job.version == planned.version


def _reason_for(kind: str, code: str) -> str:
    """The merchant's reason for a fetch that failed: what could not be had counts, not how it failed."""
    return Reason.FONT_UNAVAILABLE if kind == "font" else code
