"""Access to Shopify: which shops there are, their webhook signatures, their Admin API."""
