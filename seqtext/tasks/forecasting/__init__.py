"""Readings in, the next ones out."""
