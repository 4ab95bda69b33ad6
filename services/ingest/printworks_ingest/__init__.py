"""Printworks ingest: Shopify webhooks in, order events out; reconciliation with Shopify."""
