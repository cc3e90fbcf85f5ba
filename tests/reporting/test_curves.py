"""Learning curves of long, short, spiky and empty runs."""

import numpy as np
import pytest

from seqtext.reporting import curves
from seqtext.reporting.curves import LearningHistory, learning_curves


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_whole_run_shows_both_losses_the_rate_and_the_score_beside_that_of_baselines(drawn, tmp_path):
    steps = np.arange(1, 5001)
    loss = np.exp(-steps / 1000)
    at = np.arange(1000, 5001, 1000)
    history = LearningHistory(steps, loss, at, [0.5, 0.3, 0.2, 0.25, 0.3], [0.6, 0.8, 0.9, 0.91, 0.9], loss / 100, 4000)
    learning_curves(history, tmp_path / "curves.png", baselines={"TF-IDF": 0.876, "majority": 0.25})
    losses, scores, rate = drawn[0].axes
    assert legend(losses) == ["train, smoothed", "validation", "chosen"]
    assert legend(scores) == ["validation accuracy", "TF-IDF: 87.6%", "majority: 25.0%", "chosen, step 4,000: 91.0%"]
    assert (losses.get_ylabel(), scores.get_ylabel()) == ("loss (nats per row)", "accuracy (%)")
    assert rate.get_xlabel() == scores.get_xlabel() == "optimizer step"
    assert max(len(line.get_xdata()) for line in losses.get_lines()) == curves.MOST_POINTS
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize(
    "history",
    [
        LearningHistory([], []),
        LearningHistory([1], [2.0], chosen_step=1),
        LearningHistory([1, 2], [float("nan"), float("inf")], [2], [float("nan")], [0.0], [0.0, 0.0], 2),
        LearningHistory([], [], [100], [0.3], [0.3]),
        LearningHistory([1, 2, 3], [1.0, 1.0, 1.0], [3], [1.0], [1.0], [0.1, 0.1, 0.1], 3),
    ],
)
def test_short_flat_empty_and_broken_runs_are_drawn_without_a_warning(history, tmp_path):
    learning_curves(history, tmp_path / "curves.png")
    learning_curves(history, tmp_path / "curves.png", score_name="BLEU", percent=False, baselines={"copy": 3.2})
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_a_spike_does_not_press_the_curves_flat(drawn, tmp_path):
    loss = np.linspace(2, 1, 1000)
    loss[500] = 1e6
    loss[501] = np.nan
    history = LearningHistory(range(1000), loss, [999], [1.1])
    learning_curves(history, tmp_path / "curves.png")
    assert drawn[0].axes[0].get_ylim()[1] < 3


def test_smoothing_keeps_the_length_the_mean_of_a_level_and_short_series():
    level = np.full(500, 3.0)
    assert curves._smoothed(level) == pytest.approx(level)
    short = np.array([3.0, 1.0, 2.0])
    assert curves._smoothed(short) == pytest.approx(short)
    straight = np.arange(800.0)
    assert curves._smoothed(straight)[100:700] == pytest.approx(straight[100:700])


def test_a_series_of_another_length_than_its_steps_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got 3 values for 2 steps"):
        learning_curves(LearningHistory([1, 2], [1.0, 2.0, 3.0]), tmp_path / "curves.png")
