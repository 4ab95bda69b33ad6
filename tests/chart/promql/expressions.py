"""What an expression of PromQL gives at a moment of recorded series."""

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import promql_parser
from promql_parser import AggModifierType, MatchOp

from tests.chart.promql import functions
from tests.chart.promql.series import NAME, Labels, Recorded, UnknownError

Vector = dict[Labels, float]

LOOK_BACK = 300.0
"""Seconds for which a sample stands, as is Prometheus' default."""

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else a * float("inf"),
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
OVER_RANGES = {"rate": functions.rate, "increase": functions.increase, "deriv": functions.deriv}
AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": lambda values: max(values, key=_nan_last)}


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """The metrics that a query reads, however deep."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(query), pre_visit=visit)
    return found


@dataclass(frozen=True)
class Moment:
    """Recorded series seen at a time, in seconds."""

    recorded: Recorded
    time: float

    def vector(self, query: str) -> Vector:
        """The query's result. Raises UnknownError for what is not evaluated here, a query that gives a number too."""
        result = self._evaluate(promql_parser.parse(query))
        if not isinstance(result, dict):
            raise UnknownError(f"{query}: a number")
        return result

    def _evaluate(self, node: Any) -> float | Vector:
        match node:
            case promql_parser.NumberLiteral():
                return node.val
            case promql_parser.ParenExpr():
                return self._evaluate(node.expr)
            case promql_parser.VectorSelector():
                return self._instant(node)
            case promql_parser.Call():
                return self._call(node)
            case promql_parser.AggregateExpr():
                return self._aggregate(node)
            case promql_parser.BinaryExpr():
                return self._binary(node)
            case _:
                raise UnknownError(node.prettify())

    def _vector(self, node: Any) -> Vector:
        result = self._evaluate(node)
        if not isinstance(result, dict):
            raise UnknownError(f"{node.prettify()}: a number where a vector is asked for")
        return result

    def _instant(self, node: promql_parser.VectorSelector) -> Vector:
        at = self.time - _offset(node)
        found = ((labels, series.latest(at, LOOK_BACK)) for labels, series in self.recorded.select(node))
        return {labels: value for labels, value in found if value is not None}

    def _call(self, node: promql_parser.Call) -> float | Vector:
        name = node.func.name
        if name in OVER_RANGES and isinstance(node.args[0], promql_parser.MatrixSelector):
            return self._over_range(OVER_RANGES[name], node.args[0])
        match name:
            case "time":
                return self.time
            case "absent" if isinstance(node.args[0], promql_parser.VectorSelector):
                return self._absent(node.args[0])
            case "histogram_quantile" if isinstance(node.args[0], promql_parser.NumberLiteral):
                return _quantiles(node.args[0].val, self._vector(node.args[1]))
            case _:
                raise UnknownError(node.prettify())

    def _over_range(self, function: Any, node: promql_parser.MatrixSelector) -> Vector:
        end = self.time - _offset(node.vector_selector)
        start = end - node.range.total_seconds()
        found = (
            (labels, function(series.between(start, end), start, end))
            for labels, series in self.recorded.select(node.vector_selector)
        )
        return {_without(labels, {NAME}): value for labels, value in found if value is not None}

    def _absent(self, node: promql_parser.VectorSelector) -> Vector:
        told = {(one.name, one.value) for one in node.matchers.matchers if one.op == MatchOp.Equal}
        return {} if self._instant(node) else {frozenset(told): 1.0}

    def _aggregate(self, node: promql_parser.AggregateExpr) -> Vector:
        how = AGGREGATIONS.get(str(node.op))
        if how is None or node.param is not None or (node.modifier and node.modifier.type != AggModifierType.By):
            raise UnknownError(node.prettify())
        by = set(node.modifier.labels) if node.modifier else set[str]()
        groups: dict[Labels, list[float]] = {}
        for labels, value in self._vector(node.expr).items():
            groups.setdefault(_only(labels, by), []).append(value)
        return {labels: how(values) for labels, values in groups.items()}

    def _binary(self, node: promql_parser.BinaryExpr) -> float | Vector:
        sign, how = str(node.op), node.modifier
        if how is not None and (how.matching or how.return_bool or how.group_labels):
            raise UnknownError(node.prettify())
        left, right = self._evaluate(node.lhs), self._evaluate(node.rhs)
        if isinstance(left, dict) and isinstance(right, dict):
            return _of_vectors(sign, left, right)
        if isinstance(left, dict) and isinstance(right, float | int):
            return _paired(sign, [(labels, value, right, value) for labels, value in left.items()])
        if isinstance(left, float | int) and isinstance(right, dict):
            return _paired(sign, [(labels, left, value, value) for labels, value in right.items()])
        if isinstance(left, float | int) and isinstance(right, float | int) and sign in ARITHMETIC:
            return ARITHMETIC[sign](left, right)
        raise UnknownError(node.prettify())


def _of_vectors(sign: str, left: Vector, right: Vector) -> Vector:
    named = {_without(labels, {NAME}): value for labels, value in right.items()}
    if sign == "or":
        here = {_without(labels, {NAME}) for labels in left}
        return left | {labels: value for labels, value in right.items() if _without(labels, {NAME}) not in here}
    if sign in {"and", "unless"}:
        return {k: v for k, v in left.items() if (_without(k, {NAME}) in named) == (sign == "and")}
    if len(named) < len(right) or len({_without(labels, {NAME}) for labels in left}) < len(left):
        raise UnknownError("several series with the same labels on one side")
    pairs = ((labels, value, named.get(_without(labels, {NAME})), value) for labels, value in left.items())
    return _paired(sign, [(labels, a, b, kept) for labels, a, b, kept in pairs if b is not None])


def _paired(sign: str, pairs: Iterable[tuple[Labels, float, float, float]]) -> Vector:
    """Arithmetic of both sides, or the vector's own value where a comparison holds."""
    if sign in ARITHMETIC:
        return {_without(labels, {NAME}): ARITHMETIC[sign](a, b) for labels, a, b, _ in pairs}
    if sign in COMPARISONS:
        return {labels: kept for labels, a, b, kept in pairs if COMPARISONS[sign](a, b)}
    raise UnknownError(sign)


def _quantiles(quantile: float, buckets: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"].replace("+Inf", "inf"))
        groups.setdefault(_without(labels, {NAME, "le"}), []).append((bound, count))
    return {labels: functions.histogram_quantile(quantile, found) for labels, found in groups.items()}


def _offset(node: promql_parser.VectorSelector) -> float:
    return node.offset.total_seconds() if node.offset else 0.0


def _nan_last(value: float) -> tuple[bool, float]:
    return (not math.isnan(value), value)


def _without(labels: Labels, names: set[str]) -> Labels:
    return frozenset(one for one in labels if one[0] not in names)


def _only(labels: Labels, names: set[str]) -> Labels:
    return frozenset(one for one in labels if one[0] in names)
