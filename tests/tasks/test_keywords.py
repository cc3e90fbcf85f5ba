"""A task's call, its command and the dataclass between them: the same names, defaults, types and checks."""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import MISSING, fields
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from seqtext.errors import OptionsError
from seqtext.tasks import saved
from seqtext.tasks.classification.settings import Ranking
from seqtext.tasks.forecasting.request import ForecastRequest
from seqtext.tasks.generation.settings import Writing
from seqtext.tasks.known import BY_NAME, TASKS, public
from seqtext.tasks.language_model.settings import Scoring
from seqtext.tasks.tagging.settings import Tagging
from seqtext.tasks.transcription.settings import Listening
from seqtext.tasks.translation.settings import Search
from tests.in_process import seqtext_command

ASKED = {
    "TopicClassifier": Ranking,
    "LanguageModel": Scoring,
    "TextGenerator": Writing,
    "Tagger": Tagging,
    "Translator": Search,
    "Transcriber": Listening,
    "Forecaster": ForecastRequest,
}
# A value of each keyword that is not its default, and can be meant.
OTHERS = {
    "TopicClassifier": {"top_k": 3},
    "TextGenerator": {
        "count": 2, "seed": 3, "like": "so", "prompt": "once", "temperature": 0.5, "top_k": 7, "top_p": 0.9, "min_p": 0.1,
        "guidance": 1.5, "repetition_penalty": 1.1, "no_repeat_ngram": 4, "words": "any", "allow_copies": True, "max_length": 50,
    },
    "LanguageModel": {"by_token": True, "cache": 50},
    "Tagger": {"probabilities": True},
    "Transcriber": {"beam": 5},
    "Translator": {
        "beam": 6, "n_best": 2, "length_penalty": 0.7, "max_ratio": 1.5, "no_repeat_ngram": 3, "prefix": "so", "min_score": 0.2,
        "sample": True, "temperature": 0.8, "seed": 3,
    },
    "Forecaster": {"horizon": 4, "samples": 9, "seed": 1},
}  # fmt: skip
WRONG = {
    "TopicClassifier": {"top_k": 0},
    "TextGenerator": {
        "count": 0, "temperature": -1.0, "top_k": -1, "top_p": 2.0, "min_p": 1.0, "guidance": float("nan"), "repetition_penalty": 0.0,
        "no_repeat_ngram": -1, "max_length": 0,
    },
    "LanguageModel": {"cache": -1},
    "Tagger": {},  # yes or no: nothing else can be meant
    "Transcriber": {"beam": 0},
    "Translator": {
        "beam": 0, "n_best": 0, "length_penalty": -1.0, "max_ratio": -1.0, "no_repeat_ngram": -1, "min_score": 2.0, "seed": -1,
    },
    "Forecaster": {"horizon": 0, "samples": 0},
}  # fmt: skip
NAMES = sorted(ASKED)


class SeenError(Exception):
    """Raised where the values have come to."""


def seen(**values: object) -> None:
    raise SeenError(values)


def test_every_task_has_one():
    assert set(ASKED) == {task.name for task in TASKS}
    for name, kind in ASKED.items():
        assert set(OTHERS[name]) == {field.name for field in fields(kind)}
        for field in fields(kind):
            assert field.default is not MISSING
            assert OTHERS[name][field.name] != field.default


@pytest.mark.parametrize("name", NAMES)
def test_the_call_has_its_names_types_and_defaults(name):
    parameters = inspect.signature(public(name).__call__).parameters
    for field in fields(ASKED[name]):
        parameter = parameters[field.name]
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert (parameter.default, parameter.annotation) == (field.default, field.type), field.name


@pytest.mark.parametrize("name", NAMES)
def test_the_call_hands_each_keyword_on_to_be_checked(name, monkeypatch):
    kind = public(name)
    monkeypatch.setattr(sys.modules[kind.__module__], ASKED[name].__name__, seen)
    with pytest.raises(SeenError) as caught:
        kind.__call__(object.__new__(kind), ["x"], **OTHERS[name])
    assert caught.value.args == (OTHERS[name],)


@pytest.mark.parametrize("name", NAMES)
def test_the_command_has_its_fields_and_none_of_them_anew(name):
    command = getattr(BY_NAME[name].part("command"), BY_NAME[name].command.capitalize())
    assert issubclass(command, ASKED[name])
    assert not set(vars(command)["__annotations__"]) & {field.name for field in fields(ASKED[name])}


@pytest.mark.parametrize("name", ["TextGenerator", "Translator"])
def test_the_command_calls_with_each_flag(name, monkeypatch):
    def task(*_: object, **values: object) -> None:
        raise OptionsError(repr({field.name: values[field.name] for field in fields(ASKED[name])}))

    task.config = SimpleNamespace(attention=None, names=[], whitespace="fold")
    task.model = SimpleNamespace(to=lambda device: None)
    monkeypatch.setattr(saved, "load_for", lambda command, run: task)
    flags = [[f"--{key}", *([] if value is True else [value])] for key, value in OTHERS[name].items()]
    words = ["x"] if name == "Translator" else []
    ended = seqtext_command(BY_NAME[name].command, "run", *words, *[part for flag in flags for part in flag])
    expected = {field.name: OTHERS[name][field.name] for field in fields(ASKED[name])}
    assert ended == (2, "", f"error: {expected!r}\n")


@pytest.mark.parametrize(("name", "wrong"), [(name, key) for name in NAMES for key in WRONG[name]])
def test_what_cannot_be_meant_is_refused_by_call_and_command_in_the_same_words(name, wrong):
    value = WRONG[name][wrong]
    kind = public(name)
    with pytest.raises(OptionsError, match=f"^--{wrong} is {value}") as caught:
        list(kind.__call__(object.__new__(kind), ["x"], **{wrong: value}))
    flags = (f"--{wrong}={value}", *(["--history", "x"] if name == "Forecaster" else []))
    words = ["x"] if name in ("TopicClassifier", "Translator") else []
    assert seqtext_command(BY_NAME[name].command, "run", *words, *flags) == (2, "", f"error: {caught.value}\n")


@pytest.mark.parametrize("name", NAMES)
def test_each_field_has_its_line_of_help(name):
    kind = ASKED[name]
    [body] = [
        node.body
        for node in ast.parse(Path(inspect.getfile(kind)).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    ]
    followed = {
        node.target.id: after.value.value
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    assert set(followed) == {field.name for field in fields(kind)}
    assert all(line.endswith(".") for line in followed.values())
    ended = seqtext_command(BY_NAME[name].command, "--help")
    without_box = " ".join(ended.out.replace("│", " ").split())
    for line in followed.values():
        assert " ".join(line.split())[:40] in without_box
