"""Root mutations, each with an entry in the journal, refused ones too."""

from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError

from printworks_local.shopify import metafields
from printworks_local.shopify.fields import RequestContext, resolver
from printworks_local.shopify.order_fields import gid, parse_gid
from printworks_local.shopify.queries import find_order
from printworks_local.shopify.state import Definition, Metafield, Order, Subscription
from printworks_local.shopify.tags import add_tags, remove_tags, sort_tags, split_tags, tag_errors


def _error(field: list[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    problem: dict[str, Any] = {"field": field, "message": message}
    return problem if code is None else {**problem, "code": code}


def _taggable(context: RequestContext, name: str, text: str) -> Order | None:
    context.require(name, "write_orders")
    if parse_gid(text)[0] != "Order":
        raise GraphQLError(
            f"The stand-in has no resolver for {name} on {text}.", extensions={"code": "STAND_IN_NO_RESOLVER"}
        )
    return find_order(context, text)


def _change_tags(context: RequestContext, operation: str, order: Order, tags: list[str]) -> None:
    before = order.tags
    order.tags = tags
    if tags != before:
        context.shop.touch(order)
    context.shop.journal.append(
        order_id=order.id,
        actor=context.app.client_id,
        operation=operation,
        before={"tags": before},
        after={"tags": tags},
    )


@resolver("Mutation", "tagsAdd")
def _tags_add(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    order = _taggable(context, "tagsAdd", args["id"])
    if order is None:
        return {"node": None, "userErrors": [_error(["id"], "Order does not exist")]}
    problems = tag_errors(order.tags, args["tags"])
    if problems:
        context.shop.journal.append(
            order_id=order.id,
            actor=context.app.client_id,
            operation="tagsAdd",
            before={"tags": order.tags},
            after={"tags": order.tags},
            errors=problems,
        )
        return {"node": None, "userErrors": [_error(["tags"], text) for text in problems]}
    _change_tags(context, "tagsAdd", order, add_tags(order.tags, args["tags"]))
    return {"node": order, "userErrors": []}


@resolver("Mutation", "tagsRemove")
def _tags_remove(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    order = _taggable(context, "tagsRemove", args["id"])
    if order is None:
        return {"node": None, "userErrors": [_error(["id"], "Order does not exist")]}
    _change_tags(context, "tagsRemove", order, remove_tags(order.tags, args["tags"]))
    return {"node": order, "userErrors": []}


@resolver("Mutation", "metafieldsSet")
def _metafields_set(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    context.require("metafieldsSet", "write_orders")
    shop, inputs = context.shop, args["metafields"]
    for item in inputs:
        if parse_gid(item["ownerId"])[0] != "Order":
            raise GraphQLError(
                f"The stand-in keeps metafields of orders only, not of {item['ownerId']}.",
                extensions={"code": "STAND_IN_NO_RESOLVER"},
            )
    problems = metafields.find_problems(shop, context.app, inputs)
    owners = {item["ownerId"]: metafields.owner_of(shop, context.app, item["ownerId"]) for item in inputs}
    touched = [order for order in owners.values() if order is not None]
    before = {order.id: metafields.values(order) for order in touched}
    written: list[Metafield] = []
    if not problems:
        for item in inputs:
            owner = owners[item["ownerId"]]
            if owner is not None:
                namespace = metafields.full_namespace(item.get("namespace"), context.app)
                written.append(metafields.write(shop, owner, namespace, item["key"], item["value"], item.get("type")))
    for order in touched:
        after = metafields.values(order)
        if after != before[order.id]:
            shop.touch(order)
        shop.journal.append(
            order_id=order.id,
            actor=context.app.client_id,
            operation="metafieldsSet",
            before={"metafields": before[order.id]},
            after={"metafields": after},
            errors=[f"{problem['code']}: {problem['message']}" for problem in problems],
        )
    return {"metafields": None if problems else written, "userErrors": problems}


@resolver("Mutation", "metafieldsDelete")
def _metafields_delete(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    context.require("metafieldsDelete", "write_orders")
    deleted: list[dict[str, str] | None] = []
    for item in args["metafields"]:
        order = _taggable(context, "metafieldsDelete", item["ownerId"])
        place = (metafields.full_namespace(item["namespace"], context.app), item["key"])
        if order is None or place not in order.metafields:
            deleted.append(None)
            continue
        before = metafields.values(order)
        del order.metafields[place]
        context.shop.touch(order)
        context.shop.journal.append(
            order_id=order.id,
            actor=context.app.client_id,
            operation="metafieldsDelete",
            before={"metafields": before},
            after={"metafields": metafields.values(order)},
        )
        deleted.append({"ownerId": item["ownerId"], "namespace": place[0], "key": place[1]})
    return {"deletedMetafields": deleted, "userErrors": []}


@resolver("Mutation", "orderUpdate")
def _order_update(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    context.require("orderUpdate", "write_orders")
    given = args["input"]
    unknown = set(given) - {"id", "customAttributes", "note", "tags"}
    if unknown:
        raise GraphQLError(
            f"The stand-in has no resolver for orderUpdate with {', '.join(sorted(unknown))}.",
            extensions={"code": "STAND_IN_NO_RESOLVER"},
        )
    order = _taggable(context, "orderUpdate", given["id"])
    if order is None:
        return {"order": None, "userErrors": [_error(["id"], "Order does not exist")]}
    limit = context.shop.config.attribute_limit
    if len(given.get("customAttributes") or []) > limit:
        problem = _error(["input", "customAttributes"], f"Custom attributes are limited to {limit}")
        return {"order": None, "userErrors": [problem]}
    before = _editable(order)
    if "customAttributes" in given:
        order.attributes = [(item["key"], item["value"]) for item in given["customAttributes"] or []]
    if "note" in given:
        order.body["note"] = given["note"]
    if "tags" in given:
        order.tags = sort_tags(split_tags(given["tags"] or []))
    after = _editable(order)
    if after != before:
        context.shop.touch(order)
    context.shop.journal.append(
        order_id=order.id, actor=context.app.client_id, operation="orderUpdate", before=before, after=after
    )
    return {"order": order, "userErrors": []}


def _editable(order: Order) -> dict[str, Any]:
    return {"attributes": dict(order.attributes), "note": order.body.get("note"), "tags": order.tags}


@resolver("Mutation", "metafieldDefinitionCreate")
def _definition_create(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    context.require("metafieldDefinitionCreate", "write_orders")
    given = args["definition"]
    namespace = metafields.full_namespace(given.get("namespace"), context.app)
    owner_type: str = given["ownerType"]
    problem = _definition_problem(context, given, namespace, owner_type)
    if problem:
        return {"createdDefinition": None, "userErrors": [problem]}
    definition = Definition(
        context.shop.next_id(),
        namespace,
        given["key"],
        given["name"],
        given.get("description"),
        owner_type,
        given["type"],
        _pinned(context, owner_type) + 1 if given.get("pin") else None,
    )
    context.shop.definitions.append(definition)
    context.shop.journal.append(
        order_id=None,
        actor=context.app.client_id,
        operation="metafieldDefinitionCreate",
        before={},
        after={"namespace": namespace, "key": definition.key, "type": definition.type},
    )
    return {"createdDefinition": definition, "userErrors": []}


@resolver("Mutation", "metafieldDefinitionPin")
def _definition_pin(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    context.require("metafieldDefinitionPin", "write_orders")
    if args.get("definitionId") is None:
        raise GraphQLError("The stand-in pins definitions by id.", extensions={"code": "STAND_IN_NO_RESOLVER"})
    number = parse_gid(args["definitionId"])[1]
    definition = next((one for one in context.shop.definitions if one.id == number), None)
    problem: dict[str, Any] | None = None
    if definition is None:
        problem = _error(["definitionId"], "Definition not found.", "NOT_FOUND")
    elif definition.pinned_position is not None:
        problem = _error(["definitionId"], "Definition already pinned.", "ALREADY_PINNED")
    elif _pinned(context, definition.owner_type) >= context.shop.config.pinned_limit:
        limit = context.shop.config.pinned_limit
        problem = _error(["definitionId"], f"Limit of {limit} pinned definitions.", "PINNED_LIMIT_REACHED")
    if definition is None or problem is not None:
        return {"pinnedDefinition": None, "userErrors": [problem]}
    definition.pinned_position = _pinned(context, definition.owner_type) + 1
    context.shop.journal.append(
        order_id=None,
        actor=context.app.client_id,
        operation="metafieldDefinitionPin",
        before={},
        after={"namespace": definition.namespace, "key": definition.key},
    )
    return {"pinnedDefinition": definition, "userErrors": []}


def _pinned(context: RequestContext, owner_type: str) -> int:
    return sum(1 for d in context.shop.definitions if d.owner_type == owner_type and d.pinned_position is not None)


def _definition_problem(
    context: RequestContext, given: dict[str, Any], namespace: str, owner_type: str
) -> dict[str, Any] | None:
    if given["type"] not in metafields.KNOWN_TYPES:
        return _error(["definition", "type"], f"Type name {given['type']} is not a valid type", "INCLUSION")
    for present in context.shop.definitions:
        if (present.owner_type, present.namespace, present.key) == (owner_type, namespace, given["key"]):
            message = f"Key is in use for {owner_type.capitalize()} metafields on the '{namespace}' namespace."
            return _error(["definition", "key"], message, "TAKEN")
    if given.get("pin") and _pinned(context, owner_type) >= context.shop.config.pinned_limit:
        message = f"Limit of {context.shop.config.pinned_limit} pinned definitions."
        return _error(["definition"], message, "PINNED_LIMIT_REACHED")
    return None


@resolver("Mutation", "webhookSubscriptionCreate")
def _subscription_create(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    topic, given = args["topic"], args["webhookSubscription"]
    uri = given.get("uri") or given.get("callbackUrl") or ""
    field, parts = ["webhookSubscription", "callbackUrl"], urlsplit(uri)
    local = parts.hostname in ("127.0.0.1", "localhost")
    problem: str | None = None
    if not uri:
        problem = "Address can't be blank"
    elif parts.scheme != "https" and not (parts.scheme == "http" and local):
        problem = f"Address protocol {parts.scheme}:// is not supported"
    elif any((s.topic, s.uri) == (topic, uri) for s in context.shop.subscriptions):
        problem = "Address for this topic has already been taken"
    if problem:
        return {"webhookSubscription": None, "userErrors": [_error(field, problem)]}
    kind = given.get("format") or "JSON"
    subscription = Subscription(
        context.shop.next_id(),
        topic,
        uri,
        kind,
        context.shop.now_text(),
        given.get("filter"),
        tuple(given.get("includeFields") or ()),
    )
    context.shop.subscriptions.append(subscription)
    return {"webhookSubscription": subscription, "userErrors": []}


@resolver("Mutation", "webhookSubscriptionDelete")
def _subscription_delete(_source: Any, context: RequestContext, args: dict[str, Any]) -> dict[str, Any]:
    _, number = parse_gid(args["id"])
    kept = [subscription for subscription in context.shop.subscriptions if subscription.id != number]
    if len(kept) == len(context.shop.subscriptions):
        message = "Webhook subscription does not exist"
        return {"deletedWebhookSubscriptionId": None, "userErrors": [_error(["id"], message)]}
    context.shop.subscriptions = kept
    return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", number), "userErrors": []}
