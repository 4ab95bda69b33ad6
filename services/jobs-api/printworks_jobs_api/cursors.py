"""Page cursors: opaque to clients, a place in a sorted list (sort, value of the sort column, id) for us.

A cursor is not signed: it says where to go on, never whose rows; a changed one leads to another place in the same
shop's list or is refused.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from printworks_jobs_api.problems import ProblemError


@dataclass(frozen=True)
class Cursor:
    """After this row the next page begins. `value` is a moment or a number, as the sort has it."""

    sort: str
    value: datetime | int
    row_id: str

    def encode(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        document = json.dumps([self.sort, value, self.row_id], separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).rstrip(b"=").decode("ascii")


def decode(text: str, sort: str) -> Cursor:
    """The place that a cursor names. Raises ProblemError 400 `invalid_cursor` for anything that this list did not
    give out under the same sort."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
        named, value, row_id = found
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise _invalid() from error
    if named != sort or not isinstance(row_id, str):
        raise _invalid()
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise _invalid() from error
        if moment.tzinfo is None:
            raise _invalid()
        return Cursor(sort, moment, row_id)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise _invalid()
    return Cursor(sort, value, row_id)


def _invalid() -> ProblemError:
    return ProblemError(
        400, "invalid_cursor", "The cursor cannot be used here. Begin again without it, or keep the same sort."
    )
