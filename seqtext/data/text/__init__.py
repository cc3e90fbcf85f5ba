"""Texts to ids."""
