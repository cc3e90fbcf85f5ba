"""Padded in, padded out: layers and losses. No vocabulary, no text."""
