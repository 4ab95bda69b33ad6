"""`doctor`: looks at everything a role stands on, and says in words what is wrong. It changes nothing.

`findings` is what it says, `settings`, `kafka`, `postgres`, `store` and `shopify` look at one part each, `command` is
the sub-command of every service.
"""
