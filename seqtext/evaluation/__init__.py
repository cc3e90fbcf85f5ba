"""Metrics, baselines and pictures: arrays and texts in, figures out."""
