"""The coordinator: decides what is printed, pins its inputs, releases renders, keeps the state of every job and order.

Read `intake.py` (an order comes in), `pinning.py`, `release.py` and `results.py` in this order: that is the life of a
print job. `decisions.py` and `transitions.py` are the rules, without I/O.
"""
