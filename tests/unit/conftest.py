"""Properties run with the same effort everywhere; a slow or busy machine is no failure of a property."""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("printworks", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("printworks")


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through all of it again and again."""
    gc.collect()
    gc.freeze()
