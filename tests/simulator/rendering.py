"""Workers and deliverers, as far as the coordinator can tell: results that are right, late, doubled or missing."""

import hashlib
from collections.abc import Callable
from typing import Any

from printworks_common import ids
from printworks_common.events.base import Event
from printworks_common.events.rendering import (
    DeliveredFile,
    DeliveryFailed,
    DeliveryFinished,
    DeliveryRequested,
    RenderFailed,
    RenderFinished,
    RenderRequested,
    StoredFile,
)
from printworks_common.failures import Reason

from tests.simulator.bucket import SimulatedBucket
from tests.simulator.pictures import Fate, PictureServers, fate_of
from tests.simulator.world import Pause, World

RENDERER = "simulated"

Tell = Callable[[Event], None]


def print_digest(picture: str, template_version: int) -> str:
    """Digest of the file that a picture becomes."""
    return hashlib.sha256(f"{picture}/{template_version}".encode()).hexdigest()


class Workers:
    """All workers. What becomes of a render, its picture says."""

    def __init__(self, world: World, bucket: SimulatedBucket, tell: Tell, servers: PictureServers) -> None:
        self._world = world
        self._bucket = bucket
        self._tell = tell
        self._servers = servers

    async def render(self, request: RenderRequested) -> None:
        """One request. The files are stored before the result is told."""
        world = self._world
        if request.attempt < 3 and world.chance(0.02):
            world.tell("render lost", f"{request.job_id} version {request.artwork_version} attempt {request.attempt}")
            return
        await Pause(world.random.uniform(0.1, 5.0))
        await world.point("worker: before it renders")
        if any(one.key not in self._bucket.objects for one in request.inputs):
            self._failed(request, Reason.INPUTS_EXPIRED)
            return
        picture = next((one.sha256 for one in request.inputs), "")
        if not picture:
            world.broken(f"a render of {request.job_id} was requested without its picture")
        url = self._servers.known[picture]
        fate = fate_of(url)
        if fate is Fate.DAMAGED:
            self._failed(request, Reason.UPLOAD_CORRUPT)
        elif fate is Fate.CRASHES_ONCE and request.attempt == 1:
            self._failed(request, Reason.RENDER_CRASHED)
        elif fate is Fate.VANISHES and url not in self._servers.vanished:
            self._servers.vanished.add(url)
            self._failed(request, Reason.RENDER_TIMEOUT)
        else:
            files = [
                await self._store(request, role, print_digest(picture, request.template_version))
                for role in ("print", "thumbnail")
            ]
            self._finished(request, tuple(files))
        await world.point("worker: after the result")

    async def _store(self, request: RenderRequested, role: str, sha256: str) -> StoredFile:
        name = f"{role}.pdf"
        key = f"{request.output_prefix}{sha256[:16]}-{name}"
        await self._bucket.put(key, sha256)
        return StoredFile(
            file_id=ids.file_id(request.job_id, request.artwork_version, name, sha256),
            key=key,
            role=role,
            name=name,
            format="pdf",
            media_type="application/pdf",
            bytes=1000,
            sha256=sha256,
        )

    def _finished(self, request: RenderRequested, files: tuple[StoredFile, ...]) -> None:
        now = self._world.now()
        self._world.happened["render finished"] += 1
        self._tell(
            RenderFinished(
                shop=request.shop, order_id=request.order_id, job_id=request.job_id,
                artwork_version=request.artwork_version, attempt=request.attempt, renderer_version=RENDERER,
                files=files, started_at=now, finished_at=now, render_ms=1,
            )
        )  # fmt: skip

    def _failed(self, request: RenderRequested, reason: str) -> None:
        now = self._world.now()
        self._world.tell("render failed", f"{request.job_id} {reason}")
        self._tell(
            RenderFailed(
                shop=request.shop, order_id=request.order_id, job_id=request.job_id,
                artwork_version=request.artwork_version, attempt=request.attempt, renderer_version=RENDERER,
                reason_code=reason, started_at=now, finished_at=now,
            )
        )  # fmt: skip


class Deliverers:
    """Copies to the shops' own buckets."""

    def __init__(self, world: World, bucket: SimulatedBucket, tell: Tell) -> None:
        self._world = world
        self._bucket = bucket
        self._tell = tell

    async def deliver(self, request: DeliveryRequested) -> None:
        world = self._world
        if world.chance(0.02):
            world.tell("delivery lost", str(request.job_id))
            return
        await world.point("deliverer: before the copies")
        common: dict[str, Any] = {
            "shop": request.shop,
            "order_id": request.order_id,
            "job_id": request.job_id,
            "artwork_version": request.artwork_version,
            "attempt": request.attempt,
            "finished_at": world.now(),
        }
        if world.chance(0.1):
            world.tell("delivery failed", str(request.job_id))
            self._tell(DeliveryFailed(**common, reason_code=Reason.STORAGE_UNREACHABLE))
            return
        files: list[DeliveredFile] = []
        for file in request.files:
            key = f"{request.order_id}/{request.artwork_version}/{file.name}"
            if file.delivered is None and file.key not in self._bucket.objects:
                self._tell(DeliveryFailed(**common, reason_code=Reason.FILES_GONE))
                return
            await world.point("deliverer: after a copy")
            files.append(DeliveredFile(file_id=file.file_id, bucket="own", key=key, endpoint="https://s3.example"))
        world.happened["delivered"] += 1
        self._tell(DeliveryFinished(**common, files=tuple(files)))
        await world.point("deliverer: after the result")
