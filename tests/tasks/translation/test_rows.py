"""Pairs as batches: what is read, what is given and what is to be written; plans that keep both sides to their budget."""

from __future__ import annotations

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.batching.ragged import Ragged
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.tasks.translation.rows import PairPlan, PairRows
from tests.tasks.translation.translators import of


def test_what_is_written_is_one_step_ahead_of_what_is_given_and_every_text_has_its_end(translator):
    data = datasets.Dataset.from_dict({"source": ["old dog", "", "house"], "target": ["", "alt Hund heute", "Haus"]})
    batch = translator.encode(data).batch(np.array([1, 2, 0]))
    ids = {text: translator.tokenizer.encode([text])[0] for text in ("old dog", "house", "alt Hund heute", "Haus")}
    expected = {"source": ["", "house", "old dog"], "target": ["alt Hund heute", "Haus", ""]}
    for row in range(3):
        source, target = (list(ids.get(expected[side][row], [])) for side in ("source", "target"))
        assert batch.source.values[row, : batch.source.lengths[row]].tolist() == [*source, END]
        assert batch.tokens.values[row, : batch.tokens.lengths[row]].tolist() == [BEGIN, *target]
        assert batch.targets[row, : batch.tokens.lengths[row]].tolist() == [*target, END]
    assert batch.rows.tolist() == [1, 2, 0]
    assert batch.source.values.shape[1] == batch.source.lengths.max()
    assert batch.targets.shape == batch.tokens.values.shape
    assert batch.tokens.values.shape[1] == batch.tokens.lengths.max()


@pytest.mark.fault(33)
def test_a_long_side_is_cut_counted_and_keeps_its_end(rows):
    task = of(rows, max_length=5)
    data = datasets.Dataset.from_dict({"source": ["old dog " * 9, "dog"], "target": ["alt " * 9, "Hund " * 9]})
    examples, read, written = task.encode_with_report(data)
    assert (read.cut, written.cut, read.texts) == (1, 2, 2)
    batch = examples.batch(np.array([0, 1]))
    assert batch.source.lengths[0] == batch.tokens.lengths[0] == 6
    assert batch.source.values[0, 5] == batch.targets[0, 5] == batch.targets[1, 5] == END
    assert examples.target_lengths.tolist() == [6, 6]
    assert examples.steps_in(np.array([0, 1])) == 12


@pytest.mark.fault(26)
@settings(max_examples=60)
@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=200),
    budget=st.integers(40, 400),
    seed=st.integers(0, 5),
)
def test_a_plan_has_every_pair_once_and_neither_side_goes_over_the_budget(lengths, budget, seed):
    source, target = (np.array(side, dtype=np.int32) for side in zip(*lengths, strict=True))
    plan = PairPlan(source, target, tokens=budget, seed=seed, micro_batches=2, max_rows=50)
    for epoch in (plan.epoch(3), plan.in_order_of_length()):
        batches = [rows for step in epoch for rows in step]
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(source)))
        padded = 0
        for batch in batches:
            widths = source[batch].max(), target[batch].max()
            assert len(batch) <= 50
            assert len(batch) * max(widths) <= budget
            padded += len(batch) * sum(widths)
        assert plan.padding(epoch) == pytest.approx(1 - (source.sum() + target.sum()) / padded)


def test_pairs_of_a_batch_are_of_like_length_on_both_sides():
    rng = np.random.default_rng(0)
    source = np.clip(rng.normal(16, 5, 20_000), 3, 50).astype(np.int32)
    target = np.clip(source + rng.normal(0, 2.7, len(source)), 2, 60).astype(np.int32)
    plan = PairPlan(source, target, tokens=8192, seed=0, max_rows=128)  # as the recipe has it
    assert plan.padding(plan.epoch(0)) < 0.03
    assert not np.array_equal(plan.epoch(0).order, plan.epoch(1).order)


def test_sides_of_unequal_count_are_refused():
    one, two = Ragged.from_sequences([[5], [6]]), Ragged.from_sequences([[5]])
    with pytest.raises(ValueError, match="2 sources but 1 targets"):
        PairRows(one, two)


def test_subword_sampling_cuts_both_sides_anew(rows):
    task = of(rows, subword_sampling=True)
    assert task.encodes_each_epoch
    one, two, again = (task.encode(rows, sampling_seed=seed) for seed in (1, 2, 1))
    for side in ("source_lengths", "target_lengths"):
        found = [getattr(examples, side).tolist() for examples in (one, two, again)]
        assert found[0] == found[2] != found[1]
    copies = datasets.Dataset.from_dict({"source": rows["source"][:], "target": rows["source"][:]})
    both = task.encode(copies, sampling_seed=1)
    assert both.source_lengths.tolist() != both.target_lengths.tolist(), "each side for itself"
