"""Spans as CoNLL counts them, in the usual schemes."""

from __future__ import annotations

import pytest

from seqtext.tasks.tagging.spans import Span, count_spans, mark_spans, spans_of


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-P I-P O B-L", [("P", 0, 2), ("L", 3, 4)]),
        ("I-P I-P O I-L I-P", [("P", 0, 2), ("L", 3, 4), ("P", 4, 5)]),
        ("B-P B-P I-P", [("P", 0, 1), ("P", 1, 3)]),
        ("S-P B-L E-L O E-P", [("P", 0, 1), ("L", 1, 3), ("P", 4, 5)]),
        ("U-P B-L I-L L-L", [("P", 0, 1), ("L", 1, 4)]),
        ("B-a-b I-a-b", [("a-b", 0, 2)]),
        ("O O", []),
        ("", []),
    ],
)
def test_spans_of_a_row(tags, spans):
    assert spans_of(tags.split()) == [Span(*span) for span in spans]


@pytest.mark.parametrize(
    ("tags", "marks"),
    [
        ({"O", "B-P", "I-P"}, True),
        ({"B-P", "O"}, True),
        ({"NOUN", "B-P"}, False),
        ({"O"}, False),
        ({"X-1", "O"}, False),
        ({"S-P", "O"}, False),
    ],
)
def test_which_tags_mark_spans(tags, marks):
    assert mark_spans(tags) is marks


def test_a_span_is_right_where_words_and_kind_are():
    true = [["B-P", "I-P", "O", "B-L"], ["B-P", "O"]]
    found = [["B-P", "O", "O", "B-L"], ["B-L", "O"]]
    counts = count_spans(true, found)
    assert counts[""] == (3, 3, 1)
    assert counts["L"] == (1, 2, 1)
    assert (counts["L"].precision, counts["L"].recall) == (0.5, 1.0)
    assert counts[""].f1 == pytest.approx(1 / 3)
    assert count_spans([["O"]], [["O"]])[""].f1 == 0
