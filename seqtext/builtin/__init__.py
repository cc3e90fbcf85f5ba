"""Data that is always there."""
