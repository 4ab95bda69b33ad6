"""Which shops have uninstalled the app: entries of the kind `installation` in the catalog topic.

The receiver says that a shop has uninstalled, the reconciler that Shopify lets us in again. Every role that calls
Shopify reads the topic to its end at its start and follows it; a shop without an entry is installed.
"""

from collections.abc import Iterator
from datetime import datetime

from printworks_common import ids, tracing
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.kafka.record import Record
from printworks_common.shopify.shops import Shop, ShopRegistry

ENTRY_ID = "app"


def installation(shop: str, *, installed: bool, at: datetime) -> CatalogEntry:
    """The entry that says since when the app is, or is no longer, installed in a shop."""
    return CatalogEntry(
        shop=shop,
        kind=CatalogKind.INSTALLATION,
        entry_id=ENTRY_ID,
        # Milliseconds: two roles write these entries, and neither knows the version before.
        version=int(at.timestamp() * 1000),
        body={"installed": installed},
        changed_at=at,
    )


def installation_record(shop: str, *, installed: bool, at: datetime, source: str) -> OutgoingRecord:
    """The entry in its envelope, published by the role `source`."""
    entry = installation(shop, installed=installed, at=at)
    return encode(
        entry,
        event_id=ids.event_id(entry.type_name, entry.key(), entry.version),
        source=source,
        time=at,
        traceparent=tracing.current_traceparent(),
    )


class Installations:
    """What the catalog topic says about installations."""

    def __init__(self) -> None:
        self._entries: dict[str, CatalogEntry] = {}

    async def keep(self, record: Record) -> None:
        """Take in one record of the catalog topic; other kinds are passed over unread. Raises `PoisonError`."""
        shop, _, rest = record.key.partition("/")
        if rest != f"{CatalogKind.INSTALLATION}/{ENTRY_ID}":
            return
        if record.tombstone:
            self._entries.pop(shop, None)
            return
        entry = record.decode(CatalogEntry)
        known = self._entries.get(entry.shop)
        if known is None or known.version <= entry.version:
            self._entries[entry.shop] = entry

    def installed(self, shop: str) -> bool:
        entry = self._entries.get(shop)
        return entry is None or entry.deleted or entry.body.get("installed") is not False


class LiveShops:
    """The shops of the shops file that have the app installed: those that Shopify may be called for."""

    def __init__(self, known: ShopRegistry, installations: Installations) -> None:
        self.known = known
        """All of them, uninstalled ones included."""
        self._installations = installations

    def get(self, domain: str) -> Shop | None:
        """None for a shop that is unknown or has uninstalled."""
        shop = self.known.get(domain)
        return shop if shop is not None and self._installations.installed(domain) else None

    def uninstalled(self) -> Iterator[Shop]:
        return (shop for shop in self.known if not self._installations.installed(shop.domain))

    def __iter__(self) -> Iterator[Shop]:
        return (shop for shop in self.known if self._installations.installed(shop.domain))
