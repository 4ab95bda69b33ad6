"""The seeded defects: a text of the services, or several, and what stands in its place.

Each is a mistake that compiles, passes a quiet day, and breaks a promise when something dies, is late, or comes twice.
"""

from dataclasses import dataclass, field
from pathlib import Path

COORDINATOR = "services/render/printworks_render/coordinator"
WORKER = "services/render/printworks_render/worker"
WRITER = "services/shopify-writer/printworks_shopify_writer"
RETENTION = "services/retention/printworks_retention"
INGEST = "services/ingest/printworks_ingest"
API = "services/jobs-api/printworks_jobs_api"
COMMON = "libs/common/printworks_common"


class DefectError(Exception):
    """The text that a defect replaces is not there, or not once."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """Noticed by the simulator, within so many orders."""

    orders: int = 4000


@dataclass(frozen=True, slots=True)
class Points:
    """Noticed by deaths at fail-points in the running system; without any, by its quiet run."""

    only: str = ""
    times: int = 0
    orders: int = 20


@dataclass(frozen=True, slots=True)
class Edit:
    """A text of a file, and what stands in its place."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Defect:
    """`also`: what has to be gone as well for the mistake to do harm, where the code has more than one barrier."""

    name: str
    file: str
    before: str
    after: str
    noticed_by: Simulator | Points = field(default_factory=Simulator)
    also: tuple[Edit, ...] = ()

    @property
    def edits(self) -> tuple[Edit, ...]:
        return Edit(self.file, self.before, self.after), *self.also

    def apply(self, checkout: Path) -> None:
        """Replace the texts in a copy of the checkout. Raises DefectError."""
        for edit in self.edits:
            path = checkout / edit.file
            text = path.read_text(encoding="utf-8")
            if (found := text.count(edit.before)) != 1:
                raise DefectError(f"{self.name}: its text is {found} times in {edit.file}")
            path.write_text(text.replace(edit.before, edit.after), encoding="utf-8")


NO_ROW_SECURITY = Edit(f"{API}/tenancy.py", "schema=SCHEMA, role=ROLE, on_acquire", "schema=SCHEMA, on_acquire")
"""Requests work with the rights of the tables' owner: the database gives them every shop's rows."""

DEFECTS: tuple[Defect, ...] = (
    Defect(
        "an older body wins",
        f"{COORDINATOR}/decisions.py",
        "        if received.updated_at < known.updated_at:\n",
        "        if received.updated_at < known.created_at:\n",
    ),
    Defect(
        "a cancellation is not final",
        f"{COORDINATOR}/decisions.py",
        '"cancelled_at": base.cancelled_at or received.cancelled_at,',
        '"cancelled_at": received.cancelled_at,',
    ),
    Defect(
        "two bodies of one second: the first one wins",
        f"{COORDINATOR}/intake.py",
        "                return Change(known, [self._read_again(received)])\n",
        "                return None\n",
    ),
    Defect(
        "a result of an older artwork version counts",
        f"{COORDINATOR}/intake.py",
        "if job.status is not JobStatus.PENDING or job.artwork_version != event.artwork_version:",
        "if job.status is not JobStatus.PENDING:",
    ),
    Defect(
        "a result is taken for a job that is over",
        f"{COORDINATOR}/intake.py",
        "if job.status is not JobStatus.PENDING or job.artwork_version != event.artwork_version:",
        "if job.artwork_version != event.artwork_version:",
    ),
    Defect(
        "pinning drops the version check",
        f"{COORDINATOR}/pinning.py",
        "job.step == Step.PINNING and job.version == planned.version",
        "job.step == Step.PINNING",
    ),
    Defect(
        "a version is published twice",
        f"{COORDINATOR}/store.py",
        '"version": (before.version if before else 0) + 1}',
        '"version": (before.version if before else 0) + (len(after.jobs) != len(before.jobs if before else ()))}',
    ),
    Defect(
        "the outbox is skipped for what is asked with a change",
        f"{COORDINATOR}/store.py",
        "await enqueue(connection, [*published, *change.records])",
        "await enqueue(connection, published)",
    ),
    Defect(
        "an erased or cleared order is worked on",
        f"{COORDINATOR}/intake.py",
        'return Change(order.model_copy(update={"jobs": jobs, "purged_at": at}))',
        'return Change(order.model_copy(update={"jobs": jobs}))',
    ),
    Defect(
        "an order is released without a look under its lock",
        f"{COORDINATOR}/release.py",
        "if order is None or job is None or not self._may_go(job):",
        "if order is None or job is None:",
    ),
    Defect(
        "a tag is forgotten",
        f"{WRITER}/target.py",
        "remove = [tag for tag in names.all_tags() if tag not in wanted and tag.casefold() in present]",
        "remove: list[str] = []",
    ),
    Defect(
        "old files stay listed",
        f"{WRITER}/target.py",
        "    elif seen.files is not None:\n        deletes.append(FILES_KEY)\n",
        "",
    ),
    Defect(
        "the fence is ignored: what others wrote meanwhile is overwritten",
        f"{WRITER}/target.py",
        '"compareDigest": before.digest if before else None,',
        '"compareDigest": None,',
    ),
    Defect(
        "written is noted before it is written",
        f"{WRITER}/convergence.py",
        "                if not todo.empty:\n",
        "                if not todo.empty:\n"
        "                    noted = Written(newest.version, newest.status, newest.seen)\n"
        "                    await self._orders.written(shop, order_id, noted)\n",
    ),
    Defect(
        "a write that was refused as stale counts as done",
        f"{WRITER}/convergence.py",
        "                    seen = answer.seen or await self._look(client, order_id, wish)\n",
        "                    noted = Written(newest.version, newest.status, memory(answer.seen, self._names))"
        " if answer.seen else None\n"
        "                    if noted:\n"
        "                        await self._orders.written(shop, order_id, noted)\n"
        "                        return\n"
        "                    seen = await self._look(client, order_id, wish)\n",
    ),
    Defect(
        "files go by their age",
        f"{RETENTION}/calendar.py",
        "    if told is None or days is None:\n        return told\n",
        "    return order_date + timedelta(days=days or 0)\n",
    ),
    Defect(
        "files go on their last day",
        f"{RETENTION}/calendar.py",
        "    return utc_date(now) > last_day\n",
        "    return utc_date(now) >= last_day\n",
    ),
    Defect(
        "files go before the coordinator was told",
        f"{RETENTION}/purge.py",
        "            await self._tell_begun([one for one in orders if (one.shop, one.order_id) in begun], run_id)\n",
        "",
    ),
    Defect(
        "acknowledged before the broker has it",
        f"{INGEST}/receiver.py",
        "            await self._producer.send_many(records)\n",
        "            import asyncio\n\n"
        "            send = self._producer.send_many\n"
        "            asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(send(records)))\n",
        Points("ingest-receiver:webhook/publish/before", times=4),
    ),
    Defect(
        "an offset is committed before its effect",
        f"{COMMON}/kafka/consumer.py",
        "    async def _work(self, work: _Work) -> None:\n        try:\n",
        "    async def _work(self, work: _Work) -> None:\n        try:\n"
        "            self._trackers[work.partition].finish(work.record.offset, work.epoch)\n"
        "            await asyncio.sleep(self._limits.commit_every * 1.5)\n",
        Points("render-coordinator:order/commit/before,render-worker:render/publish/before", times=3),
    ),
    Defect(
        "the outbox is emptied before the broker has it",
        f"{COMMON}/outbox.py",
        "        try:\n            await self._send(connection, rows)\n        except PoisonError:\n",
        "        try:\n"
        '            await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", '
        '[row["id"] for row in rows])\n'
        "            await self._send(connection, rows)\n        except PoisonError:\n",
        Points("render-coordinator:relay/publish/before", times=6),
    ),
    Defect(
        "two processes relay one shard",
        f"{COMMON}/outbox.py",
        "WHERE pg_try_advisory_lock(hashtext('printworks.outbox.' || current_schema()), shard)",
        "WHERE hashtext('printworks.outbox.' || current_schema()) <> shard",
        Points(orders=60),
    ),
    Defect(
        "an order is changed without its lock",
        f"{COORDINATOR}/sql/queries.sql",
        "SELECT doc::text FROM orders WHERE shop = $1 AND order_id = $2 FOR UPDATE",
        "SELECT doc::text FROM orders WHERE shop = $1 AND order_id = $2",
        Points(orders=60),
    ),
    Defect(
        "lists forget the shop",
        f"{API}/filters.py",
        'parts=["shop = $1"]',
        'parts=["$1::text IS NOT NULL"]',
        Points(),
        also=(NO_ROW_SECURITY,),
    ),
    Defect(
        "a print job is found by its id alone, of whichever shop it is",
        f"{API}/sql/reading.sql",
        "SELECT * FROM jobs WHERE shop = $1 AND job_id = $2",
        "SELECT * FROM jobs WHERE $1::text IS NOT NULL AND job_id = $2",
        Points(),
        also=(
            Edit(
                f"{API}/sql/commands.sql",
                "FROM jobs WHERE shop = $1 AND job_id = $2 FOR UPDATE",
                "FROM jobs WHERE $1::text IS NOT NULL AND job_id = $2 FOR UPDATE",
            ),
            NO_ROW_SECURITY,
        ),
    ),
    Defect(
        "line items share the picture that was pinned first",
        f"{COORDINATOR}/pinning.py",
        "            if one.pinned:\n                inputs.append(one)\n",
        "            known = [kept for job in order.jobs for kept in job.inputs if kept.pinned]\n"
        "            one = next((kept for kept in known if kept.input_id == one.input_id), one)\n"
        "            if one.pinned:\n                inputs.append(one)\n",
        Points(),
    ),
    Defect(
        "a worker keeps the picture of a slot for the job after",
        f"{WORKER}/renderer.py",
        "                inputs[one.input_id] = path\n",
        "                inputs[one.input_id] = path\n"
        "                path.write_bytes(self.__dict__.setdefault(one.input_id, path.read_bytes()))\n",
        Points(),
    ),
)

BY_NAME = {one.name: one for one in DEFECTS}
