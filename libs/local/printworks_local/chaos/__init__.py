"""Thousands of orders that change while they are on their way, told by webhooks that get lost, doubled, mixed and late.

`stories.py` is what happens to the orders, `life.py` makes it happen, `post.py` is how Shopify's webhooks arrive,
`verdict.py` what has to be true at the end, `run.py` the whole. The same seed gives the same stories and the same fate
of every webhook.
"""
