"""The definitions of both metafields: made once per shop and pinned, so that the order page shows the values."""

from datetime import timedelta
from typing import Any

from printworks_common.logs import get_logger
from printworks_common.shopify.admin import AdminClient

from printworks_shopify_writer import documents, metrics
from printworks_shopify_writer.orders import Orders
from printworks_shopify_writer.target import FILES_KEY, FILES_TYPE, STATUS_KEY, STATUS_TYPE

log = get_logger(__name__)

WANTED = (
    (STATUS_KEY, STATUS_TYPE, "Artwork status"),
    (FILES_KEY, FILES_TYPE, "Artwork files"),
)
"""Key, type and name."""

GOOD_FOR = timedelta(days=1)
"""So long nobody looks at a shop's definitions again."""


class Definitions:
    def __init__(self, orders: Orders, namespace: str) -> None:
        self._orders = orders
        self._namespace = namespace

    async def ensure(self, client: AdminClient) -> None:
        """Make what is missing. What cannot be made keeps no order from being written: it is noted and told.

        A definition that a person has unpinned later stays so. Raises as `AdminClient.execute`.
        """
        shop = client.shop.domain
        age = await self._orders.definitions_age(shop)
        if age is not None and age < GOOD_FOR:
            return
        data = await client.execute(documents.DEFINITIONS, {"namespace": self._namespace}, gives_way=True)
        present = {node["key"]: node for node in data["metafieldDefinitions"]["nodes"]}
        troubles = [
            await self._one(client, key, kind, name, present.get(key), first=age is None) for key, kind, name in WANTED
        ]
        trouble = ", ".join(sorted({one for one in troubles if one is not None})) or None
        await self._orders.definitions_seen(shop, trouble)
        if trouble:
            log.warning("definitions_not_as_wanted", shop=shop, trouble=trouble)

    async def _one(
        self, client: AdminClient, key: str, kind: str, name: str, present: dict[str, Any] | None, *, first: bool
    ) -> str | None:
        """Bring one definition about. Returns what is wrong with it in the end."""
        if present is None:
            return await self._create(client, key, kind, name, pin=True)
        if present["type"]["name"] != kind:
            return _count("wrong_type")
        if present["pinnedPosition"] is not None or not first:
            return None
        data = await client.execute(documents.PIN, {"id": present["id"]}, gives_way=True)
        refused = data["metafieldDefinitionPin"]["userErrors"]
        return _count("not_pinned" if refused else "pinned")

    async def _create(self, client: AdminClient, key: str, kind: str, name: str, *, pin: bool) -> str | None:
        definition = {
            "namespace": self._namespace,
            "key": key,
            "type": kind,
            "name": name,
            "ownerType": "ORDER",
            "pin": pin,
        }
        data = await client.execute(documents.DEFINE, {"definition": definition}, gives_way=True)
        codes = {one["code"] for one in data["metafieldDefinitionCreate"]["userErrors"]}
        if not codes or codes == {"TAKEN"}:
            # Taken: another process of ours was faster.
            return _count("created" if pin else "not_pinned")
        if pin and "PINNED_LIMIT_REACHED" in codes:
            return await self._create(client, key, kind, name, pin=False)
        return _count("refused")


def _count(outcome: str) -> str | None:
    metrics.DEFINITIONS.labels(outcome=outcome).inc()
    return None if outcome in ("created", "pinned") else outcome
