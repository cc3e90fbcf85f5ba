"""Curves of a run over its steps: train and validation loss, learning rate, validation score beside that of baselines.

Series of numbers in, a picture file out. It knows neither the loop that made them nor the file they were kept in; any
series may be short, empty, or hold values that are not finite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 2_000  # of one line: more than the picture has pixels
FEW_POINTS = 20  # below, a train loss is drawn as it is


class LearningHistory(NamedTuple):
    """What a run noted while it learnt: S train notes, E evaluations. Values that are not finite are left out.

    Attributes:
        steps: (S,) optimizer step of each train loss.
        train_loss: (S,) mean loss of that step.
        evaluation_steps: (E,) optimizer step of each evaluation.
        evaluation_loss: (E,) mean loss on the validation rows, or empty.
        evaluation_score: (E,) the figure by which models are compared, or empty.
        learning_rate: (S,) or empty.
        chosen_step: step of the evaluation whose model was kept, or None.
    """

    steps: Sequence[int]
    train_loss: Sequence[float]
    evaluation_steps: Sequence[int] = ()
    evaluation_loss: Sequence[float] = ()
    evaluation_score: Sequence[float] = ()
    learning_rate: Sequence[float] = ()
    chosen_step: int | None = None


def learning_curves(
    history: LearningHistory,
    path: StrPath,
    *,
    loss_unit: str = "nats per row",
    score_name: str = "accuracy",
    percent: bool = True,
    baselines: Mapping[str, float] | None = None,
) -> None:
    """Draws losses and learning rate on the left, the validation score on the right, the chosen model marked in both.

    Args:
        history: what the run noted.
        path: of the picture to write.
        loss_unit: of both losses.
        score_name: of `history.evaluation_score`.
        percent: the score is a share between 0 and 1, shown in percent.
        baselines: name and score of each, drawn as level lines.

    Raises:
        ValueError: a series is longer or shorter than its steps.
    """
    figure = canvas.new_figure(8, 4)
    grid = figure.add_gridspec(2, 2, height_ratios=[4, 1])
    losses = figure.add_subplot(grid[0, 0] if len(history.learning_rate) else grid[:, 0])
    scores = figure.add_subplot(grid[:, 1], sharex=losses)
    _draw_losses(losses, history, loss_unit)
    _draw_scores(scores, history, score_name, percent, baselines or {})
    if len(history.learning_rate):
        _draw_rate(figure.add_subplot(grid[1, 0], sharex=losses), history)
        losses.tick_params(labelbottom=False)
        losses.set_xlabel("")
    canvas.save(figure, path)


def _draw_losses(axes: Axes, history: LearningHistory, unit: str) -> None:
    steps, raw = _finite(history.steps, history.train_loss)
    at, validation = _finite(history.evaluation_steps, history.evaluation_loss)
    smooth, some = _smoothed(raw), _thinned(len(raw))
    if noisy := len(raw) > FEW_POINTS:
        axes.plot(steps[some], raw[some], color=canvas.BLUE, alpha=0.22, linewidth=0.7)
    axes.plot(
        steps[some], smooth[some], color=canvas.BLUE, linewidth=1.6, label="train, smoothed" if noisy else "train"
    )
    axes.plot(at, validation, color=canvas.VERMILION, linewidth=1.6, marker="o", markersize=3, label="validation")
    _mark_chosen(axes, at, validation, history.chosen_step)
    # One spike would press the curves flat: the frame holds all but a few of the train notes.
    _frame(axes, np.concatenate([validation, np.percentile(raw, [0.5, 99.5]) if noisy else raw]))
    axes.set_ylabel(f"loss ({unit})", fontsize=9)
    _finish(axes, empty=not len(raw) and not len(validation))


def _draw_scores(axes: Axes, history: LearningHistory, name: str, percent: bool, levels: Mapping[str, float]) -> None:
    at, score = _finite(history.evaluation_steps, history.evaluation_score)
    axes.plot(at, score, color=canvas.VERMILION, linewidth=1.6, marker="o", markersize=3, label=f"validation {name}")
    for (baseline, level), style in zip(levels.items(), ("--", ":", "-.") * len(levels), strict=False):
        label = f"{canvas.literal(baseline)}: {level:.1%}" if percent else f"{canvas.literal(baseline)}: {level:.4g}"
        axes.axhline(level, color="black", linewidth=1.1, linestyle=style, label=label)
    _mark_chosen(axes, at, score, history.chosen_step, "{:.1%}" if percent else "{:.4g}")
    _frame(axes, np.array([*score, *levels.values()]))
    if percent:
        canvas.in_percent(axes.yaxis)
    axes.set_ylabel(f"{name} (%)" if percent else name, fontsize=9)
    _finish(axes, empty=not len(score) and not levels, columns=2)


def _draw_rate(axes: Axes, history: LearningHistory) -> None:
    steps, rate = _finite(history.steps, history.learning_rate)
    some = _thinned(len(rate))
    axes.plot(steps[some], rate[some], color=canvas.PURPLE, linewidth=1.4)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("learning\nrate", fontsize=9)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)
    axes.yaxis.get_offset_text().set_fontsize(7)
    _finish(axes, empty=False)


def _mark_chosen(
    axes: Axes, steps: FloatArray, values: FloatArray, chosen: int | None, form: str | None = None
) -> None:
    """A ring around the evaluation whose model was kept, and its step as an upright line."""
    if chosen is None:
        return
    axes.axvline(chosen, color=canvas.GREY, linewidth=0.8, linestyle=(0, (1, 2)))
    here = steps == chosen
    value = f", step {chosen:,}: {form.format(values[here][0])}" if form and here.any() else ""
    ring: dict[str, Any] = {"markersize": 9, "markerfacecolor": "none", "markeredgewidth": 1.6, "color": "black"}
    axes.plot(steps[here], values[here], "o", label=f"chosen{value}", **ring)


def _frame(axes: Axes, values: FloatArray) -> None:
    """Upper and lower end of the axis from what must be seen, with a little air; a level line keeps matplotlib's."""
    if len(values) and (height := np.ptp(values)) > 0:
        axes.set_ylim(values.min() - 0.05 * height, values.max() + 0.05 * height)


def _finish(axes: Axes, *, empty: bool, columns: int = 3) -> None:
    """Grid, steps with thousands separators, and the legend."""
    canvas.calm(axes)
    axes.set_xlabel("optimizer step", fontsize=9)
    canvas.whole_numbers(axes.xaxis, 5)
    if empty:
        axes.text(0.5, 0.5, "nothing noted", transform=axes.transAxes, ha="center", va="center", color=canvas.GREY)
        axes.set_yticks([])
    canvas.legend_above(axes, columns)


def _finite(steps: Sequence[int], values: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Steps and values as arrays, without the values that are not finite."""
    at, numbers = np.asarray(steps, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return numbers, numbers
    if len(at) != len(numbers):
        raise ValueError(f"a series must have one value per step, got {len(numbers):,} values for {len(at):,} steps")
    kept = np.isfinite(numbers)
    return at[kept], numbers[kept]


def _thinned(length: int) -> NDArray[np.int64]:
    """Positions of at most `MOST_POINTS` points, evenly spread, the last one among them."""
    return np.unique(np.linspace(0, length - 1, min(length, MOST_POINTS)).astype(np.int64))


def _smoothed(values: FloatArray) -> FloatArray:
    """The mean over a fortieth of the series around each point; at the ends, over as much of it as there is."""
    reach = len(values) // 80 if len(values) > FEW_POINTS else 0
    total = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    first, last = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(values))
    smooth: FloatArray = (total[last] - total[first]) / (last - first)
    return smooth
