"""Texts of others in CSV files. Pure.

A spreadsheet guesses what a CSV file holds, and takes for a formula what begins like one: what a merchant or a customer
has written would be run by whoever opens the file (OWASP, CSV injection). Workbooks need none of this: their cells say
that they are text.
"""

_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def as_text(value: str) -> str:
    """The value as it is, or with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) or value.lstrip().startswith(_FORMULA_STARTS) else value
