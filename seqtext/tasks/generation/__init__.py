"""A vector in, texts out."""
