"""Sampling: what a row depends on, what each filter leaves, and when a text ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from seqtext.batching.keyed_permutation import key_of, scramble
from seqtext.data.text.piece_kinds import OUTSIDE, WITHIN
from seqtext.errors import NumericsError, OptionsError
from seqtext.models import slots
from seqtext.models.choosing import Filters, another, choose, uniforms
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.decoding import Step, block_size, in_blocks, restrain
from seqtext.models.known_words import words_of
from seqtext.models.sampling import sample
from tests.dispatch import Waits
from tests.models.decoding_toys import BANNED, BEGIN, END, Recurrent, Table, V, begins, vectors

CPU = torch.device("cpu")
every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
FILTERED = {
    "temperature": 0.9,
    "top_k": 30,
    "top_p": 0.95,
    "min_p": 0.01,
    "repetition_penalty": 1.1,
    "no_repeat_ngram": 3,
}


def write(model, state, count, *, rows=None, seed=7, max_length=25, begin=None, **filters):
    return sample(
        model,
        state,
        begin=begins(count) if begin is None else begin,
        rows=np.arange(count) if rows is None else rows,
        seed=seed,
        end_id=END,
        banned=BANNED,
        max_length=max_length,
        **filters,
    )


@pytest.fixture(params=[1, 2, 8])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


# What a row depends on


@every_cell
def test_a_row_is_the_same_alone_and_in_any_company(cell, threads):
    model, given = Recurrent(cell), vectors(70)
    whole = write(model, model.initial_state_in_blocks(given), 70, **FILTERED)
    assert len({tuple(text) for text in whole.ids}) > 50
    assert len({len(text) for text in whole.ids}) > 5  # rows leave their blocks at different steps
    for places in ([0], [69], [5, 3], range(9), range(30, 47), range(4, 69), [*range(69, -1, -1)]):
        chosen = list(places)
        part = write(
            model, model.initial_state_in_blocks(given[chosen]), len(chosen), rows=np.array(chosen), **FILTERED
        )
        assert part.ids == [whole.ids[place] for place in chosen]
        expected = torch.tensor([whole.log_probability[place] for place in chosen], dtype=torch.float64)
        assert torch.equal(torch.tensor(part.log_probability, dtype=torch.float64), expected)
        assert part.ended == [whole.ended[place] for place in chosen]


@every_cell
def test_the_logits_of_a_row_are_equal_bit_for_bit_in_blocks_of_every_size(cell, threads):
    model, given = Recurrent(cell), vectors(64)
    tokens = torch.arange(64) % V
    whole = model.step(tokens, model.initial_state(given))
    for rows in range(1, 65):
        block = next(in_blocks(rows, CPU))
        part = model.step(tokens[block.padded], model.initial_state(given[block.padded]))
        assert torch.equal(part.logits[:rows], whole.logits[:rows]), rows
        assert torch.equal(part.scores[:rows], whole.scores[:rows]), rows


def test_a_row_depends_on_the_seed_its_place_and_the_step():
    model, given = Recurrent("gru"), vectors(1)
    state = model.initial_state_in_blocks(given.repeat(8, 1))
    first = write(model, state, 8)
    assert first.ids == write(model, state, 8).ids
    assert len({tuple(text) for text in first.ids}) > 5
    assert sum(a == b for a, b in zip(first.ids, write(model, state, 8, seed=8).ids, strict=True)) < 3
    assert write(model, state, 8, rows=np.full(8, 5)).ids == [first.ids[5]] * 8


def test_uniform_numbers_are_a_function_of_seed_row_and_step():
    numbers = uniforms(3, np.arange(500), 40)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert len(np.unique(numbers)) == numbers.size
    assert np.array_equal(uniforms(3, np.array([77, 4]), 9), numbers[[77, 4], :9])
    assert not np.isin(uniforms(4, np.arange(500), 40), numbers).any()
    assert np.histogram(numbers, 20, (0, 1))[0] == pytest.approx(np.full(20, 1000), abs=130)  # four standard deviations
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers[:, :-1].ravel(), numbers[:, 1:].ravel())[0, 1]) < 0.03


def test_rows_that_ended_leave_their_block():
    model = Recurrent("gru")
    decoded = write(model, model.initial_state_in_blocks(vectors(64)), 64)
    open_rows = [sum(len(text) >= step for text in decoded.ids) for step in range(len(model.steps))]
    assert model.steps == [block_size(rows, CPU) for rows in open_rows]
    assert model.steps[0] > model.steps[-1]


def test_rows_of_a_state_beyond_those_asked_for_are_left_out():
    model, given = Recurrent("lstm"), vectors(20)
    assert (
        write(model, model.initial_state(given), 3).ids == write(model, model.initial_state_in_blocks(given[:3]), 3).ids
    )


def test_an_empty_request():
    model = Recurrent("gru")
    assert write(model, model.initial_state(vectors(1)), 0) == ([], [], [])


# Greedy


def greedy(model, state, max_length=25):
    """A loop over steps for one row, filled up as a block is."""
    token, ids, total = BEGIN, [], 0.0
    for _ in range(max_length):
        step = model.step(torch.full((state[0].shape[1],), token), state)
        state, logits = step.state, step.logits[0].clone()
        logits[list(BANNED)] = -math.inf
        token = int(logits.argmax())
        total += float(step.scores[0, token])
        if token == END:
            return ids, total
        ids.append(token)
    return ids, total


@every_cell
def test_temperature_0_is_the_loop_over_argmax(cell):
    model, given = Recurrent(cell, push=1.5), vectors(12)
    decoded = write(model, model.initial_state_in_blocks(given), 12, temperature=0.0)
    for place in range(12):
        with torch.no_grad():
            ids, total = greedy(model, model.initial_state(given[place : place + 1].repeat(16, 1)))
        assert decoded.ids[place] == ids
        assert decoded.log_probability[place] == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("filters", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 0.999999}, {"temperature": 1e-30}])
def test_the_tightest_filter_is_greedy(filters):
    model = Recurrent("gru")
    state = model.initial_state_in_blocks(vectors(20))
    assert write(model, state, 20, **filters) == write(model, state, 20, temperature=0.0)


# Filters


def kept(logits: torch.Tensor, *, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0) -> torch.Tensor:
    """The filtered distribution of one row, written as the papers do: sort, cut, normalise again."""
    p = (logits.double() / temperature).softmax(-1)
    if top_k:
        p[p < p.sort(descending=True).values[min(top_k, len(p)) - 1]] = 0
        p /= p.sum()
    if top_p < 1:
        values, order = p.sort(descending=True)
        p[order[values.cumsum(0) - values >= top_p]] = 0
        p /= p.sum()
    p[p < min_p * p.max()] = 0
    return p / p.sum()


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 2.0},
        {"top_k": 4},
        {"top_k": 1000},
        {"top_p": 0.7},
        {"top_p": 0.2, "temperature": 3.0},
        {"min_p": 0.2},
        {"temperature": 1.4, "top_k": 9, "top_p": 0.8, "min_p": 0.1},
    ],
)
def test_frequencies_are_those_of_the_filtered_softmax(filters):
    draws, options = 40_000, Filters(**filters)
    logits = torch.randn(12, generator=torch.Generator().manual_seed(1)) * 1.5
    numbers = torch.from_numpy(uniforms(1, np.arange(draws), 1))[:, 0]
    counts = choose(logits.expand(draws, -1), numbers, options).bincount(minlength=12).double()
    expected = kept(logits, **filters) * draws
    possible = expected > 0
    assert counts[~possible].sum() == 0
    freedom = int(possible.sum()) - 1
    chi_square = ((counts - expected)[possible] ** 2 / expected[possible]).sum()
    assert chi_square < freedom + 4 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("spread", [0.01, 1.0, 6.0])
@pytest.mark.parametrize("top_p", [0.1, 0.9])
def test_every_token_of_a_nucleus_is_reached_and_no_other(spread, top_p):
    logits = torch.randn(600, generator=torch.Generator().manual_seed(2)) * spread
    inside = kept(logits, top_p=top_p) > 0
    p = kept(logits)
    found = choose(
        logits.expand(600, -1), p.cumsum(0) - p / 2, Filters(top_p=top_p)
    )  # the middle of each token's share
    assert torch.equal(found[inside], inside.nonzero()[:, 0])
    assert inside[found].all()


def test_the_ends_of_the_uniform_numbers_never_choose_what_cannot_come():
    logits = torch.tensor([[-math.inf, 0.0, -math.inf, 1.0, -math.inf]]).repeat(2, 1)
    assert choose(logits, torch.tensor([0.0, 1 - 2.0**-52], dtype=torch.float64), Filters()).tolist() == [1, 3]


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits():
    logits = torch.tensor([[4.0, -1.0, 3.0, 2.0, 0.5], [4.0, -1.0, 3.0, 2.0, 0.5]])
    history = torch.tensor([[0, 1, 0], [2, 4, 3]])
    result = restrain(logits, history, banned=torch.tensor([], dtype=torch.int64), end_id=3, repetition_penalty=2.0)
    assert result.tolist() == [[2.0, -2.0, 3.0, 2.0, 0.5], [4.0, -1.0, 1.5, 2.0, 0.25]]  # the end token is spared


@pytest.mark.parametrize(
    ("history", "length", "out"),
    [
        ([5, 6, 7, 5, 6], 3, {7}),
        ([5, 6, 7, 5, 6, 8, 5, 6], 3, {7, 8}),
        ([5, 6, 7, 5, 6], 2, {7}),
        ([5, 5], 2, {5}),
        ([5, 5], 3, set()),
        ([5, 6, 7], 1, {5, 6, 7}),
        ([END, 6, END], 1, {6}),
        ([5, 6], 4, set()),
        ([5, 6, 5], 0, set()),
    ],
)
def test_runs_of_tokens_do_not_come_twice(history, length, out):
    logits = torch.zeros(2, 9)
    other = [8] + [4] * (len(history) - 1)  # a neighbour with a history of its own
    result = restrain(
        logits, torch.tensor([history, other]), banned=torch.tensor([0]), end_id=END, no_repeat_ngram=length
    )
    assert {place for place, value in enumerate(result[0].tolist()) if value == -math.inf} == {0} | out
    assert result.data_ptr() == logits.data_ptr()  # in place: nothing of the size of the vocabulary is copied


def test_no_text_holds_a_run_twice_or_a_banned_token():
    model = Recurrent("rnn")
    decoded = write(
        model, model.initial_state_in_blocks(vectors(40)), 40, no_repeat_ngram=2, temperature=0.3, max_length=60
    )
    assert sum(map(len, decoded.ids)) > 40
    for text in decoded.ids:
        pairs = list(zip([BEGIN, *text], text, strict=False))
        assert len(set(pairs)) == len(pairs)
        assert not set(text) & {*BANNED, END}


def test_a_beginning_counts_as_history():
    logits = torch.zeros(7, 7)
    logits[5, 6] = 9.0  # 6 always follows 5, unless "5 6" was there
    logits[6, 5] = 9.0
    table = Table(logits)
    begin = torch.tensor([[BEGIN, 5, 6, 5]])
    assert write(table, table.initial_state(1), 1, begin=begin[:, -1], temperature=0.0, max_length=1).ids == [[6]]
    assert write(
        table, table.initial_state(1), 1, begin=begin, temperature=0.0, max_length=1, no_repeat_ngram=2
    ).ids != [[6]]


# As on a GPU, where a block keeps its size and no value is looked at within a step

GPU_LIKE = {
    "greedy": {"temperature": 0.0},
    "filters": FILTERED,
    "a small nucleus": {"top_p": 0.3, "temperature": 2.0},
    "runs and penalties, greedily": {"temperature": 0.0, "no_repeat_ngram": 2, "repetition_penalty": 1.3},
}


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("name", GPU_LIKE)
def test_steps_in_place_of_blocks_that_keep_their_size_write_the_same(name, guarded, as_on_a_gpu):
    model, given = Recurrent("lstm"), vectors(190)  # three blocks of 64, the last one filled
    state = model.initial_state_in_blocks(given)
    texts = write(model, state, 190, seed=1).ids
    starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    guard = (
        CopyGuard.of(torch.tensor([token for text in texts for token in text]), torch.from_numpy(starts), 2)
        if guarded
        else None
    )
    whole = write(model, state, 190, guard=guard, **GPU_LIKE[name])
    assert len({len(text) for text in whole.ids}) > 3
    replayed = as_on_a_gpu()
    again = write(model, state, 190, guard=guard, **GPU_LIKE[name])
    assert len(replayed) > 20
    assert again.ids == whole.ids
    assert again.ended == whole.ended
    assert again.log_probability == pytest.approx(whole.log_probability, rel=1e-5)


@pytest.mark.parametrize("known", [False, True])
def test_within_a_step_no_value_is_looked_at(as_on_a_gpu, known):
    model = Recurrent("gru")
    as_on_a_gpu()
    kinds = np.array([OUTSIDE] * 9 + [WITHIN] * (V - 9), dtype=np.uint8)
    words = words_of(torch.arange(4, V, dtype=torch.int32), torch.tensor([0, V - 4]), kinds)[0] if known else None
    rules = slots.Rules(model, torch.tensor(BANNED), END, Filters(**FILTERED), None, words, True)
    draws = torch.rand(8, 5, dtype=torch.float64)
    some = slots.Slots.of(model.initial_state(vectors(8)), begins(8).unsqueeze(1), draws, END, 0)
    writer = slots.Writer(rules, some, 1)
    with torch.inference_mode(), Waits() as waits:
        writer._step()
    assert waits.found == {}
    assert int(some.width) == 2


def test_a_number_that_is_drawn_again_is_that_of_the_scrambled_bits():
    draws = uniforms(3, np.arange(50), 4)
    expected = (scramble(draws.view(np.uint64), key_of(1)) >> np.uint64(12)).astype(np.float64) * 2.0**-52
    assert np.array_equal(another(torch.from_numpy(draws)).numpy(), expected)


# Ends


@pytest.mark.fault(33)
def test_a_text_that_ends_at_once_is_empty_and_has_a_probability():
    logits = torch.zeros(6, 6)
    logits[BEGIN, END] = 5.0
    decoded = write(Table(logits), (torch.zeros(2, dtype=torch.int64),), 2, temperature=0.0)
    assert decoded.ids == [[], []]
    assert decoded.ended == [True, True]
    assert decoded.log_probability == pytest.approx([float(logits[BEGIN].log_softmax(-1)[END])] * 2)


def test_the_length_limit():
    logits = torch.zeros(6, 6)
    logits[:, END] = -50.0
    decoded = write(Table(logits), (torch.zeros(3, dtype=torch.int64),), 3, max_length=4)
    assert [len(text) for text in decoded.ids] == [4, 4, 4]
    assert decoded.ended == [False] * 3
    assert decoded.log_probability == pytest.approx([4 * math.log(1 / 5)] * 3)


def test_log_probability_is_the_models_own_before_guidance_and_filters():
    model, given = Recurrent("gru", push=3.0), vectors(6)
    decoded = write(model, model.initial_state_in_blocks(given), 6, temperature=0.7, top_k=5)
    assert len(decoded.ids) == 6
    for place, text in enumerate(decoded.ids):
        state, total = model.initial_state(given[place : place + 1]), 0.0
        target = [*text, END] if decoded.ended[place] else text
        for before, token in zip([BEGIN, *text], target, strict=False):
            with torch.no_grad():
                step = model.step(torch.tensor([before]), state)
            state, total = step.state, total + float(step.scores[0, token])
        assert decoded.log_probability[place] == pytest.approx(total, rel=1e-4)


# Bad input


def test_all_options_out_of_range_are_told_together():
    model = Recurrent("rnn")
    wrong = {"temperature": -0.1, "top_p": 0.0, "top_k": -1, "min_p": 1.0, "repetition_penalty": 0.0}
    with pytest.raises(OptionsError) as caught:
        write(model, model.initial_state(vectors(1)), 1, **wrong, no_repeat_ngram=-2, max_length=0)
    told = str(caught.value)
    assert told.startswith("7 options:")
    for name, value in {**wrong, "no_repeat_ngram": -2, "max_length": 0}.items():
        assert f"--{name} is {value}; expected" in told


@pytest.mark.parametrize(
    "wrong", [{"top_p": 1.1}, {"min_p": -0.1}, {"temperature": math.nan}, {"temperature": math.inf}]
)
def test_one_option_out_of_range(wrong):
    model = Recurrent("rnn")
    with pytest.raises(OptionsError, match=f"^--{next(iter(wrong))} is "):
        write(model, model.initial_state(vectors(1)), 1, **wrong)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_numbers_that_are_none_are_told(temperature):
    table = Table(torch.full((6, 6), math.nan))
    with pytest.raises(NumericsError, match="not finite"):
        write(table, table.initial_state(1), 1, temperature=temperature)


@pytest.mark.fault(42)
def test_scores_that_are_no_numbers_are_told():
    class Broken(Table):
        def step(self, tokens, state):
            return Step(self.logits[tokens], self.logits[tokens] * math.nan, state)

    with pytest.raises(NumericsError, match="log-probability"):
        write(Broken(torch.zeros(6, 6)), (torch.zeros(1),), 1)


def test_an_end_token_that_is_banned_and_other_mistakes_of_callers():
    table, rest = Table(torch.zeros(6, 6)), {"seed": 0, "end_id": END, "max_length": 3}
    with pytest.raises(ValueError, match="never produced"):
        sample(table, table.initial_state(1), begin=begins(1), rows=np.arange(1), banned=(END,), **rest)
    with pytest.raises(ValueError, match="2 beginnings, but places of 3 rows"):
        sample(table, table.initial_state(2), begin=begins(2), rows=np.arange(3), banned=BANNED, **rest)
    with pytest.raises(ValueError, match="begin must be"):
        sample(table, table.initial_state(2), begin=begins(2)[:, None][:, :0], rows=np.arange(2), banned=BANNED, **rest)


def test_the_caller_s_autocast_does_not_reach_decoding():
    model = Recurrent("gru")
    state = model.initial_state_in_blocks(vectors(9))
    expected = write(model, state, 9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert write(model, state, 9) == expected


def test_blocks_cover_the_request_and_are_full():
    for rows in (1, 7, 8, 63, 64, 65, 200):
        blocks = list(in_blocks(rows, CPU))
        assert [place for block in blocks for place in range(rows)[block.rows]] == list(range(rows))
        for block in blocks:
            count = block.rows.stop - block.rows.start
            assert block.padded.tolist() == [*range(rows)[block.rows]] + [block.rows.stop - 1] * (
                len(block.padded) - count
            )
            assert len(block.padded) == block_size(count, CPU)
