"""What a run that has ended says about the next one: which limit to raise, where its figures were still getting better; and whether
what it was chosen by is like what it was tested on.

Knows options and validation figures, no task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqtext.options import TrainingOptions

STILL_BETTER = (
    0.02  # share of its error that the last epoch took away: less is what a falling learning rate does to any run
)
PERPLEXITY_APART = 1.5  # times the other
ACCURACY_APART = 0.05  # and three standard errors


def advice(
    options: TrainingOptions, values: Mapping[int, float], *, epochs: int, steps: int, lower_is_better: bool
) -> str:
    """The flag of the limit that ended it, with twice its value; nothing where the last epoch was not the best, or hardly.

    Args:
        options: of training.
        values: the validation figure that epochs are chosen by, of each epoch from 1 on; from 0 to 1 where more is better.
        epochs: that were planned.
        steps: made in all.
        lower_is_better: of the figure.
    """
    last = max(values, default=0)
    if last < 2 or last - 1 not in values:
        return ""
    errors = [value if lower_is_better else 1 - value for value in (values[epoch] for epoch in sorted(values))]
    if errors[-1] > min(errors) or not _clearly(errors):
        return ""
    if last >= epochs:
        return f"--epochs {2 * epochs}"
    if options.max_steps is not None and steps >= options.max_steps:
        return f"--max_steps {2 * options.max_steps}"
    return "" if options.max_minutes is None else f"--max_minutes {2 * options.max_minutes:g}"


def ended_early(epochs: int) -> str:
    """Why a run does not go on that has ended before its last epoch, and what to do instead."""
    limits = "--max_steps, --max_minutes or --patience_epochs"
    return f"a limit ended it before epoch {epochs} ({limits}): to go further, begin another run with a higher one"


def far_apart(validation: Mapping[str, float], figures: Mapping[str, Any]) -> str:
    """Where validation and test figures lie so far apart that chance does not explain it, that they do; else nothing.

    Args:
        validation: figures of the chosen epoch.
        figures: as in report/metrics.json.
    """
    test, rows = figures.get("test") or {}, figures.get("data", {}).get("rows", {})
    of_both = {
        name: (validation[name], test[name]) for name in ("accuracy", "perplexity") if {name} <= {*validation} & {*test}
    }
    for name, (chosen_by, tested) in of_both.items():
        if name == "perplexity":
            apart, told = (
                max(chosen_by, tested) > PERPLEXITY_APART * min(chosen_by, tested),
                f"{chosen_by:,.1f} and {tested:,.1f}",
            )
        else:
            variances = [
                share * (1 - share) / max(rows.get(split, 1), 1)
                for share, split in ((chosen_by, "validation"), (tested, "test"))
            ]
            apart = abs(chosen_by - tested) > max(ACCURACY_APART, 3 * sum(variances) ** 0.5)
            told = f"{chosen_by:.1%} and {tested:.1%}"
        if apart:
            return f"{name} is {told} on validation and test rows, far apart: the test rows are of another kind, and they are what to go by"
    return ""


def _clearly(errors: Sequence[float]) -> bool:
    before, after = errors[-2:]
    return before > 0 and before - after > STILL_BETTER * before
