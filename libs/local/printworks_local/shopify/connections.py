"""Relay connections: pages of a list, with cursors that name the item and not its place."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson
from graphql import GraphQLError

Item = TypeVar("Item")
MAX_PAGE = 250


def connection(
    items: Sequence[Item], args: dict[str, Any], sort_value: Callable[[Item], tuple[Any, int]], *, reverse: bool = False
) -> dict[str, Any]:
    """One page of `items`. `sort_value` gives (value, id), which a cursor keeps, so that a page survives changes.

    Raises `GraphQLError` as Shopify does when neither or both of first and last are given, or more than 250 asked for.
    """
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise _bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise _bad_request("providing both first and last is not supported")
    size: int = first if first is not None else last  # pyright: ignore[reportAssignmentType] -- one of them is set
    if size < 0 or size > MAX_PAGE:
        raise _bad_request(f"a page holds 0 to {MAX_PAGE} items, {size} were asked for")
    keyed = sorted(((sort_value(item), item) for item in items), key=lambda pair: pair[0], reverse=reverse)
    chosen = keyed
    if args.get("after"):
        edge = _decode(args["after"])
        chosen = [pair for pair in chosen if (pair[0] < edge if reverse else pair[0] > edge)]
    if args.get("before"):
        edge = _decode(args["before"])
        chosen = [pair for pair in chosen if (pair[0] > edge if reverse else pair[0] < edge)]
    page = chosen[:size] if first is not None else chosen[max(0, len(chosen) - size) :]
    edges = [{"cursor": _encode(key), "node": item} for key, item in page]
    return {
        "edges": edges,
        "nodes": [item for _, item in page],
        "pageInfo": {
            "hasNextPage": bool(page) and page[-1] is not keyed[-1],
            "hasPreviousPage": bool(page) and page[0] is not keyed[0],
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _bad_request(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def _encode(key: tuple[Any, int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps({"last_id": key[1], "last_value": key[0]})).decode()


def _decode(cursor: str) -> tuple[Any, int]:
    try:
        content = orjson.loads(base64.urlsafe_b64decode(cursor))
        return content["last_value"], content["last_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise GraphQLError(f"Invalid cursor for current pagination sort: {cursor}") from error
