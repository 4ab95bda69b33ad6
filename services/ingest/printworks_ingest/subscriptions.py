"""The audit of webhook subscriptions: Shopify deletes one that it could not deliver to for hours, and says nothing.

Subscriptions that were made through the Admin API are listed by it and can be made again. Those of the app's own
configuration (`shopify.app.toml`) are not listed: a shop in which none of ours is listed is taken to have them there.
What falls silent there is noticed by the coordinator, from orders that a sweep found and no webhook had announced.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from printworks_common.clock import Clock
from printworks_common.logs import get_logger
from printworks_common.postgres import Pool, ground_errors, load_queries
from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop

from printworks_ingest import documents, metrics
from printworks_ingest.door import PATH
from printworks_ingest.receiver import DELTAS, UNINSTALLED, WHOLE_ORDERS

log = get_logger(__name__)

SQL = load_queries("printworks_ingest", "sql/queries.sql")

SUBSCRIBED = tuple(sorted({*WHOLE_ORDERS, *DELTAS, UNINSTALLED}))
"""The compliance topics are not among them: they can only be set in the app's configuration."""

Subscription = Mapping[str, Any]
"""A node of `documents.SUBSCRIPTIONS`."""


def enum_of(topic: str) -> str:
    """`orders/paid` → `ORDERS_PAID`, as GraphQL names it."""
    return topic.replace("/", "_").upper()


def is_ours(subscription: Subscription, address: str | None) -> bool:
    """Whether it delivers to our receiver: by its address where that is known, else by its path."""
    uri = subscription["uri"]
    return uri == address if address is not None else urlsplit(uri).path == PATH


def is_whole(subscription: Subscription) -> bool:
    """Whether it delivers everything, as JSON."""
    return subscription["format"] == "JSON" and not subscription["filter"] and not subscription["includeFields"]


def missing_topics(subscriptions: Sequence[Subscription], address: str | None) -> list[str]:
    """Topics that no whole subscription of ours covers."""
    ours = [one for one in subscriptions if is_ours(one, address)]
    if address is None and not ours:
        return []
    covered = {one["topic"] for one in ours if is_whole(one)}
    return [topic for topic in SUBSCRIBED if enum_of(topic) not in covered]


class Audit:
    """Looks after the subscriptions of shops. `address` is where Shopify reaches our receiver; without it nothing is
    made or removed."""

    def __init__(self, *, pool: Pool, clients: AdminClients, clock: Clock, address: str | None) -> None:
        self._pool = pool
        self._clients = clients
        self._clock = clock
        self._address = address

    async def audit(self, shop: Shop) -> bool:
        """Look at one shop, mend what can be mended, note what is missing still. Raises as `AdminClient.execute`."""
        client = self._clients.of(shop)
        subscriptions = await self._read(client)
        missing = missing_topics(subscriptions, self._address)
        if self._address is not None:
            missing = [topic for topic in missing if not await self._subscribe(client, topic, subscriptions)]
        for topic in missing:
            log.error("webhook_not_subscribed", shop=shop.domain, webhook_topic=topic)
        with ground_errors():
            await self._pool.execute(SQL["note_audit"], shop.domain, missing, self._clock.now())
        return True

    async def measure(self, domains: list[str]) -> None:
        """Set the gauge of what is missing, over all shops."""
        with ground_errors():
            rows = await self._pool.fetch(SQL["missing_subscriptions"], domains)
        shops = {row["topic"]: row["shops"] for row in rows}
        for topic in SUBSCRIBED:
            metrics.SUBSCRIPTIONS_MISSING.labels(topic=topic).set(shops.get(topic, 0))

    async def _read(self, client: AdminClient) -> list[Subscription]:
        found: list[Subscription] = []
        cursor: str | None = None
        while True:
            data = await client.execute(documents.SUBSCRIPTIONS, {"after": cursor}, gives_way=True)
            page = data["webhookSubscriptions"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            cursor = page["pageInfo"]["endCursor"]

    async def _subscribe(self, client: AdminClient, topic: str, subscriptions: Sequence[Subscription]) -> bool:
        """Make the subscription of a topic; one of ours that delivers less than everything is replaced. Returns whether
        it is there now."""
        domain = client.shop.domain
        for one in subscriptions:
            if one["topic"] == enum_of(topic) and is_ours(one, self._address):
                await client.execute(documents.UNSUBSCRIBE, {"id": one["id"]})
        variables = {"topic": enum_of(topic), "subscription": {"uri": self._address, "format": "JSON"}}
        created = (await client.execute(documents.SUBSCRIBE, variables))["webhookSubscriptionCreate"]
        if created["webhookSubscription"] is not None:
            log.warning("webhook_subscribed", shop=domain, webhook_topic=topic)
            metrics.SUBSCRIPTIONS_CREATED.labels(topic=topic).inc()
            return True
        # Another process may have been faster, which Shopify words as an error about the address.
        now = await self._read(client)
        if topic not in missing_topics(now, self._address):
            return True
        messages = "; ".join(str(error["message"]) for error in created["userErrors"])
        log.error("webhook_subscription_refused", shop=domain, webhook_topic=topic, error=messages)
        return False
