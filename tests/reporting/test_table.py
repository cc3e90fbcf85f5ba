"""The last table of a run: the best first, figures below each other, and a line where a baseline is no worse than the model."""

from __future__ import annotations

import pytest

from seqtext.reporting.table import Row, Table, seconds_cell


def points(ours: float, theirs: float) -> str:
    return f"{theirs - ours:.1f} points"


def test_rows_stand_from_the_best_to_the_worst_with_their_figures_below_each_other():
    rows = [
        Row("this model", ["50.0%", "3"], 0.5, model=True),
        Row("a long name of a baseline", ["75.0%", "12"], 0.75, "simple", "what | it is"),
        Row("nothing timed", ["1.0%", seconds_cell(None)], 0.1),
    ]
    table = Table("test, 4 rows", ["accuracy", "seconds"], rows)
    assert table.lines() == [
        "test, 4 rows               accuracy  seconds",
        "a long name of a baseline     75.0%       12",
        "this model                    50.0%        3",
        "nothing timed                  1.0%",
    ]
    assert table.markdown() == [
        "| test, 4 rows | accuracy | seconds |",
        "| --- | --- | --- |",
        r"| what \| it is | 75.0% | 12 |",
        "| **this model** | 50.0% | 3 |",
        "| nothing timed | 1.0% |  |",
        "",
    ]


def test_of_equal_rows_the_first_comes_first():
    rows = [Row("this model", ["1"], 1.0, model=True), Row("simple", ["1"], 1.0, "simple")]
    assert [line.split("  ")[0] for line in Table("", ["x"], rows).lines()[1:]] == ["this model", "simple"]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (3.5, "B is better by 1.5 points here, and simpler: use that, or train longer, or on more pairs."),
        (2.0, "B is as good here, and simpler: use that, or train longer, or on more pairs."),
        (1.9, None),
    ],
)
def test_the_best_baseline_is_named_where_it_is_no_worse_than_the_model(score, said):
    model = Row("this model", [], 2.0, model=True)
    others = [Row("first", [], 1.0, "A"), Row("described at length", [], score, "B"), Row("the model again", [], 9.0)]
    table = Table("", [], [model, *others])
    assert table.better_baseline(points, unit="pairs") == ([said] if said else [])


def test_without_baselines_nothing_is_said():
    assert Table("", [], [Row("this model", [], 2.0, model=True)]).better_baseline(points) == []
