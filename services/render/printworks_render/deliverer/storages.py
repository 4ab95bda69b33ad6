"""The shops' own storages, as the catalog topic says."""

from printworks_common.catalog import ONLY, OwnStorage
from printworks_common.errors import PoisonError, TransientError
from printworks_common.events.control import CatalogEntry, CatalogKind
from printworks_common.failures import REASONS, Reason
from printworks_common.kafka.record import Record


class Storages:
    def __init__(self) -> None:
        self._known: dict[str, tuple[int, OwnStorage | None]] = {}

    async def keep(self, record: Record) -> None:
        """Take in one record of the catalog topic; other kinds are passed over unread. Raises `PoisonError`."""
        shop, _, rest = record.key.partition("/")
        if rest != f"{CatalogKind.STORAGE}/{ONLY}":
            return
        if record.tombstone:
            self._known.pop(shop, None)
            return
        entry = record.decode(CatalogEntry)
        version, _ = self._known.get(entry.shop, (0, None))
        if version <= entry.version:
            storage = None if entry.deleted else OwnStorage.model_validate(entry.body)
            self._known[entry.shop] = entry.version, storage

    def active(self, shop: str, *, at_least: int) -> OwnStorage:
        """The storage that the shop's new files go to, in its newest version.

        Raises TransientError `setting_not_read` before a version has reached us, PoisonError `storage_removed` when the
        shop has none any more.
        """
        version, storage = self._known.get(shop, (0, None))
        if version < at_least:
            raise TransientError("The setting has not been read yet.", code="setting_not_read")
        if storage is None or not storage.active:
            raise PoisonError(REASONS[Reason.STORAGE_REMOVED].sentence, code=Reason.STORAGE_REMOVED)
        return storage
