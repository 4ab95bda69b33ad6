"""What a run would delete, without deleting anything: for `printworks-retention once --dry-run`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from printworks_retention.brakes import Balance
from printworks_retention.clearing import Objects
from printworks_retention.purge import Purge


@dataclass
class PlannedDay:
    """Of one shop, what goes because the same last day is over."""

    orders: int = 0
    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Plan:
    days: Mapping[tuple[str, date], PlannedDay]
    balance: Balance
    refused: str | None
    """Why a run would delete nothing."""

    def lines(self) -> Iterator[str]:
        """As a table for a terminal."""
        yield f"{'shop':<40} {'kept until':<10} {'orders':>8} {'objects':>9} {'bytes':>15}"
        for (shop, day), planned in sorted(self.days.items()):
            yield f"{shop:<40} {day.isoformat():<10} {planned.orders:>8} {planned.objects:>9} {planned.bytes:>15,}"
        orders, objects, size = (
            sum(getattr(one, name) for one in self.days.values()) for name in ("orders", "objects", "bytes")
        )
        yield f"{'all':<51} {orders:>8} {objects:>9} {size:>15,}"
        usual = "none yet" if self.balance.usual_day is None else f"{self.balance.usual_day:.0f}"
        yield f"Orders with files: {self.balance.live}. Cleared on a usual day: {usual}."
        match self.refused:
            case None:
                yield "A run would delete this."
            case "cap":
                yield f"A run would stop and ask. If this is right: printworks-retention once --approve {orders}"
            case reason:
                yield f"A run would delete nothing: {reason}."


async def make_plan(purge: Purge, objects: Objects) -> Plan:
    """Look at everything that is due. Raises GroundMissingError."""
    days: defaultdict[tuple[str, date], PlannedDay] = defaultdict(PlannedDay)
    async for orders in purge.due():
        for order in orders:
            planned = days[order.shop, order.keep_until]
            planned.orders += 1
            async for one in objects.list_versions(order.prefix):
                planned.objects += 1
                planned.bytes += one.bytes
    return Plan(days, await purge.balance(), await purge.reason_to_refuse())
