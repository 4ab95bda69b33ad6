"""The cyclic garbage collector, set up for webhooks.

A body becomes thousands of objects that are gone with their last reference and form no cycles. By default the collector
looks through them twice per webhook, and now and then through all that the process has loaded: a quarter of the
receiver's CPU time, measured with bodies of 30 kB.
"""

import gc

THRESHOLDS = (100_000, 50, 100)
"""Objects that have to be new before the collector looks at the youngest; passes until it looks at older ones."""


def spare_the_collector() -> None:
    """Call it once, when everything is loaded: what is there by now is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
