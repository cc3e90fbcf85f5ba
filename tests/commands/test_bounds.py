"""Numbers have bounds: what nobody means is a line before anything is made, and what is taken can be taken up again."""

from __future__ import annotations

import pytest

from seqtext.errors import OptionsError
from seqtext.options import RunOptions, TrainingOptions
from seqtext.tasks.forecasting.request import ForecastRequest
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.generation.settings import Writing
from tests.in_process import seqtext_command

HUGE = 10**20


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((TrainingOptions, name) for name in ("epochs", "max_steps", "batch_tokens", "batch_rows", "threads")),
        *((TrainingOptions, name) for name in ("gradient_accumulation", "patience_epochs", "seed")),
        *((RunOptions, name) for name in ("seeds", "max_rows")),
        *((Writing, name) for name in ("count", "seed", "max_length")),
        *((ForecastRequest, name) for name in ("horizon", "samples", "seed")),
        *((ForecastSettings, name) for name in ("window", "horizon", "season", "hidden_size", "num_layers")),
    ],
)
def test_no_number_is_without_a_bound(kind, name):
    with pytest.raises(OptionsError, match=f"--{name} is {HUGE}; expected "):
        kind(**{name: HUGE})
    with pytest.raises(OptionsError, match=f"--{name} is -{HUGE}; expected "):
        kind(**{name: -HUGE})


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("predict", ("x", "--threads", "100000")),
        ("generate", ("--count", "1000000000")),
        ("generate", ("--threads", "100000")),
        ("forecast", ("--history", "h.csv", "--threads", "100000")),
        ("forecast", ("--history", "h.csv", "--samples", "1000000000")),
        ("evaluate", ("--data", "phrasebook", "--threads", "100000")),
    ],
)
def test_flags_of_commands_are_bounded_too(saved_tasks, command, flags):
    of = {"predict": "TopicClassifier", "evaluate": "TopicClassifier", "generate": "TextGenerator"}
    ended = seqtext_command(command, saved_tasks[of.get(command, "Forecaster")], *flags)
    assert ended.code == 2
    assert "expected at most" in ended.err
