"""Texts as a user asks for them: each its own, with the model's own probability."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.batching.padded import Padded
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.tasks.generation import writing as module
from seqtext.tasks.generation.vectors import components
from tests.tasks.generation.generators import MIXED, of, vector_of

# ---- what can be asked for


def test_names_mixtures_and_raw_vectors(generator):
    assert vector_of(generator, "town") == [0, 1, 0]
    assert vector_of(generator, {"sea": np.float32(2), "wood": 6}) == [0.25, 0, 0.75]
    assert vector_of(generator, {"sea": 1e308, "wood": 1e308}) == [0.5, 0, 0.5]
    assert vector_of(generator, np.array([0.5, -2, 7])) == [0.5, -2, 7]
    assert vector_of(generator, torch.tensor([0.5, -2, 7])) == [0.5, -2, 7]
    assert generator(max_length=1)[0].vector is None


def test_a_list_is_answered_in_its_order_with_count_texts_for_each(generator):
    made = generator(["sea", None, MIXED, np.array([0, 1, 0])], count=2, max_length=6)
    found = [None if one.vector is None else one.vector.round(6).tolist() for one in made]
    mixed = torch.tensor([0.7, 0, 0.3]).tolist()
    expected = [[1, 0, 0], None, mixed, [0, 1, 0]]
    assert found == [vector and np.float32(vector).round(6).tolist() for vector in expected for _ in range(2)]
    assert generator([]) == []


def test_nothing_asked_for_is_the_same_alone_and_beside_something(generator):
    alone, _ = generator([None, None], seed=5)
    beside, _ = generator([None, "sea"], seed=5)
    assert alone == beside


def test_a_text_follows_what_is_asked_for_and_the_seed(generator):
    texts = {(name, seed): generator(name, seed=seed)[0].text for name in ("sea", "town", None) for seed in (1, 2)}
    assert len(set(texts.values())) == 6
    assert generator("sea", seed=1)[0].text == texts["sea", 1]
    many = generator("sea", count=30)
    assert len({one.text for one in many}) > 25


def test_greedy_texts_need_no_seed(generator):
    one, other = (generator("sea", temperature=0, seed=seed, max_length=15)[0] for seed in (1, 2))
    assert one.text == other.text


def test_a_prompt_begins_the_text_and_counts_to_the_limit(generator):
    ids = generator.tokenizer.encode(["the ship"])[0]
    for made in generator("sea", count=20, prompt="the ship", max_length=10):
        assert made.text.startswith("the ship")
        assert made.tokens <= 10 - len(ids)
        assert made.ended or made.tokens == 10 - len(ids)
    assert generator("sea", prompt="", seed=1)[0].text == generator("sea", prompt="  ", seed=1)[0].text


def test_a_text_that_ends_at_once_is_empty(rows):
    task = of(rows)
    task.model.head.bias.data[END] = 100.0
    [made] = task("sea")
    assert (made.text, made.tokens, made.ended) == ("", 1, True)
    assert made.log_probability == pytest.approx(0, abs=1e-3)


def test_the_limit_is_told(generator):
    made = generator("sea", count=40, max_length=3)
    assert {one.tokens for one in made if not one.ended} == {3}
    assert any(not one.ended for one in made)


def test_mixing_goes_from_one_to_the_other(generator, dense):
    vectors = [made.vector.tolist() for made in generator.mix("sea", {"town": 1}, steps=5, max_length=2)]
    assert vectors == [[1 - share, share, 0] for share in (0, 0.25, 0.5, 0.75, 1)]
    one, other = np.array([1.0, 20, 300, 4, 3]), np.array([0.0, -20, 0, 4, 3])
    vectors = [made.vector for made in dense.mix(one, other, steps=3, max_length=2)]
    np.testing.assert_allclose(vectors, [one, (one + other) / 2, other], rtol=1e-4, atol=1e-4)
    assert generator.mix("sea", "town", steps=2, seed=8)[0].text == generator(["sea", "town"], seed=8)[0].text


# ---- a row's text is its own


@pytest.mark.fault(45)
@pytest.mark.parametrize("settings", [{}, {"feedback": "zeros"}, {"cell": "gru", "num_layers": 2, "tied": False}])
@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_a_text_is_the_same_alone_and_in_any_company(rows, settings, guidance):
    task = of(rows, **settings)
    names = ["sea", "town", "wood"]
    requests = [{names[n % 3]: 1.0, names[(n + 1) % 3]: n / 70} for n in range(70)]
    asked = {"guidance": guidance, "prompt": "the ship", "seed": 3, "max_length": 20, "top_p": 0.95, "temperature": 0.9}
    whole = task(requests, **asked)
    assert len({one.text for one in whole}) > 40
    for size in (1, 5, 69):
        part = task(requests[:size], **asked)
        assert [one.text for one in part] == [one.text for one in whole[:size]]
        scores = [torch.tensor([one.log_probability for one in some]) for some in (part, whole[:size])]
        assert torch.equal(*scores)
        assert [one[2:4] for one in part] == [one[2:4] for one in whole[:size]]


# ---- the probability of a text


@pytest.mark.parametrize(
    ("settings", "request_", "choices"),
    [
        ({}, "sea", {}),
        ({}, MIXED, {"guidance": 3.0, "temperature": 0.7, "top_k": 50}),
        ({"feedback": "zeros"}, "wood", {"guidance": 2.0, "top_p": 0.9, "repetition_penalty": 1.2}),
        ({"attributes": ()}, None, {"temperature": 0.5, "no_repeat_ngram": 2}),
        ({"cell": "rnn", "num_layers": 2, "tied": False}, None, {"guidance": 0.5}),
    ],
)
def test_the_log_probability_is_that_of_the_model_reading_the_text(rows, settings, request_, choices, monkeypatch):
    task, decoded = of(rows, **settings), []

    def listened(*arguments, **keywords):
        decoded.append(real(*arguments, **keywords))
        return decoded[-1]

    real = module.sample
    monkeypatch.setattr(module, "sample", listened)
    made = task(request_, count=30, prompt="the ship", max_length=7, seed=2, **choices)
    assert {one.ended for one in made} == {True, False}
    beginning = task.tokenizer.encode(["the ship"])[0]
    model = task.model
    for one, ids in zip(made, decoded[0].ids, strict=True):
        text = [*beginning, *ids, *([END] if one.ended else [])]
        read = torch.tensor([[BEGIN, *text[:-1]]])
        pure, weights = [None], [1.0]
        if model.vector_size:
            pure = [model.no_vector[None]]
        if one.vector is not None:
            parts, shares = components(torch.from_numpy(one.vector), task.config)
            pure, weights = list(parts.split(1)), shares.tolist()
        with torch.no_grad():
            mixed = 0.0
            for vector, weight in zip(pure, weights, strict=True):
                outputs, _ = model(Padded(read, torch.tensor([len(text)])), model.initial_state(vector, 1))
                mixed += weight * model.head(outputs.values[0], model.embedding.weight).log_softmax(-1)
            scores = mixed.log_softmax(-1)
        written = scores.gather(1, torch.tensor(text)[:, None])[len(beginning) :]
        assert one.tokens == len(written)
        assert one.log_probability == pytest.approx(float(written.sum()), abs=1e-3, rel=1e-5)
        assert one.text == " ".join(task.tokenizer.written([*beginning, *ids]).split())
