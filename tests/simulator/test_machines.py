"""The same parts as a state machine: hypothesis chooses what happens next, and shrinks what it finds.

PRINTWORKS_TEST_MACHINE_EXAMPLES says how many lives are lived; `make simulate` takes 10,000.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.simulator.broken import BROKEN
from tests.simulator.many import prepare
from tests.simulator.run import QUIET_SECONDS, SHOPS, People, Town, settle
from tests.simulator.story import CHANGES
from tests.simulator.world import CALM, ROUGH, WINDY, PromiseBrokenError, Weather, World

EXAMPLES = int(os.environ.get("PRINTWORKS_TEST_MACHINE_EXAMPLES", "8"))
STEPS = 12

pytestmark = pytest.mark.usefixtures("_quiet")


@pytest.fixture(scope="module")
def _quiet() -> Iterator[None]:
    put_back = prepare()
    yield
    put_back()


class LifeOfAnOrder(RuleBasedStateMachine):
    """One order; at the end all is quiet, and everything must be as Shopify has it."""

    @initialize(chance=st.integers(0, 2**16), weather=st.sampled_from((CALM, WINDY, ROUGH)))
    def begins(self, chance: int, weather: Weather) -> None:
        self.world = World(str(chance), weather, Random(chance))
        self.town = Town(self.world)
        self.order = self.town.open(SHOPS[0], "1001")
        self.people = People(self.town, self.order)
        self.order.shopper.pay()
        self.world.spawn(self.people.webhook("orders/paid"), "people")

    @rule(kind=st.sampled_from(sorted(set(CHANGES))))
    def changes(self, kind: str) -> None:
        self.order.shopper.change(kind)
        self.world.spawn(self.people.webhook("orders/updated"), "people")

    @rule()
    def a_person_commands(self) -> None:
        self.world.spawn(self.people.command(), "people")

    @rule()
    def another_app_interferes(self) -> None:
        self.people.other_app()

    @rule(seconds=st.sampled_from((0.1, 1.0, 30.0, 3600.0)))
    def time_passes(self, seconds: float) -> None:
        self.world.run(self.world.seconds + seconds)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.spawn(self.town.reread(self.order, "sweep"), "sweep", after=1.0)
            self.world.run_to_the_end(QUIET_SECONDS)
            settle(self.town)
        finally:
            self.town.close()


def _live(examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        LifeOfAnOrder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=timedelta(minutes=1),
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
            phases=phases,
            database=None,
            derandomize=examples < 100,
        ),
    )


def test_whatever_comes_next_an_order_ends_as_the_rules_say() -> None:
    _live(EXAMPLES)


@pytest.mark.parametrize("name", ["an older body wins", "an old tag stays"])
def test_the_machine_finds_a_broken_decision(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BROKEN[name](monkeypatch.setattr)
    with pytest.raises(PromiseBrokenError):
        _live(200, (Phase.generate,))
