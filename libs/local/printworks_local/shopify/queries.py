"""Root queries: order, orders, node, shop, the app's installation, metafield definitions, webhook subscriptions."""

from typing import Any

from graphql import GraphQLError

from printworks_local.shopify.connections import connection
from printworks_local.shopify.fields import RequestContext, from_source, resolver
from printworks_local.shopify.order_fields import gid, parse_gid
from printworks_local.shopify.search import parse_query
from printworks_local.shopify.state import Definition, Order, Subscription, utc_text

_SORT_FIELDS = {
    "UPDATED_AT": "updated_at",
    "CREATED_AT": "created_at",
    "PROCESSED_AT": "processed_at",
}


@resolver("QueryRoot", "order")
def _order(_source: Any, context: RequestContext, args: dict[str, Any]) -> Order | None:
    context.require("order", "read_orders")
    return find_order(context, args["id"])


def find_order(context: RequestContext, text: str) -> Order | None:
    """The order of a gid, as far as the app may see it; raises for what is no gid."""
    kind, number = parse_gid(text)
    order = context.shop.orders.get(number) if kind == "Order" else None
    return order if order is not None and context.shop.visible(order, context.app) else None


@resolver("QueryRoot", "node")
def _node(_source: Any, context: RequestContext, args: dict[str, Any]) -> Any:
    return _node_of(context, args["id"])


@resolver("QueryRoot", "nodes")
def _nodes(_source: Any, context: RequestContext, args: dict[str, Any]) -> Any:
    return [_node_of(context, text) for text in args["ids"]]


def _node_of(context: RequestContext, text: str) -> Any:
    kind, number = parse_gid(text)
    if kind == "Order":
        context.require("order", "read_orders")
        return find_order(context, text)
    if kind == "MetafieldDefinition":
        return next((d for d in context.shop.definitions if d.id == number), None)
    if kind == "WebhookSubscription":
        return next((s for s in context.shop.subscriptions if s.id == number), None)
    raise GraphQLError(
        f"The stand-in has no resolver for a node of type {kind}.", extensions={"code": "STAND_IN_NO_RESOLVER"}
    )


@resolver("QueryRoot", "orders")
def _orders(_source: Any, context: RequestContext, args: dict[str, Any]) -> Any:
    context.require("orders", "read_orders")
    if args.get("savedSearchId"):
        raise GraphQLError("The stand-in has no saved searches.", extensions={"code": "STAND_IN_NO_RESOLVER"})
    query = parse_query(args.get("query"))
    if query.warnings:
        context.search.append({"path": ["orders"], "query": args["query"], "warnings": query.warnings})
    found = [
        (order, entry)
        for order, entry in context.shop.search_index()
        if context.shop.visible(order, context.app) and query.matches(entry)
    ]
    keys = {order.id: _sort_key(args.get("sortKey") or "PROCESSED_AT", order, entry) for order, entry in found}
    orders = [order for order, _ in found]
    return connection(orders, args, lambda order: keys[order.id], reverse=bool(args.get("reverse")))


def _sort_key(sort_key: str, order: Order, entry: dict[str, Any]) -> tuple[Any, int]:
    if sort_key == "ID":
        return (order.id, order.id)
    if sort_key not in _SORT_FIELDS:
        raise GraphQLError(
            f"The stand-in does not sort orders by {sort_key}.", extensions={"code": "STAND_IN_NO_RESOLVER"}
        )
    value = entry.get(_SORT_FIELDS[sort_key]) or entry.get("created_at")
    return (utc_text(value) or "", order.id)


@resolver("QueryRoot", "shop")
def _shop(_source: Any, context: RequestContext, _args: dict[str, Any]) -> Any:
    config = context.shop.config
    plus = config.plan in ("plus", "enterprise")
    label = {"standard": "Basic", "advanced": "Advanced", "plus": "Shopify Plus", "enterprise": "Shopify Plus"}
    return {
        "__typename": "Shop",
        "id": gid("Shop", sum(config.domain.encode()) + 10_000_000),
        "name": config.name,
        "myshopifyDomain": config.domain,
        "ianaTimezone": config.iana_timezone,
        "currencyCode": config.currency,
        "url": f"https://{config.domain}",
        "primaryDomain": {"host": config.domain, "url": f"https://{config.domain}"},
        "plan": {
            "displayName": label[config.plan],
            "publicDisplayName": label[config.plan],
            "partnerDevelopment": False,
            "shopifyPlus": plus,
        },
    }


@resolver("QueryRoot", "currentAppInstallation", "appInstallation")
def _installation(_source: Any, context: RequestContext, args: dict[str, Any]) -> Any:
    own = gid("AppInstallation", 1 + context.shop.config.apps.index(context.app))
    if args.get("id") not in (None, own):
        return None
    return {
        "__typename": "AppInstallation",
        "id": own,
        "accessScopes": [{"handle": scope, "description": scope} for scope in context.app.scopes],
        "app": {
            "__typename": "App",
            "id": gid("App", 1 + context.shop.config.apps.index(context.app)),
            "title": context.app.title,
            "apiKey": context.app.client_id,
        },
    }


@resolver("QueryRoot", "metafieldDefinitions")
def _definitions(_source: Any, context: RequestContext, args: dict[str, Any]) -> Any:
    unsupported = [n for n in ("query", "constraintStatus", "constraintSubtype") if args.get(n) is not None]
    if unsupported:
        raise GraphQLError(
            f"The stand-in does not filter metafield definitions by {unsupported[0]}.",
            extensions={"code": "STAND_IN_NO_RESOLVER"},
        )
    pinned = args.get("pinnedStatus")
    found = [
        definition
        for definition in context.shop.definitions
        if definition.owner_type == args["ownerType"]
        and args.get("namespace") in (None, definition.namespace)
        and args.get("key") in (None, definition.key)
        and (pinned in (None, "ANY") or (pinned == "PINNED") is (definition.pinned_position is not None))
    ]
    return connection(found, args, lambda definition: (definition.id, 0), reverse=bool(args.get("reverse")))


from_source(
    "MetafieldDefinition",
    id=lambda d: gid("MetafieldDefinition", d.id),
    namespace=lambda d: d.namespace,
    key=lambda d: d.key,
    name=lambda d: d.name,
    description=lambda d: d.description,
    ownerType=lambda d: d.owner_type,
    pinnedPosition=lambda d: d.pinned_position,
    type=lambda d: {"name": d.type},
)


@resolver("MetafieldDefinition", "metafieldsCount")
def _metafields_count(definition: Definition, context: RequestContext, _args: dict[str, Any]) -> int:
    place = (definition.namespace, definition.key)
    return sum(1 for order in context.shop.orders.values() if place in order.metafields)


@resolver("QueryRoot", "webhookSubscriptions")
def _subscriptions(_source: Any, context: RequestContext, args: dict[str, Any]) -> Any:
    unsupported = [name for name in ("query", "format") if args.get(name) is not None]
    if unsupported:
        raise GraphQLError(
            f"The stand-in does not filter webhook subscriptions by {unsupported[0]}.",
            extensions={"code": "STAND_IN_NO_RESOLVER"},
        )
    topics = args.get("topics")
    wanted_uri = args.get("uri") or args.get("callbackUrl")
    found = [
        subscription
        for subscription in context.shop.subscriptions
        if (topics is None or subscription.topic in topics) and wanted_uri in (None, subscription.uri)
    ]
    return connection(found, args, lambda item: (item.id, 0), reverse=bool(args.get("reverse")))


def _endpoint(subscription: Subscription) -> dict[str, str]:
    return {"__typename": "WebhookHttpEndpoint", "callbackUrl": subscription.uri}


from_source(
    "WebhookSubscription",
    id=lambda s: gid("WebhookSubscription", s.id),
    legacyResourceId=lambda s: str(s.id),
    topic=lambda s: s.topic,
    uri=lambda s: s.uri,
    callbackUrl=lambda s: s.uri,
    endpoint=_endpoint,
    format=lambda s: s.format,
    createdAt=lambda s: s.created_at,
    updatedAt=lambda s: s.created_at,
    includeFields=lambda s: list(s.include_fields),
    metafieldNamespaces=lambda _: list[str](),
    filter=lambda s: s.filter,
)
