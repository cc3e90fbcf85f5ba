"""The most likely texts, by beam search with GNMT's length penalty. Knows token ids only, and draws nothing.

Rows are searched side by side but independently: each has its own hypotheses, stops by itself, and leaves the batch then. The result
does not depend on the other rows (see `decoding`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

import torch
from torch import Tensor

from seqtext.errors import NumericsError, raise_together, shorten
from seqtext.models.decoding import BLOCK, Decodable, check_request, filled, in_blocks, restrain, without_autocast
from seqtext.nn.backbone import State

MOST_BEAM = 1000
MOST_PENALTY = 10  # beyond, nothing but the length counts; powers of any length stay within a float
SLOTS = 160  # hypotheses that are searched together, at most: with 64 a beam of 5 takes a quarter longer, with 320 hardly less


class Candidate(NamedTuple):
    """A text that was found.

    Args:
        ids: its tokens, without those at the beginning and without the end token.
        log_probability: sum of the conditional model's own scores, that of the end token included if it came.
        score: what it is ranked by: log-probability under the logits, divided by the length penalty, always with an end token: a text
            that does not end is charged for it, or one that repeats itself for ever would often be the best.
        ended: False where the length limit was reached first.
    """

    ids: list[int]
    log_probability: float
    score: float
    ended: bool


def beam_search(
    model: Decodable,
    state: State,
    *,
    begin: Tensor,
    end_id: int,
    banned: Sequence[int],
    max_length: int | Tensor,
    beam: int = 5,
    length_penalty: float = 1.0,
    no_repeat_ngram: int = 0,
    n_best: int = 1,
) -> list[list[Candidate]]:
    """Searches the most likely texts of each of N rows.

    A row's search is over when no open text can still come among the `n_best` that have ended, however long it gets. To stop when `beam`
    texts have ended, as is common, would leave a model that is sure of a long text with short ones that it hardly believes in. With a
    beam of 1 it is greedy, and over when the text has ended. A step costs that of N times `beam` rows.

    Args:
        model: says what may come next.
        state: before the first step; rows beyond the N are left out. See `in_blocks` on how to make it.
        begin: (N,) first tokens, or (N, P) beginnings, all but whose last token have been fed to the state already.
        end_id: token that ends a text.
        banned: tokens that are never produced, such as padding, unknown, begin.
        max_length: tokens of a text at most, the end token included; or (N,) those of each row.
        beam: hypotheses that are kept for each row.
        length_penalty: alpha of Wu et al. 2016: scores are divided by ((5 + length) / 6) ** alpha; 0 favours short texts most.
        no_repeat_ngram: runs of that many tokens do not come twice; 0 allows all.
        n_best: texts returned for each row, at most.

    Returns:
        for each row its candidates, best first.

    Raises:
        OptionsError: lists all options that are out of range.
        NumericsError: if the model's logits or scores are not numbers.
    """
    begin = check_request(begin, end_id, banned)
    limits = torch.as_tensor(max_length, device=begin.device).expand(len(begin))
    least = int(limits.min()) if len(limits) else 1
    raise_together(search_faults(least, beam, length_penalty, no_repeat_ngram, n_best))
    rules = _Rules(
        banned=torch.tensor(banned, dtype=torch.int64, device=begin.device),
        end_id=end_id,
        beam=beam,
        alpha=float(length_penalty),
        no_repeat_ngram=no_repeat_ngram,
        n_best=n_best,
    )
    found: list[list[Candidate]] = []
    with torch.inference_mode(), without_autocast(begin.device):
        for block in in_blocks(len(begin), begin.device, size=rows_searched(beam)):
            rows = torch.arange(block.rows.start, block.rows.stop, device=begin.device)
            slots = filled(rows.repeat_interleave(beam))
            found += _search_block(model, model.select(state, slots), begin[slots], limits[block.rows], rules)
    return found


def rows_searched(beam: int) -> int:
    """How many rows are searched together, at most: as many as have `SLOTS` hypotheses, and no more than draw together."""
    return max(1, min(BLOCK, SLOTS // beam))


def search_faults(max_length: int, beam: int, length_penalty: float, no_repeat_ngram: int, n_best: int) -> list[str]:
    """Which options of `beam_search` are out of range, a line each."""
    whole = {"beam": beam, "no_repeat_ngram": no_repeat_ngram, "n_best": n_best}
    faults = [
        f"--{name} is {shorten(value)}; expected a whole number"
        for name, value in whole.items()
        if not _is_whole(value)
    ]
    if not isinstance(length_penalty, Real):
        faults.append(f"--length_penalty is {shorten(length_penalty)}; expected a number")
    if faults:
        return faults
    found = {
        f"--max_length is {max_length}; expected 1 or more": max_length >= 1,
        f"--beam is {beam}; expected from 1 to {MOST_BEAM:,}": 1 <= beam <= MOST_BEAM,
        f"--length_penalty is {length_penalty}; expected from 0 to {MOST_PENALTY}": 0 <= length_penalty <= MOST_PENALTY,
        f"--no_repeat_ngram is {no_repeat_ngram}; expected 0 or more; 0 allows all": no_repeat_ngram >= 0,
        f"--n_best is {n_best}; expected from 1 to --beam, which is {beam}": 1 <= n_best <= max(beam, 1),
    }
    return [fault for fault, right in found.items() if not right]


def _is_whole(value: object) -> bool:
    """Whether a caller's value is a whole number, also one of numpy's."""
    return isinstance(value, Integral) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Rules:
    banned: Tensor
    end_id: int
    beam: int
    alpha: float
    no_repeat_ngram: int
    n_best: int

    def penalty(self, length: int) -> float:
        return float(((5 + length) / 6) ** self.alpha)

    def penalties(self, lengths: Tensor) -> Tensor:
        """(R,) float64."""
        return ((5 + lengths.double()) / 6) ** self.alpha


class _Hypotheses(NamedTuple):
    """Texts of R rows, K each, best first; a place that nobody has has rank -inf. All but `ids` and `ended` are float64.

    Args:
        ids: (R, K, P + max_length), the beginning included; the end token wherever a text is over.
        rank: (R, K) what they are ordered by: log-probability under the logits; of those that go on no longer, divided by the penalty.
        total: (R, K) log-probability under the model's own scores.
    """

    ids: Tensor
    rank: Tensor
    total: Tensor

    def at(self, rows: Tensor) -> _Hypotheses:
        return _Hypotheses(self.ids[rows], self.rank[rows], self.total[rows])

    def best_with(self, other: _Hypotheses) -> _Hypotheses:
        """The best K of each row among both."""
        both = [torch.cat(parts, 1) for parts in zip(self, other, strict=True)]
        rank, place = both[1].topk(self.rank.shape[1])
        return _Hypotheses(
            both[0].gather(1, place.unsqueeze(2).expand(-1, -1, both[0].shape[2])), rank, both[2].gather(1, place)
        )


def _search_block(
    model: Decodable, state: State, begin: Tensor, limits: Tensor, rules: _Rules
) -> list[list[Candidate]]:
    """The candidates of rows with these limits, from a state and beginnings (slots, P) with `beam` slots per row, and some more."""
    device, start, beam, count, longest = begin.device, begin.shape[1], rules.beam, len(limits), int(limits.max())
    ids = torch.full((count, beam, start + longest), rules.end_id, device=device)
    ids[..., :start] = begin[: count * beam].view(count, beam, start)
    rank = torch.full((count, beam), -torch.inf, dtype=torch.float64, device=device)
    done = _Hypotheses(ids, rank, torch.zeros_like(rank))
    going = done._replace(
        rank=rank.index_fill(1, torch.tensor([0], device=device), 0.0)
    )  # one beginning, not K the same
    row = torch.arange(count, device=device)  # of each that is still searched
    found: list[list[Candidate]] = [[] for _ in range(count)]
    for number in range(longest + 1):
        width = start + number
        slots = filled(torch.arange(len(row) * beam, device=device))
        history = going.ids.flatten(0, 1)[slots, :width]
        logits, scores, state = model.step(history[:, -1], state)
        log_p = restrain(
            logits if logits is scores else logits.log_softmax(-1),  # scores are log-probabilities already
            history,
            banned=rules.banned,
            end_id=rules.end_id,
            no_repeat_ngram=rules.no_repeat_ngram,
        )[: len(row) * beam]
        full = limits == number
        if full.any():
            cut = going._replace(rank=_charged(going.rank, log_p[:, rules.end_id]) / rules.penalty(number + 1))
            for place in full.nonzero().flatten().tolist():
                found[row[place]] = _candidates([(done, True), (cut, False)], place, start, width, rules)
        if number == longest:
            break
        ended, going, parent = _extend(going, log_p, scores[: len(log_p)], width, rules)
        done = done.best_with(ended._replace(rank=ended.rank / rules.penalty(number + 1)))
        over = done.rank[:, rules.n_best - 1] >= going.rank[:, 0] / rules.penalties(limits + 1)
        if beam == 1:
            over |= done.rank[:, 0] > -torch.inf
        for place in (over & ~full).nonzero().flatten().tolist():
            found[row[place]] = _candidates([(done, True)], place, start, width + 1, rules)
        left = (~over & ~full).nonzero().flatten()
        if not len(left):
            break
        # Whoever is over leaves here, at no cost: the state is put in a new order anyway.
        row, limits, going, done = row[left], limits[left], going.at(left), done.at(left)
        state = model.select(state, filled((left.unsqueeze(1) * beam + parent[left]).flatten()))
    return found


def _extend(
    going: _Hypotheses, log_p: Tensor, scores: Tensor, width: int, rules: _Rules
) -> tuple[_Hypotheses, _Hypotheses, Tensor]:
    """One token more.

    Args:
        going: R rows of K open hypotheses.
        log_p: (R * K, V) log-probabilities by which they go on.
        scores: (R * K, V) the model's own.
        width: tokens so far.

    Returns:
        those among the best K that end here, with rank -inf in the other places; the best K that go on; and (R, K) which of
        the K hypotheses before each of these came from.
    """
    rows, beam = going.rank.shape
    top, token = log_p.topk(min(2 * beam, log_p.shape[1]))  # at most one continuation of each ends, so K of 2 K go on
    if top[:, 0].isnan().any():
        raise NumericsError("the logits of the next token are not numbers", fix="look at the weights of the model")
    ranks = (going.rank.unsqueeze(2) + top.double().view(rows, beam, -1)).view(rows, -1)  # (R, K * 2 K)
    total = (going.total.view(-1, 1) + scores.gather(1, token)).view(rows, -1)
    each, token = top.shape[1], token.view(rows, -1)

    def take(rank: Tensor) -> tuple[_Hypotheses, Tensor]:
        rank, place = rank.topk(beam)
        parent = place // each
        ids = going.ids.gather(1, parent.unsqueeze(2).expand(-1, -1, going.ids.shape[2]))
        ids[:, :, width] = token.gather(1, place)
        return _Hypotheses(ids, rank, total.gather(1, place)), parent

    ends = token == rules.end_id
    best, _ = take(ranks)
    ended = best._replace(rank=best.rank.masked_fill(best.ids[:, :, width] != rules.end_id, -torch.inf))
    return ended, *take(ranks.masked_fill(ends, -torch.inf))


def _charged(rank: Tensor, ends: Tensor) -> Tensor:
    """(R, K) the rank of texts with an end token, whose log-probability (R * K,) stays finite: one that cannot come is no reason to
    have no text."""
    return rank + ends.clamp_min(torch.finfo(ends.dtype).min).double().view_as(rank)


def _candidates(
    groups: Sequence[tuple[_Hypotheses, bool]], place: int, start: int, width: int, rules: _Rules
) -> list[Candidate]:
    """The best for one row when its search is over, `width` tokens in, out of groups that have ended or not."""
    found: list[Candidate] = []
    for hypotheses, ended in groups:
        for ids, score, total in zip(*(part[place].tolist() for part in hypotheses), strict=True):
            if score == -math.inf:
                break
            text = ids[start:width]
            found.append(Candidate(text[: text.index(rules.end_id)] if ended else text, total, score, ended))
    found = sorted(found, key=lambda candidate: -candidate.score)[: rules.n_best]
    if any(math.isnan(number) for candidate in found for number in (candidate.log_probability, candidate.score)):
        raise NumericsError("a log-probability is not a number", fix="look at the weights of the model")
    return found
