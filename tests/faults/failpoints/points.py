"""Which fail-points there are, and how a point is armed in a process that runs.

A *place* is a method of a service in which steps are taken; a *point* is the moment before or after a step of a place:
`pin/put/after` is the moment after an input was put into the bucket by the pinning of a job. A point is armed by a file
that the process looks for at each of its steps, and that it renames before it dies: the proof that the point was met.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from printworks_local.services import COORDINATOR, PROJECTOR, RECEIVER, RECONCILER, RETENTION, WORKER, WRITER, Service

FOLDER = "PRINTWORKS_TEST_FAILPOINTS"
"""Environment variable: the folder in which a process looks for the point that is armed."""

ARMED, MET = "armed", "met"

COMMIT, STATEMENT, PUT, PUBLISH, OFFSETS, REQUEST = "commit", "statement", "put", "publish", "offsets", "request"
"""Steps: a transaction's end; a statement that is its own transaction; a put; an acknowledged publication; a commit of
offsets; a request to Shopify."""

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class Place:
    """A method, `module:Class.method`, and the steps in it that have points."""

    name: str
    method: str
    steps: tuple[str, ...]


LOOP = Place("loop", "printworks_common.kafka.consumer:ConsumerLoop._commit", (OFFSETS,))
RELAY = Place("relay", "printworks_common.outbox:OutboxRelay._publish", (PUBLISH, STATEMENT))

PLACES: dict[Service, tuple[Place, ...]] = {
    RECEIVER: (Place("webhook", "printworks_ingest.receiver:Receiver.receive", (PUBLISH,)),),
    RECONCILER: (
        LOOP,
        Place("wish", "printworks_ingest.rereads:Rereads.handle", (STATEMENT,)),
        Place("reread", "printworks_ingest.rereads:Rereads._read", (PUBLISH, STATEMENT)),
        Place("sweep", "printworks_ingest.sweeps:Sweeps.sweep", (PUBLISH, STATEMENT)),
    ),
    COORDINATOR: (
        LOOP,
        RELAY,
        Place("order", "printworks_render.coordinator.intake:OrderIntake.order_received", (COMMIT,)),
        Place("claim", "printworks_render.coordinator.pinning:PinningDispatcher.dispatch", (STATEMENT,)),
        Place("pin", "printworks_render.coordinator.pinning:PinningDispatcher._pin_job", (PUT, COMMIT)),
        Place("release", "printworks_render.coordinator.release:ReleaseDispatcher._release", (COMMIT,)),
        Place("result", "printworks_render.coordinator.intake:OrderIntake.render_finished", (COMMIT,)),
    ),
    WORKER: (
        LOOP,
        Place("render", "printworks_render.worker.renderer:RenderWorker.handle", (PUT, PUBLISH)),
    ),
    WRITER: (
        LOOP,
        RELAY,
        Place("keep", "printworks_shopify_writer.orders:Orders.keep", (COMMIT,)),
        Place("claim", "printworks_shopify_writer.orders:Orders.claim", (STATEMENT,)),
        Place("write", "printworks_shopify_writer.convergence:Convergence._carry_out", (REQUEST,)),
        Place("written", "printworks_shopify_writer.orders:Orders.written", (COMMIT,)),
    ),
    PROJECTOR: (LOOP, Place("rows", "printworks_jobs_api.projector:Projector._write", (COMMIT,))),
    RETENTION: (LOOP, Place("ledger", "printworks_retention.ledger:Ledger.keep", (COMMIT,))),
}
"""What an order passes through on its way, in each service."""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    service: str
    place: str
    step: str
    when: str

    @property
    def name(self) -> str:
        return f"{self.service}:{self.at}"

    @property
    def at(self) -> str:
        """Its name within the service."""
        return f"{self.place}/{self.step}/{self.when}"


POINTS: tuple[Point, ...] = tuple(
    Point(service.name, place.name, step, when)
    for service, places in PLACES.items()
    for place in places
    for step in place.steps
    for when in (BEFORE, AFTER)
)


def chosen(only: str | None) -> tuple[Point, ...]:
    """Points whose names contain one of some texts, separated by commas. Raises ValueError where one names none."""
    if only is None:
        return POINTS
    texts = only.split(",")
    for text in texts:
        if not any(text in point.name for point in POINTS):
            raise ValueError(f"{text} names no point")
    return tuple(point for point in POINTS if any(text in point.name for text in texts))


@dataclass(frozen=True, slots=True)
class Trigger:
    """The armed point of one process, as a file in its folder. One point at a time."""

    folder: Path

    def arm(self, point: Point, passage: int) -> None:
        """The process dies when it comes by for the `passage`-th time."""
        (self.folder / MET).unlink(missing_ok=True)
        new = self.folder / "new"
        new.write_text(f"{point.at} {passage}")
        new.rename(self.folder / ARMED)

    def disarm(self) -> None:
        (self.folder / ARMED).unlink(missing_ok=True)

    @property
    def met(self) -> bool:
        """Whether the process has died at the point that was armed last."""
        return (self.folder / MET).exists()

    def passes(self, at: str) -> bool:
        """The process comes by: whether it has to die now. Called by one thread at a time."""
        armed = self.folder / ARMED
        try:
            wanted, passage = armed.read_text().split()
        except FileNotFoundError:
            return False
        if wanted != at:
            return False
        if int(passage) > 1:
            new = self.folder / "counted"
            new.write_text(f"{at} {int(passage) - 1}")
            new.rename(armed)
            return False
        armed.rename(self.folder / MET)
        return True


def named(points: Iterable[Point]) -> str:
    return ", ".join(point.name for point in sorted(points))
