"""What our app sees and does of an order on Shopify: tags, metafields by compare-and-set, order attributes.

Whether the documents themselves are right, the stand-in judges, which executes the official schema. Here each is known
by its name and its variables.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from printworks_common.errors import TransientError
from printworks_common.shopify.shops import Shop
from pydantic import SecretStr

from tests.simulator.world import World

PREFIX = "pw-artwork-"


@dataclass
class OrderOnShopify:
    """An order, with what is ours and what is others'."""

    tags: set[str] = field(default_factory=set[str])
    metafields: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Key to value and digest."""
    attributes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    others_tags: set[str] = field(default_factory=set[str])
    others_attributes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    @property
    def ours(self) -> set[str]:
        return {tag for tag in self.tags if tag.startswith(PREFIX)}

    def value(self, key: str) -> str | None:
        found = self.metafields.get(key)
        return found[0] if found else None

    def another_app_tags(self, tag: str) -> None:
        self.tags.add(tag)
        self.others_tags.add(tag)

    def state(self, *, attributes: bool) -> dict[str, Any]:
        """As the fragment `OrderState` gives it."""
        state: dict[str, Any] = {
            "tags": sorted(self.tags),
            "status": self._metafield("artwork_status"),
            "files": self._metafield("artwork_files"),
        }
        if attributes:
            state["customAttributes"] = [{"key": key, "value": value} for key, value in self.attributes]
        return state

    def _metafield(self, key: str) -> dict[str, str] | None:
        found = self.metafields.get(key)
        return {"value": found[0], "compareDigest": found[1]} if found else None


@cache
def _shop(domain: str) -> Shop:
    return Shop(domain=domain, client_id="simulated", client_secret=SecretStr("simulated"))


class SimulatedAdmin:
    """One shop's Admin API; takes the place of `AdminClient`. An answer may be lost before or after the effect."""

    def __init__(self, world: World, domain: str) -> None:
        self.shop = _shop(domain)
        self.orders: dict[str, OrderOnShopify] = {}
        self._world = world
        self._digests = itertools.count(1)

    async def execute(self, document: str, variables: Mapping[str, Any], **_: object) -> dict[str, Any]:
        await self._world.point("before a request to Shopify")
        self._answer_lost("the request")
        attributes = "customAttributes {" in document
        if document.startswith("query OrderStates("):
            answer: dict[str, Any] = {"nodes": [self._order(one).state(attributes=False) for one in variables["ids"]]}
        elif document.startswith("query OrderState("):
            answer = {"order": self._order(variables["id"]).state(attributes=attributes)}
        elif document.startswith("mutation Write("):
            answer = self._write(variables, attributes=attributes)
        else:
            raise AssertionError(f"a document that is not known here: {document[:40]}")
        await self._world.point("after a request to Shopify")
        self._answer_lost("its answer")
        return answer

    def digest(self) -> str:
        return f"digest-{next(self._digests)}"

    def _order(self, gid: str) -> OrderOnShopify:
        return self.orders[gid.rpartition("/")[2]]

    def _answer_lost(self, what: str) -> None:
        weather = self._world.weather
        if weather.ground and self._world.chance(weather.ground):
            self._world.happened[f"Shopify: {what} was lost"] += 1
            raise TransientError("simulated", code="shopify_unreachable")

    def _write(self, variables: Mapping[str, Any], *, attributes: bool) -> dict[str, Any]:
        """Several mutations of one request, one after the other. `metafieldsSet` does all of its inputs or none."""
        answer: dict[str, Any] = {}
        owner = variables.get("id") or [*variables.get("metafields", ()), *variables.get("deletes", ())][0]["ownerId"]
        order = self._order(owner)
        self._world.happened["write on Shopify"] += 1
        if "metafields" in variables:
            answer["set"] = self._set(order, variables["metafields"])
        if "deletes" in variables:
            for one in variables["deletes"]:
                order.metafields.pop(one["key"], None)
            answer["delete"] = {"userErrors": []}
        if "attributes" in variables:
            order.attributes = [(one["key"], one["value"]) for one in variables["attributes"]]
            answer["update"] = {"order": order.state(attributes=attributes), "userErrors": []}
        for name in ("add", "remove"):
            if name in variables:
                changed = set(variables[name])
                if not all(tag.startswith(PREFIX) for tag in changed):
                    self._world.broken(f"tags of others were touched: {changed}")
                order.tags = order.tags | changed if name == "add" else order.tags - changed
                answer[name] = {"node": order.state(attributes=attributes), "userErrors": []}
        return answer

    def _set(self, order: OrderOnShopify, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        stale = [one for one in inputs if order.metafields.get(one["key"], ("", None))[1] != one["compareDigest"]]
        if stale:
            self._world.happened["compare-and-set refused"] += 1
            return {"userErrors": [{"code": "STALE_OBJECT", "field": None, "message": "stale"}]}
        for one in inputs:
            order.metafields[one["key"]] = (one["value"], self.digest())
        return {"userErrors": []}
