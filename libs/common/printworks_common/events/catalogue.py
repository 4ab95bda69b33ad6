"""Every event type there is."""

from collections.abc import Mapping
from types import MappingProxyType

from printworks_common.events.artwork import OrderArtworkChanged, PrintJobChanged
from printworks_common.events.base import Event
from printworks_common.events.control import (
    CatalogEntry,
    CommandIssued,
    PrivacyRequested,
    ReconciliationCompared,
    ReconciliationCounted,
    RetentionBegun,
    RetentionNotice,
    RetentionPurged,
    ShopifyWriteReported,
)
from printworks_common.events.orders import OrderReceived, OrderTouched
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.events.privacy import PrivacyAnswered
from printworks_common.events.rendering import (
    DeliveryFailed,
    DeliveryFinished,
    DeliveryRequested,
    RenderFailed,
    RenderFinished,
    RenderRequested,
)

EVENT_TYPES: Mapping[str, type[Event]] = MappingProxyType(
    {
        model.type_name: model
        for model in (
            OrderReceived,
            OrderTouched,
            RenderRequested,
            RenderFinished,
            RenderFailed,
            DeliveryRequested,
            DeliveryFinished,
            DeliveryFailed,
            OrderSnapshot,
            PrintJobChanged,
            OrderArtworkChanged,
            CommandIssued,
            CatalogEntry,
            PrivacyRequested,
            PrivacyAnswered,
            RetentionNotice,
            RetentionBegun,
            RetentionPurged,
            ReconciliationCounted,
            ReconciliationCompared,
            ShopifyWriteReported,
        )
    }
)
