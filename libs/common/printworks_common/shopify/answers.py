"""What an HTTP answer of the Admin API means, by what is to be done about it. Pure."""

from collections.abc import Mapping
from typing import Any, cast

import httpx

from printworks_common.errors import PoisonError, PrintworksError, TransientError

_CLOSED = {402: "shop_frozen", 403: "shop_forbidden", 404: "shop_gone", 423: "shop_locked"}


def unreachable(error: httpx.HTTPError) -> TransientError:
    """No answer came: what was asked for may have been done."""
    return TransientError(f"Shopify does not answer ({type(error).__name__}).", code="shopify_unreachable")


def closed(status: int) -> PoisonError | None:
    """The refusal of a shop that is not open to us, by HTTP status."""
    code = _CLOSED.get(status)
    return PoisonError(f"Shopify answers {status}.", code=code) if code else None


def json_object(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it holds none."""
    try:
        body = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def check(status: int, body: Mapping[str, Any]) -> None:
    """Whether an answer is one of the API at all: its body holds data or errors.

    Raises `TransientError` (`shopify_unavailable`) for 5xx and for what is no answer, `PoisonError` for refusals.
    """
    if status >= 500:
        raise TransientError(f"Shopify answers {status}.", code="shopify_unavailable")
    refused = closed(status)
    if refused is not None:
        raise refused
    if status != 200:
        raise PoisonError(f"Shopify answers {status}.", code="shopify_refused")
    if not (isinstance(body.get("data"), dict) or body.get("errors")):
        raise TransientError("Shopify's answer is no answer to a query.", code="shopify_unavailable")


def check_search(body: Mapping[str, Any]) -> None:
    """Shopify drops what it does not understand of a search and answers the rest: a warning is all that tells.

    Raises `PoisonError` (`search_not_understood`).
    """
    searches = (body.get("extensions") or {}).get("search") or []
    fields = {str(warning.get("field")) for search in searches for warning in search.get("warnings") or []}
    if fields:
        raise PoisonError(
            f"Shopify did not understand the search by {', '.join(sorted(fields))}.", code="search_not_understood"
        )


def retry_after(response: httpx.Response) -> float:
    """Seconds of `Retry-After`; 1 when it is missing or no number."""
    try:
        return min(max(float(response.headers.get("Retry-After", "1")), 0.1), 60.0)
    except ValueError:
        return 1.0


def requested_cost(body: Mapping[str, Any]) -> float | None:
    """What Shopify holds against the bucket before it runs a document: that decides whether it is throttled."""
    cost = ((body.get("extensions") or {}).get("cost") or {}).get("requestedQueryCost")
    return None if cost is None else float(cost)


def error_codes(errors: object) -> set[str]:
    """The `extensions.code`s of a GraphQL answer's errors."""
    if not isinstance(errors, list):
        return set()
    return {
        str((cast("dict[str, Any]", error).get("extensions") or {}).get("code"))
        for error in cast("list[object]", errors)
        if isinstance(error, dict)
    }


def refusal(errors: object) -> PrintworksError:
    """The error to raise for a GraphQL answer's errors."""
    codes = error_codes(errors)
    if "ACCESS_DENIED" in codes:
        return PoisonError("The app lacks a scope for this.", code="missing_scope")
    if "MAX_COST_EXCEEDED" in codes:
        return PoisonError("The request costs more than Shopify allows for one.", code="query_too_dear")
    if "INTERNAL_SERVER_ERROR" in codes:
        return TransientError("Shopify reports an internal error.", code="shopify_unavailable")
    return PoisonError("Shopify refuses the request.", code="shopify_refused")
