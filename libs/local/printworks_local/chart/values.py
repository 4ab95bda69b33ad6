"""values.yaml of the chart as a list of values: place, default, the comment's text and what it says of the schema.

Comments are read line by line, since a YAML parser drops them: `# --` begins the text of a value, further comment
lines carry it on, `# @schema WORDS` says what the default does not show.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z0-9_]+):(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml. `text` is empty where the comment has none; `kind` holds the words after `@schema`."""

    path: tuple[str, ...]
    default: Any
    text: str
    kind: str


def read_values(source: str) -> list[Value]:
    """Every key in the order of the file, those with children before their children.

    Keys inside a default that the schema calls a whole (`strings`, `objects`, …) are no values of their own.
    """
    tree = yaml.safe_load(source)
    values: list[Value] = []
    whole: tuple[str, ...] | None = None
    for path, text, kind in _keys(source):
        if whole is not None and path[: len(whole)] == whole:
            continue
        default = _at(tree, path)
        whole = path if kind and kind != "role" else None
        values.append(Value(path, default, text, kind))
    return values


def _keys(source: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    path: list[str] = []
    text: list[str] = []
    kind = ""
    speaking = False
    for line in source.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            words = stripped[1:].strip()
            if words.startswith("@schema "):
                kind, speaking = words.removeprefix("@schema ").strip(), False
            elif words.startswith("-- "):
                text, speaking = [words[3:]], True
            elif speaking:
                text.append(words)
            continue
        match = _KEY.match(line)
        if match is not None:
            depth = len(match["indent"]) // 2
            path = [*path[:depth], match["key"]]
            yield tuple(path), " ".join(text), kind
        text, kind, speaking = [], "", False


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree
