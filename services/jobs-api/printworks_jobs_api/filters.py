"""What a list of print jobs or orders is narrowed by and sorted by, and the SQL that follows from it. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from printworks_jobs_api.cursors import Cursor, decode
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.search import like_pattern
from printworks_jobs_api.shops import UNKNOWN_SHOP, ShopFacts

MAX_LIMIT = 250
_MAX_BIGINT = 2**63 - 1


class JobSort(StrEnum):
    """Sorts of the list of print jobs; a minus sign puts the highest value first."""

    NEWEST_ORDER = "-created_at"
    OLDEST_ORDER = "created_at"
    LAST_CHANGED = "-changed"
    FIRST_CHANGED = "changed"
    LAST_QUEUED = "-queued_at"
    FIRST_QUEUED = "queued_at"


_COLUMNS = {"created_at": "created_at", "changed": "change_seq", "queued_at": "queued_at"}


@dataclass(frozen=True)
class JobFilter:
    """Empty fields do not narrow. Dates are days of the shop, in its time zone, both ends included."""

    q: str = ""
    status: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    product: str = ""
    reason: str = ""
    template: str = ""
    order_id: int | None = None
    shop: ShopFacts = UNKNOWN_SHOP


_PART = "(SELECT * FROM {source} WHERE {where} {page})"


@dataclass
class Clauses:
    """WHERE parts that stand for values by number; the shop is always the first value."""

    values: list[Any]
    parts: list[str] = field(default_factory=list[str])
    alternatives: list[str] = field(default_factory=list[str])
    """Parts of which one must hold; no row meets two of them."""
    searched: bool = False

    @staticmethod
    def of_shop(shop: str) -> "Clauses":
        return Clauses(values=[shop], parts=["shop = $1"])

    def add(self, part: str, *values: Any) -> None:
        """Add a part with one `{}` for each value."""
        self.parts.append(part.format(*map(self._place, values)))

    def add_number_or_sku(self, number: int, sku: str) -> None:
        """What is a product's number, else a variant's, else a SKU."""
        product = f"product_id = {self._place(number)}"
        variant = f"variant_id = {self._place(number)}"
        self.alternatives = [
            product,
            f"({variant} AND ({product}) IS NOT TRUE)",
            f"(sku = {self._place(sku)} AND ({product}) IS NOT TRUE AND ({variant}) IS NOT TRUE)",
        ]

    def into(self, query: str, table: str, *, page: str = "", **more: Any) -> str:
        """The query with its `{source}`, `{where}`, `{page}` and what else it leaves open. A search reads the view that
        may use the index of search keys. A page of alternatives is made of a page of each: every index has its rows in
        the page's order, and Postgres does not merge them by itself."""
        source = f"searched_{table}" if self.searched else table
        if page and self.alternatives:
            common = " AND ".join(self.parts)
            pages = [_PART.format(source=source, where=f"{common} AND {one}", page=page) for one in self.alternatives]
            source = f"({' UNION ALL '.join(pages)}) AS {table}"
        return query.format(source=source, where=self.where, page=page, **more)

    @property
    def where(self) -> str:
        either = [f"({' OR '.join(self.alternatives)})"] if self.alternatives else []
        return " AND ".join([*self.parts, *either])

    def _place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def job_clauses(shop: str, wanted: JobFilter) -> Clauses:
    """The filter as SQL over `jobs`."""
    clauses = Clauses.of_shop(shop)
    _add_search(clauses, wanted)
    if len(wanted.status) == 1:
        clauses.add("status = {}", wanted.status[0])
    elif wanted.status:
        clauses.add("status = ANY({}::text[])", list(wanted.status))
    if wanted.product:
        number = int(wanted.product) if wanted.product.isascii() and wanted.product.isdigit() else None
        if number is not None and number <= _MAX_BIGINT:
            clauses.add_number_or_sku(number, wanted.product)
        else:
            clauses.add("sku = {}", without_nul(wanted.product))
    if wanted.reason:
        clauses.add("reason_code = {}", without_nul(wanted.reason))
    if wanted.template:
        clauses.add("template_id = {}", without_nul(wanted.template))
    if wanted.order_id is not None:
        clauses.add("order_id = {}", wanted.order_id)
    return clauses


def order_clauses(shop: str, wanted: JobFilter) -> Clauses:
    """The filter as SQL over `orders`, where the status is the artwork status of the whole order."""
    clauses = Clauses.of_shop(shop)
    _add_search(clauses, wanted)
    if wanted.status:
        clauses.add("artwork_status = ANY({}::text[])", list(wanted.status))
    return clauses


def add_page(clauses: Clauses, *, sort: JobSort, cursor: str | None, limit: int) -> str:
    """Narrow to what comes after the cursor; gives ORDER BY and LIMIT for one row more than the page has, which says
    whether there is a next page. Raises ProblemError 400 `invalid_cursor`."""
    descending = sort.startswith("-")
    column = _COLUMNS[sort.lstrip("-")]
    if cursor is not None:
        place = decode(cursor, sort)
        try:
            job_id = UUID(place.row_id)
        except ValueError as error:
            raise _wrong_cursor() from error
        if isinstance(place.value, int) != (column == "change_seq"):
            raise _wrong_cursor()
        # As a pair, which an index on (shop, column, job_id) answers from the place on.
        clauses.add(f"({column}, job_id) {'<' if descending else '>'} ({{}}, {{}})", place.value, job_id)
    direction = "DESC" if descending else "ASC"
    return f"ORDER BY {column} {direction}, job_id {direction} LIMIT {limit + 1}"


def cursor_after(row: Any, sort: JobSort) -> str:
    """The cursor that goes on after this row of `jobs`."""
    value: datetime | int = row[_COLUMNS[sort.lstrip("-")]]
    return Cursor(sort.value, value, str(row["job_id"])).encode()


def without_nul(text: str) -> str:
    """Postgres has no text with NUL in it: such a value equals nothing stored, with or without it."""
    return text.replace("\x00", "")


def _add_search(clauses: Clauses, wanted: JobFilter) -> None:
    pattern = like_pattern(wanted.q)
    if pattern is not None:
        clauses.searched = True
        clauses.add("search_key LIKE {}", pattern)
    if wanted.date_from is not None:
        clauses.add("created_at >= {}", wanted.shop.midnight(wanted.date_from))
    if wanted.date_to is not None:
        clauses.add("created_at < {}", wanted.shop.end_of(wanted.date_to))


def _wrong_cursor() -> ProblemError:
    return ProblemError(400, "invalid_cursor", "The cursor cannot be used here. Begin again without it.")
