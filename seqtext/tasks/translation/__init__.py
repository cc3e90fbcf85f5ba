"""Texts in, other texts out."""
