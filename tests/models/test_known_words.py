"""Known words: what may be written next, against a look at all texts; and texts drawn from random models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from seqtext.data.text.piece_kinds import FIRST, OUTSIDE, WITHIN
from seqtext.models import known_words
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.known_words import KnownWords, words_of
from seqtext.models.sampling import sample
from tests.models.decoding_toys import BANNED, BEGIN, END, Recurrent, Table, V, begins, vectors

KINDS = np.array([OUTSIDE] * 6 + [FIRST] * 2 + [WITHIN] * 2, dtype=np.uint8)  # pieces 4 and 5 are signs
TEXTS = [[6, 8, 9, 4, 8], [6, 7, 8, 5], [9, 9, 8, 4, 6], [], [5, 5, 9, 8, 9]]
WORDS = {(6, 8, 9), (8,), (6,), (7, 8), (9, 9, 8), (9, 8, 9)}


def of(texts: list[list[int]], kinds: np.ndarray = KINDS) -> tuple[KnownWords, float]:
    flat = torch.tensor([piece for text in texts for piece in text], dtype=torch.int32)
    return words_of(flat, torch.tensor([0, *itertools.accumulate(map(len, texts))]), kinds)


def words_in(text: tuple[int, ...], kinds: np.ndarray = KINDS) -> list[tuple[int, ...]]:
    """The words of a text, told apart by a loop."""
    words: list[tuple[int, ...]] = []
    for place, piece in enumerate(text):
        if kinds[piece] == FIRST or (kinds[piece] == WITHIN and (place == 0 or kinds[text[place - 1]] == OUTSIDE)):
            words.append((piece,))
        elif kinds[piece] == WITHIN:
            words[-1] += (piece,)
    return words


@pytest.mark.parametrize("chunk", [1, 4, 2**22])
def test_the_words_of_texts_and_how_many_come_once(monkeypatch, chunk):
    monkeypatch.setattr(known_words, "CHUNK", chunk)
    words, share = of(TEXTS)
    found = {
        word for size in range(1, 5) for word in itertools.product(range(4, 10), repeat=size) if words.node_of(word)
    }
    assert found == WORDS
    every = [word for text in TEXTS for word in words_in(tuple(text))]
    assert share == pytest.approx(sum(every.count(word) == 1 for word in WORDS) / len(every))
    assert words.to_go.tolist()[0] == 1  # from the root any word of one piece


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_what_may_come_is_what_some_text_of_known_words_has(length):
    words, _ = of(TEXTS)
    allowed = {()}
    whole = [text for text in itertools.product(range(4, 10), repeat=length) if set(words_in(text)) <= WORDS]
    for text in whole:
        allowed |= {text[:cut] for cut in range(length + 1)}
    for cut in range(length):
        for begun in [text for text in allowed if len(text) == cut]:
            node = torch.zeros(1, dtype=torch.int64)
            for piece in begun:
                node = words.after(node, torch.tensor([piece]))
            mask = (~words.forbidden(node, length - cut - 1))[0]
            assert mask[4:].tolist() == [(*begun, piece) in allowed for piece in range(4, 10)], begun
            ended = not words_in(begun) or KINDS[begun[-1]] == OUTSIDE or words_in(begun)[-1] in WORDS
            assert bool(mask[END]) == ended, begun


def test_more_words_and_words_that_begin_with_something():
    words, _ = of(TEXTS)
    more = words.with_words([[7, 9], [7]])
    assert more.node_of([7, 9])
    assert more.node_of([7])
    assert more.node_of([7, 8])
    assert not words.node_of([7])
    spelt = [b""] * 4 + [b".", b" ", b" a", b" b", b"c", b"ac"]
    assert words.starting_with(b" bd", spelt) is None
    started = words.starting_with(b" ac", spelt)  # of the words only " a" + "c" + "ac"
    node = torch.tensor([started.start])
    for piece in (6, 8, 9):
        assert (~started.forbidden(node, 9))[0].nonzero().flatten().tolist() == [piece]
        node = started.after(node, torch.tensor([piece]))
    assert not started.forbidden(node, 9)[0, [END, 4, 5, 6, 7]].any()
    behind = words.behind_a_word()
    assert (~behind.forbidden(torch.tensor([behind.start]), 9))[0].nonzero().flatten().tolist() == [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
    ]


def test_texts_without_words():
    words, share = of([[4, 5], []])
    assert share == 0
    assert (~words.forbidden(torch.zeros(2, dtype=torch.int64), 0)).tolist() == [[True] * 6 + [False] * 4] * 2
    assert words.after(torch.tensor([0]), torch.tensor([8])).tolist() == [0]


# ---- drawn

TOY_KINDS = np.array([OUTSIDE] * 10 + [FIRST] * 20 + [WITHIN] * (V - 30), dtype=np.uint8)
DRAWN = {"seed": 4, "end_id": END, "banned": BANNED, "max_length": 18}


@pytest.fixture(scope="module")
def toy_words() -> KnownWords:
    draw = np.random.default_rng(0)
    texts = [[int(piece) for piece in draw.integers(4, V, 12)] for _ in range(40)]
    return of(texts, TOY_KINDS)[0]


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"temperature": 0.0},
        {"top_p": 0.9, "temperature": 0.7},
        {"top_k": 5, "repetition_penalty": 1.3},
        {"min_p": 0.05, "no_repeat_ngram": 1},
    ],
)
def test_no_other_word_is_drawn_and_rows_are_their_own(toy_words, cell, filters):
    model, rows = Recurrent(cell), 20
    state = model.initial_state_in_blocks(vectors(rows))

    def drawn(count: int, **more: object):
        some = tuple(part[:, :count] for part in state)
        return sample(
            model, some, begin=begins(count), rows=np.arange(count), words=toy_words, **DRAWN, **filters, **more
        )

    made = drawn(rows)
    found = [word for ids in made.ids for word in words_in(tuple(ids), TOY_KINDS)]
    assert len(found) > 20
    assert all(toy_words.node_of(word) for word in found)
    assert drawn(3).ids == made.ids[:3]
    assert drawn(3).log_probability == made.log_probability[:3]


def test_fixed_slots_draw_the_same(toy_words, monkeypatch):
    model, rows = Recurrent("gru"), 20
    ask = {"begin": begins(rows), "rows": np.arange(rows), "words": toy_words, "no_repeat_ngram": 2, **DRAWN}
    free = sample(model, model.initial_state_in_blocks(vectors(rows)), **ask)
    monkeypatch.setattr("seqtext.models.sampling.keeps_its_size", lambda device: True)
    assert sample(model, model.initial_state_in_blocks(vectors(rows)), **ask).ids == free.ids


def test_a_word_under_way_is_ended_though_the_guard_holds_it():
    logits = torch.full((10, 10), -20.0)
    for piece, after in ((BEGIN, 6), (6, 8), (8, 9), (9, 4), (4, END)):
        logits[piece, after] = 0.0
    words, _ = of(TEXTS)
    guard = CopyGuard.of(torch.tensor([6, 8, 9, 4]), torch.tensor([0, 4]), 2)
    model = Table(logits)
    ask = {"begin": begins(1), "rows": np.arange(1), **DRAWN, "temperature": 0.0, "max_length": 6, "guard": guard}
    [ids] = sample(model, model.initial_state(1), words=words, **ask).ids
    assert ids[:3] == [6, 8, 9]  # the runs 6 8 and 8 9 are held
    assert ids[3:4] != [4]  # and so is 9 4, which no word goes on with
    assert sample(model, model.initial_state(1), **ask).ids[0][:2] != [6, 8]


def test_watching_one_row_sees_its_tokens_as_they_come(toy_words):
    model, seen = Recurrent("gru"), []
    ask = {"begin": begins(1), "rows": np.arange(1), "words": toy_words, **DRAWN, "seed": 1}
    made = sample(model, model.initial_state_in_blocks(vectors(1)), watch=seen.append, **ask)
    assert made.ids[0]
    assert [tokens for tokens in seen if END not in tokens][-1] == made.ids[0]
    assert [len(tokens) for tokens in seen] == list(range(1, len(seen) + 1))
