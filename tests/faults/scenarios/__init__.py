"""All scenarios, in the order in which they run."""

from tests.faults.running import Scenario
from tests.faults.scenarios.kill import KILL
from tests.faults.scenarios.rolling import ROLLING
from tests.faults.scenarios.stop import STOP

SCENARIOS: tuple[Scenario, ...] = (KILL, STOP, ROLLING)
