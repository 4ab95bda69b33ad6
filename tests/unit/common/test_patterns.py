"""No text makes a regular expression slow: each one in services/ and libs/common is attacked where it repeats.

An attack is made from the pattern itself: what leads to one of its repeats, then what is repeated, thousands of times,
then something that lets the match fail. Time is the CPU's, so that a busy machine is not taken for a slow pattern.
"""

import ast
import re
import re._parser as parser  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]  # made for no typed use
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import regex
from printworks_local.stack.model import checkout_root

ROOT = checkout_root()
FUNCTIONS = frozenset({"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"})
ANCHORED = frozenset({"match", "fullmatch"})
TIMES = 14_000
"""With work that grows like the square, 100 million steps and more: about a second."""
MAX_SECONDS = 0.2

OWN_OUTPUT = frozenset({"diamond/readback.py", "diamond/workbook.py"})
"""They read files back that the engine has just written, and in them nothing that a customer has."""

GENERIC = ("a", "0", " ", "A", "/", "<", "@", ".", "-", "\n", "{", "://", "a/", "a:", "\u0301", "\xff")

Place = tuple[str, str | bytes, str, bool]
"""File and line, pattern, module (`re` or `regex`), whether it is looked for anywhere in a text and not only at its
beginning."""


def _seeks(text: str, line: int) -> bool:
    """Whether the pattern that this line names is used for more than matching from the beginning, or elsewhere."""
    name = re.match(r"(\w+) = ", text.splitlines()[line - 1])
    uses = set(re.findall(rf"\b{name[1]}\.(\w+)\(", text)) if name else set[str]()
    return not uses or not uses <= ANCHORED


def places() -> Iterator[Place]:
    for path in sorted([*ROOT.glob("services/*/printworks_*/**/*.py"), *ROOT.glob("libs/common/**/*.py")]):
        text = path.read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(text)):
            match call:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re" | "regex" as module), attr=name),
                    args=[ast.Constant(value=str() | bytes() as pattern), *_],
                ) if name in FUNCTIONS:
                    yield (
                        f"{path.relative_to(ROOT)}:{call.lineno}",
                        pattern,
                        module,
                        name not in ANCHORED and _seeks(text, call.lineno),
                    )
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re" | "regex"), attr=name)) if name in FUNCTIONS:
                    raise AssertionError(f"{path}:{call.lineno} makes its pattern at run time: attack it by a test")
                case _:
                    pass


PLACES = [one for one in places() if not one[0].partition(":")[0].endswith(tuple(OWN_OUTPUT))]


def sample(tokens: Any) -> str:
    """A short text that the tokens match, or nearly so."""
    return "".join(_sample_of(str(kind), value) for kind, value in tokens)


def _sample_of(kind: str, value: Any) -> str:
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL" | "ANY":
            return "a"
        case "IN":
            return _member(value)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return sample(value[2]) * max(1, value[0])
        case "SUBPATTERN":
            return sample(value[3])
        case "BRANCH":
            return sample(value[1][0])
        case _:
            return ""


def _member(options: Any) -> str:
    matching = re.compile(parser_text(options))
    return next((one for one in ("a", "A", "0", "_", "-", "/", " ") if matching.fullmatch(one)), "\u00e9")


def parser_text(options: Any) -> str:
    """A class of characters, written again."""
    categories = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_SPACE": r"\S"}
    text = ""
    for kind, value in options:
        match str(kind):
            case "NEGATE":
                text += "^"
            case "RANGE":
                text += f"\\U{value[0]:08x}-\\U{value[1]:08x}"
            case "LITERAL":
                text += f"\\U{value:08x}"
            case _:
                text += categories[str(value)]
    return f"[{text}]"


def pumps(tokens: Any, lead: str = "") -> Iterator[tuple[str, str]]:
    """Of each repeat: what leads to it, and what it repeats."""
    for kind, value in tokens:
        match str(kind):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield lead, sample(value[2])
                yield from pumps(value[2], lead)
            case "SUBPATTERN":
                yield from pumps(value[3], lead)
            case "BRANCH":
                for branch in value[1]:
                    yield from pumps(branch, lead)
            case _:
                pass
        lead += _sample_of(str(kind), value)


def attacks(pattern: str | bytes, module: str) -> Iterator[str]:
    found = {("", unit) for unit in GENERIC}
    if module == "re":
        tokens = parser.parse(pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern)
        found |= set(pumps(tokens)) | {("", sample(tokens))}
        found |= {("", lead + unit) for lead, unit in pumps(tokens)}
    for lead, unit in sorted(found):
        yield lead + unit * TIMES + "\n!"


def slowest(pattern: Any, module: str, seeks: bool, times: tuple[int, ...] = (11, TIMES)) -> float:
    """Seconds of CPU of the worst attack, the short form of each first: a pattern may be exponential."""
    compiled: Any = re.compile(pattern) if module == "re" else regex.compile(pattern)
    worst = 0.0
    for attack in attacks(pattern, module):
        for length in times:
            text = attack if length == TIMES else attack[: length * 2] + "\n!"
            subject = text.encode("latin-1", "replace") if isinstance(pattern, bytes) else text
            begun = time.process_time()
            if seeks:
                for _ in compiled.finditer(subject):
                    pass
            compiled.fullmatch(subject)
            worst = max(worst, time.process_time() - begun)
            if worst > MAX_SECONDS:
                return worst
    return worst


@pytest.mark.parametrize(
    ("place", "pattern", "module", "seeks"), PLACES, ids=[one[0].rpartition("/")[2] for one in PLACES]
)
def test_no_text_makes_a_pattern_slow(place: str, pattern: str | bytes, module: str, seeks: bool) -> None:
    assert slowest(pattern, module, seeks) < MAX_SECONDS, place


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"[a-z][a-z0-9+.-]*://"])
def test_slow_patterns_are_recognised(pattern: str) -> None:
    assert slowest(pattern, "re", seeks=True) > MAX_SECONDS


def test_the_search_for_patterns_finds_them() -> None:
    assert {"logs.py", "attributes.py", "structure.py"} <= {Path(place.partition(":")[0]).name for place, *_ in PLACES}
