"""The pages: Print Jobs, one order, sign-in. Server-made HTML over the same reading as the API.

`routes.py` is the way of a request, `view.py` turns rows into what templates show, `sessions.py` (beside this package)
says who asks. htmx in `static/` is version 2.0.11 of npm `htmx.org` (0BSD), its hash in SHA256SUMS.
"""
