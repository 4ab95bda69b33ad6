"""Pages of the documentation that are made from code: written, or compared with what lies in `docs/`."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from printworks_local.stack.model import checkout_root

NOTE = "<!-- Made by `python -m {module}`. Change the code and run it again. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a `|` inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def sentence(text: str) -> str:
    """Descriptions stand in code with and without capital and full stop; on a page they all have both.

    What begins with a value (`kid:base64`, `json, console`) keeps its spelling.
    """
    text = text.strip()
    if not text:
        return ""
    first = text.split(" ", 1)[0]
    return (text[0].upper() + text[1:] if first.isalpha() else text) + ("" if text.endswith((".", "!", "?")) else ".")


def page_command(module: str, page: str, render: Callable[[], str], arguments: Sequence[str] | None = None) -> int:
    """`[--check]`: write `page` (a path below the checkout), or only say whether it is as it would be written."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=f"Write {page}.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is out of date")
    chosen = parser.parse_args(arguments)
    path = checkout_root() / page
    text = f"{NOTE.format(module=module)}\n\n{render().strip()}\n"
    if not chosen.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return 0
    if is_current(path, text):
        return 0
    print(f"{page} is out of date: run `python -m {module}`.", file=sys.stderr)
    return 1


def is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
