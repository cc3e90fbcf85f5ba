"""Texts in, topics out."""
