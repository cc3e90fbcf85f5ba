"""What the size of a corpus decides: dropout between two ends, bigrams from a million tokens on; and what is asked for stays."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from seqtext.errors import OptionsError
from seqtext.tasks.generation.choices import BIGRAM_ROWS, LEAST_FOR_BIGRAMS, chosen
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.settings import GeneratorSettings

OPEN = ("embedding_dropout", "input_dropout", "output_dropout", "bigram_rows")


def of(tokens: int, **asked) -> tuple[object, ...]:
    found = asdict(chosen(GeneratorSettings(**asked), tokens))
    return tuple(found[name] for name in OPEN)


def test_few_tokens_have_much_dropout_and_no_bigrams_and_many_the_reverse():
    assert of(0) == of(1) == of(100_000) == (0.2, 0.4, 0.5, 0)
    assert of(3_000_000) == of(10**10) == (0.05, 0.05, 0.2, BIGRAM_ROWS)
    between = of(550_000)  # half way, by their logarithm
    assert between[:3] == pytest.approx((0.125, 0.225, 0.35), abs=0.002)
    assert of(LEAST_FOR_BIGRAMS)[3] == BIGRAM_ROWS
    assert of(LEAST_FOR_BIGRAMS - 1)[3] == 0


def test_what_is_asked_for_stays():
    asked = {"embedding_dropout": 0.0, "input_dropout": 0.1, "output_dropout": 0.0, "bigram_rows": 7}
    for tokens in (10, 10**9):
        assert of(tokens, **asked) == tuple(asked.values())
    assert of(10**9, feedback="zeros")[3] == 0


def test_a_generator_has_a_number_for_each(topics):
    config = TextGenerator.from_data(topics["train"], hidden_size=4, embedding_size=4).config
    assert [getattr(config, name) for name in OPEN] == [0.2, 0.4, 0.5, 0]
    with pytest.raises(OptionsError, match="reads no tokens, and no pairs of them; leave --bigram_rows out"):
        TextGenerator.from_data(topics["train"], feedback="zeros", bigram_rows=10)
