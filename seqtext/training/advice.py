"""What a run that has ended says about the next one: which limit to raise, where its figures were still getting better.

Knows options and validation figures, no task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seqtext.options import TrainingOptions

STILL_BETTER = (
    0.02  # share of its error that the last epoch took away: less is what a falling learning rate does to any run
)


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


def _clearly(errors: Sequence[float]) -> bool:
    before, after = errors[-2:]
    return before > 0 and before - after > STILL_BETTER * before
