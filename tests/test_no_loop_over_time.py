"""Training calls as many functions for long texts as for short ones: no Python loop runs over time, forward or backward."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable

import datasets
import numpy as np
import pytest

from seqtext.data.audio.recordings import Recording, recording_rows
from seqtext.data.audio.wav import write_wav
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.tagging.tagger import Tagger
from seqtext.tasks.transcription.transcriber import Transcriber
from seqtext.tasks.translation.translator import Translator
from tests.tasks.transcription import transcribers

SIZES = {"vocabulary_size": 300, "embedding_size": 6, "hidden_size": 8, "max_length": 500}
CELLS = ["rnn", "gru", "lstm"]
ATTENTIONS = ["dot", "scaled_dot", "additive", None]


def rows(words: int) -> datasets.Dataset:
    """Texts of `words` words, and some of half as many."""
    texts = [" ".join(["sea", "wood", "town"][n % 3] for n in range(words // (1 + row % 2))) for row in range(4)]
    return datasets.Dataset.from_dict({"text": texts, "target": texts, "label": ["a", "b", "a", "b"]})


def calls(function: Callable[[], object]) -> Counter[str]:
    """How often each function is called, torch's own among them."""
    counts: Counter[str] = Counter()

    def count(frame, event, called) -> None:
        if event == "call":
            counts[f"{frame.f_code.co_filename}:{frame.f_code.co_name}"] += 1
        elif event == "c_call":
            counts[str(getattr(called, "__qualname__", called))] += 1

    gc.disable()  # it calls what others have hung on to it
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return counts


def trained(task, examples) -> None:
    for loss in task.losses(examples.batch(np.arange(4))):
        loss.sum.backward()


MADE = {
    **{f"classifier, {cell}": (TopicClassifier, {"cell": cell, "text_column": "text"}) for cell in CELLS},
    **{
        f"generator, {cell}": (TextGenerator, {"cell": cell, "text_column": "text", "attributes": ("label",)})
        for cell in CELLS
    },
    **{
        f"translator, {cell}, {kind} attention": (
            Translator,
            {"cell": cell, "attention": kind, "encoder_size": 8, "num_layers": 2, "source_column": "text"},
        )
        for cell in CELLS
        for kind in ATTENTIONS
    },
}


@pytest.mark.parametrize("directions", ["forward", "both"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_step_of_a_language_model_calls_no_more_for_longer_windows(cell, directions):
    settings = {**SIZES, "cell": cell, "directions": directions}
    found = []
    for length in (4, 40):
        task = LanguageModel.from_data(
            rows(40), text_column="text", **{**settings, "max_length": length, "warm_up": length}
        )
        task.model.train()
        examples = task.encode(rows(40))
        trained(task, examples)  # what is done once only
        found.append(calls(lambda task=task, examples=examples: trained(task, examples)))
    assert sum(found[0].values()) > 100
    assert found[0] == found[1]


@pytest.mark.parametrize("case", MADE)
def test_a_step_of_training_calls_no_more_for_longer_texts(case):
    kind, settings = MADE[case]
    task = kind.from_data(rows(8), **SIZES, **settings)
    task.model.train()
    short, long = (task.encode(rows(words)) for words in (4, 40))
    assert long.lengths.max() > 8 * short.lengths.max() > 16
    trained(task, short)  # what is done once only
    found = [calls(lambda examples=examples: trained(task, examples)) for examples in (short, long)]
    assert sum(found[0].values()) > 100
    assert found[0] == found[1]


@pytest.mark.parametrize("settings", [{"bidirectional": True}, {"look_ahead": 2}, {"num_layers": 2, "cell": "gru"}])
def test_a_step_of_a_tagger_calls_no_more_for_longer_sentences(settings):
    def tagged(words: int) -> datasets.Dataset:
        tokens = [text.split() for text in rows(words)["text"]]
        tags = [["place" if word == "town" else "other" for word in sentence] for sentence in tokens]
        return datasets.Dataset.from_dict({"tokens": tokens, "tags": tags}, split="train")

    task = Tagger.from_data(tagged(40), embedding_size=6, hidden_size=8, spelling_size=4, character_size=4, **settings)
    task.model.train()
    short, long = (task.encode(tagged(words)) for words in (4, 40))
    assert long.lengths.max() > 8 * short.lengths.max() > 16
    trained(task, short)
    found = [calls(lambda examples=examples: trained(task, examples)) for examples in (short, long)]
    assert sum(found[0].values()) > 100
    assert found[0] == found[1]


@pytest.mark.parametrize("settings", [{"ahead": 2, "cell": "lstm"}, {"normalisation": "running"}])
def test_a_step_of_a_transcriber_calls_no_more_for_longer_recordings(settings):
    def recorded(seconds: float) -> datasets.Dataset:
        sounds = [transcribers.spoken("abcd"[number], number, seconds=seconds) for number in range(4)]
        return recording_rows(
            [Recording(write_wav(sound, 8000), "", "abcd"[number], "ann") for number, sound in enumerate(sounds)]
        )

    settings = {**transcribers.SMALL, "speed": 0.0, "joined": 1, **settings}
    task = Transcriber.from_data(recorded(0.2), symbols="characters", **settings)
    task.model.train()
    short, long = (task.encode(recorded(seconds)) for seconds in (0.2, 2.0))
    assert long.lengths.max() > 3 * short.lengths.max() > 16
    trained(task, short)
    found = [calls(lambda examples=examples: trained(task, examples)) for examples in (short, long)]
    assert sum(found[0].values()) > 100
    assert found[0] == found[1]
