"""Columns that nobody names, chosen by their names and by what stands in them, and what is told of others that may be meant."""

from __future__ import annotations

import itertools

import pytest

from seqtext.data.rows.chosen import about_columns
from seqtext.data.rows.columns import choose
from seqtext.errors import DataError
from tests.data.rows.test_columns import TWENTY, rows


@pytest.mark.fault(71)
@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"price": [f"{row / 7:.3f}" for row in range(30)]}, "--target number --label_column price predicts a number"),
        ({"cost of it": [row / 7 for row in range(30)]}, "--target number --label_column 'cost of it' predicts"),
        ({}, "texts alone are for seqtext train language, or for --unlabelled_data"),
        ({"n": list(range(30))}, "pass --label_column NAME$"),  # which numbers the rows
    ],
)
def test_without_labels_what_can_be_done_is_told(columns, told) -> None:
    with pytest.raises(DataError, match=told):
        choose(rows(text=[f"text {row}" for row in range(30)], **columns), several=True)


def test_longer_texts_beside_those_chosen_by_their_name_are_told() -> None:
    data = rows(
        title=["a title"] * 30, plot=[f"many words of a plot, number {row}" for row in range(30)], label=["x", "y"] * 15
    )
    [told] = about_columns(data, choose(data))
    assert "column 'plot' is not read, and has longer texts: --text_column title plot reads both" in told
    assert about_columns(data, choose(data, text=["title", "plot"]), text=["title", "plot"]) == []


@pytest.mark.parametrize(("name", "values", "notes"), [("stars", 5, 1), ("stars", 2, 0), ("label", 5, 0)])
def test_stars_that_are_taken_for_classes_may_be_a_number(name, values, notes) -> None:
    data = rows(**{"text": [f"good {row}" for row in range(100)], name: [row % values for row in range(100)]})
    told = [note for note in about_columns(data, choose(data)) if "--target number predicts it as a number" in note]
    assert len(told) == notes


@pytest.mark.parametrize("name", ["Rating", "emotion", "polarity"])
def test_a_name_that_says_label_decides_among_columns_of_few_values(name) -> None:
    more = {"author": ["Ann", "Bob"] * 15, "text": [f"text {row}" for row in range(30)]}
    assert choose(rows(**{**more, name: [1, 2, 3] * 10})) == ("text", name)


@pytest.mark.parametrize("day", ["2024-01-{:02}", "{:02}/01/2024", "2024-01-{:02} 10:00:00", "{}.1.24"])
def test_days_are_no_labels(day) -> None:
    days = [day.format(row % 3 + 1) for row in range(30)]
    assert choose(rows(written=days, **TWENTY)) == ("name", "tongue")


def test_a_column_of_lists_in_text_is_the_label_by_its_name() -> None:
    moods = [
        ";".join(part)
        for number in (1, 2, 3)
        for part in itertools.combinations([*["joy", "fear", "rage", "calm", "dread"]], number)
    ]
    data = rows(text=[f"text {row}" for row in range(2 * len(moods))], emotions=moods * 2)
    assert choose(data, several=True) == ("text", "emotions")


def test_columns_that_could_be_the_text_are_joined_as_advised() -> None:
    data = rows(
        premise=[f"a {row}" for row in range(30)], hypothesis=[f"b {row}" for row in range(30)], label=["x", "y"] * 15
    )
    with pytest.raises(DataError, match="--text_column premise hypothesis joins them"):
        choose(data)
    assert choose(data, text=["premise", "hypothesis"]).label == "label"
