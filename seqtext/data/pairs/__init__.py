"""Two texts a row: sources and targets."""
