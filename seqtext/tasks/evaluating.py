"""Python's side of `seqtext evaluate`: rows that are in memory in the place of `--data`, and its flags as keywords. Knows no task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from seqtext.errors import OptionsError, did_you_mean, one_of
from seqtext.tasks.known import BY_NAME

# Flags of where data comes from, what is printed, and where it runs: rows are given, figures are returned, the task is where it is.
_NOT_HERE = {
    "run_folder",
    "data",
    "revision",
    "data_config",
    "output",
    "overwrite",
    "json",
    "device",
    "threads",
    "debug",
}


def evaluate(task: Any, rows: Any, choices: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a task on some rows.

    Args:
        task: to measure; it is left as it was.
        rows: a split as the task's training takes it, or all splits of a data set.
        choices: flags of the task's `Evaluate` by their names.

    Raises:
        DataError: rows that cannot be used.
        OptionsError: a choice that there is not, or that cannot be meant.
    """
    part = BY_NAME[type(task).__name__].part("report.evaluate")
    known = {field.name for field in fields(part.Evaluate)} - _NOT_HERE
    for name in choices:
        if name not in known:
            raise OptionsError(
                f"unknown choice {name!r}", expected=one_of(sorted(known)), fix=did_you_mean(name, known)
            )
    tuples = {name for name, hint in get_type_hints(part.Evaluate).items() if str(hint).startswith("tuple")}
    values = {
        name: (value,) if name in tuples and isinstance(value, str) else tuple(value) if name in tuples else value
        for name, value in choices.items()
    }
    config = task.config
    try:
        figures: dict[str, Any] = part.measure(task, part.Evaluate(run_folder="", **values), given=rows).figures
    finally:
        task.config = config
    return figures
