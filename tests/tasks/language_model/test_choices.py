"""What the size of a corpus decides of a language model: dropout, between two ends; and what is asked for stays."""

from __future__ import annotations

import pytest

import seqtext
from seqtext.tasks.language_model.choices import DROPOUT

SIZES = {"hidden_size": 4, "embedding_size": 4, "vocabulary_size": 300}


def of(rows, **asked) -> tuple[float, ...]:
    config = seqtext.LanguageModel.from_data(rows, **SIZES, **asked).config
    return tuple(getattr(config, name) for name in DROPOUT)


def test_few_tokens_have_much_dropout_and_many_little(topics, monkeypatch):
    rows = topics["train"]
    assert of(rows) == (0.2, 0.4, 0.5)
    assert of(rows, input_dropout=0.0, tokens="words") == (0.2, 0.0, 0.5)
    monkeypatch.setattr("seqtext.tasks.dropout_by_tokens.FEW", 1)
    monkeypatch.setattr("seqtext.tasks.dropout_by_tokens.MANY", 2)
    assert of(rows) == (0.1, 0.2, 0.3)


def test_tokens_are_counted_in_some_of_many_rows(topics, monkeypatch):
    rows = topics["train"]
    monkeypatch.setattr("seqtext.tasks.dropout_by_tokens.FEW", 1_000)
    monkeypatch.setattr("seqtext.tasks.dropout_by_tokens.MANY", 30_000)
    all_of_them = of(rows)
    assert 0.2 < all_of_them[1] < 0.4
    monkeypatch.setattr("seqtext.tasks.language_model.choices.COUNTED", len(rows) // 3)
    assert of(rows) == pytest.approx(all_of_them, abs=0.01)
