"""Event models: the one source of what passes between the services. Schemas and AsyncAPI are generated from it."""
