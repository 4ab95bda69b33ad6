"""A strict stand-in for Shopify's Admin API that executes the official schema."""
