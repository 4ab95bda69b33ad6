"""The pages: Print Jobs, orders, settings, sign-in. Server-made HTML over the same reading as the API.

`print_jobs.py`, `orders.py`, `actions.py` and `settings*.py` are the ways of a request, `visit.py` says who asks,
`address.py` what a list's address says, `view.py`, `words.py` and `health.py` turn rows into what templates show,
`shell.py` is what all share. htmx in `static/` is version 2.0.11 of npm `htmx.org` (0BSD), its hash in SHA256SUMS.
"""
