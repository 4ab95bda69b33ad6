"""Customers' pictures, and what becomes of a print job with them. The address of a picture says all of it."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from printworks_common.failures import Reason
from printworks_common.fetching import FetchedFile
from printworks_common.fetching.errors import FetchMissingError, FetchUnreachableError

from tests.simulator.world import World

HOST = "https://pictures.example"


class Fate(StrEnum):
    """What is with a picture."""

    GOOD = "good"
    GONE = "gone"
    """It is not at its address."""
    FLAKY = "flaky"
    """Its server fails a few times, and fewer than are tried."""
    DEAD = "dead"
    """Its server never answers."""
    DAMAGED = "damaged"
    """It can be fetched, and not printed."""
    CRASHES_ONCE = "crashes-once"
    """The first render of it ends its process."""
    VANISHES = "vanishes"
    """It leaves its address once it was pinned, and its first render takes too long: a retry needs our copy."""


OTHER_FATES = (Fate.GONE, Fate.FLAKY, Fate.DEAD, Fate.DAMAGED, Fate.CRASHES_ONCE, Fate.VANISHES)
USUAL_FATES = (Fate.GOOD,) * 10 + OTHER_FATES

REASONS: dict[Fate, frozenset[str]] = {
    Fate.GOOD: frozenset(),
    Fate.GONE: frozenset({Reason.UPLOAD_MISSING}),
    Fate.FLAKY: frozenset(),
    Fate.DEAD: frozenset({Reason.UPLOAD_UNREACHABLE}),
    Fate.DAMAGED: frozenset({Reason.UPLOAD_CORRUPT}),
    Fate.CRASHES_ONCE: frozenset(),
    Fate.VANISHES: frozenset({Reason.RENDER_TIMEOUT}),
}
"""For which reasons a job with such a picture fails; none: it becomes ready."""

FLAKY_TIMES = 2


def address(of: str, number: int, fate: Fate) -> str:
    """`of`: shop and order."""
    return f"{HOST}/{of}/{number}/{fate}.jpg"


def fate_of(url: str) -> Fate:
    return Fate(url.rpartition("/")[2].removesuffix(".jpg"))


def digest(url: str) -> str:
    """sha256 of the picture's bytes."""
    return hashlib.sha256(url.encode()).hexdigest()


@dataclass
class PictureServers:
    """Where customers' pictures lie; takes the place of `Fetcher`."""

    world: World
    vanished: set[str] = field(default_factory=set[str])
    """Addresses at which there is nothing any more."""
    known: dict[str, str] = field(default_factory=dict[str, str])
    """Digest of every picture that was handed over, and its address."""
    _asked: dict[str, int] = field(default_factory=dict[str, int])

    async def fetch(self, url: str, path: Path, **_limits: object) -> FetchedFile:
        await self.world.point("before an input is fetched")
        fate = fate_of(url)
        self.world.happened[f"picture {fate}"] += 1
        if fate is Fate.GONE or url in self.vanished:
            raise FetchMissingError
        asked = self._asked[url] = self._asked.get(url, 0) + 1
        if fate is Fate.DEAD or (fate is Fate.FLAKY and asked <= FLAKY_TIMES):
            raise FetchUnreachableError
        await self.world.point("after an input was fetched")
        sha256 = digest(url)
        self.known[sha256] = url
        return FetchedFile(path, 1000, sha256, "image/jpeg")
