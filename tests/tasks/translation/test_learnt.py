"""What a translator learns of the data beside its weights: how long sources are, whether runs come twice, which length penalty suits it."""

from __future__ import annotations

from types import SimpleNamespace

import datasets
import pytest
import torch

from seqtext.tasks.translation.length_penalty import best_length_penalty
from seqtext.tasks.translation.settings import Search
from seqtext.tasks.translation.translator import Translator
from tests.tasks.translation.translators import SIZES, of, pairs


def from_pairs(sources: list[str], targets: list[str], **settings) -> Translator:
    rows = datasets.Dataset.from_dict({"source": sources, "target": targets})
    return Translator.from_data(rows, **{**SIZES, **settings})


def test_facts_of_the_data_are_saved(tmp_path):
    texts = [f"old dog runs {n} {n % 7}" for n in range(100)]
    plain = from_pairs(texts, texts)
    assert plain.config.copies_numbers
    assert not plain.config.repeats_runs
    assert not plain.config.has_capitals
    assert 4 <= plain.config.longest_source <= 20
    told = from_pairs([text.upper() for text in texts], [f"{text}, {text}, {text}" for text in texts], max_length=6)
    assert told.config.repeats_runs
    assert told.config.has_capitals
    assert told.config.longest_source == 6
    told.save_pretrained(tmp_path / "model")
    assert Translator.from_pretrained(tmp_path / "model").config == told.config


def test_a_search_takes_what_was_learnt_unless_something_is_asked_for():
    config = SimpleNamespace(length_penalty=0.8, repeats_runs=True)
    assert Search().for_model(config) == Search(length_penalty=0.8, no_repeat_ngram=0)
    asked = Search(length_penalty=1.2, no_repeat_ngram=3)
    assert asked.for_model(config) == asked
    assert Search().for_model(SimpleNamespace(length_penalty=None, repeats_runs=False)) == Search(
        length_penalty=1.0, no_repeat_ngram=4
    )


@pytest.mark.parametrize(("right", "penalty"), [("long", 1.2), ("short", 1.0)])
def test_the_length_penalty_is_the_one_that_puts_the_right_candidates_first(right, penalty):
    short, long = "ein Hund und ein Baum", "ein Hund und noch ein Hund und ein Baum"
    logs = {short: -3.0, long: -4.3}  # at a penalty of 1 the short one is ahead, at 1.2 the long one
    (one, first), (other, second) = ((text, log * 6 / (6 + len(text.split()))) for text, log in logs.items())
    assert first > second

    def task(sources, **_):
        return [SimpleNamespace(text=one, score=first, alternatives=((other, second),))] * len(sources)

    task.tokenizer = SimpleNamespace(encode=lambda texts: [text.split() for text in texts])
    references = [long if right == "long" else short] * 60
    found, said = best_length_penalty(task, ["x"] * 60, references)
    assert found == penalty
    assert said.startswith(f"length penalty {found:g}, by BLEU on 60 validation pairs (0.6: ")
    assert best_length_penalty(task, ["x"] * 9, references[:9]) == (1.0, "")


def test_training_ends_with_the_choice(rows):
    task = of(rows)
    said = task.complete(rows, rows.select(range(50)))
    assert said.startswith("length penalty ")
    assert task.config.length_penalty in (0.6, 0.8, 1.0, 1.2, 1.4)
    few = of(rows)
    assert few.complete(rows, rows.select(range(9))) == ""
    assert few.config.length_penalty is None


def test_every_epoch_sees_other_pairs_and_validation_always_the_same():
    rows = pairs(200)
    task = of(rows, copying=0.5, case_augmentation=0.3)
    assert task.encodes_each_epoch
    one, again, other = (task.encode(rows, sampling_seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.source.values, again.source.values)
    assert not torch.equal(one.source.values, other.source.values)
    assert torch.equal(task.encode(rows).source.values, task.encode(rows).source.values)
    plain = of(rows, copying=0.0, case_augmentation=0.0)
    assert not plain.encodes_each_epoch
    assert torch.equal(plain.encode(rows, sampling_seed=1).source.values, plain.encode(rows).source.values)
