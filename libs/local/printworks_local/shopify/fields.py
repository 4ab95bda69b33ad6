"""Registry of what can be resolved: `(type, field)` to a function. Whatever is not in it is refused, never null."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import GraphQLError, GraphQLResolveInfo, get_named_type

from printworks_local.shopify.schemas import AdminSchema
from printworks_local.shopify.state import AppConfig, Shop

Resolver = Callable[[Any, "RequestContext", dict[str, Any]], Any]
RESOLVERS: dict[tuple[str, str], Resolver] = {}
"""Filled by the modules `queries`, `order_fields`, `mutations` and `fulfillment`."""


@dataclass
class RequestContext:
    """Who asks, and in which shop. `search` collects `extensions.search`."""

    shop: Shop
    app: AppConfig
    schema: AdminSchema
    search: list[dict[str, Any]] = field(default_factory=list)

    def require(self, what: str, *scopes: str) -> None:
        """Raise Shopify's ACCESS_DENIED unless the app holds one of the scopes."""
        if not set(scopes) & set(self.app.scopes):
            words = " or ".join(f"`{scope}`" for scope in scopes)
            raise access_denied(what, f"{words} access scope.")


def access_denied(what: str, required: str) -> GraphQLError:
    return GraphQLError(
        f"Access denied for {what} field. Required access: {required}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": required,
        },
    )


def resolver(type_name: str, *names: str) -> Callable[[Resolver], Resolver]:
    """Register a function as the resolver of one or more fields of a type."""

    def register(function: Resolver) -> Resolver:
        for name in names:
            RESOLVERS[type_name, name] = function
        return function

    return register


def from_source(type_name: str, **paths: Callable[[Any], Any]) -> None:
    """Register fields that are read from the source object alone."""
    for name, read in paths.items():
        RESOLVERS[type_name, name] = _reader(read)


def _reader(read: Callable[[Any], Any]) -> Resolver:
    def resolve(source: Any, _context: RequestContext, _args: dict[str, Any]) -> Any:
        return read(source)

    return resolve


def resolve_field(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
    """The field resolver of every execution: registry first, then a dict source's own key, else a clear error."""
    type_name, name = info.parent_type.name, info.field_name
    context = cast("RequestContext", info.context)
    _check_scopes(context, info, type_name, name)
    found = RESOLVERS.get((type_name, name))
    if found is not None:
        return found(source, context, args)
    if isinstance(source, dict) and name in source:
        return cast("dict[str, Any]", source)[name]
    raise GraphQLError(
        f"The stand-in has no resolver for {type_name}.{name}.", extensions={"code": "STAND_IN_NO_RESOLVER"}
    )


def _check_scopes(context: RequestContext, info: GraphQLResolveInfo[Any], type_name: str, name: str) -> None:
    """Access scopes as the official schema lists them, for the field and for the type that it returns."""
    if type_name in _PAYLOAD_TYPES:
        return
    scopes = context.schema.scopes
    needed = scopes.get((type_name, name)) or scopes.get((get_named_type(info.return_type).name, None))
    if needed is not None and needed[0].isdisjoint(context.app.scopes):
        raise access_denied(name, needed[1])


_PAYLOAD_TYPES = frozenset({"TagsAddPayload", "TagsRemovePayload"})
"""Payloads whose `node` is an interface: the mutation itself has checked the scope."""


def resolve_type(value: Any, _info: object, _abstract: object) -> str:
    """The concrete type of an object behind an interface or union: its class name or its `__typename`."""
    if isinstance(value, dict):
        return str(cast("dict[str, Any]", value)["__typename"])
    name = type(value).__name__
    return _CLASS_TYPES.get(name, name)


_CLASS_TYPES = {"Definition": "MetafieldDefinition", "Subscription": "WebhookSubscription"}
