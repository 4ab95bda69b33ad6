"""Follows one order of the demo from its webhook to its end, as the merchant sees it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from printworks_local.demo.cases import NOTHING, READY, Case
from printworks_local.demo.files import FetchedFile
from printworks_local.pictures import PictureServer
from printworks_local.shop_floor import TAG_PREFIX, ShopFloor, ShopifyOrder

READY_TAG = f"{TAG_PREFIX}{READY}"
FAILED = "failed"
FAILED_TAG = f"{TAG_PREFIX}{FAILED}"
QUIET_SECONDS = 10.0
UPLOAD_MISSING = "upload_missing"


@dataclass(slots=True)
class Followed:
    """An order under way. `seconds` runs from the first webhook to the last change that was seen."""

    case: Case
    sent_at: float = 0.0
    seconds: float = 0.0
    shopify: ShopifyOrder = field(default_factory=lambda: ShopifyOrder([], [], None, None))
    api: dict[str, Any] | None = None
    failed_with: str | None = None
    retried: bool = False
    files: list[FetchedFile] = field(default_factory=list[FetchedFile])
    problems: list[str] = field(default_factory=list[str])

    @property
    def status(self) -> str:
        """Artwork status of the order; `nothing` while it has none."""
        return (self.api or {}).get("artwork_status") or NOTHING

    @property
    def jobs(self) -> list[dict[str, Any]]:
        return list((self.api or {}).get("jobs", []))

    @property
    def done(self) -> bool:
        """Whether it is where it should be, on Shopify and in the API. Of `nothing` nobody knows before the end."""
        if self.case.expected == NOTHING:
            return True
        whole = self.case.broken_picture is None or self.retried
        return whole and self.status == READY and self.shopify.tags == [READY_TAG] and bool(self.shopify.artwork_files)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: done, or failed and quiet since."""
        quiet = time.monotonic() - self.sent_at - self.seconds > QUIET_SECONDS
        return self.done or (quiet and self.status == FAILED and self.shopify.tags == [FAILED_TAG])

    def looks(self) -> tuple[object, ...]:
        """What the table shows; a row is printed when it changes."""
        shopify = self.shopify
        return (
            self.status,
            tuple(shopify.tags),
            shopify.artwork_status,
            tuple(shopify.artwork_files or ()),
            self._jobs(),
        )

    def _jobs(self) -> tuple[tuple[str, str | None, str | None], ...]:
        return tuple((job["status"], job["step"], job["reason_code"]) for job in self.jobs)

    async def look(self, floor: ShopFloor) -> bool:
        """Read the order again. Returns whether anything is new."""
        before = self.looks()
        self.shopify = await floor.on_shopify(self.case.order_id)
        self.api = await floor.in_api(self.case.order_id)
        if self.looks() == before:
            return False
        self.seconds = time.monotonic() - self.sent_at
        return True

    async def repair(self, floor: ShopFloor, pictures: PictureServer, photo: Path, say: Callable[[str], None]) -> None:
        """Once it has failed: put the picture where the link says, and retry through the API."""
        if self.case.broken_picture is None or self.retried:
            return
        failed = [job for job in self.jobs if job["status"] == FAILED]
        if not failed or self.shopify.tags != [FAILED_TAG]:
            return
        job = failed[0]
        self.failed_with = job["reason_code"]
        say(f"{self.case.name} failed: {job['reason']} {job['advice']}")
        pictures.put_file(photo, self.case.broken_picture)
        await floor.retry(job["job_id"])
        self.retried = True
        say(f"{self.case.name} the picture is back at its address; retried through the API")

    def check(self, own_bucket: str) -> None:
        """Compare with what must come of it; differences go to `problems`. `own_bucket` is the shop's own."""
        expected, shopify = self.case.expected, self.shopify
        if self.status != expected:
            reasons = [f"{job['reason_code']} ({job['reason_detail']})" for job in self.jobs if job["reason_code"]]
            self.problems.append(
                f"artwork status is {self.status}, expected {expected}; {', '.join(reasons) or 'why?'}"
            )
        if len(self.jobs) != self.case.customised:
            self.problems.append(f"there are {len(self.jobs)} print jobs, expected {self.case.customised}")
        if expected == NOTHING:
            if not shopify.untouched:
                self.problems.append("the order on Shopify was touched")
            return
        if shopify.tags != [READY_TAG] or shopify.artwork_status != READY_TAG:
            self.problems.append(f"tags are {shopify.tags}, metafield artwork_status is {shopify.artwork_status}")
        if set(shopify.artwork_files or ()) != set((self.api or {}).get("artwork_files", ())):
            self.problems.append("the links on Shopify are not those of the API")
        if len(self.files) < self.case.customised:
            self.problems.append(f"{len(self.files)} links opened, expected at least {self.case.customised}")
        strays = [file for file in self.files if (file.bucket == own_bucket) != self.case.own_storage]
        if strays:
            self.problems.append(f"{len(strays)} links lead to {strays[0].bucket}, which is the wrong bucket")
        if self.case.broken_picture is not None and self.failed_with != UPLOAD_MISSING:
            self.problems.append(f"it should first have failed with {UPLOAD_MISSING}, was {self.failed_with}")

    def result(self) -> dict[str, Any]:
        """The order in the result file (contract)."""
        return {
            "name": self.case.name,
            "expected": self.case.expected,
            "status": self.status,
            "tags": self.shopify.tags,
            "metafields": {
                "artwork_status": self.shopify.artwork_status,
                "artwork_files": self.shopify.artwork_files or [],
            },
            "seconds": round(self.seconds, 3),
            "files": [file.result() for file in self.files],
        }
