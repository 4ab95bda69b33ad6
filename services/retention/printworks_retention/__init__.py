"""Printworks retention: clears what has had its day, and nothing else."""
