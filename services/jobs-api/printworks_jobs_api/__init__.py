"""Printworks jobs-api: the Print Jobs read model, HTTP API, dashboard and file links."""
