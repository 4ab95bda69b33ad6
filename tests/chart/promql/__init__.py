"""Rules of Prometheus evaluated against recorded courses of metrics, where no `promtool` is at hand.

`series.py` reads the courses, `expressions.py` says what an expression gives at a moment, `functions.py` has its
functions, `templates.py` fills in annotations, and `alerting.py` runs the cases of a test file. All refuse what they do
not know (UnknownError): what the rules of the chart do not use is not here. The cases are written in the format of
`promtool test rules`, so that both run the same files.
"""
