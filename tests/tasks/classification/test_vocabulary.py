"""How many pieces a classifier's tokenizer has where nobody says so: by what the texts are, in any script."""

from __future__ import annotations

import random

import pytest

from seqtext.tasks.classification.classifier import TopicClassifier

TINY = {"hidden_size": 8, "embedding_size": 8}
HAN = [chr(0x4E00 + number) for number in range(900)]
HANGUL = [chr(0xAC00 + number) for number in range(0, 900, 2)]


def rows_of(characters: list[str], length: int) -> list[dict[str, str]]:
    draw = random.Random(3)
    return [{"text": "".join(draw.choices(characters, k=length)), "label": "ab"[place % 2]} for place in range(300)]


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        (rows_of([*"abcdefghij"], 6), 400),  # names
        (rows_of([*"abcdefghij "], 40), 16_000),  # texts
        (rows_of([*"名前東京文字列入力漢語"], 12), 16_000),  # texts of a script without spaces
        (rows_of([*"กขคงจฉชซฌญ"], 20), 16_000),
        (rows_of(HAN, 20), 16_000),
        (rows_of(HAN, 1), 261 + len({row["text"] for row in rows_of(HAN, 1)})),
        (rows_of(HANGUL, 3), 261 + len({sign for row in rows_of(HANGUL, 3) for sign in row["text"]})),
    ],
)
def test_pieces_follow_from_the_texts_whatever_their_script(rows, asked):
    classifier = TopicClassifier.from_data(rows, **TINY)
    assert classifier.config.vocabulary_size == asked
    assert len(classifier.tokenizer) <= asked
    spelt = [piece for row in rows for piece in classifier.tokenizer.encode([row["text"]])[0] if 4 <= piece < 260]
    assert len(spelt) <= 0.01 * sum(len(row["text"]) for row in rows)  # hardly any character is spelt in bytes
