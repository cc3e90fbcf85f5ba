"""A run that was still getting better when it ended names the limit that ended it."""

from __future__ import annotations

import pytest

from seqtext.options import TrainingOptions
from seqtext.training.advice import advice, far_apart
from seqtext.training.fit import fit
from tests.training.line import Line, points


def said(values: list[float], *, epochs: int | None = None, steps: int = 100, lower: bool = False, **options) -> str:
    by_epoch = dict(enumerate(values, start=1))
    return advice(
        TrainingOptions(**options), by_epoch, epochs=epochs or len(values), steps=steps, lower_is_better=lower
    )


@pytest.mark.parametrize(
    ("values", "how", "flag"),
    [
        ([0.5, 0.6, 0.7], {}, "--epochs 6"),
        ([2.0, 1.5, 1.2], {"lower": True}, "--epochs 6"),
        ([0.5, 0.6, 0.7], {"epochs": 9, "max_steps": 100}, "--max_steps 200"),
        ([0.5, 0.6, 0.7], {"epochs": 9, "max_minutes": 1.5}, "--max_minutes 3"),
        ([0.5, 0.6, 0.7], {"epochs": 9, "max_minutes": 1.5, "max_steps": 400}, "--max_minutes 3"),
    ],
)
def test_the_limit_that_ended_it_is_named(values, how, flag):
    assert said(values, **how) == flag


@pytest.mark.parametrize(
    ("values", "how"),
    [
        ([], {}),
        ([0.5], {}),
        ([0.5, 0.7, 0.6], {}),
        ([0.7, 0.6, 0.65], {}),  # risen, but it was better before
        ([0.5, 0.9, 0.9005], {}),  # hardly better
        ([0.9, 1.0, 1.0], {}),
        ([1.0, 1.2], {"lower": True}),
        ([1.0, 0.999], {"lower": True}),
        ([0.0, 0.0], {"lower": True}),
    ],
)
def test_nothing_is_said_where_longer_would_hardly_help(values, how):
    assert said(values, **how) == ""


def test_the_advice_of_fit_obeyed_gets_further(tmp_path):
    options = {"device": "cpu", "batch_tokens": 8, "learning_rate": 0.05, "epochs": 2, "ema_decay": 0.0}
    first = fit(Line(), points(), run=tmp_path / "run", **options)
    assert first.advice == "--epochs 4"
    second = fit(Line(), points(), run=tmp_path / "run", resume=True, **{**options, "epochs": 4})
    assert second.validation["error"] < first.validation["error"]


def test_validation_and_test_that_chance_does_not_explain_are_called_far_apart():
    def figures(**test: float) -> dict:
        return {"test": test, "data": {"rows": {"validation": 400, "test": 1000}}}

    told = far_apart({"accuracy": 0.95}, figures(accuracy=0.75))
    assert told.startswith("accuracy is 95.0% and 75.0% on validation and test rows, far apart")
    assert far_apart({"accuracy": 0.80}, figures(accuracy=0.76)) == ""
    few = {"test": {"accuracy": 0.7}, "data": {"rows": {"validation": 10, "test": 1000}}}
    assert far_apart({"accuracy": 0.9}, few) == ""  # ten rows say little
    assert far_apart({"loss": 3.2, "perplexity": 25.7}, figures(perplexity=275.8)).startswith(
        "perplexity is 25.7 and 275.8"
    )
    assert far_apart({"loss": 3.2, "perplexity": 25.7}, figures(perplexity=30.1)) == ""
    assert far_apart({"loss": 1.0}, {"test": None}) == ""
