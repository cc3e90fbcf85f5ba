"""The last table of a classifier's run is made of the figures in report/metrics.json."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.reporting.class_metrics import classification_metrics
from seqtext.tasks.classification.report.report import table


@pytest.mark.parametrize(
    ("predicted", "verdict"),
    [
        (
            [0, 0, 1, 1],
            "TF-IDF is better by 25.00 points here, and simpler: use that (--model linear), or train longer, or on more rows.",
        ),
        (
            [0, 1, 1, 1],
            "TF-IDF is as good here, and simpler: use that (--model linear), or train longer, or on more rows.",
        ),
        ([1, 1, 0, 0], None),
    ],
)
def test_a_simpler_model_that_is_as_good_or_better_is_named_as_such(predicted, verdict):
    def measured(predicted: list[int]) -> dict:
        return classification_metrics(np.array(predicted), np.array([0, 0, 1, 1]), ["sea", "wood"]).to_json()

    baseline = {"description": "words counted", "seconds": 0.1, **measured(predicted)}
    figures = {"test": measured([0, 0, 1, 0]), "baselines": {"TF-IDF": baseline}, "training": {"seconds": 2.6}}
    lines = table(figures)
    assert lines[0] == "test, 4 rows   accuracy  macro F1  seconds"
    assert sorted(line.split("  ")[0] for line in lines[1:3]) == ["this model", "words counted"]
    if verdict is None:
        assert len(lines) == 3
        assert lines[1] == "this model       75.00%    0.7333        3"
    else:
        assert lines[3:] == [verdict]
