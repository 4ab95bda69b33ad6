"""All scenarios, in the order in which they run."""

from tests.faults.running import Scenario
from tests.faults.scenarios.disk import KAFKA_DISK, POSTGRES_DISK
from tests.faults.scenarios.kill import KILL
from tests.faults.scenarios.line import LINE
from tests.faults.scenarios.noisy import NOISY
from tests.faults.scenarios.outage import KAFKA, POSTGRES, STORE
from tests.faults.scenarios.partition import PARTITION
from tests.faults.scenarios.poison import POISON
from tests.faults.scenarios.rolling import ROLLING
from tests.faults.scenarios.stop import STOP
from tests.faults.scenarios.store_faults import STORE_FAULTS

SCENARIOS: tuple[Scenario, ...] = (
    *(KILL, STOP, ROLLING),
    *(KAFKA, POSTGRES, STORE),
    *(STORE_FAULTS, LINE, PARTITION),
    *(POISON, NOISY),
    *(KAFKA_DISK, POSTGRES_DISK),
)
