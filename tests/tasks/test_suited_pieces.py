"""Where texts are single words, every task of texts reads and writes little more than characters, unless told otherwise."""

from __future__ import annotations

import random

import pytest

import seqtext

SMALL = {"hidden_size": 4, "embedding_size": 4}
MADE = {
    "generator": lambda rows, **asked: seqtext.TextGenerator.from_data(rows, attributes=["kind"], **SMALL, **asked),
    "language model": lambda rows, **asked: seqtext.LanguageModel.from_data(rows, text_column="text", **SMALL, **asked),
    "translator": lambda rows, **asked: seqtext.Translator.from_data(
        rows, source_column="text", target_column="backwards", **SMALL, encoder_size=4, **asked
    ),
}


def rows_of(words: int) -> list[dict[str, str]]:
    draw = random.Random(words)
    texts = [" ".join("".join(draw.choices("abdeilnorst", k=7)) for _ in range(words)) for _ in range(600)]
    return [{"text": text, "backwards": text[::-1], "kind": "xy"[place % 2]} for place, text in enumerate(texts)]


@pytest.mark.parametrize("task", MADE)
def test_single_words_get_few_pieces(task):
    assert len(MADE[task](rows_of(1)).tokenizer) <= 400
    assert MADE[task](rows_of(1)).config.vocabulary_size == 400
    assert MADE[task](rows_of(4)).config.vocabulary_size == (16_000 if task == "language model" else 8_000)
    assert MADE[task](rows_of(1), vocabulary_size=350).config.vocabulary_size == 350


def test_one_side_of_several_words_makes_pairs_texts():
    rows = [row | {"backwards": f"{row['text']} is {row['text'][::-1]} backwards"} for row in rows_of(1)]
    assert MADE["translator"](rows).config.vocabulary_size == 8_000
