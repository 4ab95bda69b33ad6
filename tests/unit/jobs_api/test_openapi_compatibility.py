"""Which changes of the API's document break a client, and which do not."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from printworks_jobs_api.openapi.__main__ import PAGE
from printworks_jobs_api.openapi.compatibility import breaking_changes

Change = Callable[[dict[str, Any]], None]

COMMITTED = json.loads((Path(__file__).parents[3] / PAGE).read_text(encoding="utf-8"))


def changed(change: Change) -> list[str]:
    after = copy.deepcopy(COMMITTED)
    change(after)
    return breaking_changes(COMMITTED, after)


def operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    return document["paths"][path][method]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def parameter(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in operation(document, "get", "/v1/print-jobs")["parameters"] if one["name"] == name)


def field(name: str, of: str, value: Any) -> Change:
    return lambda document: schema(document, of)["properties"].__setitem__(name, value)


HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new operation": lambda d: d["paths"].__setitem__("/v1/new", d["paths"]["/v1/keys"]),
    "a new field in an answer": field("new", "JobOut", {"type": "string"}),
    "a new optional field in a body": field("new", "HoldIn", {"type": "string"}),
    "a field of a body may be null": field("reason", "HoldIn", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "a field of an answer is never null": field("sku", "JobOut", {"type": "string"}),
    "more is accepted": lambda d: parameter(d, "limit")["schema"].__setitem__("maximum", 500),
    "a new value is accepted": lambda d: schema(d, "BulkAction")["enum"].append("archive"),
    "a new optional parameter": lambda d: operation(d, "get", "/v1/print-jobs")["parameters"].append(
        {"in": "query", "name": "new", "required": False, "schema": {"type": "string"}}
    ),
    "other words": lambda d: schema(d, "JobOut").__setitem__("description", "Another text."),
}

BREAKING: dict[str, tuple[Change, str]] = {
    "an operation is removed": (lambda d: d["paths"].pop("/v1/keys"), "GET /v1/keys: was removed"),
    "a field of an answer is removed": (
        lambda d: schema(d, "JobOut")["properties"].pop("sku"), "200.items[].sku: was removed"
    ),
    "a field of an answer may be missing": (
        lambda d: schema(d, "JobOut")["required"].remove("status"), "status: became optional"
    ),
    "a field of an answer may be null": (
        field("status", "JobOut", {"anyOf": [{"type": "string"}, {"type": "null"}]}), "status: string became null"
    ),
    "a field of an answer has another type": (field("quantity", "JobOut", {"type": "string"}), "integer became string"),
    "a field of a body is required": (
        lambda d: schema(d, "HoldIn")["required"].append("until"), "until: became required"
    ),
    "a field of a body is no longer taken": (
        lambda d: schema(d, "HoldIn")["properties"].pop("until"), "body.until: was removed"
    ),
    "less is accepted": (lambda d: parameter(d, "limit")["schema"].__setitem__("maximum", 100), "maximum became 100"),
    "a value is no longer accepted": (
        lambda d: schema(d, "BulkAction")["enum"].remove("cancel"), "cancel is no longer allowed"
    ),
    "a parameter is removed": (
        lambda d: operation(d, "get", "/v1/print-jobs")["parameters"].remove(parameter(d, "q")), "query q: was removed"
    ),
    "a parameter is required": (lambda d: parameter(d, "q").__setitem__("required", True), "query q: became required"),
    "another status for success": (
        lambda d: operation(d, "post", "/v1/holds")["responses"].pop("201"), "POST /v1/holds 201: was removed"
    ),
    "another name for an operation": (
        lambda d: operation(d, "get", "/v1/keys").__setitem__("operationId", "keys"), "operationId changed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_additions_break_nobody(change: Change) -> None:
    assert changed(change) == []


@pytest.mark.parametrize(("change", "told"), BREAKING.values(), ids=BREAKING)
def test_what_a_client_relies_on_must_stay(change: Change, told: str) -> None:
    faults = changed(change)
    assert any(told in fault for fault in faults), faults
