"""Whether a newer JSON Schema of an event still fits all records and readers of the older one. Pure.

The rule within a version of an event type: only optional fields are added. Nothing is removed, renamed, made required
or optional, or changed in type or limits; anything else is a new type with a new version at its end.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_WORDS = frozenset({"title", "description", "examples", "default", "$defs", "$schema", "$id", "deprecated"})
"""Keywords that admit or refuse nothing."""


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What would break somebody, each as `path: what`; empty when the change is compatible."""
    return list(_compare(old, new, old, new, "$", frozenset()))


def _compare(
    old: Any, new: Any, old_root: Schema, new_root: Schema, path: str, seen: frozenset[tuple[str, str]]
) -> Iterator[str]:  # fmt: skip
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        refs = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if any(refs):
            if refs in seen:
                return
            seen |= {refs}
        yield from _compare_objects(_resolve(old, old_root), _resolve(new, new_root), old_root, new_root, path, seen)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _compare(before, after, old_root, new_root, f"{path}[{index}]", seen)
    elif old != new:
        yield f"{path}: {_short(old)} became {_short(new)}"


def _compare_objects(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str, seen: frozenset[tuple[str, str]]
) -> Iterator[str]:  # fmt: skip
    yield from _compare_fields(old, new, old_root, new_root, path, seen)
    for keyword in sorted((set(old) | set(new)) - _WORDS - {"properties", "required"}):
        where = f"{path}.{keyword}"
        if keyword not in new:
            yield f"{where}: was removed"
        elif keyword not in old:
            yield f"{where}: was added"
        elif keyword in {"enum", "const", "type"}:
            if old[keyword] != new[keyword]:
                yield f"{where}: {_short(old[keyword])} became {_short(new[keyword])}"
        else:
            yield from _compare(old[keyword], new[keyword], old_root, new_root, where, seen)


def _compare_fields(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str, seen: frozenset[tuple[str, str]]
) -> Iterator[str]:  # fmt: skip
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(set(before) - set(after)):
        yield f"{path}.{name}: was removed"
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(new_required - old_required):
        yield f"{path}.{name}: became required" if name in before else f"{path}.{name}: was added as required"
    for name in sorted((old_required - new_required) & set(after)):
        yield f"{path}.{name}: became optional"
    for name in sorted(set(before) & set(after)):
        yield from _compare(before[name], after[name], old_root, new_root, f"{path}.{name}", seen)


def _resolve(schema: Schema, root: Schema) -> Schema:
    """The schema with its local `$ref` put in; what stands beside the reference holds too."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    target = root["$defs"][reference.removeprefix("#/$defs/")]
    return {**_resolve(target, root), **{key: value for key, value in schema.items() if key != "$ref"}}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
