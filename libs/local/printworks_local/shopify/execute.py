"""Executing one GraphQL request against a shop: document, cost, throttling, data, in the shape Shopify answers."""

from collections.abc import Awaitable
from typing import Any, TypeGuard, cast

from graphql import ExecutionResult, GraphQLError, execute

from printworks_local.shopify import fulfillment, mutations, order_fields, queries
from printworks_local.shopify.cost import MAX_QUERY_COST, actual_cost, requested_cost
from printworks_local.shopify.documents import DocumentCache, shopify_error
from printworks_local.shopify.fields import RequestContext, resolve_field, resolve_type
from printworks_local.shopify.schemas import load_schema
from printworks_local.shopify.state import AppConfig, Shop

REGISTERED = (fulfillment, mutations, order_fields, queries)
"""The modules whose import fills the registry of resolvers."""


class ThrottledError(Exception):
    """The bucket holds less than the request may cost. `seconds` until it would."""

    def __init__(self, answer: dict[str, Any], seconds: float) -> None:
        super().__init__("THROTTLED")
        self.answer = answer
        self.seconds = seconds


class AdminApi:
    """One version of the Admin API."""

    def __init__(self, version: str) -> None:
        self.schema = load_schema(version)
        self._documents = DocumentCache(version)

    def run(
        self,
        shop: Shop,
        app: AppConfig,
        text: str,
        variables: dict[str, Any],
        operation_name: str | None,
        *,
        force_throttle: bool = False,
    ) -> dict[str, Any]:
        """The answer's JSON. Raises `ThrottledError` when the points do not suffice, or when a fault asks for it."""
        prepared = self._documents.prepare(text)
        if prepared.document is None:
            return {"errors": list(prepared.errors)}
        name = operation_name
        if name is None and len(prepared.plans) == 1:
            name = next(iter(prepared.plans))
        if name not in prepared.plans:
            return {"errors": [{"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}]}
        plan, bucket = prepared.plans[name], shop.bucket(app)
        requested = max(1, requested_cost(plan, variables))
        if requested > MAX_QUERY_COST:
            return _too_dear(requested)
        if force_throttle or not bucket.take(requested):
            seconds = max(bucket.seconds_until(requested), 1.0 if force_throttle else 0.0)
            shop.count("throttled")
            raise ThrottledError(_throttled_answer(requested, bucket.status()), seconds)
        context = RequestContext(shop, app, self.schema)
        result = cast(
            "ExecutionResult",
            execute(
                self.schema.graphql,
                prepared.document,
                context_value=context,
                variable_values=variables,
                operation_name=name,
                field_resolver=resolve_field,
                type_resolver=resolve_type,
                is_awaitable=_never,
            ),
        )
        if result.data is None and _request_error(result):
            bucket.give_back(requested)
            return {"errors": [_invalid_variable(error) for error in result.errors or []]}
        actual = min(requested, actual_cost(plan, variables, result.data))
        bucket.give_back(requested - actual)
        shop.count("points", actual)
        cost = {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": bucket.status(),
        }
        answer: dict[str, Any] = {"data": result.data, "extensions": {"cost": cost}}
        if result.errors:
            answer["errors"] = [shopify_error(error) for error in result.errors]
        if context.search:
            answer["extensions"]["search"] = context.search
        return answer


def _never(_value: object) -> TypeGuard[Awaitable[Any]]:
    return False


def _request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed: such errors (variables that do not fit) have no path."""
    return all(error.path is None for error in result.errors or [])


def _invalid_variable(error: GraphQLError) -> dict[str, Any]:
    return {**shopify_error(error), "extensions": {"code": "INVALID_VARIABLE"}}


def _throttled_answer(requested: int, status: dict[str, float]) -> dict[str, Any]:
    return {
        "errors": [
            {
                "message": "Throttled",
                "extensions": {
                    "code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
        ],
        "extensions": {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}},
    }


def _too_dear(requested: int) -> dict[str, Any]:
    message = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
    return {
        "errors": [
            {
                "message": message,
                "extensions": {
                    "code": "MAX_COST_EXCEEDED",
                    "cost": requested,
                    "maxCost": MAX_QUERY_COST,
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
        ]
    }
