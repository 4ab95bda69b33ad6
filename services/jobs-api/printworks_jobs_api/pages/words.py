"""How the pages say things: statuses, moments, lengths of time, sizes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class StatusWord:
    """A status for people. `icon` is a name in `icons.html`; colour is never the only sign."""

    word: str
    icon: str


STATUSES = {
    "pending": StatusWord("In progress", "clock"),
    "ready": StatusWord("Ready", "check"),
    "failed": StatusWord("Failed", "alert"),
    "cancelled": StatusWord("Cancelled", "stop"),
    "cleared": StatusWord("Cleared", "archive"),
}
NO_STATUS = StatusWord("Nothing to print", "stop")

STEPS = {
    "pinning": "fetching pictures",
    "queued": "waiting to render",
    "rendering": "rendering",
    "delivering": "copying to your storage",
}
ASKED = {
    "retry": "Retry sent",
    "rerender": "Re-render sent",
    "cancel": "Cancel sent",
    "replace_input": "New picture sent",
    "redeliver": "Delivery sent",
}
EVENTS = {
    "paid": "Order paid",
    "inputs_pinned": "Pictures fetched and kept",
    "render_requested": "Rendering asked for",
    "requeued": "Queued again",
    "rendered": "Files made",
    "ready": "Files ready",
    "redelivery_requested": "Delivery asked for",
    "redelivered": "Files delivered",
    "redelivery_failed": "Delivery failed",
    "redelivery_dropped": "Delivery dropped: no storage of your own",
    "failed": "Failed",
    "retried": "Retried",
    "rerender_requested": "Re-render asked for",
    "input_replaced": "Picture replaced",
    "line_edited": "Line item edited",
    "line_restored": "Line item restored",
    "quantity_changed": "Quantity changed",
    "cancelled": "Cancelled",
    "cleared": "Files cleared",
    "written": "Written on Shopify",
}


def status_word(status: str | None) -> StatusWord:
    """A status of a newer version is shown as it is."""
    return NO_STATUS if status is None else STATUSES.get(status, StatusWord(status.capitalize(), "clock"))


def reason_title(code: str) -> str:
    """A reason in two or three words, for filters: `Upload missing`."""
    return code.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Moment:
    """A moment for people: `text` whole and with its zone, `short` for lists, `ago` in words; `machine` is for the
    `datetime` attribute."""

    text: str
    short: str
    ago: str
    machine: str


def moment(at: datetime, now: datetime, zone: tzinfo) -> Moment:
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    return Moment(
        text=f"{_day(local.date(), with_year=True)}, {local:%H:%M} {zone_label(zone, at)}",
        short=f"{_near_day(local.date(), today)}, {local:%H:%M}",
        ago=f"{duration(now - at)} ago",
        machine=at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def day(one: date) -> str:
    """`23 Nov 2026`"""
    return _day(one, with_year=True)


def zone_label(zone: tzinfo, at: datetime) -> str:
    """`Europe/Berlin (UTC+01:00)`; `UTC` alone for UTC."""
    name = zone.key if isinstance(zone, ZoneInfo) else "UTC"
    if name in {"UTC", "Etc/UTC"}:
        return "UTC"
    offset = at.astimezone(zone).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{name} (UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02})"


def duration(length: timedelta) -> str:
    """A length of time in one unit, as people say it: `34 s`, `12 min`, `3 h`, `5 days`."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    for limit, size, unit in ((90, 1, "s"), (90 * 60, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86400)} days"


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1000:
        return f"{count} bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    raise AssertionError("every number has a unit")


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 print job`, `2 print jobs`, `1,234 print jobs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def file_label(file: Mapping[str, Any]) -> str:
    """`Print PDF`, `Pattern (front) PDF`: what a file is for and its format."""
    kind = str(file["facts"].get("format") or file["media_type"].rpartition("/")[2]).upper()
    area = file["facts"].get("area")
    return " ".join(part for part in (str(file["role"]).capitalize(), f"({area})" if area else "", kind) if part)


def file_spec(file: Mapping[str, Any]) -> str:
    """`300 DPI · 4960 × 7016 · PDF · sRGB · 3 mm bleed`, as far as it is known."""
    facts: Mapping[str, Any] = file["facts"]
    pages = facts.get("pages") or 1
    parts = [
        f"{facts['dpi']:g} DPI" if facts.get("dpi") else "",
        f"{facts['width_px']} × {facts['height_px']}" if facts.get("width_px") else "",
        str(facts.get("format") or "").upper(),
        facts.get("colour_space") or "",
        f"{facts['bleed_mm']:g} mm bleed" if facts.get("bleed_mm") else "",
        f"{facts['width_mm']:g} × {facts['height_mm']:g} mm" if facts.get("width_mm") else "",
        f"{pages} pages" if pages > 1 else "",
        size(file["bytes"]),
    ]
    return " · ".join(part for part in parts if part)


def _day(one: date, *, with_year: bool) -> str:
    return f"{one.day} {one:%b %Y}" if with_year else f"{one.day} {one:%b}"


def _near_day(one: date, today: date) -> str:
    if one == today:
        return "Today"
    if one == today - timedelta(days=1):
        return "Yesterday"
    if one.year != today.year:
        return _day(one, with_year=True)
    return f"{one:%a} {_day(one, with_year=False)}"
