"""Translations: a text in, its translation out, each its own, whatever is asked beside it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from seqtext.batching.padded import Padded
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.errors import DataError, OptionsError
from seqtext.models.transduction import Source, transduce
from seqtext.tasks.translation.writing import Translation
from tests.tasks.translation.translators import SHAPES, of, pairs, same


@pytest.mark.fault(45)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("beam", [1, 3])
def test_a_text_is_the_same_alone_and_in_any_company(rows, shape, beam):
    task = of(rows, **shape)
    texts = [*pairs(100, seed=9)["source"], "", "old " * 70]
    asked = {"beam": beam, "n_best": beam, "attention": True, "max_ratio": 0.5}
    whole = task(texts, **asked)
    assert len({one.text for one in whole}) > 20
    backwards = task(texts[::-1], **asked)[::-1]
    seven = task(texts[10:17], **asked)
    for one, other in [*zip(whole, backwards, strict=True), *zip(whole[10:17], seven, strict=True)]:
        assert same(one, other)
    for place in (0, 50, 100, 101):
        assert same(task([texts[place]], **asked)[0], whole[place])


def test_the_same_text_twice_has_one_translation(translator):
    one, two, _ = translator(["old dog", "old dog", "here"])
    assert same(one, two)


@pytest.mark.parametrize("shape", SHAPES)
def test_greedy_is_the_loop_over_argmax(rows, shape):
    task = of(rows, **shape, copying=0.0)
    texts = pairs(12, seed=4)["source"][:]
    for text, found in zip(texts, task(texts, beam=1, no_repeat_ngram=0), strict=True):
        ids = task.source_tokenizer.encode([text])[0]
        written = [BEGIN]
        with torch.no_grad():
            state = task.model.initial_state(Padded(torch.tensor([[*ids, END]]), torch.tensor([len(ids) + 1])))
            for _ in range(2 * len(ids) + 10):
                outputs, state = task.model.step(torch.tensor([written[-1]]), state)
                logits = task.model.logits(outputs)[0]
                logits[[0, 1, 2] if written[1:] else [0, 1, 2, END]] = -torch.inf  # no text is empty
                written.append(int(logits.argmax()))
                if written[-1] == END:
                    break
        assert found.ended == (written[-1] == END)
        assert found.text == " ".join(task.tokenizer.written(written).split())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_log_probability_is_that_of_the_model_reading_the_translation(rows, shape):
    task = of(rows, **shape)
    assert len(rows) > 8
    for text, one in zip(rows["source"][:8], task(rows["source"][:8], length_penalty=0.6), strict=True):
        by_piece = {piece: number for number, piece in enumerate(task.tokenizer.pieces(range(len(task.tokenizer))))}
        ids, written = task.source_tokenizer.encode([text])[0], [by_piece[piece] for piece in one.target_pieces]
        written += [] if one.ended else [END]  # which has its share in the score
        with torch.no_grad():
            state = task.model.initial_state(Padded(torch.tensor([[*ids, END]]), torch.tensor([len(ids) + 1])))
            tokens = Padded(torch.tensor([[BEGIN, *written[:-1]]]), torch.tensor([len(written)]))
            scores = task.model.logits(task.model(tokens, state).values[0]).log_softmax(-1)
        each = scores.gather(1, torch.tensor(written)[:, None])
        assert one.log_probability == pytest.approx(float(each[: len(one.target_pieces)].sum()), abs=1e-3, rel=1e-4)
        assert one.score == pytest.approx(float(each.sum()) / ((5 + len(written)) / 6) ** 0.6, abs=1e-3, rel=1e-4)


@pytest.mark.fault(21)
def test_an_empty_text_has_an_empty_translation(translator):
    made = translator(["", "old dog", " \n\t ", "\u200b"], attention=True, n_best=2)
    for one in (made[0], made[2]):
        assert one == Translation("", 0.0, 0.0, 1.0, False, True, (), (), 1, 0, False, None, (), ())
    assert made[1].source_tokens > 0
    assert isinstance(made[3].text, str)
    assert translator([]) == []
    assert [one.text for one in translator(["", ""])] == ["", ""]


@pytest.mark.parametrize("asked", [{"beam": 1}, {"beam": 4, "n_best": 3}, {"sample": True}])
@pytest.mark.parametrize("copying", [0.0, 0.1])
def test_no_text_has_an_empty_translation_though_that_were_the_likeliest(rows, asked, copying):
    task = of(rows, copying=copying)
    with torch.no_grad():
        task.model.head.bias[END] = 20
    for one in task(["old dog", "a man sleeps here today"], **asked):
        assert len(one.target_pieces) == 2
        assert one.target_pieces[0] != "</s>"
    begun = task(["old dog"], prefix="alt", **asked)[0]
    assert begun.target_pieces[-1] == "</s>"
    assert task([""], **asked)[0].text == ""


@pytest.mark.fault(33)
def test_an_end_that_never_comes_still_gives_a_text_at_the_limit(rows, monkeypatch):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[END] = -1e9
    texts = ["dog", "old " * 10, ""]
    steps, step = [0], task.model.step

    def counted(*given):
        steps[0] += 1
        return step(*given)

    monkeypatch.setattr(task.model, "step", counted)
    for beam in (1, 4):
        steps[0] = 0
        made = task(texts, beam=beam, n_best=beam)
        assert steps[0] == sum(10 + 2 * one.source_tokens + 1 for one in made[:2]), (
            "a step a token, and one for the end"
        )
        assert [one.ended for one in made] == [False, False, True]
        for one in made[:2]:
            assert len(one.target_pieces) == 10 + 2 * one.source_tokens
            assert one.target_pieces[-1] != "</s>"
    [short] = task(["old dog"], max_ratio=0)
    assert len(short.target_pieces) == 10


@pytest.mark.fault(33)
def test_no_text_is_without_its_string_whatever_the_tokens(rows):
    task = of(rows)
    bytes_only = [i for i, piece in enumerate(task.tokenizer.pieces(range(len(task.tokenizer)))) if piece[:3] == "<0x"]
    with torch.no_grad():
        task.model.head.bias[bytes_only] += 50
    found = task(rows["source"][:10])
    assert len(found) == 10
    for one in found:
        assert isinstance(one.text, str)
        one.text.encode()


@pytest.mark.fault(25)
def test_a_long_text_is_translated_in_parts_and_what_is_far_too_long_is_cut_and_says_so(rows, monkeypatch):
    task = of(rows)
    sentences = ["green house and tree.", "old dog, man here."]
    [whole] = task([" ".join(sentences * 4)], attention=True)
    alone = task(sentences)
    assert whole.parts == 8
    assert whole.text == " ".join([one.text for one in alone] * 4)
    assert whole.confidence == min(one.confidence for one in alone)
    assert whole.log_probability == pytest.approx(4 * sum(one.log_probability for one in alone))
    assert whole.attention.shape == (len(whole.target_pieces), len(whole.source_pieces))
    assert not whole.cut
    monkeypatch.setattr("seqtext.tasks.translation.reading.MOST_CHARACTERS", 40)
    [cut] = task(["old dog " * 5000], beam=1)
    assert cut.cut
    assert cut._replace(cut=False) == task(["old dog " * 5], beam=1)[0]


def test_alternatives_are_other_texts_in_the_order_of_their_scores(translator, rows):
    for one in translator(rows["source"][:10], beam=6, n_best=4):
        texts = [one.text, *(text for text, _ in one.alternatives)]
        scores = [one.score, *(score for _, score in one.alternatives)]
        assert 2 <= len(texts) == len(set(texts)) <= 4
        assert scores == sorted(scores, reverse=True)
    assert translator(["old dog"], beam=6)[0].alternatives == ()


def test_what_the_beam_holds_in_other_pieces_makes_room_for_other_texts(translator, monkeypatch):
    def with_the_best_twice(*arguments, **asked):
        found = transduce(*arguments, **asked)
        return [one._replace(candidates=[one.candidates[0], *one.candidates][: asked["n_best"]]) for one in found]

    plain = translator(["old dog"], beam=4, n_best=2)[0]
    monkeypatch.setattr("seqtext.tasks.translation.writing.transduce", with_the_best_twice)
    [(other, _)] = translator(["old dog"], beam=4, n_best=2)[0].alternatives
    assert other == plain.alternatives[0][0]


def test_no_run_of_tokens_comes_twice_if_so_asked(rows):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[END] = -1e9
    pieces = task(["old dog " * 4], no_repeat_ngram=2)[0].target_pieces
    assert len(set(itertools.pairwise(pieces))) == len(pieces) - 1


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_attention_says_what_each_token_took_from_each(rows, shape):
    task = of(rows, **shape)
    for one in task(["old dog", "green house and a tree here"], attention=True):
        assert one.attention.shape == (len(one.target_pieces), len(one.source_pieces))
        assert one.attention.dtype == np.float32
        np.testing.assert_allclose(one.attention.sum(1), 1, rtol=1e-5)
        assert one.source_pieces[-1] == "</s>"
        assert (one.target_pieces[-1] == "</s>") == one.ended
    assert task(["old dog"])[0].attention is None


def test_without_attention_there_is_none_to_tell(rows):
    assert of(rows, attention=None)(["old dog"], attention=True)[0].attention is None


def test_a_source_of_every_length_is_its_own_width(translator):
    """Around the width that sources are padded to, and for the longest of a block alone."""
    sources = [Source([5] * length + [END], limit=6) for length in range(1, 20)]
    asked = {"begin": BEGIN, "end_id": END, "banned": (0, 1, 2), "beam": 2, "n_best": 2}
    whole = transduce([translator.model], sources, **asked)
    for source, found in zip(sources, whole, strict=True):
        assert transduce([translator.model], [source], **asked) == [found]


def test_what_is_given_back_is_named():
    fields = (
        "text score log_probability confidence doubtful ended missing alternatives parts source_tokens cut attention"
    )
    assert Translation._fields == (*fields.split(), "source_pieces", "target_pieces")


# ---- bad input


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"beam": 0}, "--beam is 0; expected from 1 to 1,000"),
        ({"beam": 2, "n_best": 3}, "--n_best is 3; expected from 1 to --beam, which is 2"),
        ({"beam": 2.5}, "--beam is 2.5; expected a whole number"),
        ({"n_best": True}, "--n_best is True; expected a whole number"),
        ({"n_best": 2.0}, "--n_best is 2.0; expected a whole number"),
        ({"beam": "5", "n_best": None}, "2 options:\n  --beam is '5'.*\n  --n_best is None; expected a whole number"),
        ({"length_penalty": "1"}, "--length_penalty is '1'; expected a number"),
        ({"max_ratio": None}, "--max_ratio is None; expected from 0 to 100"),
        ({"length_penalty": -1}, "--length_penalty is -1; expected from 0 to 10"),
        ({"length_penalty": 2000}, "--length_penalty is 2000; expected from 0 to 10"),
        ({"max_ratio": float("inf")}, "--max_ratio is inf; expected from 0 to 100"),
        ({"max_ratio": float("nan")}, "--max_ratio is nan; expected from 0 to 100"),
        ({"no_repeat_ngram": -1, "beam": 0}, "2 options:\n  --beam is 0.*\n  --no_repeat_ngram is -1"),
    ],
)
@pytest.mark.parametrize("texts", [["old dog"], [""]])
def test_what_cannot_be_asked_for_is_told(translator, choices, message, texts):
    with pytest.raises(OptionsError, match=message):
        translator(texts, **choices)


@pytest.mark.fault(10, 73)
@pytest.mark.parametrize("wrong", [None, 3, b"a"])
def test_what_is_no_text_is_told_by_its_place(translator, wrong):
    with pytest.raises(DataError, match=f"text 2: found {type(wrong).__name__}; expected a string"):
        translator(["old dog", wrong])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (None, "texts: found NoneType; expected a list of texts"),
        (7, "texts: found int; expected a list of texts"),
        ({"text": "old dog"}, r"texts: found dict with the columns text; .*; pass rows\['text'\]"),
    ],
)
def test_what_is_no_list_of_texts_is_told(translator, texts, message):
    with pytest.raises(DataError, match=message):
        translator(texts)


def test_any_iterable_and_numbers_of_numpy_will_do(translator):
    expected = translator(["old dog", "man"], beam=2, n_best=2)
    for texts in (("old dog", "man"), iter(["old dog", "man"]), np.array(["old dog", "man"])):
        found = translator(texts, beam=np.int64(2), n_best=np.int32(2), length_penalty=np.float32(1))
        assert all(map(same, found, expected))
