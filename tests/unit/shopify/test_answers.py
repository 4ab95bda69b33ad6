"""What an answer of the Admin API means."""

from typing import Any

import httpx
import pytest
from printworks_common.errors import PoisonError, PrintworksError, TransientError
from printworks_common.shopify.answers import check, error_codes, json_object, refusal, requested_cost, retry_after


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (500, {}, TransientError, "shopify_unavailable"),
        (503, {}, TransientError, "shopify_unavailable"),
        (402, {}, PoisonError, "shop_frozen"),
        (403, {}, PoisonError, "shop_forbidden"),
        (404, {}, PoisonError, "shop_gone"),
        (423, {}, PoisonError, "shop_locked"),
        (400, {}, PoisonError, "shopify_refused"),
        (200, {}, TransientError, "shopify_unavailable"),
        (200, {"data": None}, TransientError, "shopify_unavailable"),
    ],
)
def test_what_is_no_answer(status: int, body: dict[str, Any], kind: type[PrintworksError], code: str) -> None:
    with pytest.raises(kind) as raised:
        check(status, body)
    assert raised.value.code == code


def test_data_and_errors_are_answers() -> None:
    check(200, {"data": {}})
    check(200, {"errors": [{"message": "no"}]})


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("ACCESS_DENIED", PoisonError, "missing_scope"),
        ("MAX_COST_EXCEEDED", PoisonError, "query_too_dear"),
        ("INTERNAL_SERVER_ERROR", TransientError, "shopify_unavailable"),
        ("undefinedField", PoisonError, "shopify_refused"),
    ],
)
def test_refusals_by_code(code: str, kind: type[PrintworksError], told: str) -> None:
    error = refusal([{"message": "x", "extensions": {"code": code}}])
    assert (type(error), error.code) == (kind, told)


@pytest.mark.parametrize("errors", ["Not Found", None, ["x"], [{"message": "x"}], [{"extensions": None}]])
def test_errors_of_any_shape_have_codes_or_none(errors: object) -> None:
    assert error_codes(errors) <= {"None"}


@pytest.mark.parametrize(("given", "seconds"), [("2.5", 2.5), ("soon", 1.0), (None, 1.0), ("0", 0.1), ("9999", 60.0)])
def test_retry_after(given: str | None, seconds: float) -> None:
    assert retry_after(httpx.Response(429, headers={"Retry-After": given} if given else {})) == seconds


def test_bodies_that_are_no_object_are_none() -> None:
    assert [json_object(httpx.Response(200, text=text)) for text in ("[]", "<html>", "")] == [None] * 3
    assert requested_cost({"extensions": {"cost": {"requestedQueryCost": 12}}}) == 12
    assert requested_cost({}) is None
