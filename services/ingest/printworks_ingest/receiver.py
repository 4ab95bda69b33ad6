"""The door: a webhook is verified, trimmed and published. 200 only after the broker has acknowledged.

Read `receive` from top to bottom: that is the way of one webhook. The receiver keeps no durable state and filters
nothing by content; what it cannot read goes to the dead-letter topic and is read again by id.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printworks_common import ids, tracing
from printworks_common.clock import Clock
from printworks_common.errors import GroundMissingError
from printworks_common.events.envelope import OutgoingRecord, encode
from printworks_common.events.orders import OrderTouched, TouchReason
from printworks_common.events.topics import Topic, dead_letter_topic
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.logs import get_logger
from printworks_common.shopify.installations import installation_record
from printworks_common.shopify.shops import Shop, Shops
from printworks_common.shopify.webhooks import header_names, is_signed

from printworks_ingest import metrics
from printworks_ingest.bodies import parse, parse_order
from printworks_ingest.orders import UnreadableOrderError, changed_order_id, from_webhook, order_id_of
from printworks_ingest.privacy import PRIVACY_KINDS, privacy_request, shop_in
from printworks_ingest.recent import Recent

log = get_logger(__name__)

SOURCE = "printworks/ingest/receiver"
UNVERIFIED = "unverified"
"""Label of what nobody we know has signed. It is counted, not logged: anybody can send it."""

MAX_LOGGED = 64
"""Characters of a header in a log line."""

GROUP = "receiver"

WHOLE_ORDERS = frozenset({"orders/paid", "orders/create", "orders/updated", "orders/cancelled"})
"""Topics whose body is an order."""

DELTAS = {"orders/edited": TouchReason.EDITED, "refunds/create": TouchReason.REFUNDED}
"""Topics that carry only what changed: the order has to be read again."""

UNINSTALLED = "app/uninstalled"

KNOWN = WHOLE_ORDERS | DELTAS.keys() | PRIVACY_KINDS.keys() | {UNINSTALLED}

TOPIC, HMAC, SHOP, VERSION, WEBHOOK_ID, EVENT_ID = (
    header_names(name) for name in ("Topic", "Hmac-Sha256", "Shop-Domain", "API-Version", "Webhook-Id", "Event-Id")
)


@dataclass(frozen=True)
class Answer:
    """What the caller gets. `code` and `detail` make the problem document of an error."""

    status: int
    code: str = "ok"
    detail: str = ""


OK = Answer(200)


class Receiver:
    def __init__(self, shops: Shops, producer: KafkaProducer, clock: Clock) -> None:
        self._shops = shops
        self._producer = producer
        self._clock = clock
        self._recent = Recent()

    async def receive(self, headers: Mapping[bytes, bytes], body: bytes) -> Answer:
        """Handle one webhook: headers in lower case, the raw body. Never raises for what a caller sends."""
        began = time.perf_counter()
        # The order's trace begins here: all that comes of this webhook carries its id.
        with tracing.span("webhook"):
            topic, answer = await self._receive(headers, body)
            seconds = time.perf_counter() - began
            if topic != UNVERIFIED:
                log.info(
                    "webhook",
                    shop=_header(headers, SHOP),
                    webhook_topic=topic,
                    webhook_id=_header(headers, WEBHOOK_ID)[:MAX_LOGGED],
                    outcome=answer.code,
                    ms=round(seconds * 1000, 1),
                )
        metrics.WEBHOOKS.labels(topic=topic, outcome=answer.code).inc()
        metrics.WEBHOOK_SECONDS.observe(seconds)
        if answer.status == 200:
            metrics.LAST_WEBHOOK.labels(topic=topic).set_to_current_time()
        return answer

    async def _receive(self, headers: Mapping[bytes, bytes], body: bytes) -> tuple[str, Answer]:
        shop, refusal = self._sender(headers, body)
        if shop is None:
            return UNVERIFIED, refusal
        topic = _header(headers, TOPIC)
        webhook_id = _header(headers, WEBHOOK_ID)
        if not topic or not webhook_id or not _header(headers, VERSION):
            return "other", Answer(400, "missing_header", "A header that Shopify always sends is missing.")
        names = _names(shop.domain, topic, webhook_id, _header(headers, EVENT_ID))
        if self._recent.has(*names):
            return _label(topic), Answer(200, "duplicate")
        document = parse_order(body) if topic in WHOLE_ORDERS else parse(body)
        if document is None:
            return _label(topic), Answer(400, "not_json", "The body is not a JSON object.")
        if topic not in KNOWN:
            return "other", Answer(200, "ignored")
        if (topic in PRIVACY_KINDS or topic == UNINSTALLED) and shop_in(document) not in {None, shop.domain}:
            # The header is not signed, the body is: what erases or stops a shop must not hit another one.
            log.error("webhook_shop_mismatch", shop=shop.domain, webhook_topic=topic)
            return topic, Answer(400, "shop_mismatch", "The body speaks of another shop than the header.")
        records = self._records(shop.domain, topic, webhook_id, document, body)
        try:
            await self._producer.send_many(records)
        except GroundMissingError:
            return topic, Answer(503, "not_stored", "The event could not be stored. Send it again.")
        self._recent.add(*names)
        return topic, OK

    def _sender(self, headers: Mapping[bytes, bytes], body: bytes) -> tuple[Shop | None, Answer]:
        """The shop that signed this body, or why there is none. Nothing of the body is parsed before."""
        signature = headers.get(HMAC[0], headers.get(HMAC[1]))
        if not signature:
            return None, Answer(401, "signature_missing", "The webhook is not signed.")
        domain = _header(headers, SHOP)
        if not domain:
            # Whose secret would have to fit is not said, and to try all of them is work for a stranger.
            return None, Answer(400, "missing_header", "A header that Shopify always sends is missing.")
        shop = self._shops.get(domain)
        if shop is None:
            return None, Answer(401, "shop_unknown", "This shop is not served here.")
        if not is_signed(body, signature, shop.webhook_secrets):
            # "Send test notification" in a store's settings is signed with another secret and ends here too.
            log.warning("webhook_signature_wrong", shop=domain)
            return None, Answer(401, "signature_wrong", "The signature does not fit the body.")
        return shop, OK

    def _records(
        self, shop: str, topic: str, webhook_id: str, document: dict[str, Any], body: bytes
    ) -> list[OutgoingRecord]:
        now = self._clock.now()
        traceparent = tracing.current_traceparent()
        if topic == UNINSTALLED:
            return [installation_record(shop, installed=False, at=now, source=SOURCE)]
        if topic in PRIVACY_KINDS:
            return [self._privacy(shop, topic, webhook_id, document)]
        if topic in DELTAS:
            order_id = changed_order_id(document)
            if order_id is None:
                metrics.UNREADABLE.labels(topic=topic).inc()
                log.error("webhook_unreadable", shop=shop, webhook_topic=topic, code="unreadable_order")
                return [self._dead_letter(shop, topic, body, "The body has no order id.")]
            touched = OrderTouched(shop=shop, order_id=order_id, reason=DELTAS[topic], noticed_at=now)
            event_id = ids.event_id(touched.type_name, touched.key(), webhook_id)
            return [encode(touched, event_id=event_id, source=SOURCE, time=now, traceparent=traceparent)]
        try:
            order = from_webhook(shop, document)
        except UnreadableOrderError as error:
            order_id = order_id_of(document)
            metrics.UNREADABLE.labels(topic=topic).inc()
            log.error("webhook_unreadable", shop=shop, webhook_topic=topic, order_id=order_id, code=error.code)
            records = [self._dead_letter(shop, topic, body, str(error))]
            if order_id is not None:
                touched = OrderTouched(shop=shop, order_id=order_id, reason=TouchReason.UNREADABLE, noticed_at=now)
                event_id = ids.event_id(touched.type_name, touched.key(), webhook_id)
                records.append(encode(touched, event_id=event_id, source=SOURCE, time=now, traceparent=traceparent))
            return records
        event_id = ids.event_id(order.type_name, order.key(), webhook_id)
        return [encode(order, event_id=event_id, source=SOURCE, time=now, traceparent=traceparent)]

    def _privacy(self, shop: str, topic: str, webhook_id: str, document: dict[str, Any]) -> OutgoingRecord:
        requested = privacy_request(shop, topic, document, webhook_id, self._clock.now())
        return encode(
            requested,
            event_id=ids.event_id(requested.type_name, requested.key(), webhook_id),
            source=SOURCE,
            time=requested.requested_at,
            traceparent=tracing.current_traceparent(),
        )

    def _dead_letter(self, shop: str, topic: str, body: bytes, why: str) -> OutgoingRecord:
        """The original bytes, kept for a person to look at, with the reason."""
        return OutgoingRecord(
            topic=dead_letter_topic(Topic.ORDERS, GROUP),
            key=shop,
            value=body,
            headers={
                "content-type": "application/json",
                "pw_dlq_topic": f"webhook:{topic}",
                "pw_dlq_group": GROUP,
                "pw_dlq_error_code": "unreadable_order",
                "pw_dlq_error": why,
                "pw_dlq_last_failure": self._clock.now().isoformat(),
            },
        )


def _names(shop: str, topic: str, webhook_id: str, event_id: str) -> list[tuple[str, ...]]:
    """What tells a webhook apart: Shopify names both ids as the key, the event's within its topic."""
    names: list[tuple[str, ...]] = [(shop, webhook_id)]
    if event_id:
        names.append((shop, topic, event_id))
    return names


def _header(headers: Mapping[bytes, bytes], names: tuple[bytes, bytes]) -> str:
    value = headers.get(names[0]) or headers.get(names[1]) or b""
    return value.decode("latin-1").strip()


def _label(topic: str) -> str:
    """The topic as a metric label; unknown ones are one label, so that labels stay bounded."""
    return topic if topic in KNOWN else "other"
