"""Which epoch is kept: by accuracy, by macro F1 where classes are uneven, or by what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqtext
from seqtext.reporting.class_metrics import classification_metrics
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.inference import macro_f1
from tests.conftest import topic_rows, write_csv
from tests.in_process import topics_recipe

SMALL = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 300, "model": "rnn", "subword_sampling": False}


def uneven(rows: int = 90, kept: int = 3) -> dict[str, list[str]]:
    """Rows of which one class has but a few."""
    found = topic_rows(rows)
    rare = found["label"][0]
    places = [place for place, label in enumerate(found["label"]) if label != rare][: rows // 2]
    places += [place for place, label in enumerate(found["label"]) if label == rare][:kept]
    return {name: [values[place] for place in sorted(places)] for name, values in found.items()}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=40))
def test_macro_f1_is_that_of_the_report(pairs):
    predicted, true = (np.array(ids) for ids in zip(*pairs, strict=True))
    expected = classification_metrics(predicted, true, [str(id_) for id_ in range(7)]).macro_f1
    assert macro_f1(predicted, true) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rows", "asked", "metric", "lower"),
    [
        (topic_rows(60), None, "accuracy", False),
        (uneven(), None, "macro_f1", False),
        (uneven(), "accuracy", "accuracy", False),
        (topic_rows(60), "loss", "loss", True),
    ],
)
def test_the_rule_and_the_wish(rows, asked, metric, lower):
    task = TopicClassifier.from_data(rows, select=asked, **SMALL)
    assert (task.selection_metric, task.lower_is_better) == (metric, lower)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "loss"])
def test_the_epoch_kept_is_the_best_by_the_figure_asked_for(tmp_path, metric):
    rows = uneven()
    task = TopicClassifier.from_data(rows, select=metric, **SMALL)
    result = seqtext.fit(task, rows, rows, run=tmp_path / "run", epochs=5, device="cpu", threads=1, learning_rate=0.02)
    found = {line["epoch"]: line["validation"][metric] for line in result.history if "validation" in line}
    assert found[result.best_epoch] == (min if metric == "loss" else max)(found.values())
    assert f"{'lowest' if metric == 'loss' else 'best'} {metric} on the validation rows" in result.selection
    assert seqtext.load(tmp_path / "run").selection_metric == metric


def test_the_summary_says_what_the_epoch_is_chosen_by_and_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "uneven.csv", uneven(rows=200, kept=5))
    flags = ("--data", "uneven.csv", "--hidden_size", "8", "--embedding_size", "8", "--device", "cpu", "--dry_run")
    out = topics_recipe(*flags).out
    assert "the epoch is chosen by macro_f1 on the validation rows (--select), since the commonest class has" in out
    assert "the epoch is chosen by" not in topics_recipe(*flags, "--select", "accuracy").out
