"""Sound over time."""
