"""Properties run with the same effort everywhere; a slow or busy machine is no failure of a property."""

from hypothesis import HealthCheck, settings

settings.register_profile("printworks", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("printworks")
