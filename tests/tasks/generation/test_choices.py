"""What the size of a corpus decides: dropout, between two ends; and what is asked for stays."""

from __future__ import annotations

import pytest

from seqtext.tasks.generation.choices import DROPOUT, chosen
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.settings import GeneratorSettings


def of(tokens: int, **asked) -> tuple[float, ...]:
    found = chosen(GeneratorSettings(**asked), tokens)
    return tuple(getattr(found, name) for name in DROPOUT)


def test_few_tokens_have_much_dropout_and_many_little():
    assert of(0) == of(1) == of(100_000) == (0.2, 0.4, 0.5)
    assert of(3_000_000) == of(10**10) == (0.05, 0.05, 0.2)
    assert of(550_000) == pytest.approx((0.125, 0.225, 0.35), abs=0.002)  # half way, by their logarithm


def test_what_is_asked_for_stays():
    asked = {"embedding_dropout": 0.0, "input_dropout": 0.1, "output_dropout": 0.0}
    assert of(10, **asked) == of(10**9, **asked) == tuple(asked.values())


def test_a_generator_has_a_number_for_each(topics):
    config = TextGenerator.from_data(topics["train"], hidden_size=4, embedding_size=4, input_dropout=0.0).config
    assert [getattr(config, name) for name in DROPOUT] == [0.2, 0.0, 0.5]
