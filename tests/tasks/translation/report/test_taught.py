"""An ensemble taught into one: what saved translators write of the training sources is learnt from too."""

from __future__ import annotations

from pathlib import Path

import pytest

import seqtext
from seqtext.data.pairs.sources import load_pair_files
from seqtext.data.pairs.splits import pair_splits
from seqtext.tasks.translation.report import taught as module
from seqtext.tasks.translation.report.taught import taught
from tests.in_process import succeeded
from tests.tasks.translation.recipe import FILES, done, recipe, write_all

GIVEN = (*FILES, "--validation", "test.en", "test.de", "--baselines", "none")  # so that all train on the same pairs


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Files of pairs, and two translators trained on them."""
    folder = tmp_path_factory.mktemp("taught")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_all()
        for seed in (0, 1):
            done(*GIVEN, "--seed", seed, "--run", f"runs/{seed}")
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch) -> None:
    monkeypatch.chdir(place)


def test_a_run_learns_what_others_write_goes_on_and_translates_once(place, monkeypatch):
    by = ("--taught_by", "runs/0", "runs/1")
    asked = done(*GIVEN, *by, "--dry_run", "--run", "runs/dry").out
    assert "runs/0, runs/1 translate 60 training sources together first (--taught_by)" in asked
    assert "rows        60 train, 12 validation, 12 test" in asked
    made = done(*GIVEN, *by, "--run", "runs/one").out
    assert "first       runs/0, runs/1 translate 60 training sources together" in made
    assert "rows        120 train, 12 validation, 12 test" in made
    monkeypatch.setattr(module, "_write", lambda *_: pytest.fail("they are in the cache"))
    again = succeeded(recipe("--resume", "--run", "runs/one", "--epochs", "2"))
    assert "120 train" in again.out
    assert "epoch 2" in again.out


def test_the_further_pairs_are_what_the_translators_write_together(place):
    one, other = (seqtext.load(f"runs/{seed}") for seed in (0, 1))
    files = {name: [f"{name}.en", f"{name}.de"] for name in ("train", "test")}
    given = pair_splits(load_pair_files(**files, validation=files["test"]).splits, source="en", target="de")
    found = taught(given, ["runs/0", "runs/1"], device="cpu", threads=1)
    count = len(given.train)
    assert found.train[:count] == given.train[:]
    written = [made.text for made in one(given.train["source"][:], others=[other], beam=module.BEAM)]
    kept = [(source, text) for source, text in zip(given.train["source"], written, strict=True) if text.strip()]
    more = found.train[count:]
    assert list(zip(more["source"], more["target"], strict=True)) == kept
    assert (found.validation, found.test) == (given.validation, given.test)


def test_what_cannot_teach_is_refused_before_anything_is_translated(place):
    topics = seqtext.TopicClassifier.from_data([{"text": "a b", "label": "x"}, {"text": "b c", "label": "y"}] * 5)
    topics.save_pretrained("runs/topics")
    assert "runs/topics is a TopicClassifier; expected a Translator" in recipe(*GIVEN, "--taught_by", "runs/topics").err
    turned = ("--train", "train.de", "train.en", "--test", "test.de", "test.en")
    ended = recipe(*turned, "--taught_by", "runs/0", "--run", "runs/turned")
    assert (ended.code, Path("runs/turned").exists()) == (2, False)
    assert "--taught_by runs/0: its source is 'en'; expected 'de'" in ended.err
