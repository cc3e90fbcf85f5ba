"""A cache beside a language model: probabilities of one whole, by what the text has said so far and nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtext.nn import token_cache
from seqtext.nn.dropout import dropped
from seqtext.nn.token_cache import SHARES, SHARPNESS, nothing_remembered, with_cache

VOCABULARY, SIZE = 5, 3
CPU = torch.device("cpu")


def text(length: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Outputs, the tokens after them, and (N, V) log-probabilities of a model."""
    drawn = torch.Generator().manual_seed(seed)
    outputs = torch.randn(length, SIZE, generator=drawn)
    tokens = torch.randint(VOCABULARY, (length,), generator=drawn)
    return outputs, tokens, torch.randn(length, VOCABULARY, generator=drawn).log_softmax(1)


def of(logs: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    return logs.gather(1, tokens.unsqueeze(1)).squeeze(1)


def slowly(outputs: torch.Tensor, tokens: torch.Tensor, logs: torch.Tensor, most: int) -> list[float]:
    """The same, token by token, as the paper and Bayes' rule have it."""
    pairs: list[tuple[float, float]] = [(1.0, 0.0), *((sharp, share) for sharp in SHARPNESS for share in SHARES)]
    weights = [0.5, *[0.5 / (len(pairs) - 1)] * (len(pairs) - 1)]
    found = []
    for place in range(len(tokens)):
        back = range(max(0, place - most), place)
        alike = [float(torch.cosine_similarity(outputs[place], outputs[i], dim=0)) for i in back]
        given_each = []
        for sharp, share in pairs:
            alone = math.exp(logs[place, tokens[place]])
            if not back:
                given_each.append(alone)
                continue
            powers = [math.exp(sharp * one) for one in alike]
            hits = sum(power for power, i in zip(powers, back, strict=True) if tokens[i] == tokens[place])
            given_each.append((1 - share) * alone + share * hits / sum(powers))
        total = sum(w * p for w, p in zip(weights, given_each, strict=True))
        found.append(math.log(total))
        weights = [w * p / total for w, p in zip(weights, given_each, strict=True)]
    return found


@given(length=st.integers(1, 14), most=st.integers(1, 16), at_once=st.integers(1, 6), seed=st.integers(0, 99))
def test_it_is_the_definition_whatever_is_compared_at_a_time(length, most, at_once, seed):
    outputs, tokens, logs = text(length, seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(token_cache, "AT_ONCE", at_once)
        found, _ = with_cache(outputs, tokens, of(logs, tokens), nothing_remembered(SIZE, CPU), most=most)
    assert found.tolist() == pytest.approx(slowly(outputs, tokens, logs, most), abs=1e-5)


@given(length=st.integers(2, 14), cut=st.integers(0, 14), most=st.integers(1, 16))
def test_a_text_in_two_parts_is_the_text_and_no_more_is_kept_than_is_looked_at(length, cut, most):
    outputs, tokens, logs = text(length)
    alone = of(logs, tokens)
    whole, last = with_cache(outputs, tokens, alone, nothing_remembered(SIZE, CPU), most=most)
    first, between = with_cache(outputs[:cut], tokens[:cut], alone[:cut], nothing_remembered(SIZE, CPU), most=most)
    second, end = with_cache(outputs[cut:], tokens[cut:], alone[cut:], between, most=most)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=1e-5, atol=1e-5)
    assert len(end.keys) == len(end.tokens) == min(length, most)
    for one, other in zip(end, last, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_what_comes_later_changes_nothing_and_all_next_tokens_sum_to_one():
    outputs, tokens, logs = text(12)
    before, kept = with_cache(outputs, tokens, of(logs, tokens), nothing_remembered(SIZE, CPU), most=8)
    changed = tokens.clone()
    changed[7:] = (changed[7:] + 1) % VOCABULARY
    other, _ = with_cache(outputs, changed, of(logs, changed), nothing_remembered(SIZE, CPU), most=8)
    assert torch.equal(other[:7], before[:7])
    assert not torch.isclose(other[7:], before[7:]).all()
    again = outputs[8:9]  # which was there before, so that the cache has something to say
    shares = [
        with_cache(again, torch.tensor([token]), torch.tensor([-math.log(VOCABULARY)]), kept, most=8)[0].exp()
        for token in range(VOCABULARY)
    ]
    assert float(sum(shares)) == pytest.approx(1.0, abs=1e-6)
    assert int(torch.cat(shares).argmax()) == int(tokens[8])
    assert max(shares) > 1.2 / VOCABULARY


def test_it_costs_no_more_than_one_bit_and_a_text_that_repeats_itself_gains():
    outputs, tokens, logs = text(3_000)
    alone = of(logs, tokens)
    joined, _ = with_cache(outputs, tokens, alone, nothing_remembered(SIZE, CPU), most=500)
    assert joined.sum() >= alone.double().sum() - math.log(2) - 1e-6
    outputs, tokens, alone = outputs[:50].repeat(20, 1), tokens[:50].repeat(20), alone[:50].repeat(20)
    joined, _ = with_cache(outputs, tokens, alone, nothing_remembered(SIZE, CPU), most=500)
    assert joined.mean() > alone.mean() + 0.5


def test_of_many_tokens_fewer_are_compared_at_a_time(monkeypatch):
    outputs, tokens, logs = text(40)
    alone, before = of(logs, tokens), nothing_remembered(SIZE, CPU)
    whole, _ = with_cache(outputs, tokens, alone, before, most=30)
    sizes = []
    compared = token_cache._by_cache
    monkeypatch.setattr(token_cache, "ROOM", 100)
    monkeypatch.setattr(token_cache, "_by_cache", lambda *given: sizes.append(compared(*given)) or sizes[-1])
    parts, _ = with_cache(outputs, tokens, alone, before, most=30)
    assert {len(one) for one in sizes} == {1, 3}
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_default_dtype_changes_nothing(dtype):
    outputs, tokens, logs = text(20)
    expected, kept = with_cache(outputs, tokens, of(logs, tokens), nothing_remembered(SIZE, CPU), most=8)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        found, again = with_cache(outputs, tokens, of(logs, tokens), nothing_remembered(SIZE, CPU), most=8)
        half = dropped(torch.ones(40, 30, dtype=torch.float32), 0.3)
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(found, expected)
    assert again.keys.dtype == kept.keys.dtype == half.dtype == torch.float32
    assert float(half.max()) == pytest.approx(1 / 0.7, rel=1e-4)


def test_nothing_is_remembered_of_nothing():
    empty = torch.empty(0)
    joined, kept = with_cache(torch.empty(0, SIZE), empty.long(), empty, nothing_remembered(SIZE, CPU), most=4)
    assert len(joined) == len(kept.tokens) == 0
    assert float(kept.evidence.logsumexp(0)) == pytest.approx(0.0)
