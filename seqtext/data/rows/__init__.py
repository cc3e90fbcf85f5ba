"""Which column is what, which row is in which split."""
