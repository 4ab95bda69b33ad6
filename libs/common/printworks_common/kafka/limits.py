"""The numbers of a consumer loop, with the reasons for their defaults."""

from dataclasses import dataclass, field

from printworks_common.kafka.backoff import Backoff

LEAST_BUFFER = 256
"""Shops take turns among the records that were taken in; what waits in the topic is behind everything before it."""


@dataclass(frozen=True)
class ConsumerLimits:
    """All times in seconds."""

    buffer: int | None = None
    """Records taken in at once; default four for each that is handled in parallel, so that a key with several records
    does not leave slots idle, and at least `LEAST_BUFFER`."""
    buffer_bytes: int = 64 * 1024 * 1024
    """Nothing more is taken in while the values of those that were are larger: a record may have 8 MB."""
    span: int = 1000
    """A partition is paused when so many offsets wait behind its oldest unfinished record: the work to redo after a
    crash."""

    commit_every: float = 1.0
    retry: Backoff = field(default=Backoff(first=0.1, longest=10.0))
    retry_budget: float = 120.0
    """How long a record is tried again before it becomes a dead letter; its key waits so long."""
    hold: Backoff = field(default=Backoff(first=0.1, longest=2.0))
    pause_after: float = 5.0
    """A hold of that length pauses all partitions, which frees what was prefetched."""

    dead_letters: int = 100
    dead_letter_window: float = 60.0
    """More dead letters than `dead_letters` in this time stop the service: then the fault is not in single records."""

    drain: float = 25.0
    """How long a handler may go on after the order to stop."""
    rebalance_drain: float = 5.0
    """How long a rebalance waits for handlers. The whole group waits with us; slower ones go on and are joined."""
    stop_within: float = 5.0

    session_timeout: float = 30.0
    """A member that died without a word is missed after so long."""
    rebalance_timeout: float = 15.0
    """Longer than `rebalance_drain` and its commit together, or the drain costs the membership; not longer than needed,
    because a process that starts again after a kill waits so long for its dead self."""
    max_poll_interval: float = 300.0
    stuck_after: float = 300.0
    """Without a finished poll for so long, although the broker answers, the loop ends with an error."""
