"""Which fulfilment orders are held back, and which are let go. Pure.

An order waits in the warehouse while its artwork is pending or failed. Our hold has a handle: holds of others are never
touched, and one of ours that a person has released is not placed again until the order was free in between.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from printworks_shopify_writer.target import Status

HANDLE = "printworks-artwork"
"""Unique among the holds that one app places on one fulfilment order; at most 64 characters."""

NOTES = "The artwork of this order is not ready yet."

HOLDABLE = frozenset({"OPEN", "SCHEDULED", "ON_HOLD"})

ANSWERED_ALREADY = frozenset({"DUPLICATE_FULFILLMENT_HOLD_HANDLE", "FULFILLMENT_ORDER_NOT_FOUND"})
"""User errors after which nothing is left to do: it is held, or it is there no more."""


@dataclass(frozen=True)
class FulfilmentOrder:
    """`ours`: ids of our holds on it."""

    id: str
    status: str
    ours: tuple[str, ...]


@dataclass(frozen=True)
class HoldPlan:
    """Fulfilment orders to hold, and the holds to release on each."""

    place: tuple[str, ...] = ()
    release: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def empty(self) -> bool:
        return not self.place and not self.release


def waits(status: Status | None) -> bool:
    """Whether an order with this artwork status is not to be fulfilled yet."""
    return status in ("pending", "failed")


def read(order: Mapping[str, Any]) -> tuple[FulfilmentOrder, ...]:
    """From the answer to `documents.HOLDS`."""
    return tuple(
        FulfilmentOrder(
            node["id"],
            node["status"],
            tuple(
                one["id"]
                for one in node["fulfillmentHolds"]
                if one["handle"] == HANDLE and one["heldByRequestingApp"]
            ),
        )
        for node in order["fulfillmentOrders"]["nodes"]
    )  # fmt: skip


def plan(hold: bool, seen: Sequence[FulfilmentOrder], held: Collection[str]) -> HoldPlan:
    """`hold`: whether the order is to be held back. `held`: fulfilment orders that we have held already."""
    if not hold:
        return HoldPlan(release=tuple((one.id, one.ours) for one in seen if one.ours))
    return HoldPlan(
        place=tuple(one.id for one in seen if one.status in HOLDABLE and not one.ours and one.id not in held)
    )
