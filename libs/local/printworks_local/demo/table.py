"""The table of orders as plain lines: one per change, readable in a terminal and in a log."""

from printworks_local.demo.follow import Followed

COLUMNS = (("order", 6), ("line items", 44), ("status", 8), ("print jobs", 30), ("tag", 19), ("metafields", 26))


def header() -> str:
    names = "  ".join(name.ljust(width) for name, width in COLUMNS)
    line = f"{names}  {'files':>5}  {'seconds':>7}"
    return f"{line}\n{'-' * len(line)}"


def row(followed: Followed) -> str:
    shopify = followed.shopify
    links = len(shopify.artwork_files or ())
    metafields = "-" if shopify.artwork_status is None else f"{shopify.artwork_status}, {links} links"
    cells = (
        followed.case.name,
        followed.case.titles,
        followed.status,
        ", ".join(_job(job["status"], job["step"], job["reason_code"]) for job in followed.jobs) or "-",
        ", ".join(shopify.tags) or "-",
        metafields,
    )
    text = "  ".join(_cut(cell, width) for cell, (_, width) in zip(cells, COLUMNS, strict=True))
    seconds = f"{followed.seconds:.2f}" if followed.seconds else "-"
    return f"{text}  {len(followed.files) or '-':>5}  {seconds:>7}"


def _job(status: str, step: str | None, reason: str | None) -> str:
    return step or reason or status


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
