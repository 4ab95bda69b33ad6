"""The hosted bucket: keys and the digests of what lies under them."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from printworks_common.storage import DeleteFailure, ListedObject

from tests.simulator.world import World


@dataclass
class SimulatedBucket:
    """Takes the place of `ObjectStore`. `may_go` judges every deletion."""

    world: World
    objects: dict[str, str] = field(default_factory=dict[str, str])
    deleted: set[str] = field(default_factory=set[str])
    may_go: Callable[[str], bool] = lambda _: False

    async def put(self, key: str, sha256: str) -> None:
        await self.world.point("before a put")
        self.objects[key] = sha256
        await self.world.point("after a put")

    async def answers(self) -> bool:
        return not self.world.chance(self.world.weather.ground)

    async def put_file(self, key: str, path: Path, media_type: str) -> None:
        """An input: its key ends with its digest."""
        await self.put(key, key.rpartition("/")[2])

    async def list_versions(self, prefix: str) -> AsyncIterator[ListedObject]:
        await self.world.point("before a listing")
        for key in sorted(one for one in self.objects if one.startswith(prefix)):
            yield ListedObject(key=key, bytes=1000, etag="", modified=None, version_id=None, deleted=False)

    async def abort_uploads(self, prefix: str, wanted: Callable[[str], bool]) -> int:
        return 0

    async def delete_batch(self, keys: Iterable[str | tuple[str, str | None]]) -> Sequence[DeleteFailure]:
        """One after the other, so that a death in between leaves a part."""
        await self.world.point("before a deletion")
        failures: list[DeleteFailure] = []
        for one in keys:
            key = one if isinstance(one, str) else one[0]
            if not self.may_go(key):
                self.world.broken(f"{key} was deleted before its day")
            if self.world.weather.ground and self.world.chance(self.world.weather.ground):
                failures.append(DeleteFailure(key, None, "InternalError"))
                continue
            if self.objects.pop(key, None) is not None:
                self.deleted.add(key)
                self.world.happened["object deleted"] += 1
            await self.world.point("in the middle of a deletion")
        return failures
