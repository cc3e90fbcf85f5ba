"""Every task as Python code holds it: what it says it is, where it runs, measured, reported, and in odd surroundings the same."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest
import torch

import seqtext
from seqtext.data.series.held_out import hold_out_last
from seqtext.data.series.series import Part, split_by_time
from seqtext.errors import DataError, OptionsError, ResourceError, SavedFileError
from seqtext.tasks import saved
from seqtext.tasks.known import TASKS, public
from tests.conftest import topic_rows
from tests.tasks.forecasting.forecasters import SMALL, START, load, series_of
from tests.tasks.tagging import taggers
from tests.tasks.transcription import transcribers
from tests.training.line import Line

TINY = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 400, "subword_sampling": False}
FIT = {"epochs": 1, "max_steps": 2, "batch_tokens": 600, "device": "cpu", "precision": "fp32"}
SPLITS = (("train", 60, 1), ("validation", 20, 2), ("test", 20, 3))


def texts() -> datasets.DatasetDict:
    return datasets.DatasetDict(
        {name: datasets.Dataset.from_dict(topic_rows(rows, seed), split=name) for name, rows, seed in SPLITS}
    )


def pairs() -> datasets.DatasetDict:
    made = {}
    for name, rows, seed in SPLITS:
        given = topic_rows(rows, seed)["text"]
        made[name] = datasets.Dataset.from_dict({"en": given, "up": [text.upper() for text in given]}, split=name)
    return datasets.DatasetDict(made)


def spans() -> dict[str, Part]:
    train, test = split_by_time(series_of(load(300), names="a"), test_share=0.2)
    train, validation = hold_out_last(train, share=0.2)
    return {"train": train, "validation": validation, "test": test}


def tagged() -> datasets.DatasetDict:
    made = datasets.DatasetDict()
    for name, rows, seed in (("train", 60, 1), ("validation", 20, 2), ("test", 20, 3)):
        made[name] = taggers.rows(rows, seed)
    return made


def spoken() -> datasets.DatasetDict:
    made = datasets.DatasetDict()
    for name, rows, seed in (("train", 40, 1), ("validation", 12, 2), ("test", 12, 3)):
        made[name] = transcribers.rows(rows, seed=seed)
    return made


DATA = {
    "TopicClassifier": texts,
    "TextGenerator": texts,
    "LanguageModel": texts,
    "Tagger": tagged,
    "Transcriber": spoken,
    "Translator": pairs,
    "Forecaster": spans,
}
COLUMNS = {
    "TopicClassifier": {"text_column": "text", "label_column": "label"},
    "TextGenerator": {"text_column": "text", "attributes": ("label",), "no_copy_ngram": 0},
    "LanguageModel": {"text_column": "text"},
    "Tagger": {"tag_column": "upos"},
    "Transcriber": {},
    "Translator": {"source_column": "en", "target_column": "up", "encoder_size": 8},
    "Forecaster": {},
}
SIZES = {
    "Tagger": taggers.SIZES,
    "Transcriber": transcribers.SMALL,
    "Forecaster": SMALL | {"quantiles": (0.1, 0.5, 0.9), "loss": "student_t"},
}
NAMES = list(DATA)


def made(name: str, data=None, **settings):
    train = (DATA[name]() if data is None else data)["train"]
    return public(name).from_data(train, **{**COLUMNS[name], **SIZES.get(name, TINY), **settings})


def asked(name: str, task) -> list[object]:
    """What a task says of something, as plain numbers and texts."""
    if name == "TopicClassifier":
        return [*task(["the ship", "a deer"], top_k=None), *task.encode_texts(["the ship"]).tolist()]
    if name == "TextGenerator":
        written = task(["sea", {"sea": 0.5, "wood": 0.5}], max_length=9)
        return [(one.text, one.log_probability) for one in written]
    if name == "LanguageModel":
        return [one.log_probability for one in task(["the ship", "a deer"])]
    if name == "Tagger":
        return task(["Ann may see", "the can"], probabilities=True)
    if name == "Transcriber":
        return task([transcribers.noise(0.5)], rate=8000)
    if name == "Translator":
        return [(one.text, one.score) for one in task(["the ship", "a deer"], beam=2)]
    found, stream = task(load(50)), task.stream()
    pushed = [stream.push(value) for value in load(20)]
    return [found.values.tolist(), *(values.tolist() for values in found.quantiles.values()), pushed]


def test_every_task_is_here():
    assert sorted(NAMES) == sorted(task.name for task in TASKS)


# ---- what it is, and where


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name):
    task = made(name)
    parameters = sum(parameter.numel() for parameter in task.model.parameters())
    said = repr(task)
    assert said.startswith(f"{name}(")
    assert said.endswith(f"{parameters:,} parameters, on cpu)")
    assert f"{task.config.cell} of " in said
    if name not in ("Forecaster", "Tagger", "Transcriber"):
        assert f"{len(task.tokenizer):,} pieces" in said
    assert {
        "TopicClassifier": "3 labels: 'sea', 'town', 'wood'",
        "TextGenerator": "label of 3",
        "Translator": "en to up",
        "LanguageModel": "both",
        "Tagger": "6 tags: 'AUX'",
        "Transcriber": "4 symbols",
    }.get(name, "1 series: 'a'") in said


def test_names_of_others_are_escaped_in_what_it_says():
    rows = {"text": ["a", "b"] * 9, "label": ["\x1b[31mred", "blue"] * 9}
    task = seqtext.TopicClassifier.from_data(rows, **TINY)
    assert "\x1b" not in repr(task)
    assert task.labels == ("\x1b[31mred", "blue")


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_where_it_is_sent(name):
    task = made(name)
    assert task.to("cpu") is task
    assert task.to(torch.device("cpu")).device == torch.device("cpu")
    with pytest.raises(OptionsError, match="--device cup; expected auto, cpu, cuda"):
        task.to("cup")
    if not torch.cuda.is_available():
        with pytest.raises(ResourceError, match="this machine has 0 device"):
            task.to("cuda")


@pytest.mark.parametrize("name", NAMES)
def test_a_revision_is_of_the_hub_alone(name, tmp_path, monkeypatch):
    task, folder = made(name), tmp_path / "model"
    task.save_pretrained(folder)
    names = []
    monkeypatch.setattr(saved, "_download", lambda name: names.append(name) or folder)
    for opened in (public(name).from_pretrained("me/model", revision="v1"), seqtext.load("me/model", revision="v1")):
        assert type(opened) is type(task)
    assert names == ["me/model@v1"] * 2
    with pytest.raises(OptionsError, match="a revision of what is on this machine; .*; leave revision out"):
        public(name).from_pretrained(folder, revision="v1")
    with pytest.raises(OptionsError, match="a revision of what has one"):
        seqtext.load("me/model@v2", revision="v1")


def test_errors_are_public():
    with pytest.raises(seqtext.errors.SeqtextError) as caught:
        seqtext.load("runs/nothing")
    assert isinstance(caught.value, SavedFileError)
    assert "errors" in dir(seqtext)


# ---- measured and reported


@pytest.mark.parametrize("name", ["TopicClassifier", "TextGenerator", "Translator"])
def test_it_is_measured_on_rows_by_the_code_of_the_command(name):
    data = DATA[name]()
    task = made(name, data)
    config = task.config
    choices = {} if name != "TextGenerator" else {"samples": 0}
    whole = task.evaluate(data, **choices)
    rows = task.evaluate(data["test"], **choices)
    table = task.evaluate(pd.DataFrame(data["test"][:]), **choices)
    dicts = task.evaluate(list(data["test"]), **choices)
    for figures in (whole, rows, table, dicts):
        figures["test"].pop("sentences_per_second", None)
        figures["test"].pop("trigram_perplexity", None)  # where there is a split to learn it from
        figures["test"].pop("below_trigram", None)
    assert rows["test"].items() <= whole["test"].items()
    assert rows["test"] == table["test"] == dicts["test"]
    assert task.config is config
    assert json.dumps(rows)


def test_measuring_takes_the_flags_of_the_command_as_keywords_and_leaves_the_task_as_it_was():
    data = texts()
    task = made("TopicClassifier", data)
    other = {"body": data["test"]["text"][:], "topic": data["test"]["label"][:]}
    figures = task.evaluate(other, text_column="body", label_column="topic", max_rows=9)
    assert figures["test"]["rows"] == 9
    assert task.config.text_column == "text"
    with pytest.raises(OptionsError, match="unknown choice 'text_colum'; expected .*; did you mean 'text_column'"):
        task.evaluate(other, text_colum="body")
    with pytest.raises(OptionsError, match="unknown choice 'output'"):
        task.evaluate(other, output="folder")
    with pytest.raises(DataError, match="no column 'text'"):
        task.evaluate(other)


def test_a_forecaster_is_measured_on_a_table():
    times = pd.date_range(pd.Timestamp(START), periods=60, freq="h").astype(str)
    frame = pd.DataFrame({"time": times, "a": load(60)})
    figures = made("Forecaster").evaluate(frame, test_share=0.5)
    assert figures["test"]["windows"] == 30
    assert figures["data"]["source"] == "the rows given"


@pytest.mark.parametrize("name", NAMES)
def test_training_writes_the_report_of_the_recipe_where_it_is_asked_for(name, tmp_path, monkeypatch):
    monkeypatch.setattr("seqtext.tasks.generation.report.report.SWEPT", 4)  # which takes long
    data = DATA[name]()
    task = made(name, data)
    run = tmp_path / "run"
    given = (data,) if name != "Forecaster" else (data["train"], data["validation"])
    test = {} if name != "Forecaster" else {"test": data["test"]}
    seqtext.fit(task, *given, **test, run=run, report=True, **FIT)
    figures = json.loads((run / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert {"test", "data", "training"} <= set(figures)
    assert figures["training"]["steps"] == 2
    assert (run / "README.md").is_file()
    assert type(seqtext.load(run)) is type(task)
    assert task.config == seqtext.load(run).config


def test_a_report_needs_test_rows_and_a_task_that_has_one(tmp_path):
    data = texts()
    task = made("TopicClassifier", data)
    with pytest.raises(OptionsError, match="no rows to measure on; give test=ROWS"):
        seqtext.fit(task, data["train"], run=tmp_path / "run", report=True, **FIT)
    with pytest.raises(OptionsError, match="Line has no report; leave it out"):
        seqtext.fit(
            Line(), np.ones((9, 2)), np.ones((2, 2)), run=tmp_path / "run", report=True, test=data["test"], **FIT
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["TopicClassifier", "TextGenerator", "Translator"])
def test_a_table_trains_the_model_that_its_data_set_trains(name, tmp_path):
    data = DATA[name]()
    frames = {split: pd.DataFrame(rows[:]) for split, rows in data.items()}
    lists = {split: list(rows) for split, rows in data.items()}
    weights = []
    for number, given in enumerate((data, frames, lists)):
        task = made(name, given)
        seqtext.fit(task, given["train"], given["validation"], run=tmp_path / str(number), **FIT)
        weights.append((task.config, task.model.state_dict()))
    for config, found in weights[1:]:
        assert config == weights[0][0]
        assert all(torch.equal(value, found[key]) for key, value in weights[0][1].items())


@pytest.mark.parametrize("name", ["TopicClassifier", "LanguageModel"])
def test_all_splits_of_a_data_set_are_taken_for_what_they_are(name, tmp_path):
    data = texts()
    one, two = (public(name).from_data(given, **COLUMNS[name], **TINY) for given in (data, data["train"]))
    first = seqtext.fit(one, data, run=tmp_path / "one", **FIT)
    second = seqtext.fit(two, data["train"], data["validation"], run=tmp_path / "two", **FIT)
    assert first.validation == second.validation


# ---- odd surroundings


@pytest.mark.fault(74)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_default_dtype_changes_nothing(name, dtype, tmp_path):
    def all_of_it(run: Path) -> list[object]:
        data = DATA[name]()
        task = made(name, data)
        result = seqtext.fit(task, data["train"], data["validation"], run=run, optimizer="muon", **FIT)
        opened = seqtext.load(run)
        dtypes = {parameter.dtype for parameter in opened.model.parameters()}
        figures = opened.validate(opened.encode(data["test"]))
        return [asked(name, task), asked(name, opened), result.validation, figures, dtypes]

    expected = all_of_it(tmp_path / "usual")
    assert expected[-1] == {torch.float32}
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        found = all_of_it(tmp_path / "other")
        assert torch.get_default_dtype() == dtype
    finally:
        torch.set_default_dtype(before)
    assert found == expected


@pytest.mark.fault(74)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_predicts_instead_of_hanging():
    task = made("TopicClassifier")
    expected, threads = task(["the ship", "a deer"] * 200), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.randn(500, 500) @ torch.randn(500, 500)  # the threads that the child will not have
        task(["the ship"])
        child = os.fork()
        if not child:
            found = task(["the ship", "a deer"] * 200)
            os._exit(0 if np.allclose([one.probability for one in found], [one.probability for one in expected]) else 7)
        end = time.monotonic() + 30
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                pytest.fail("it hangs")
            time.sleep(0.02)
        assert os.waitstatus_to_exitcode(ended[1]) == 0
    finally:
        torch.set_num_threads(threads)
