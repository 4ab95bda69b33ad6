"""The GraphQL documents that the writer sends. Each is validated against the official schemas in the tests.

The parts of a write go in one request: Shopify runs several mutations one after another, metafields before tags.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from printworks_shopify_writer.holds import HANDLE, NOTES, HoldPlan
from printworks_shopify_writer.target import FILES_KEY, STATUS_KEY, Plan

MUTATION_COST = 10.0
LOOK_COST = 5.0
"""Points; guesses for the first request, then Shopify has told them."""

HOLDS_COST = 15.0
"""The same for the fulfilment orders of an order."""

CHECK_BATCH = 50
"""Orders that are looked at in one request."""


@cache
def _state(attributes: bool) -> str:
    return f"""
fragment OrderState on Order {{
  id
  tags
  status: metafield(namespace: $namespace, key: "{STATUS_KEY}") {{ value compareDigest }}
  files: metafield(namespace: $namespace, key: "{FILES_KEY}") {{ value compareDigest }}
{"  customAttributes { key value }" if attributes else ""}
}}
"""


@cache
def order_state(attributes: bool) -> str:
    """One order as we see it."""
    head = "query OrderState($id: ID!, $namespace: String!) {\n  order(id: $id) { ...OrderState }\n}\n"
    return head + _state(attributes)


ORDER_STATES = (
    "query OrderStates($ids: [ID!]!, $namespace: String!) {\n  nodes(ids: $ids) { ...OrderState }\n}\n" + _state(False)
)
"""Many orders at once; null for one that is not there."""


@dataclass(frozen=True)
class Write:
    """One request that carries out a plan."""

    document: str
    variables: dict[str, Any]
    cost: float


_NODE = "node { ...OrderState } userErrors { field message }"
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("metafields", "[MetafieldsSetInput!]!", "set: metafieldsSet(metafields: $metafields) "
     "{ userErrors { code field message } }"),
    ("deletes", "[MetafieldIdentifierInput!]!", "delete: metafieldsDelete(metafields: $deletes) "
     "{ userErrors { field message } }"),
    ("attributes", "[AttributeInput!]!", "update: orderUpdate(input: {id: $id, customAttributes: $attributes}) "
     "{ order { ...OrderState } userErrors { field message } }"),
    ("add", "[String!]!", f"add: tagsAdd(id: $id, tags: $add) {{ {_NODE} }}"),
    ("remove", "[String!]!", f"remove: tagsRemove(id: $id, tags: $remove) {{ {_NODE} }}"),
)  # fmt: skip
"""Variable, its type, the mutation; in the order in which they run."""

GIVES_ORDER = frozenset({"attributes", "add", "remove"})
"""Parts whose answer holds the order. The last one gives it as it is then: writing and reading back are one request."""


def write(todo: Plan, owner: str, namespace: str, *, attributes: bool) -> Write:
    """The request for a plan that is not empty. `attributes`: whether reading back has to show them."""
    values: Mapping[str, Any] = {
        "metafields": list(todo.set_metafields),
        "deletes": [{"ownerId": owner, "namespace": namespace, "key": key} for key in todo.delete_keys],
        "attributes": [{"key": key, "value": value} for key, value in todo.attributes or ()],
        "add": list(todo.add_tags),
        "remove": list(todo.remove_tags),
    }
    sent = {name: value for name, value in values.items() if value or (name == "attributes" and todo.attributes == ())}
    document = _document(tuple(sent), attributes)
    variables = dict(sent)
    if GIVES_ORDER & sent.keys():
        variables |= {"id": owner, "namespace": namespace}
    return Write(document, variables, MUTATION_COST * len(sent))


@cache
def _document(sent: tuple[str, ...], attributes: bool) -> str:
    head = [f"${name}: {kind}" for name, kind, _ in _PARTS if name in sent]
    body = "".join(f"  {mutation}\n" for name, _, mutation in _PARTS if name in sent)
    state = ""
    if GIVES_ORDER & set(sent):
        head += ["$id: ID!", "$namespace: String!"]
        state = _state(attributes)
    return f"mutation Write({', '.join(head)}) {{\n{body}}}\n{state}"


def order_in(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The order as the last mutation of a write gave it back."""
    for name, field in (("remove", "node"), ("add", "node"), ("update", "order")):
        if data.get(name) is not None:
            return data[name].get(field)
    return None


DEFINITIONS = """
query Definitions($namespace: String!) {
  metafieldDefinitions(first: 10, ownerType: ORDER, namespace: $namespace) {
    nodes { id key type { name } pinnedPosition }
  }
}
"""

DEFINE = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { createdDefinition { id } userErrors { code field message } }
}
"""

PIN = """
mutation Pin($id: ID!) {
  metafieldDefinitionPin(definitionId: $id) { pinnedDefinition { id } userErrors { code field message } }
}
"""


HOLDS = """
query Holds($id: ID!) {
  order(id: $id) {
    fulfillmentOrders(first: 20) { nodes { id status fulfillmentHolds { id handle heldByRequestingApp } } }
  }
}
"""
"""Twenty: an order has one fulfilment order per location and shipping method."""

_PLACED = "userErrors { code field message }"


def hold(todo: HoldPlan) -> Write:
    """One request that places and releases all holds of an order."""
    place = [f"h{place}" for place in range(len(todo.place))]
    release = [f"r{place}" for place in range(len(todo.release))]
    head = [f"${name}: ID!" for name in (*place, *release)] + [f"${name}Holds: [ID!]" for name in release]
    if place:
        head.append("$hold: FulfillmentOrderHoldInput!")
    body = [f"{name}: fulfillmentOrderHold(id: ${name}, fulfillmentHold: $hold) {{ {_PLACED} }}" for name in place]
    body += [
        f"{name}: fulfillmentOrderReleaseHold(id: ${name}, holdIds: ${name}Holds) {{ {_PLACED} }}" for name in release
    ]
    variables: dict[str, Any] = dict(zip(place, todo.place, strict=True))
    if place:
        variables["hold"] = {"reason": "OTHER", "reasonNotes": NOTES, "handle": HANDLE, "notifyMerchant": False}
    for name, (one, ids) in zip(release, todo.release, strict=True):
        variables |= {name: one, f"{name}Holds": list(ids)}
    lines = "".join(f"  {line}\n" for line in body)
    return Write(f"mutation Hold({', '.join(head)}) {{\n{lines}}}\n", variables, MUTATION_COST * len(body))
