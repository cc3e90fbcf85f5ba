"""Beam search: against every text there is, against greedy, and row by row."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from seqtext.errors import NumericsError, OptionsError
from seqtext.models.beam_search import Search, beam_search
from seqtext.models.hypotheses import Candidate, Front, Rules
from seqtext.models.sampling import sample
from tests.dispatch import Waits
from tests.models.decoding_toys import BANNED, BEGIN, END, Recurrent, Table, begins, vectors

every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


def search(model, state, count, *, max_length=25, **options) -> list[list[Candidate]]:
    return beam_search(model, state, begin=begins(count), end_id=END, banned=BANNED, max_length=max_length, **options)


def table(words: int, seed: int) -> Table:
    generator = torch.Generator().manual_seed(seed)
    return Table(torch.randn(4 + words, 4 + words, generator=generator) * 1.5)


def every_text(model: Table, words: int, max_length: int, alpha: float) -> list[tuple[float, list[int]]]:
    """All texts with their end, best first; those whose end would be past the limit are cut there."""
    log_p = model.logits.log_softmax(-1).double()
    texts = []
    for length in range(max_length + 1):
        for text in itertools.product(range(4, 4 + words), repeat=length):
            path = [BEGIN, *text, END]
            total = sum(float(log_p[a, b]) for a, b in itertools.pairwise(path))
            texts.append((total / ((5 + length + 1) / 6) ** alpha, list(text)))
    return sorted(texts, reverse=True)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_beam_as_wide_as_all_texts_finds_the_best_of_them(alpha, seed):
    model = table(3, seed)
    (found,) = search(model, model.initial_state(1), 1, max_length=4, beam=130, length_penalty=alpha, n_best=5)
    expected = every_text(model, 3, 4, alpha)[:5]
    assert [candidate.ids for candidate in found] == [text for _, text in expected]
    assert [candidate.score for candidate in found] == pytest.approx([score for score, _ in expected], rel=1e-5)
    assert [candidate.ended for candidate in found] == [len(text) < 4 for _, text in expected]


def test_a_wider_beam_finds_what_greedy_misses():
    logits = torch.full((7, 7), -20.0)
    logits[BEGIN, 4], logits[BEGIN, 5] = 0.1, 0.0  # greedy goes to 4, behind which nothing is likely
    logits[4, [4, 5, 6, END]] = 0.0
    logits[5, END] = 0.0
    model = Table(logits)
    assert search(model, model.initial_state(1), 1, beam=1)[0][0].ids[0] == 4
    assert search(model, model.initial_state(1), 1, beam=2)[0][0].ids == [5]


def test_an_end_takes_no_place_of_what_goes_on():
    logits = torch.full((10, 10), -30.0)
    logits[BEGIN, 4], logits[BEGIN, 5] = math.log(0.8), math.log(0.2)
    logits[4, [6, END, 7]] = torch.tensor([0.335, 0.333, 0.332]).log()  # the best text is of the third
    logits[7, END] = 0.0
    logits[6, 4:] = logits[8, 4:] = logits[9, 4:] = 0.0
    logits[5, [8, 9]] = 0.0
    model = Table(logits)
    [best] = search(model, model.initial_state(1), 1, beam=2)[0]
    assert best.ids == [4, 7]


def test_short_texts_that_are_hardly_believed_in_do_not_end_the_search():
    logits = torch.full((14, 14), -20.0)
    for token in (BEGIN, *range(4, 13)):
        logits[token, 4 if token == BEGIN else token + 1], logits[token, END] = 0.0, -4.0  # it may end at each step
    logits[13, END] = 0.0
    model = Table(logits)
    assert search(model, model.initial_state(1), 1, beam=2)[0][0].ids == list(range(4, 14))


def test_a_beam_of_1_ends_with_its_text():
    logits = torch.full((7, 7), -20.0)
    logits[BEGIN, END], logits[BEGIN, 4] = 0.0, -0.1  # going on would have a better score in the end
    logits[4, 5] = logits[5, END] = 0.0
    model = Table(logits)
    assert search(model, model.initial_state(1), 1, beam=1)[0][0].ids == []
    assert search(model, model.initial_state(1), 1, beam=2)[0][0].ids == [4, 5]


@every_cell
@pytest.mark.parametrize("options", [{}, {"length_penalty": 0.0}, {"no_repeat_ngram": 2}, {"max_length": 3}])
def test_a_beam_of_1_is_greedy(cell, options):
    model = Recurrent(cell)
    state = model.initial_state_in_blocks(vectors(20))
    found = search(model, state, 20, beam=1, **options)
    rest = {"max_length": 25, **options, "temperature": 0.0, "seed": 0}
    rest.pop("length_penalty", None)
    expected = sample(model, state, begin=begins(20), rows=np.arange(20), end_id=END, banned=BANNED, **rest)
    assert [len(candidates) for candidates in found] == [1] * 20
    assert [best.ids for (best,) in found] == expected.ids
    assert [best.log_probability for (best,) in found] == expected.log_probability
    assert [best.ended for (best,) in found] == expected.ended


@every_cell
@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_is_the_same_alone_and_in_any_company(cell, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        model, given = Recurrent(cell), vectors(30)
        options = {"beam": 5, "n_best": 3, "length_penalty": 0.8, "no_repeat_ngram": 3}
        whole = search(model, model.initial_state_in_blocks(given), 30, **options)
        assert len({len(candidates[0].ids) for candidates in whole}) > 3  # rows stop at different steps
        for places in ([0], [29], [7, 2], range(3, 29), [*range(29, -1, -1)]):
            chosen = list(places)
            part = search(model, model.initial_state_in_blocks(given[chosen]), len(chosen), **options)
            assert part == [whole[place] for place in chosen]
    finally:
        torch.set_num_threads(before)


def test_rows_that_are_over_leave_the_batch():
    model = Recurrent("gru")
    search(model, model.initial_state_in_blocks(vectors(12)), 12, beam=5)
    assert model.steps[0] == 16  # texts that begin alike are one at first
    assert 16 < max(model.steps) <= 64
    assert model.steps[-1] <= 32


def test_texts_that_can_come_to_nothing_any_more_leave_the_batch():
    logits = torch.full((8, 8), -9.0)
    logits[[BEGIN, 4], [4, 4]] = 0.0
    logits[4, END] = -0.5
    model, steps = Table(logits), []
    plain = model.step
    model.step = lambda tokens, state: steps.append(len(tokens)) or plain(tokens, state)
    found = search(model, model.initial_state(16), 16, beam=5, length_penalty=0.0)
    assert set(steps) == {16}, "the others begin less likely than the one that has ended"
    assert all(best.ids == [4] for (best,) in found)


@pytest.mark.parametrize(
    "options",
    [
        {"beam": 1},
        {"beam": 5, "n_best": 3},
        {"beam": 4, "no_repeat_ngram": 2, "length_penalty": 0.3},
        {"beam": 5, "length_penalty": 0.0},
        {"beam": 6, "n_best": 6, "length_penalty": 2.0},
    ],
)
def test_steps_in_place_of_blocks_that_keep_their_size_find_the_same(options, as_on_a_gpu):
    model, limits = Recurrent("lstm"), 1 + torch.arange(90) % 25
    state = model.initial_state_in_blocks(vectors(90))
    whole = search(model, state, 90, max_length=limits, **options)
    replayed = as_on_a_gpu()
    again = search(model, state, 90, max_length=limits, **options)
    assert len(replayed) > 20
    for one, other in zip(whole, again, strict=True):
        assert [(found.ids, found.ended) for found in other] == [(found.ids, found.ended) for found in one]
        assert [found.score for found in other] == pytest.approx([found.score for found in one], rel=1e-5)


def test_within_a_step_no_value_is_looked_at():
    model = Recurrent("gru")
    rules = Rules(torch.tensor(BANNED), END, 4, 1.0, 2, 1, 1, True)
    slots = torch.arange(2).repeat_interleave(4)
    state = model.select(model.initial_state(vectors(2)), slots)
    some = Front.of(state, torch.arange(8), begins(2)[:, None], torch.tensor([3, 5]), 5, rules)
    searching = Search(model, some, rules)
    with torch.inference_mode(), Waits() as waits:
        searching._step_in_place()
    assert waits.found == {}
    assert int(some.width) == 2


def test_candidates_are_distinct_ordered_and_scored_by_the_models_own_probability():
    model, given = Recurrent("gru", push=1.7), vectors(4)
    found = search(model, model.initial_state_in_blocks(given), 4, beam=6, n_best=6, length_penalty=0.7)
    assert len(found) == 4
    for place, candidates in enumerate(found):
        assert len(candidates) == 6
        assert len({tuple(candidate.ids) for candidate in candidates}) == 6
        order = [candidate.score for candidate in candidates]
        assert order == sorted(order, reverse=True)
        for candidate in candidates:
            state, total, rank = model.initial_state(given[place : place + 1]), 0.0, 0.0
            target = [*candidate.ids, END]  # one that has not ended is ranked by what its end would have cost
            for before, token in zip([BEGIN, *candidate.ids], target, strict=True):
                with torch.no_grad():
                    step = model.step(torch.tensor([before]), state)
                state = step.state
                rank += float(step.logits.log_softmax(-1)[0, token])
                if token != END or candidate.ended:
                    total += float(step.scores[0, token])
            assert candidate.log_probability == pytest.approx(total, rel=1e-4)
            assert candidate.score == pytest.approx(rank / ((5 + len(target)) / 6) ** 0.7, rel=1e-4)


def test_a_longer_text_wins_under_a_higher_length_penalty():
    logits = torch.full((6, 6), -20.0)
    logits[BEGIN, END], logits[BEGIN, 4] = 0.0, 0.0
    logits[4, 5] = 0.0
    logits[5, END], logits[5, 4] = 0.0, -0.5
    model = Table(logits)
    assert search(model, model.initial_state(1), 1, beam=3, length_penalty=0.0)[0][0].ids == []
    assert search(model, model.initial_state(1), 1, beam=3, length_penalty=6.0)[0][0].ids != []


@pytest.mark.fault(33)
@pytest.mark.parametrize("end", [-60.0, -math.inf])
def test_texts_that_do_not_end_are_cut_at_the_limit(end):
    logits = torch.zeros(7, 7)
    logits[:, END] = end
    model = Table(logits)
    (found,) = search(model, model.initial_state(1), 1, beam=3, n_best=3, max_length=4)
    assert [len(candidate.ids) for candidate in found] == [4, 4, 4]
    assert not any(candidate.ended for candidate in found)


def running(first: float, end: float) -> Table:
    """Writes 4 for ever, at no cost but that of the first; each may be the last, and the text may be empty."""
    logits = torch.full((6, 6), -40.0)
    logits[BEGIN, 4], logits[BEGIN, END] = 0.0, first
    logits[4, 4], logits[4, END] = 0.0, end
    return Table(logits)


@pytest.mark.parametrize(
    ("first", "expected"),
    [(-9.0, [(30, False), (29, True)]), (-1.0, [(0, True), (30, False)])],
    ids=["an empty text that is hardly believed in", "a text that runs on for ever"],
)
def test_a_text_cut_at_the_limit_is_ranked_by_its_score_with_an_end(first, expected):
    model = running(first, -20.0)
    (found,) = search(model, model.initial_state(1), 1, beam=2, n_best=2, max_length=30)
    assert [(len(one.ids), one.ended) for one in found] == expected
    [cut] = [one for one in found if not one.ended]
    assert cut.score == pytest.approx((cut.log_probability - 20.0) / ((5 + 31) / 6), rel=1e-5)


def test_a_score_that_is_no_number_at_the_limit_is_told():
    logits = torch.full((7, 7), -20.0)
    logits[BEGIN, 4] = logits[4, 5] = 0.0
    logits[5] = math.nan  # met only by the step that asks what an end would cost
    model = Table(logits)
    with pytest.raises(NumericsError, match="not numbers"):
        search(model, model.initial_state(1), 1, beam=1, max_length=2)


def test_limits_of_their_own_are_kept_row_by_row():
    model = running(-9.0, -20.0)
    limits = torch.tensor([3, 30, 1, 12])
    found = search(model, model.initial_state(4), 4, beam=2, n_best=2, max_length=limits)
    assert [sorted(len(one.ids) for one in some if not one.ended) for some in found] == [[3], [30], [1], [12]]
    for row, limit in enumerate(limits.tolist()):
        [alone] = search(model, model.initial_state(1), 1, beam=2, n_best=2, max_length=limit)
        assert alone == found[row]


def test_fewer_texts_than_asked_for_are_returned_as_they_are():
    logits = torch.full((5, 5), -math.inf)
    logits[:, END] = 0.0
    model = Table(logits)
    assert search(model, model.initial_state(2), 2, beam=4, n_best=4) == [[Candidate([], 0.0, 0.0, True)]] * 2


def test_no_text_holds_a_run_twice():
    model = Recurrent("rnn")
    found = search(model, model.initial_state_in_blocks(vectors(8)), 8, beam=3, n_best=3, no_repeat_ngram=1)
    assert [len(candidates) for candidates in found] == [3] * 8
    for candidates in found:
        for candidate in candidates:
            assert len(set(candidate.ids)) == len(candidate.ids)
            assert not set(candidate.ids) & {*BANNED, END}


def test_all_options_out_of_range_are_told_together():
    model = table(2, 1)
    with pytest.raises(OptionsError) as caught:
        search(
            model, model.initial_state(1), 1, beam=0, length_penalty=-1.0, no_repeat_ngram=-1, n_best=2, max_length=0
        )
    told = str(caught.value)
    assert told.startswith("5 options:")
    for text in ("max_length is 0", "beam is 0", "length_penalty is -1.0", "no_repeat_ngram is -1", "n_best is 2"):
        assert text in told


def test_numbers_that_are_none_are_told():
    model = Table(torch.full((6, 6), math.nan))
    with pytest.raises(NumericsError, match="not numbers"):
        search(model, model.initial_state(1), 1)
