"""The OpenAPI document of the API: how it is made, committed and kept compatible."""
