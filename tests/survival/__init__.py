"""Runs that are killed, files that are damaged: what a run promises, tried many times. `python -m tests.survival --help`."""
