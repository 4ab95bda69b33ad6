"""Whether clients of an older OpenAPI document can use a newer one. Pure.

What a client sends must go on being accepted: operations, parameters, bodies and their values stay, nothing becomes
required. What a client reads must go on being there: successful answers, their media types and required fields stay,
and no field gets a type that it did not have. New values of an enumeration in an answer break nobody: they are
announced.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Document = Mapping[str, Any]
Direction = Literal["sent", "read"]

_METHODS = ("get", "put", "post", "delete", "head")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaking_changes(old: Document, new: Document) -> list[str]:
    """What would break somebody, each as `place: what`; empty when the change is compatible."""
    return list(_Comparison(old, new).operations())


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new

    def operations(self) -> Iterator[str]:
        for path, item in self._old["paths"].items():
            for method in _METHODS:
                if method not in item:
                    continue
                place = f"{method.upper()} {path}"
                after = self._new["paths"].get(path, {}).get(method)
                if after is None:
                    yield f"{place}: was removed"
                    continue
                if item[method].get("operationId") != after.get("operationId"):
                    yield f"{place}: operationId changed"
                yield from self._parameters(item[method], after, place)
                yield from self._body(item[method].get("requestBody"), after.get("requestBody"), place)
                yield from self._answers(item[method]["responses"], after["responses"], place)

    def _parameters(self, old: Document, new: Document, place: str) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", ())}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", ())}
        for key, parameter in before.items():
            where = f"{place} {key[0]} {key[1]}"
            if key not in after:
                yield f"{where}: was removed"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{where}: became required"
            yield from self._schema(parameter["schema"], after[key]["schema"], "sent", where, ())
        for key, parameter in after.items():
            if key not in before and parameter.get("required"):
                yield f"{place} {key[0]} {key[1]}: was added as required"

    def _body(self, old: Document | None, new: Document | None, place: str) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required"):
                yield f"{place}: a body became required"
            return
        if new is None:
            yield f"{place}: the body was removed"
            return
        if new.get("required") and not old.get("required"):
            yield f"{place}: the body became required"
        yield from self._content(old, new, "sent", f"{place} body")

    def _answers(self, old: Document, new: Document, place: str) -> Iterator[str]:
        for status, answer in old.items():
            if not status.startswith("2"):
                continue
            if status not in new:
                yield f"{place} {status}: was removed"
            else:
                yield from self._content(answer, new[status], "read", f"{place} {status}")

    def _content(self, old: Document, new: Document, direction: Direction, place: str) -> Iterator[str]:
        for media_type, content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{place} {media_type}: was removed"
                continue
            after = new["content"][media_type].get("schema", {})
            yield from self._schema(content.get("schema", {}), after, direction, place, ())

    def _schema(
        self, old: Any, new: Any, direction: Direction, place: str, seen: tuple[tuple[str, str], ...]
    ) -> Iterator[str]:
        refs = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(refs):
            if refs in seen:
                return
            seen = (*seen, refs)
        before, after = _variants(old, self._old), _variants(new, self._new)
        # Each form of a value that one side may send must be one that the other side knows.
        needed, known = (before, after) if direction == "sent" else (after, before)
        for variant in needed:
            found = [
                list(
                    self._simple(variant, other, direction, place, seen)
                    if direction == "sent"
                    else self._simple(other, variant, direction, place, seen)
                )
                for other in known
            ]
            if not any(not faults for faults in found):
                yield from min(found, key=len, default=[f"{place}: takes no value any more"])

    def _simple(
        self, old: Document, new: Document, direction: Direction, place: str, seen: tuple[tuple[str, str], ...]
    ) -> Iterator[str]:
        if old.get("type") != new.get("type") and not _wider(old, new, direction):
            yield f"{place}: {old.get('type', 'anything')} became {new.get('type', 'anything')}"
            return
        if direction == "sent":
            yield from _narrowed(old, new, place)
        yield from self._fields(old, new, direction, place, seen)
        if "items" in old and "items" in new:
            yield from self._schema(old["items"], new["items"], direction, f"{place}[]", seen)

    def _fields(
        self, old: Document, new: Document, direction: Direction, place: str, seen: tuple[tuple[str, str], ...]
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            if name not in after:
                yield f"{place}.{name}: was removed"
            else:
                yield from self._schema(before[name], after[name], direction, f"{place}.{name}", seen)
        changed = new_required - old_required if direction == "sent" else (old_required - new_required) & set(after)
        word = "became required" if direction == "sent" else "became optional"
        yield from (f"{place}.{name}: {word}" for name in sorted(changed))


def _variants(schema: Document, root: Document) -> list[Document]:
    """The simple forms that a value may have: references followed, `anyOf` and lists of types taken apart."""
    if "$ref" in schema:
        target = root["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _variants(target, root)
    if "anyOf" in schema:
        return [variant for one in schema["anyOf"] for variant in _variants(one, root)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": one} for one in schema["type"]]
    return [schema]


def _wider(old: Document, new: Document, direction: Direction) -> bool:
    """Whether another type still fits: anything may be sent where something was, an integer read where a number was."""
    if direction == "sent":
        return "type" not in new or (old.get("type"), new.get("type")) == ("integer", "number")
    return "type" not in old or (old.get("type"), new.get("type")) == ("number", "integer")


def _narrowed(old: Document, new: Document, place: str) -> Iterator[str]:
    """Limits on what is sent that have become tighter."""
    for keyword in _UPPER:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{place}: {keyword} became {new[keyword]}"
    for keyword in _LOWER:
        if keyword in new and new[keyword] > old.get(keyword, float("-inf")):
            yield f"{place}: {keyword} became {new[keyword]}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{place}: pattern changed"
    if "enum" in new:
        for value in old.get("enum", ["anything"]):
            if value not in new["enum"]:
                yield f"{place}: {value} is no longer allowed"
