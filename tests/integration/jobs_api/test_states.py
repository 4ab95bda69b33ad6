"""The gauge of print jobs by status and reason: right, bounded, and read from an index alone."""

from printworks_common.metrics import registry
from printworks_jobs_api.states import SQL, States

from tests.integration.jobs_api.parts import OTHER_SHOP, Api, Making


def told() -> dict[tuple[str, str], float]:
    """What `/metrics` shows: status and reason to the number of print jobs."""
    return {
        (sample.labels["status"], sample.labels["reason"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "printworks_jobs_api_print_jobs"
    }


async def test_print_jobs_of_all_shops_are_told_by_status_and_reason(api: Api) -> None:
    states = States(api.pool)
    making, other = Making(), Making(shop=OTHER_SHOP, order_id="1")
    making.failed("1")
    making.job("2")
    other.job("1")
    for snapshot in (making.snapshot(), other.snapshot()):
        await api.projector.apply(snapshot)
    await states.count()
    reason = str(making.jobs["1"].reason_code)
    assert told() == {("failed", reason): 1, ("pending", "none"): 2}
    making.job("1", status="cleared", reason_code=None)
    await api.projector.apply(making.snapshot())
    await states.count()
    assert told() == {("cleared", "none"): 1, ("pending", "none"): 2}


async def test_a_reason_of_a_newer_version_makes_no_series_of_its_own(api: Api) -> None:
    making = Making()
    making.job("1", status="failed", reason_code="ink_ran_out")
    making.job("2", status="failed", reason_code="paper_jammed")
    await api.projector.apply(making.snapshot())
    await States(api.pool).count()
    assert told() == {("failed", "other"): 2}


async def test_the_rows_themselves_are_not_read(api: Api) -> None:
    making = Making()
    making.job("1")
    await api.projector.apply(making.snapshot())
    columns = await api.pool.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'jobs'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    names = [row["attname"] for row in columns if row["attname"] != "job_id"]
    listed = ", ".join(names)
    await api.pool.execute(
        f"INSERT INTO jobs (job_id, {listed}) SELECT gen_random_uuid(), {listed} FROM jobs, generate_series(1, 3000)"
    )
    await api.pool.execute("VACUUM ANALYZE jobs")
    plan = "\n".join(row[0] for row in await api.pool.fetch(f"EXPLAIN {SQL['states']}"))
    assert "Index Only Scan using jobs_by_state" in plan, plan
    await States(api.pool).count()
    assert told() == {("pending", "none"): 3001}
