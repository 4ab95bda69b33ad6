"""The coordinator: its own intake, decisions, store and dispatchers, over simulated tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from printworks_common import outbox
from printworks_common.errors import GroundMissingError, TransientError
from printworks_common.events.artwork import JobStatus
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.events.topics import Topic
from printworks_render.coordinator import store
from printworks_render.coordinator.delivering import DeliveryDispatcher, DeliveryLimits
from printworks_render.coordinator.ground import Ground
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.model import Order, Step
from printworks_render.coordinator.pinning import CLAIM, PinningDispatcher, PinningLimits
from printworks_render.coordinator.release import ReleaseDispatcher, ReleaseLimits
from printworks_render.coordinator.store import SQL, OrderStore

from tests.simulator import codec
from tests.simulator.bucket import SimulatedBucket
from tests.simulator.database import Database, Effect
from tests.simulator.pictures import PictureServers
from tests.simulator.remembered import RememberedLinks, RememberedSigner
from tests.simulator.world import World

PUBLIC_URL = "https://prints.example"
LINKS = RememberedLinks(RememberedSigner({"one": b"simulated" * 4}, "one"), PUBLIC_URL)
RENDER_LEASE = timedelta(minutes=10)
DELIVERY_LEASE = timedelta(minutes=30)
AGAIN_SECONDS = 1.0
RETENTION_DAYS = 90

Key = tuple[str, int]


@dataclass
class JobRow:
    """What dispatchers look for."""

    shop: str
    order_id: int
    status: str
    step: str | None
    not_before: datetime | None
    claimed_until: datetime | None = None


class Tables(Database):
    """Schema `render`. `saved` is told of every document that was committed."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "coordinator")
        self.documents: dict[Key, str] = {}
        self.jobs: dict[UUID, JobRow] = {}
        self.timeline: dict[tuple[UUID, int], str] = {}
        self.seen: set[str] = set()
        self.outbox: list[OutgoingRecord] = []
        self.catalog: dict[str, list[dict[str, Any]]] = {}
        self.copies: set[str] = set()
        self.wake: Callable[[float], None] = lambda _: None
        self.relay: Callable[[], None] = lambda: None
        self.saved: Callable[[Order], None] = lambda _: None
        self._untold: set[UUID] = set()
        """Jobs whose state has changed in the commit that is carried out, without a row of the timeline so far."""
        self.reads |= {
            SQL["lock_order"]: lambda shop, number: self.documents.get((shop, number)),
            SQL["read_order"]: lambda shop, number: self.documents.get((shop, number)),
            SQL["catalog_of"]: lambda shop: self.catalog[shop],
            SQL["choose_releases"]: self._choose_releases,
            SQL["requests_unsent"]: self._requests_unsent,
            store._LOCK: lambda *_: True,
            "SELECT pg_advisory_unlock($1)": lambda _: True,
            "SELECT tombstone($1, $2, $3)": lambda *_: None,
        }
        self.row_of[SQL["lock_order"]] = lambda shop, number: (shop, number)
        self.writes |= {
            SQL["reserve_order"]: self._reserve,
            SQL["save_order"]: self._save_order,
            SQL["save_job"]: self._save_job,
            SQL["add_timeline"]: self._add_timeline,
            SQL["add_delivered_copies"]: lambda keys: ("", lambda: self.copies.update(keys)),
            SQL["claim_deliveries"]: self._claim_deliveries,
            "INSERT INTO inbox (source_id) VALUES ($1) ON CONFLICT DO NOTHING": self._first_time,
            outbox._ENQUEUE: self._enqueue,
        }

    def order(self, shop: str, order_id: str) -> Order | None:
        text = self.documents.get((shop, int(order_id)))
        return None if text in {None, "null"} else codec.read_order(cast("str", text))

    def _reserve(self, shop: str, number: int) -> tuple[str, Effect]:
        # At once: the same transaction reads the row next, and its lock keeps all others away.
        self.documents.setdefault((shop, number), "null")
        return "INSERT 0 1", lambda: None

    def _save_order(self, shop: str, number: int, version: int, document: str) -> tuple[str, Effect]:
        def effect() -> None:
            self.documents[shop, number] = document
            self.saved(codec.read_order(document))

        return "UPDATE 1", effect

    def _save_job(
        self, job_id: UUID, shop: str, number: int, status: str, step: str | None, _urgent: bool, _queued: datetime,
        not_before: datetime | None,
    ) -> tuple[str, Effect]:  # fmt: skip
        def effect() -> None:
            before = self.jobs.get(job_id)
            if before is None or (before.status, before.step) != (status, step):
                self._untold.add(job_id)
            self.jobs[job_id] = JobRow(shop, number, status, step, not_before)
            later = (not_before - self.world.now()).total_seconds() if not_before else 0.0
            if step is not None:
                self.wake(max(0.01, later))

        return "INSERT 0 1", effect

    def _add_timeline(
        self, job_id: UUID, place: int, _at: datetime, event: str, *_: object
    ) -> tuple[str, Effect]:  # fmt: skip
        def effect() -> None:
            self._untold.discard(job_id)
            self.timeline.setdefault((job_id, place), event)

        return "INSERT 0 1", effect

    def committed(self) -> None:
        if self._untold:
            self.world.broken(f"the state of {self._untold} has changed without a word in the timeline")

    def _first_time(self, source: str) -> tuple[str, Effect]:
        return ("INSERT 0 0" if source in self.seen else "INSERT 0 1"), lambda: self.seen.add(source)

    def _enqueue(
        self, _shards: object, topics: Sequence[str], keys: Sequence[str], headers: Sequence[str],
        values: Sequence[bytes],
    ) -> tuple[None, Effect]:  # fmt: skip
        def effect() -> None:
            for topic, key, header, value in zip(topics, keys, headers, values, strict=True):
                self.outbox.append(OutgoingRecord(topic, key, value, codec.read_headers(header)))
            self.relay()

        return None, effect

    def _due(self, row: JobRow, now: datetime) -> bool:
        return (row.not_before is None or row.not_before <= now) and (
            row.claimed_until is None or row.claimed_until <= now
        )

    def claim_pinning(self) -> list[tuple[str, str, UUID]]:
        """As the statement `claim_pinning`, without its fairness."""
        now = self.world.now()
        found = [(job_id, row) for job_id, row in self.jobs.items() if row.step == Step.PINNING and self._due(row, now)]
        for _, row in found:
            row.claimed_until = now + CLAIM
            self.wake(CLAIM.total_seconds())
        return [(row.shop, str(row.order_id), job_id) for job_id, row in found]

    def _choose_releases(self, *_: object) -> list[Mapping[str, Any]]:
        now = self.world.now()
        return [
            {
                "job_id": job_id,
                "shop": row.shop,
                "order_id": str(row.order_id),
                "overdue": row.step == Step.RENDERING,
                "watermark_tests": True,
            }
            for job_id, row in self.jobs.items()
            if (row.step == Step.QUEUED and (row.not_before is None or row.not_before <= now))
            or (row.step == Step.RENDERING and row.not_before is not None and row.not_before <= now)
        ]

    def _requests_unsent(self, keys: Sequence[str], topic: str) -> bool:
        return any(one.key in keys and one.topic == topic for one in self.outbox)

    def _claim_deliveries(
        self, _most: int, _per_shop: int, lease: timedelta
    ) -> tuple[list[Mapping[str, Any]], Effect]:  # fmt: skip
        now = self.world.now()
        rows: list[Mapping[str, Any]] = []
        for job_id, row in self.jobs.items():
            if row.step == Step.DELIVERING and self._due(row, now):
                overdue, row.claimed_until = row.claimed_until is not None, now + lease
                self.wake(lease.total_seconds())
                storage = next((one for one in self.catalog[row.shop] if one["kind"] == "storage"), None)
                active = storage is not None and storage["body"]["active"]
                rows.append(
                    {
                        "job_id": job_id,
                        "shop": row.shop,
                        "order_id": str(row.order_id),
                        "overdue": overdue,
                        "storage_version": storage["version"] if storage is not None and active else None,
                    }
                )
        return rows, lambda: None

    def to_do(self, *steps: str) -> bool:
        return any(row.step in steps for row in self.jobs.values())


class Coordinator:
    """All replicas of it. `publish` puts a record on its topic."""

    def __init__(
        self,
        world: World,
        bucket: SimulatedBucket,
        servers: PictureServers,
        publish: Callable[[OutgoingRecord], None],
    ) -> None:
        self._world = world
        self._publish = publish
        self._relaying = False
        self.tables = Tables(world)
        self.tables.wake = self._wake
        self.tables.relay = self._relay
        pool = cast("Any", self.tables)
        self.store = OrderStore(pool, LINKS, world, RETENTION_DAYS)
        nobody = cast("Any", None)
        self.intake = OrderIntake(self.store, nobody, nobody, world)
        self._pinning = PinningDispatcher(
            self.store,
            pool=pool,
            objects=cast("Any", bucket),
            fetcher=cast("Any", servers),
            clock=world,
            limits=PinningLimits(),
        )

        def ground(topic: Topic) -> Ground:
            return Ground(topic, cast("Any", bucket), self._anybody)

        self._release = ReleaseDispatcher(
            self.store, pool, ground(Topic.RENDER_REQUESTS), world, ReleaseLimits(lease=RENDER_LEASE)
        )
        self._delivery = DeliveryDispatcher(
            self.store, pool, ground(Topic.DELIVERIES), world, DeliveryLimits(lease=DELIVERY_LEASE)
        )

    async def _anybody(self) -> bool:
        return not self._world.chance(self._world.weather.ground)

    def _wake(self, after: float) -> None:
        self._world.spawn(self._dispatch(), "dispatch", after=after, crashed=lambda: self._wake(AGAIN_SECONDS))

    async def _dispatch(self) -> None:
        for shop, order_id, job_id in self.tables.claim_pinning():
            self._world.spawn(self._pinning._pin(shop, order_id, job_id), "pin")
        try:
            if self.tables.to_do(Step.QUEUED, Step.RENDERING):
                await self._release.dispatch()
            if self.tables.to_do(Step.DELIVERING):
                await self._delivery.dispatch()
        except (GroundMissingError, TransientError):
            self._wake(AGAIN_SECONDS)

    def _relay(self) -> None:
        if not self._relaying:
            self._relaying = True
            self._world.spawn(self._relay_all(), "relay", crashed=self._relay_again, stalled=self._relay_again)

    def _relay_again(self) -> None:
        self._world.spawn(
            self._relay_all(), "relay", after=5.0, crashed=self._relay_again, stalled=self._relay_again
        )  # fmt: skip

    async def _relay_all(self) -> None:
        """What is there is sent, and deleted once the broker has it: a death in between sends it again."""
        waiting = self.tables.outbox
        while waiting:
            batch = list(waiting[:100])
            await self._world.point("relay: before it sends")
            for record in batch:
                self._publish(record)
            await self._world.point("relay: after it has sent")
            sent = {id(record) for record in batch}
            waiting[:] = [record for record in waiting if id(record) not in sent]
        self._relaying = False


def settled(tables: Tables) -> bool:
    """Whether no job waits for anything."""
    return all(row.status != JobStatus.PENDING and row.step is None for row in tables.jobs.values())
