"""Printworks render: coordinator, worker and deliverer, and the rendering engine."""
