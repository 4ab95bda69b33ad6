"""Faults: the whole system under seeded traffic, with faults between and in its parts, judged from outside.

See docs/contributing/faults.md.
"""
