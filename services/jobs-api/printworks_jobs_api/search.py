"""Search keys: order numbers and names in a form in which case, accents, width and invisible characters do not count.

Made in Python for both sides, the stored row and the query, so that a match does not depend on a database's locale.
"""

import unicodedata

_FOLDED = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n",
    "'": "", "’": "", "‘": "", "ʼ": "", "`": "", "´": "",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
    "ـ": "",
})  # fmt: skip

MIN_SUBSTRING = 3
"""From this many characters on a query is found anywhere; a shorter one at the beginning of a word."""

_FIRST_ACCENT_CLASS = 10
"""Canonical combining classes below belong to letters themselves (nukta, kana voicing, virama); from here on they are
accents, vowel points and the like, which people leave out when they search."""


def fold(text: str) -> str:
    """The comparable form: `Ångström  GÖRAN` gives `angstrom goran`. Words are separated by one blank."""
    lowered = unicodedata.normalize("NFKD", text).casefold()
    plain: list[str] = []
    for char in unicodedata.normalize("NFKD", lowered):
        if unicodedata.combining(char) >= _FIRST_ACCENT_CLASS:
            continue
        kind = unicodedata.category(char)
        if kind == "Cf":
            continue
        plain.append(" " if kind.startswith(("C", "Z")) else char)
    return " ".join("".join(plain).translate(_FOLDED).split())


def search_key(order_name: str, customer_name: str | None) -> str:
    """What a row is searched by: order number, then customer name. Every word has a blank before it, so that the
    beginning of a word can be asked for; the number is there with and without its prefix (`#1001`, `1001`)."""
    number = fold(order_name)
    bare = number.lstrip("#")
    parts = [number] if bare == number else [number, bare]
    return f" {' '.join(parts)} | {fold(customer_name or '')}"


def like_pattern(query: str) -> str | None:
    """LIKE pattern (escape character backslash) for a search key, or None when nothing is asked for."""
    wanted = fold(query)
    if not wanted:
        return None
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if len(wanted) >= MIN_SUBSTRING else f"% {escaped}%"
