"""A sweep of any size and order is a picture: a line per guidance, a temperature beside each point, real text a star."""

import pytest

from seqtext.tasks.generation.report.sweep_picture import SweepPoint, sweep_picture


def sweep(guidances, temperatures):
    return [SweepPoint(g, t, 1 - 0.3 * t / (1 + g), 0.3 + 0.6 * t - 0.05 * g) for t in temperatures for g in guidances]


def test_it_has_a_line_per_guidance_its_temperatures_and_real_text(drawn, tmp_path):
    points = sweep((2, 1), (1.0, 0.6, 0.8))
    sweep_picture(points, tmp_path / "sweep.png", real_control=0.917, chosen=(2, 0.8))
    [axes] = drawn[0].axes
    named = {str(line.get_label()): line for line in axes.get_lines()}
    assert [label for label in named if not label.startswith("_")] == [
        "guidance 1 (none)",
        "guidance 2",
        "real text: 91.7%",
        "guidance 2, temperature 0.8: 92.0% at 68.0%",
    ]
    line = named["guidance 2"]
    assert line.get_xdata() == pytest.approx([0.56, 0.68, 0.8])  # by temperature, whatever their order was
    assert named["real text: 91.7%"].get_xydata().tolist() == [[1.0, 0.917]]
    assert sorted(text.get_text() for text in axes.texts) == ["0.6", "0.6", "0.8", "0.8", "1", "1"]
    assert {text.get_color() for text in axes.texts} == {line.get_color() for line in axes.get_lines()[:2]}
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.png"]


def test_temperatures_never_lie_on_each_other(drawn, tmp_path):
    sweep_picture(
        sweep((1, 1.1, 1.2, 1.3), [0.5 + 0.02 * step for step in range(25)]), tmp_path / "a.png", real_control=1
    )
    boxes = [text.get_window_extent() for text in drawn[0].axes[0].texts]
    assert 20 < len(boxes) < 100
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])


@pytest.mark.parametrize(
    "points",
    [
        [SweepPoint(1, 1, 0.9, 1.0)],
        [SweepPoint(1, 1, 0.9, 0.8)] * 5,
        [SweepPoint(2, 0, 0.9, 0.3), SweepPoint(2, 1, float("nan"), 0.5), SweepPoint(3, 1, 0.5, float("inf"))],
        sweep([1 + 0.5 * step for step in range(12)], (0.7, 1.0)),
    ],
)
def test_few_equal_broken_and_many_points_are_drawn_without_a_warning(points, tmp_path):
    sweep_picture(points, tmp_path / "sweep.png", real_control=0.9, chosen=(7, 7))
    assert (tmp_path / "sweep.png").stat().st_size > 1000


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one point with finite figures, got 1 points"):
        sweep_picture([SweepPoint(1, 1, float("nan"), 1)], tmp_path / "sweep.png", real_control=0.9)
