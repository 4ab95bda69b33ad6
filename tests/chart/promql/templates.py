"""Annotations with `{{ $value | humanizeDuration }}` and `{{ $labels.topic }}` in them."""

import re
from collections.abc import Callable, Mapping

from tests.chart.promql.series import UnknownError

_FIELD = re.compile(r"\{\{\s*\$(?:value|labels\.(?P<label>\w+))(?:\s*\|\s*(?P<form>\w+))?\s*\}\}")


def fill(text: str, value: float, labels: Mapping[str, str]) -> str:
    """The text with its fields filled in. Raises UnknownError for other templates."""

    def field(found: re.Match[str]) -> str:
        if found["label"]:
            if found["form"]:
                raise UnknownError(found[0])
            return labels.get(found["label"], "")
        form = FORMS.get(found["form"] or "")
        if form is None:
            raise UnknownError(found[0])
        return form(value)

    filled = _FIELD.sub(field, text)
    if "{{" in filled:
        raise UnknownError(text)
    return filled


def plain(value: float) -> str:
    """As Go prints a number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)


def humanize(value: float) -> str:
    """4 digits and k, M, G, …"""
    for prefix in ("", "k", "M", "G", "T", "P"):
        if abs(value) < 1000:
            if 0 < abs(value) < 1:
                raise UnknownError(f"{value}: small numbers have prefixes of their own")
            return f"{value:.4g}{prefix}"
        value /= 1000
    raise UnknownError(str(value))


def humanize_duration(value: float) -> str:
    """Days, hours, minutes, seconds; below a minute 4 digits."""
    if value < 1 and value != 0:
        raise UnknownError(f"{value}: small and negative durations have forms of their own")
    if value < 60:
        return f"{value:.4g}s"
    minutes, seconds = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    first = next(i for i, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number}{unit}" for number, unit in parts[first:])


def humanize_percentage(value: float) -> str:
    return f"{value * 100:.4g}%"


FORMS: Mapping[str, Callable[[float], str]] = {
    "": plain,
    "humanize": humanize,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
}
