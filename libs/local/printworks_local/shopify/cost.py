"""What a request costs in points.

Rule (Shopify's "GraphQL Admin API rate limits"): a scalar or enum 0, an object 1, an interface or union the dearest of
its possible selections, a mutation 10; a connection `2 + floor(2 * ln(size))` times its item, which fits recorded
answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import floor, log
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

MUTATION_COST = 10
MAX_QUERY_COST = 1000
"""Points that one request may ask for at most, whatever the plan."""


@dataclass
class CostNode:
    """One composite field of a document: its weight, and what lies below it, by response key and type condition."""

    kind: str
    sizes: tuple[int | str, ...] = ()
    children: list[tuple[str, str, "CostNode"]] = field(default_factory=list)


def connection_factor(size: int) -> int:
    """How often the item of a connection of this size is counted."""
    return 2 + floor(2 * log(size)) if size > 0 else 0


def plan_cost(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> CostNode:
    """The weighed shape of an operation; the document must be valid."""
    mutation = operation.operation is OperationType.MUTATION
    root = schema.mutation_type if mutation else schema.query_type
    if root is None:
        raise LookupError("The schema has no such root type.")
    planner = _Planner(schema, fragments)
    node = CostNode("transparent")
    planner.collect(node, root, operation.selection_set, "mutation" if mutation else None)
    return node


class _Planner:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def collect(
        self, into: CostNode, parent: GraphQLCompositeType, selections: SelectionSetNode, forced: str | None
    ) -> None:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                self._field(into, parent, selection, forced)
                continue
            if isinstance(selection, InlineFragmentNode):
                condition, inner = selection.type_condition, selection.selection_set
            else:
                fragment = self._fragments[cast("FragmentSpreadNode", selection).name.value]
                condition, inner = fragment.type_condition, fragment.selection_set
            name = condition.name.value if condition else parent.name
            self.collect(into, cast("GraphQLCompositeType", self._schema.type_map[name]), inner, forced)

    def _field(self, into: CostNode, parent: GraphQLCompositeType, node: FieldNode, forced: str | None) -> None:
        if isinstance(parent, GraphQLUnionType) or node.name.value.startswith("__") or node.selection_set is None:
            return
        named = get_named_type(parent.fields[node.name.value].type)
        if not is_composite_type(named):
            return
        sizes = tuple(
            argument.value.name.value if isinstance(argument.value, VariableNode) else int(argument.value.value)
            for argument in node.arguments or ()
            if argument.name.value in ("first", "last") and isinstance(argument.value, VariableNode | IntValueNode)
        )
        child = CostNode(forced or _kind(named, parent, node.name.value), sizes)
        self.collect(child, named, node.selection_set, None)
        key = node.alias.value if node.alias else node.name.value
        into.children.append((key, parent.name if _is_object(parent) else "", child))


def _is_object(named: GraphQLCompositeType) -> bool:
    return isinstance(named, GraphQLObjectType)


def _kind(named: GraphQLCompositeType, parent: GraphQLCompositeType, name: str) -> str:
    if named.name.endswith("Connection"):
        return "connection"
    if parent.name.endswith("Connection") and name in ("edges", "nodes"):
        return "item" if name == "nodes" else "transparent"
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        return "abstract"
    return "object"


def requested_cost(plan: CostNode, variables: Mapping[str, Any]) -> int:
    """Points that the request may cost at most: what Shopify holds against the bucket before it executes."""
    below = _by_condition((condition, requested_cost(child, variables)) for _, condition, child in plan.children)
    if plan.kind == "mutation":
        return MUTATION_COST + sum(requested_cost(child, variables) for child in _connections(plan))
    if plan.kind == "connection":
        return connection_factor(_size(plan, variables)) * max(below, 1)
    return below + (0 if plan.kind == "transparent" else 1)


def actual_cost(plan: CostNode, variables: Mapping[str, Any], data: object) -> int:
    """Points that the answer really cost: absent objects are free, a connection counts by the items it returned."""
    if data is None:
        return MUTATION_COST if plan.kind == "mutation" else 0
    if plan.kind == "mutation":
        return requested_cost(plan, variables)
    if isinstance(data, list):
        items = cast("list[object]", data)
        return max((actual_cost(plan, variables, item) for item in items), default=0)
    answer = cast("dict[str, object]", data)
    below = _by_condition(
        (condition, actual_cost(child, variables, answer.get(key))) for key, condition, child in plan.children
    )
    if plan.kind == "connection":
        listed = cast("list[object]", answer.get("nodes") or answer.get("edges") or [])
        return connection_factor(len(listed)) * max(below, 1)
    return below + (0 if plan.kind == "transparent" else 1)


def _by_condition(costs: Iterable[tuple[str, int]]) -> int:
    """Fields of different concrete types exclude each other, so only the dearest type counts."""
    by_type: dict[str, int] = {}
    for condition, cost in costs:
        by_type[condition] = by_type.get(condition, 0) + cost
    shared = by_type.pop("", 0)
    return shared + max(by_type.values(), default=0)


def _connections(plan: CostNode) -> Iterable[CostNode]:
    for _, _, child in plan.children:
        if child.kind == "connection":
            yield child
        else:
            yield from _connections(child)


def _size(plan: CostNode, variables: Mapping[str, Any]) -> int:
    for size in plan.sizes:
        value = variables.get(size) if isinstance(size, str) else size
        if isinstance(value, int):
            return value
    return 0
