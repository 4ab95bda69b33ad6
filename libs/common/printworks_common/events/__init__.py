"""Event models: the one source of what passes between the services (JSON Schemas and AsyncAPI are generated from it)."""
