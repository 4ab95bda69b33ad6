"""Printworks shopify-writer: brings tags and metafields of an order to its artwork snapshot."""
