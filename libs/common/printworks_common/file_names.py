"""Names of files from a template such as `{order}/{sku}-{line}-{role}.{ext}`: safe on every file system. Pure.

What a field stands for is a merchant's or a customer's text: it never makes a folder, never leaves its folder, and is
never a name that a file system gives a meaning of its own.
"""

import re
import unicodedata
from collections.abc import Mapping

FIELDS: Mapping[str, str] = {
    "order": "order name without #",
    "order_id": "Shopify's id of the order",
    "date": "order date, 2026-11-25",
    "line": "Shopify's id of the line item",
    "sku": "SKU of the line item",
    "product": "product title",
    "variant": "variant title",
    "quantity": "quantity to be printed",
    "template": "template id",
    "area": "side or part of the product",
    "role": "print, preview, pattern, …; upload for a customer's picture",
    "version": "artwork version",
    "name": "the file's own name without its ending",
    "ext": "ending that fits the file's type",
}
"""Fields of a template, and what each stands for."""

MAX_TEMPLATE = 200
MAX_FOLDERS = 5
MAX_PATH_BYTES = 200
"""Whole path in UTF-8. Old Windows programs end at 260 characters, and the path is unpacked somewhere."""
_MAX_SEGMENT_BYTES = 120

_FIELD = re.compile(r"\{([^{}]*)\}")
_ENDINGS = frozenset({
    "pdf", "tif", "tiff", "png", "jpg", "jpeg", "webp", "svg", "xlsx", "csv", "json", "avif", "heic", "gif", "bmp",
})  # fmt: skip
# What Windows opens as a device, whatever the ending.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789¹²³"}
)


class NameTemplateError(ValueError):
    """The template cannot be used; the text says why, for the person who wrote it."""


class NameTemplate:
    """A template that was read. `render` gives the same name for the same values, for ever."""

    def __init__(self, text: str) -> None:
        """Raises NameTemplateError for a template that could not give good names."""
        self.text = text
        if not 1 <= len(text) <= MAX_TEMPLATE or not text.isprintable():
            raise NameTemplateError(f"A template has 1 to {MAX_TEMPLATE} printable characters.")
        self.fields = frozenset(_FIELD.findall(text))
        unknown = sorted(self.fields - FIELDS.keys())
        if unknown:
            raise NameTemplateError(f"{{{unknown[0]}}} is not a field. There are {', '.join(FIELDS)}.")
        if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
            raise NameTemplateError("A brace has no partner.")
        if "\\" in text:
            raise NameTemplateError("Folders are parted by /, not by a backslash.")
        self._segments = text.split("/")
        if any(not segment.strip(" .") for segment in self._segments):
            raise NameTemplateError("No part between slashes may be empty, or dots and blanks alone.")
        if len(self._segments) > MAX_FOLDERS + 1:
            raise NameTemplateError(f"At most {MAX_FOLDERS} folders can stand in a name.")
        if not self.fields:
            raise NameTemplateError("Without a field all files would have the same name.")

    def render(self, values: Mapping[str, str]) -> str:
        """The path of a file, with / between folders. `values` has every field; `version` is a number in digits.

        The ending is always the one of the file's type, also where the template names another. From the second artwork
        version on `-v2` is added where the template has no `{version}`: no file is replaced while it is being printed.
        """
        suffix = "" if "version" in self.fields or int(values["version"]) < 2 else f"-v{values['version']}"
        limit = min(_MAX_SEGMENT_BYTES, MAX_PATH_BYTES // len(self._segments))
        *folders, last = (_FIELD.sub(lambda match: _value(values[match[1]]), segment) for segment in self._segments)
        stem = _without_ending(last, values["ext"])
        ending = f".{_value(values['ext'])}"
        name = _segment(stem, limit - len(ending) - len(suffix)) + suffix + ending
        return "/".join([*(_segment(folder, limit) for folder in folders), name])


def with_mark(path: str, mark: str) -> str:
    """The path with `-mark` before its ending: for a second file that would have the same name."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return f"{path}-{mark}"
    kept = _cut(stem, _MAX_SEGMENT_BYTES - len(mark) - len(ending) - 2).rstrip(" .")
    return f"{folder}{slash}{kept}-{mark}.{ending}"


def collision_key(path: str) -> str:
    """Two paths with the same key are one file on some file system: case and Unicode form do not count there."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", path).casefold())


def _value(text: str) -> str:
    """A value as part of a name: nothing in it parts folders or means something to a file system or a shell."""
    kept = "".join("_" if char in '/\\"<>:|?*%' or not char.isprintable() else char for char in text)
    return unicodedata.normalize("NFC", kept).strip()


def _segment(text: str, limit: int) -> str:
    """One folder or stem: no leading dot or dash, no dot or blank at the end, not a device, not too long, not empty."""
    kept = _value(text).lstrip(" .-~").rstrip(" .")
    kept = _cut(kept, limit).rstrip(" .") or "_"
    return f"_{kept}" if kept.split(".")[0].casefold() in _DEVICES else kept


def _cut(text: str, limit: int) -> str:
    return text.encode()[: max(1, limit)].decode("utf-8", "ignore")


def _without_ending(name: str, ext: str) -> str:
    """The name without an ending that names a type of file, its own or another's."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and ending.casefold() in _ENDINGS | {ext} else name
