"""Rules for metafields: `metafieldsSet` with compare-and-set, `metafieldsDelete`, the types we write."""

import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from printworks_local.shopify.state import AppConfig, Definition, Metafield, Order, Shop

MAX_INPUTS = 25
LIST_ITEMS = 128
LIST_ITEM_BYTES = 2048
TEXT_BYTES = 65_536
JSON_BYTES = 128 * 1024
URL_SCHEMES = ("http", "https", "mailto", "sms", "tel")
KNOWN_TYPES = (
    "boolean",
    "date",
    "date_time",
    "json",
    "list.single_line_text_field",
    "list.url",
    "multi_line_text_field",
    "number_integer",
    "single_line_text_field",
    "url",
)
"""The types whose values the stand-in checks. Others exist at Shopify; here they are refused as unknown."""
_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_STALE = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."


@dataclass(frozen=True)
class Problem:
    """One user error of `metafieldsSet`; `element` is the index inside a list value."""

    index: int
    part: str | None
    code: str
    message: str
    element: int | None = None

    def view(self) -> dict[str, Any]:
        field = ["metafields", str(self.index)] + ([self.part] if self.part else [])
        return {"field": field, "message": self.message, "code": self.code, "elementIndex": self.element}


def full_namespace(namespace: str | None, app: AppConfig) -> str:
    """A namespace with `$app` (also the default) replaced by the app's own reserved one."""
    name = namespace or "$app"
    return re.sub(r"^\$app", f"app--{app.client_id}", name)


def find_problems(shop: Shop, app: AppConfig, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every user error of a `metafieldsSet`; empty when all of it may be written."""
    if len(inputs) > MAX_INPUTS:
        return [
            {
                "field": ["metafields"],
                "message": f"Exceeded the maximum metafields input limit of {MAX_INPUTS}.",
                "code": "LESS_THAN_OR_EQUAL_TO",
                "elementIndex": None,
            }
        ]
    return [problem.view() for i, item in enumerate(inputs) for problem in _input_problems(shop, app, i, item)]


def _input_problems(shop: Shop, app: AppConfig, index: int, item: dict[str, Any]) -> list[Problem]:
    owner = owner_of(shop, app, item["ownerId"])
    if owner is None:
        return [Problem(index, "ownerId", "INVALID", "Owner does not exist.")]
    namespace, key, value = full_namespace(item.get("namespace"), app), item["key"], item["value"]
    problems = [*_name_problems(index, "namespace", namespace, 3, 255), *_name_problems(index, "key", key, 2, 64)]
    if problems:
        return problems
    present = owner.metafields.get((namespace, key))
    declared = definition_of(shop, namespace, key)
    type_name = item.get("type") or (declared.type if declared else present.type if present else None)
    if type_name is None:
        return [Problem(index, "type", "BLANK", "Type can't be blank")]
    if type_name not in KNOWN_TYPES:
        return [Problem(index, "type", "INCLUSION", f"Type {type_name} is not included in the list")]
    if declared and declared.type != type_name:
        message = f"Type '{type_name}' must be consistent with the definition's type: '{declared.type}'."
        return [Problem(index, "type", "INVALID_TYPE", message)]
    found = [Problem(index, "value", code, text, at) for code, text, at in value_problems(type_name, value)]
    return found or _digest_problems(index, item, present)


def _digest_problems(index: int, item: dict[str, Any], present: Metafield | None) -> list[Problem]:
    if "compareDigest" not in item:
        return []
    digest = item["compareDigest"]
    if digest is None:
        return [Problem(index, None, "STALE_OBJECT", _STALE)] if present else []
    if present is None:
        return [Problem(index, "compareDigest", "INVALID_COMPARE_DIGEST", "The `compareDigest` is invalid.")]
    # Recorded answers of Shopify: a stale digest passes when the value to be written is the present one.
    if digest != present.digest and item["value"] != present.value:
        return [Problem(index, None, "STALE_OBJECT", _STALE)]
    return []


def _name_problems(index: int, part: str, text: str, shortest: int, longest: int) -> list[Problem]:
    label = part.capitalize()
    if len(text) < shortest:
        message = f"{label} is too short (minimum is {shortest} characters)"
        return [Problem(index, part, "TOO_SHORT", message)]
    if len(text) > longest:
        return [Problem(index, part, "TOO_LONG", f"{label} is too long (maximum is {longest} characters)")]
    if not _NAME.match(text):
        message = f"{label} must only contain alphanumeric, hyphen, and underscore characters"
        return [Problem(index, part, "INVALID", message)]
    return []


def value_problems(type_name: str, value: str) -> list[tuple[str, str, int | None]]:
    """What is wrong with a value: `(code, message, index inside a list)`."""
    if value == "":
        return [("BLANK", "Value can't be blank.", None)]
    if not type_name.startswith("list."):
        message = _scalar_problem(type_name, value)
        return [("INVALID_VALUE", message, None)] if message else []
    try:
        items = orjson.loads(value)
    except orjson.JSONDecodeError:
        return [("INVALID_VALUE", "Value is invalid JSON.", None)]
    if not isinstance(items, list):
        return [("INVALID_VALUE", "Value must be a JSON array.", None)]
    entries = cast("list[object]", items)
    if len(entries) > LIST_ITEMS:
        return [("LESS_THAN_OR_EQUAL_TO", f"Value has more than {LIST_ITEMS} items.", None)]
    problems: list[tuple[str, str, int | None]] = []
    for index, entry in enumerate(entries):
        message = _item_problem(type_name.removeprefix("list."), entry)
        if message:
            problems.append(("INVALID_VALUE", message, index))
    return problems


def _item_problem(type_name: str, entry: object) -> str | None:
    if not isinstance(entry, str):
        return "Value must be a string."
    if len(entry.encode()) > LIST_ITEM_BYTES:
        return f"Value is larger than {LIST_ITEM_BYTES} bytes."
    return _scalar_problem(type_name, entry)


def _scalar_problem(type_name: str, value: str) -> str | None:
    problem: str | None = None
    if type_name == "json":
        problem = _json_problem(value)
    elif len(value.encode()) > TEXT_BYTES:
        problem = f"Value is larger than {TEXT_BYTES} bytes."
    elif type_name == "single_line_text_field" and ("\n" in value or "\r" in value):
        problem = "Value must be a single line text string."
    elif type_name == "url":
        problem = _url_problem(value)
    elif type_name == "number_integer" and not re.fullmatch(r"-?\d{1,16}", value):
        problem = "Value must be an integer."
    elif type_name == "boolean" and value not in ("true", "false"):
        problem = "Value must be true or false."
    elif type_name == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        problem = "Value must be in YYYY-MM-DD format."
    elif type_name == "date_time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", value):
        problem = "Value must be in ISO 8601 format."
    return problem


def _json_problem(value: str) -> str | None:
    if len(value.encode()) > JSON_BYTES:
        return f"Value is larger than {JSON_BYTES} bytes."
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return "Value is invalid JSON."
    return None


def _url_problem(value: str) -> str | None:
    try:
        parts = urlsplit(value)
    except ValueError:
        return "Value must be a valid URL."
    if parts.scheme.lower() not in URL_SCHEMES:
        return f"Value must be one of the following URL schemes: {', '.join(URL_SCHEMES)}."
    if re.search(r"\s", value) or (parts.scheme.startswith("http") and not parts.hostname):
        return "Value must be a valid URL."
    return None


def owner_of(shop: Shop, app: AppConfig, gid: str) -> Order | None:
    """The order behind a gid, if the app may see it."""
    matched = re.fullmatch(r"gid://shopify/Order/(\d+)", gid)
    order = shop.orders.get(int(matched[1])) if matched else None
    return order if order is not None and shop.visible(order, app) else None


def definition_of(shop: Shop, namespace: str, key: str) -> Definition | None:
    for definition in shop.definitions:
        if (definition.owner_type, definition.namespace, definition.key) == ("ORDER", namespace, key):
            return definition
    return None


def write(shop: Shop, order: Order, namespace: str, key: str, value: str, type_name: str | None) -> Metafield:
    """Write one metafield whose value has been checked."""
    present = order.metafields.get((namespace, key))
    declared = definition_of(shop, namespace, key)
    now = shop.now_text()
    if present is None:
        kind = type_name or (declared.type if declared else "single_line_text_field")
        present = Metafield(shop.next_id(), namespace, key, kind, value, now, now, order)
        order.metafields[namespace, key] = present
    else:
        present.value, present.updated_at = value, now
        present.type = type_name or present.type
    return present


def values(order: Order) -> dict[str, str]:
    """`{"namespace.key": value}` of an order, for the journal."""
    return {f"{namespace}.{key}": metafield.value for (namespace, key), metafield in order.metafields.items()}
