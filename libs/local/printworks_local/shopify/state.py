"""What the stand-in knows: shops, apps with their tokens, orders, metafields, definitions, webhook subscriptions."""

import hashlib
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from printworks_local.shopify.journal import Journal
from printworks_local.shopify.tags import sort_tags, split_tags
from printworks_local.shopify.throttle import RESTORE_RATES, PointBucket

DEFAULT_SCOPES = ("read_orders", "write_orders", "read_customers", "read_products")
"""What the official schema asks for when an order is re-read with its customer's name and its lines' products."""


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AppConfig(_Config):
    """An app installed in a shop. `token_seconds` is how long a client-credentials token is good for."""

    client_id: str = "printworks"
    client_secret: str = "local-client-secret"
    title: str = "Printworks"
    static_tokens: list[str] = []
    scopes: list[str] = list(DEFAULT_SCOPES)
    token_seconds: int = 86399


class FaultConfig(_Config):
    """Shares (0 to 1) of the GraphQL requests that fail in each way; `latency_ms` is the (lowest, highest) delay."""

    throttled: float = Field(0, ge=0, le=1)
    throttle_shape: Literal["graphql", "http", "both"] = "graphql"
    server_error: float = Field(0, ge=0, le=1)
    applied_then_lost: float = Field(0, ge=0, le=1)
    lost_mode: Literal["reset", "hang"] = "reset"
    hang_seconds: float = 30.0
    latency_ms: tuple[float, float] = (0, 0)
    seed: int | None = None


class ShopConfig(_Config):
    """A shop. `order_window_days` is how far back `read_orders` sees without `read_all_orders`; None: everything.
    `clock_ahead_seconds` moves the shop's own clock, for tests that do not wait for hours."""

    domain: str
    name: str = "Local print shop"
    iana_timezone: str = "Europe/Berlin"
    currency: str = "EUR"
    plan: Literal["standard", "advanced", "plus", "enterprise"] = "standard"
    state: Literal["open", "frozen", "locked", "closed"] = "open"
    apps: list[AppConfig] = [AppConfig()]
    search_lag_seconds: float = 0
    order_window_days: int | None = 60
    clock_ahead_seconds: float = 0
    pinned_limit: int = 20
    attribute_limit: int = 250
    journal_capacity: int = 200_000
    faults: FaultConfig = FaultConfig()  # pyright: ignore[reportCallIssue] -- Field defaults are not seen


@dataclass
class Metafield:
    """`digest` depends on the value alone, as Shopify's does."""

    id: int
    namespace: str
    key: str
    type: str
    value: str
    created_at: str
    updated_at: str
    owner: "Order"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.value.encode()).hexdigest()

    def view(self) -> dict[str, str]:
        return {
            "namespace": self.namespace,
            "key": self.key,
            "type": self.type,
            "value": self.value,
            "digest": self.digest,
        }


@dataclass
class Order:
    """An order as the last REST body told it; tags, attributes and metafields are kept apart from the body."""

    id: int
    body: dict[str, Any]
    tags: list[str]
    attributes: list[tuple[str, str]]
    metafields: dict[tuple[str, str], Metafield] = field(default_factory=dict)
    indexed: dict[str, Any] | None = None
    waiting: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    @property
    def gid(self) -> str:
        return f"gid://shopify/Order/{self.id}"

    @property
    def lines(self) -> list[dict[str, Any]]:
        return self.body.get("line_items") or []

    def rest_body(self) -> dict[str, Any]:
        """The order as a webhook would carry it now."""
        attributes = [{"name": name, "value": value} for name, value in self.attributes]
        return {**self.body, "tags": ", ".join(self.tags), "note_attributes": attributes}

    def search_entry(self) -> dict[str, Any]:
        """What the search index holds about the order."""
        return {**self.body, "tags": list(self.tags)}


@dataclass
class Definition:
    id: int
    namespace: str
    key: str
    name: str
    description: str | None
    owner_type: str
    type: str
    pinned_position: int | None


@dataclass
class FulfillmentHold:
    """`client_id`: the app that placed it."""

    id: int
    client_id: str
    handle: str | None
    reason: str
    notes: str | None


@dataclass
class FulfillmentOrder:
    """`status` is the one below any hold."""

    id: int
    order_id: int
    status: str = "OPEN"
    holds: list[FulfillmentHold] = field(default_factory=list)

    @property
    def shown_status(self) -> str:
        return "ON_HOLD" if self.holds else self.status


@dataclass
class Subscription:
    id: int
    topic: str
    uri: str
    format: str
    created_at: str
    filter: str | None = None
    include_fields: tuple[str, ...] = ()


@dataclass
class Token:
    app: AppConfig
    expires: float | None
    """Seconds of the monotonic clock; None: never."""


@lru_cache(maxsize=65536)
def utc_text(value: str | None) -> str | None:
    """A time of a REST body (any offset) as GraphQL shows it: UTC with Z."""
    if not value:
        return None
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shop:
    """One shop and everything in it."""

    def __init__(self, config: ShopConfig) -> None:
        self.config = config
        self.orders: dict[int, Order] = {}
        self.definitions: list[Definition] = []
        self.subscriptions: list[Subscription] = []
        self.fulfillment_orders: dict[int, list[FulfillmentOrder]] = {}
        self.journal = Journal(config.journal_capacity)
        self.tokens: dict[str, Token] = {}
        self.buckets: dict[str, PointBucket] = {}
        self.stats: dict[str, float] = {}
        self.random = random.Random(config.faults.seed)
        self._next_id = 1_000_000_000
        self._allow_static_tokens()

    def _allow_static_tokens(self) -> None:
        for app in self.config.apps:
            for token in app.static_tokens:
                self.tokens[token] = Token(app, None)

    def reconfigure(self, config: ShopConfig) -> None:
        """Take a new configuration over the same orders; tokens follow their app, buckets start full on a new plan."""
        if config.plan != self.config.plan:
            self.buckets.clear()
        if config.faults != self.config.faults:
            self.random = random.Random(config.faults.seed)
        self.config = config
        self.journal.capacity = config.journal_capacity
        apps = {app.client_id: app for app in config.apps}
        self.tokens = {
            text: Token(apps[token.app.client_id], token.expires)
            for text, token in self.tokens.items()
            if token.app.client_id in apps and token.expires is not None
        }
        self._allow_static_tokens()

    def now(self) -> datetime:
        """The moment by the shop's own clock."""
        return datetime.now(UTC) + timedelta(seconds=self.config.clock_ahead_seconds)

    def now_text(self) -> str:
        """UTC now in seconds, as Shopify writes times in GraphQL."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def next_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def count(self, name: str, amount: float = 1) -> None:
        self.stats[name] = self.stats.get(name, 0) + amount

    def bucket(self, app: AppConfig) -> PointBucket:
        found = self.buckets.get(app.client_id)
        if found is None:
            found = self.buckets[app.client_id] = PointBucket(RESTORE_RATES[self.config.plan])
        return found

    def issue_token(self, app: AppConfig) -> str:
        """A new client-credentials token; those that have run out are forgotten."""
        now = monotonic()
        self.tokens = {t: k for t, k in self.tokens.items() if k.expires is None or k.expires > now}
        text = "shpat_" + secrets.token_hex(16)
        self.tokens[text] = Token(app, now + app.token_seconds)
        return text

    def app_of_token(self, text: str) -> AppConfig | None:
        token = self.tokens.get(text)
        if token is None or (token.expires is not None and token.expires <= monotonic()):
            return None
        return token.app

    def put_order(self, body: dict[str, Any]) -> Order:
        """Create an order, or replace its body, from what a REST webhook carries; metafields stay.

        A subscription with `include_fields` sends bodies without times; such an order is from now.
        """
        now = self.now_text()
        body = {"created_at": now, "updated_at": now, **body}
        order_id = int(body["id"])
        kept = self.orders.get(order_id)
        tags = body.get("tags") or ""
        attributes = [
            (str(item["name"]), "" if item.get("value") is None else str(item["value"]))
            for item in body.get("note_attributes") or []
        ]
        order = Order(order_id, body, sort_tags(split_tags([tags] if isinstance(tags, str) else tags)), attributes)
        if kept is not None:
            order.metafields = kept.metafields
            for metafield in order.metafields.values():
                metafield.owner = order
            order.indexed, order.waiting = kept.indexed, kept.waiting
        self.orders[order_id] = order
        self._index(order)
        return order

    def touch(self, order: Order) -> None:
        """The order changed now."""
        order.body["updated_at"] = self.now_text()
        self._index(order)

    def _index(self, order: Order) -> None:
        if self.config.search_lag_seconds > 0:
            order.waiting.append((monotonic() + self.config.search_lag_seconds, order.search_entry()))
        else:
            order.indexed = order.search_entry()
            order.waiting.clear()

    def search_index(self) -> Iterator[tuple[Order, dict[str, Any]]]:
        """Orders that search knows, each with what it knows, which may lag behind."""
        now = monotonic()
        for order in self.orders.values():
            while order.waiting and order.waiting[0][0] <= now:
                order.indexed = order.waiting.pop(0)[1]
            if order.indexed is not None:
                yield order, order.indexed

    def visible(self, order: Order, app: AppConfig) -> bool:
        """Whether the app may see an order of that age."""
        days = self.config.order_window_days
        if days is None or "read_all_orders" in app.scopes or not order.body.get("created_at"):
            return True
        return datetime.fromisoformat(order.body["created_at"]) >= self.now() - timedelta(days=days)

    def order_view(self, order: Order) -> dict[str, Any]:
        """The state of an order, for tests."""
        return {
            "id": str(order.id),
            "gid": order.gid,
            "name": order.body.get("name"),
            "financial_status": order.body.get("financial_status"),
            "cancelled_at": order.body.get("cancelled_at"),
            "updated_at": order.body.get("updated_at"),
            "tags": order.tags,
            "metafields": [metafield.view() for metafield in order.metafields.values()],
            "attributes": [{"key": key, "value": value} for key, value in order.attributes],
            "line_items": order.lines,
        }
