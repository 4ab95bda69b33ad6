"""The audit: what was deleted, when, why and how much, for ever, in records that each hold the hash of the one before.

A record of the past cannot be changed, left out or put in without every hash after it being wrong.
"""

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from printworks_common.errors import PrintworksError
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.spreadsheets import as_text

SQL = load_queries("printworks_retention", "sql/queries.sql")

FIRST = "0" * 64
"""What stands before the first record."""

LOCK = 7_203_001
PAGE = 1000

COLUMNS = ("seq", "at", "kind", "run_id", "by", "reason", "orders", "objects", "bytes", "keys_sha256", "hash")
"""Of the export as CSV; the JSON export has all fields."""


class BrokenChainError(PrintworksError):
    """A record of the audit is not what was written, or one is missing."""


@dataclass(frozen=True)
class Entry:
    seq: int
    previous_hash: str
    hash: str
    body: str
    """Canonical JSON: its bytes are what was hashed."""

    def facts(self) -> dict[str, Any]:
        return {"seq": self.seq, **json.loads(self.body), "previous_hash": self.previous_hash, "hash": self.hash}


def canonical(facts: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(previous_hash: str, body: str) -> str:
    return hashlib.sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


def keys_digest(keys: Iterable[tuple[str, str]]) -> str:
    """One SHA-256 over deleted (key, version id) pairs, whatever their order: a line of key, tab, version id each."""
    lines = sorted(f"{key}\t{version_id}" for key, version_id in keys)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


async def append(connection: Connection, kind: str, at: datetime, facts: Mapping[str, Any]) -> None:
    """Add a record, inside the transaction of what it tells: both are there, or neither."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    previous = await connection.fetchval(SQL["last_audit"]) or FIRST
    body = canonical({"at": at.isoformat(), "kind": kind, **facts})
    await connection.execute(SQL["append_audit"], previous, hash_of(previous, body), body, kind, at)


async def read(pool: Pool) -> AsyncIterator[Entry]:
    """All records, oldest first. Raises BrokenChainError (`audit_broken`) at the first that does not fit."""
    after, previous = 0, FIRST
    while True:
        with ground_errors():
            rows = await pool.fetch(SQL["read_audit"], after, PAGE)
        if not rows:
            return
        for row in rows:
            entry = Entry(**row)
            if entry.previous_hash != previous or hash_of(previous, entry.body) != entry.hash:
                raise BrokenChainError(
                    f"Record {entry.seq} of the audit does not follow the one before it.", code="audit_broken"
                )
            previous, after = entry.hash, entry.seq
            yield entry


def csv_line(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def csv_row(entry: Entry) -> str:
    """A record as a line; a reason that somebody wrote is no formula."""
    facts = entry.facts()
    return csv_line(_cell(facts.get(name)) for name in COLUMNS)


def _cell(value: Any) -> object:
    if value is None:
        return ""
    return as_text(value) if isinstance(value, str) else value
