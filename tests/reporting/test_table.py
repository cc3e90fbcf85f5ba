"""The last table of a run: the best first, figures below each other, and a line where a baseline is no worse than the model."""

from __future__ import annotations

import pytest

from seqtext.reporting.table import Row, better_baseline, results_table, seconds_cell


def points(ours: float, theirs: float) -> str:
    return f"{theirs - ours:.1f} points"


def test_rows_stand_from_the_best_to_the_worst_with_their_figures_below_each_other():
    rows = [
        Row("this model", 0.5, ["50.0%", "3"]),
        Row("a long description of a baseline", 0.75, ["75.0%", "12"], "simple"),
        Row("nothing timed", 0.1, ["1.0%", seconds_cell(None)]),
    ]
    assert results_table("test, 4 rows", ["accuracy", "seconds"], rows) == [
        "test, 4 rows                      accuracy  seconds",
        "a long description of a baseline     75.0%       12",
        "this model                           50.0%        3",
        "nothing timed                         1.0%",
    ]


def test_of_equal_rows_the_model_comes_first():
    lines = results_table("", ["x"], [Row("this model", 1.0, ["1"]), Row("simple", 1.0, ["1"], "simple")])
    assert [line.split("  ")[0] for line in lines[1:]] == ["this model", "simple    "[:6]]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (3.5, "B is better by 1.5 points here, and simpler: use that, or train longer, or on more rows."),
        (2.0, "B is as good here, and simpler: use that, or train longer, or on more rows."),
        (1.9, None),
    ],
)
def test_the_best_baseline_is_named_where_it_is_no_worse_than_the_model(score, said):
    others = [Row("first", 1.0, [], "A"), Row("described at length", score, [], "B"), Row("the model again", 9.0, [])]
    assert better_baseline(Row("this model", 2.0, []), others, points, rows="rows") == ([said] if said else [])


def test_without_baselines_nothing_is_said():
    assert better_baseline(Row("this model", 2.0, []), [], points, rows="rows") == []
