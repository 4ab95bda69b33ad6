"""What Shopify says of a shop as a whole, told to the others through the catalog: its time zone."""

from printworks_common import ids
from printworks_common.catalog import ONLY, ShopProfile
from printworks_common.clock import Clock
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.envelope import encode
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop

from printworks_ingest import documents
from printworks_ingest.publishing import SOURCE


class Profiles:
    def __init__(self, *, clients: AdminClients, producer: KafkaProducer, clock: Clock) -> None:
        self._clients = clients
        self._producer = producer
        self._clock = clock

    async def publish(self, shop: Shop) -> bool:
        """Read the shop and publish it. Raises as `AdminClient.execute`, or GroundMissingError."""
        data = await self._clients.of(shop).execute(documents.SHOP, {}, gives_way=True)
        now = self._clock.now()
        entry = CatalogEntry(
            shop=shop.domain,
            kind=CatalogKind.SHOP,
            entry_id=ONLY,
            version=int(now.timestamp() * 1000),
            body=ShopProfile(time_zone=data["shop"]["ianaTimezone"]).model_dump(mode="json"),
            changed_at=now,
        )
        event_id = ids.event_id(entry.type_name, entry.key(), entry.version)
        await self._producer.send(encode(entry, event_id=event_id, source=SOURCE, time=now))
        return True
