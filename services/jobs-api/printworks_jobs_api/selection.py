"""Which print jobs something is asked of: some by id, or all under a filter at a moment."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from printworks_common.events.artwork import JobStatus
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from printworks_jobs_api.filters import Clauses, JobFilter, job_clauses
from printworks_jobs_api.shops import ShopFacts

MAX_IDS = 1000

_Short = Annotated[str, StringConstraints(max_length=255)]


class FilterIn(BaseModel):
    """As in `GET /v1/print-jobs`. Nothing given: all print jobs."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, StringConstraints(max_length=200)] = ""
    status: list[JobStatus] = Field(default=[], max_length=len(JobStatus))
    date_from: date | None = None
    date_to: date | None = None
    product: _Short = ""
    reason: _Short = ""
    template: _Short = ""

    @staticmethod
    def of(chosen: JobFilter) -> "FilterIn":
        """The same filter, as it is asked for. Raises ValidationError for one that the API would not take."""
        names = set(FilterIn.model_fields)
        return FilterIn.model_validate({name: value for name, value in vars(chosen).items() if name in names})

    @model_validator(mode="after")
    def _in_order(self) -> "FilterIn":
        if self.date_from is not None and self.date_to is not None and self.date_from > self.date_to:
            raise ValueError("date_from is later than date_to")
        return self

    def job_filter(self, facts: ShopFacts) -> JobFilter:
        status = tuple(one.value for one in self.status)
        return JobFilter(**self.model_dump(exclude={"status"}), status=status, shop=facts)


class Selection(BaseModel):
    """Exactly one of `ids` and `filter`."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MAX_IDS)
    filter: FilterIn | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Selection":
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give exactly one of ids and filter")
        return self

    def clauses(self, shop: str, facts: ShopFacts, until: datetime) -> Clauses:
        """As SQL over `jobs`; orders placed after `until` are left out, so that a selection does not grow while it is
        worked on. Ids of other shops select nothing."""
        clauses = job_clauses(shop, self.filter.job_filter(facts) if self.filter is not None else JobFilter())
        if self.ids is not None:
            clauses.add("job_id = ANY({}::uuid[])", self.ids)
        clauses.add("created_at <= {}", until)
        return clauses
