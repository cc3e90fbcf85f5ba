"""Two texts per row: sources and targets."""
