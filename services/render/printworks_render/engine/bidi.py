"""Order of mixed left-to-right and right-to-left text: the Unicode Bidirectional Algorithm (UAX #9).

Implemented for one paragraph without explicit embeddings: formatting characters (LRE, RLO, isolates, …) are taken as
boundary neutrals, since a line of text on a print has no use for them. Rules are named as in the standard.
"""

import unicodedata

_STRONG = {"L", "R", "AL"}
_NEUTRAL = {"B", "S", "WS", "ON"}
_REMOVED = {"LRE", "RLE", "LRO", "RLO", "PDF", "BN", "LRI", "RLI", "FSI", "PDI"}
_PAIRS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "«": "»",
    "‹": "›",
    "⟨": "⟩",
    "「": "」",
    "『": "』",
    "【": "】",
    "〈": "〉",
    "《": "》",
}
_CLOSERS = {close: opener for opener, close in _PAIRS.items()}


def base_level(text: str) -> int:
    """0 for left-to-right, 1 for right-to-left: the first strong character decides (P2, P3)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in _STRONG:
            return 0 if kind == "L" else 1
    return 0


def levels(text: str, base: int) -> list[int]:
    """Embedding level of each character; odd levels run from right to left."""
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    original = list(kinds)
    _resolve_weak(kinds, base)
    _resolve_brackets(text, kinds, base)
    _resolve_neutral(kinds, base)
    result = [_implicit(kind, base) for kind in kinds]
    # L1: white space at the end of the line, and separators, follow the paragraph.
    at_end = True
    for index in range(len(text) - 1, -1, -1):
        if original[index] in {"B", "S"}:
            result[index], at_end = base, True
        elif original[index] in {"WS"} | _REMOVED:
            result[index] = base if at_end else result[index]
        else:
            at_end = False
    return result


def visual_runs(text: str, base: int, start: int = 0, end: int | None = None) -> list[tuple[int, int, int]]:
    """Runs (start, end, level) of one line in visual order, left to right (L2)."""
    end = len(text) if end is None else end
    found = levels(text[start:end], base)
    runs: list[tuple[int, int, int]] = []
    for index, level in enumerate(found):
        if runs and runs[-1][2] == level:
            runs[-1] = (runs[-1][0], start + index + 1, level)
        else:
            runs.append((start + index, start + index + 1, level))
    if not runs:
        return []
    for level in range(max(run[2] for run in runs), 0, -1):
        at = 0
        while at < len(runs):
            if runs[at][2] < level:
                at += 1
                continue
            stop = at
            while stop < len(runs) and runs[stop][2] >= level:
                stop += 1
            runs[at:stop] = reversed(runs[at:stop])
            at = stop
    return runs


def _resolve_weak(kinds: list[str], base: int) -> None:
    edge = "R" if base else "L"
    _resolve_marks_and_arabic(kinds, edge)
    _resolve_separators(kinds)
    strong = edge
    for index, kind in enumerate(kinds):
        if kind in {"ES", "ET", "CS"} | _REMOVED:  # W6
            kinds[index] = "ON"
        elif kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            kinds[index] = "L"


def _resolve_marks_and_arabic(kinds: list[str], edge: str) -> None:
    before, strong = edge, edge
    for index, kind in enumerate(kinds):
        if kind == "NSM":  # W1
            kinds[index] = before
        elif kind == "EN" and strong == "AL":  # W2
            kinds[index] = "AN"
        elif kind in _STRONG:
            strong = kind
        if kinds[index] not in _REMOVED:
            before = kinds[index]
    for index, kind in enumerate(kinds):
        if kind == "AL":  # W3
            kinds[index] = "R"


def _resolve_separators(kinds: list[str]) -> None:
    for index in range(1, len(kinds) - 1):  # W4
        left, right = kinds[index - 1], kinds[index + 1]
        if left == right and (
            (kinds[index] == "ES" and left == "EN") or (kinds[index] == "CS" and left in {"EN", "AN"})
        ):
            kinds[index] = left
    for index, kind in enumerate(kinds):  # W5
        if kind == "EN":
            for step in (-1, 1):
                at = index + step
                while 0 <= at < len(kinds) and kinds[at] in {"ET"} | _REMOVED:
                    kinds[at] = "EN"
                    at += step


def _direction(kind: str) -> str | None:
    """Strong direction as the neutral rules see it: numbers count as right-to-left."""
    return "L" if kind == "L" else "R" if kind in {"R", "EN", "AN"} else None


def _resolve_brackets(text: str, kinds: list[str], base: int) -> None:
    """N0."""
    own = "R" if base else "L"
    opened: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for index, char in enumerate(text):
        if kinds[index] != "ON":
            continue
        if char in _PAIRS:
            opened.append((char, index))
        elif char in _CLOSERS:
            for depth in range(len(opened) - 1, -1, -1):
                if opened[depth][0] == _CLOSERS[char]:
                    pairs.append((opened[depth][1], index))
                    del opened[depth:]
                    break
    for start, end in sorted(pairs):
        inside = {_direction(kind) for kind in kinds[start + 1 : end]} - {None}
        if own in inside:
            kinds[start] = kinds[end] = own
        elif inside:
            other = "L" if own == "R" else "R"
            before = next((d for kind in reversed(kinds[:start]) if (d := _direction(kind))), own)
            kinds[start] = kinds[end] = other if before == other else own


def _resolve_neutral(kinds: list[str], base: int) -> None:
    """N1, N2."""
    own = "R" if base else "L"
    index = 0
    while index < len(kinds):
        if kinds[index] not in _NEUTRAL:
            index += 1
            continue
        stop = index
        while stop < len(kinds) and kinds[stop] in _NEUTRAL:
            stop += 1
        before = _direction(kinds[index - 1]) if index else own
        after = _direction(kinds[stop]) if stop < len(kinds) else own
        kinds[index:stop] = [before if before == after and before else own] * (stop - index)
        index = stop


def _implicit(kind: str, base: int) -> int:
    """I1, I2."""
    if base == 0:
        return {"R": 1, "AN": 2, "EN": 2}.get(kind, 0)
    return {"L": 2, "AN": 2, "EN": 2}.get(kind, 1)
