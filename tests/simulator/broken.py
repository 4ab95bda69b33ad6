"""Decisions as somebody could get them wrong: what the simulator and the state machines must find."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from printworks_common.events.orders import OrderReceived
from printworks_render.coordinator import decisions, deliveries, store, transitions
from printworks_render.coordinator.model import Job, Order, ShopCatalog
from printworks_shopify_writer import convergence, drift, target

Patch = Callable[[object, str, object], None]
"""`setattr` of pytest's monkeypatch."""


def _an_older_body_wins(patch: Patch) -> None:
    real = decisions.take_in

    def take_in(known: Order | None, received: OrderReceived, catalog: ShopCatalog, now: datetime) -> Any:
        forgotten = {"updated_at": datetime.min.replace(tzinfo=UTC)}
        return real(known and known.model_copy(update=forgotten), received, catalog, now)

    patch(decisions, "take_in", take_in)


def _a_cancellation_is_not_final(patch: Patch) -> None:
    real = decisions.take_in

    def take_in(known: Order | None, received: OrderReceived, catalog: ShopCatalog, now: datetime) -> Any:
        return real(known and known.model_copy(update={"cancelled_at": None}), received, catalog, now)

    patch(decisions, "take_in", take_in)


def _a_version_is_not_counted(patch: Patch) -> None:
    real = store._next_version

    def next_version(before: Order | None, after: Order) -> Order:
        counted = real(before, after)
        return counted.model_copy(update={"version": min(counted.version, 2)})

    patch(store, "_next_version", next_version)


def _a_retry_loses_what_was_pinned(patch: Patch) -> None:
    real = transitions.retried

    def retried(job: Job, actor: str, now: datetime) -> Job:
        again = real(job, actor, now)
        return again.model_copy(update={"inputs": tuple(one.model_copy(update={"key": None}) for one in again.inputs)})

    patch(transitions, "retried", retried)


def _a_late_result_counts(patch: Patch) -> None:
    """The files of an older artwork version are taken for those of the present one."""
    real = transitions.ready

    def ready(job: Job, artwork: Any, now: datetime) -> Job:
        return real(job, artwork.model_copy(update={"artwork_version": max(1, artwork.artwork_version - 1)}), now)

    patch(deliveries, "ready", ready)


def _an_old_tag_stays(patch: Patch) -> None:
    real = target.plan

    def plan(*arguments: Any) -> target.Plan:
        found = real(*arguments)
        return target.Plan(
            found.set_metafields, found.delete_keys, found.add_tags, (), found.attributes, found.left_out
        )  # fmt: skip

    patch(convergence, "plan", plan)
    patch(drift, "plan", plan)


def _old_files_stay_listed(patch: Patch) -> None:
    """Files of an order that is pending again stay listed."""
    real = target.plan

    def plan(*arguments: Any) -> target.Plan:
        found = real(*arguments)
        return target.Plan(
            found.set_metafields, (), found.add_tags, found.remove_tags, found.attributes, found.left_out
        )  # fmt: skip

    patch(convergence, "plan", plan)
    patch(drift, "plan", plan)


def _files_go_a_day_early(patch: Patch) -> None:
    from printworks_retention import purge

    from tests.simulator import retention

    real = retention.keep_until

    def keep_until(*arguments: Any) -> date | None:
        last = real(*arguments)
        return last and last - timedelta(days=1)

    patch(retention, "keep_until", keep_until)
    patch(purge, "keep_until", keep_until)


BROKEN: dict[str, Callable[[Patch], None]] = {
    "an older body wins": _an_older_body_wins,
    "a cancellation is not final": _a_cancellation_is_not_final,
    "a version is not counted": _a_version_is_not_counted,
    "a retry loses what was pinned": _a_retry_loses_what_was_pinned,
    "a late result counts": _a_late_result_counts,
    "an old tag stays": _an_old_tag_stays,
    "old files stay listed": _old_files_stay_listed,
    "files go a day early": _files_go_a_day_early,
}
