"""Crashes at every boundary between two steps of a service: before and after each commit, put, publication, request."""
