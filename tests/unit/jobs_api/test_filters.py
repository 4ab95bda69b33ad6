"""Filters: what is asked for becomes numbered places, never text inside the SQL."""

from datetime import date

import pytest
from printworks_jobs_api.filters import JobFilter, JobSort, add_page, job_clauses, order_clauses
from printworks_jobs_api.problems import ProblemError

SHOP = "demo.myshopify.com"
EVIL = "x' OR '1'='1"


def test_without_a_filter_only_the_shop_narrows() -> None:
    clauses = job_clauses(SHOP, JobFilter())
    assert (clauses.where, clauses.values) == ("shop = $1", [SHOP])


def test_the_shop_is_always_the_first_value() -> None:
    wanted = JobFilter(q="ada", status=("failed",), date_from=date(2026, 1, 1), product="7", reason="r", template="t")
    for clauses in (job_clauses(SHOP, wanted), order_clauses(SHOP, wanted)):
        assert clauses.where.startswith("shop = $1 AND ")
        assert clauses.values[0] == SHOP


def test_values_never_stand_in_the_sql() -> None:
    clauses = job_clauses(SHOP, JobFilter(q=EVIL, product=EVIL, reason=EVIL, template=EVIL, status=(EVIL,)))
    assert "'1'" not in clauses.where
    assert clauses.where.count("$") == len(clauses.values)


def test_a_product_is_an_id_of_product_or_variant_or_a_sku() -> None:
    by_number = job_clauses(SHOP, JobFilter(product="123"))
    assert by_number.values[1:] == [123, 123, "123"]
    assert by_number.where.startswith("shop = $1 AND (product_id = $2 OR ")
    by_sku = job_clauses(SHOP, JobFilter(product="PW-PHOTO"))
    assert by_sku.where.endswith("sku = $2")


def test_a_number_too_long_for_an_id_is_taken_as_a_sku() -> None:
    assert job_clauses(SHOP, JobFilter(product="9" * 30)).where.endswith("sku = $2")


@pytest.mark.parametrize(("sort", "sign", "direction"), [("-created_at", "<", "DESC"), ("created_at", ">", "ASC")])
def test_a_page_goes_on_after_its_cursor_in_the_direction_of_the_sort(sort: str, sign: str, direction: str) -> None:
    from datetime import UTC, datetime

    from printworks_jobs_api.cursors import Cursor

    clauses = job_clauses(SHOP, JobFilter())
    cursor = Cursor(sort, datetime(2026, 1, 1, tzinfo=UTC), "6f0f4b34-7d0c-5a3e-9a55-0d6a3f1c2b70").encode()
    page = add_page(clauses, sort=JobSort(sort), cursor=cursor, limit=50)
    assert f"(created_at, job_id) {sign} ($2, $3)" in clauses.where
    assert page == f"ORDER BY created_at {direction}, job_id {direction} LIMIT 51"


def test_a_cursor_with_a_value_of_another_kind_is_refused() -> None:
    from printworks_jobs_api.cursors import Cursor

    cursor = Cursor("created_at", 7, "6f0f4b34-7d0c-5a3e-9a55-0d6a3f1c2b70").encode()
    with pytest.raises(ProblemError):
        add_page(job_clauses(SHOP, JobFilter()), sort=JobSort.OLDEST_ORDER, cursor=cursor, limit=5)
