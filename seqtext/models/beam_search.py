"""The most likely texts, by beam search with GNMT's length penalty. Knows token ids only, and draws nothing.

Rows are searched side by side but independently: each has its own hypotheses, stops by itself, and leaves the batch then. The result
does not depend on the other rows (see `decoding`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

import torch
from torch import Tensor

from seqtext.errors import NumericsError, raise_together, shorten
from seqtext.models.decoding import (
    BLOCK,
    LOOK_EVERY,
    Searchable,
    check_request,
    filled,
    in_blocks,
    keeps_its_size,
    restrain,
    without_autocast,
)
from seqtext.models.graphs import copy_into, repeated
from seqtext.models.hypotheses import Candidate, Front, Hypotheses, Rules
from seqtext.nn.backbone import State

MOST_BEAM = 1000
MOST_PENALTY = 10  # beyond, nothing but the length counts; powers of any length stay within a float
SLOTS = 160  # hypotheses that are searched together, at most: with 64 a beam of 5 takes a quarter longer, with 320 hardly less


def beam_search(
    model: Searchable,
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
    device = begin.device
    rules = Rules(
        banned=torch.tensor(banned, dtype=torch.int64, device=device),
        end_id=end_id,
        beam=beam,
        alpha=float(length_penalty),
        no_repeat_ngram=no_repeat_ngram,
        n_best=n_best,
        start=begin.shape[1],
        fixed=keeps_its_size(device),
    )
    found: list[list[Candidate]] = []
    search: Search | None = None
    with torch.inference_mode(), without_autocast(device):
        longest = int(limits.max()) if len(limits) else 1
        for block in in_blocks(len(begin), device, size=rows_searched(beam)):
            rows = torch.arange(block.rows.start, block.rows.stop, device=device)
            slots = filled(rows.repeat_interleave(beam))
            front = Front.of(model.select(state, slots), begin[slots], limits[block.rows], longest, rules)
            if search is None or not rules.fixed or len(front.limits) != len(search.front.limits):
                search = Search(model, front, rules)
            else:  # into the memory that its graph reads
                copy_into(vars(search.front), vars(front))
            found += search.run(int(limits[block.rows].max()))
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


class Search:
    """Searches blocks, one after the other.

    Args:
        model: says what may come next.
        front: of the first block.
        rules: of all blocks.
    """

    def __init__(self, model: Searchable, front: Front, rules: Rules) -> None:
        self.model, self.front, self.rules = model, front, rules
        self._order = torch.empty(0)  # of the slots, after a step
        self._slots = filled(torch.arange(len(front.limits) * rules.beam, device=front.limits.device))
        self._advance = repeated(self._step_in_place, front.limits.device) if rules.fixed else self._step

    def run(self, longest: int) -> list[list[Candidate]]:
        """The candidates of each row of the block, of which none may have more than `longest` tokens.

        Raises:
            NumericsError: if the model's logits or scores are not numbers.
        """
        found: list[list[Candidate]] = [[] for _ in range(len(self.front.limits))]
        for number in range(longest + 1):
            self._advance()
            if self.rules.fixed and (number + 1) % LOOK_EVERY and number < longest:
                continue
            front = self.front
            if front.at_fault:
                fault = "the logits of the next token are not numbers"
                raise NumericsError(fault, fix="look at the weights of the model")
            left = front.is_open.nonzero().flatten()
            if self.rules.fixed and len(left):
                continue
            for place in (~front.is_open).nonzero().flatten().tolist():
                found[front.row[place]] = self._candidates(place)
            if not len(left):
                break
            self._keep(left)
        return found

    # ---- a step

    def _step_in_place(self) -> None:
        self._step()
        copy_into(self.front.state, self.model.reorder(self._after, self._order))

    def _step(self) -> None:
        """One token more for the open texts; the state is behind it, but its slots have not changed places."""
        front, rules = self.front, self.rules
        logits, scores, self._after, normalised = self.model.step(front.token, front.state)
        history = front.token.unsqueeze(1)  # nobody looks at it without runs to avoid
        if rules.no_repeat_ngram:
            history = front.going.ids.flatten(0, 1)[self._slots]
            history = history if rules.fixed else history[:, : int(front.width)]
        log_p = restrain(
            logits if normalised else logits.log_softmax(-1),
            history,
            width=front.width,
            banned=rules.banned,
            end_id=rules.end_id,
            no_repeat_ngram=rules.no_repeat_ngram,
        )[: front.going.rank.numel()]
        number = front.width - rules.start
        penalty = rules.penalties(number + 1)
        full = front.is_open & (front.limits == number)
        charged = _charged(front.going.rank, log_p[:, rules.end_id]) / penalty
        front.cut.copy_(torch.where(full.unsqueeze(1), charged, front.cut))
        goes = front.is_open & ~full
        ended, going, parent = self._extended(log_p, scores[: len(log_p)])
        done = front.done.best_with(ended._replace(rank=ended.rank / penalty))
        over = done.rank[:, rules.n_best - 1] >= going.rank[:, 0] / rules.penalties(front.limits + 1)
        if rules.beam == 1:
            over |= done.rank[:, 0] > -torch.inf
        copy_into(front.done, done.where(goes, front.done))
        copy_into(front.going, going.where(goes, front.going))
        front.is_cut |= full
        front.until.copy_(torch.where(full, front.width, torch.where(goes & over, front.width + 1, front.until)))
        front.is_open.copy_(goes & ~over)
        places = torch.arange(len(parent), device=parent.device).unsqueeze(1) * rules.beam + parent
        self._order = places.flatten()[self._slots]
        front.token.copy_(going.ids.index_select(2, front.width.view(1)).flatten()[self._slots])
        front.width += 1

    def _extended(self, log_p: Tensor, scores: Tensor) -> tuple[Hypotheses, Hypotheses, Tensor]:
        """One token more.

        Args:
            log_p: (R * K, V) log-probabilities by which the open texts go on.
            scores: (R * K, V) the model's own.

        Returns:
            those among the best K that end here, with rank -inf in the other places; the best K that go on; and (R, K) which of
            the K hypotheses before each of these came from.
        """
        front, going = self.front, self.front.going
        rows, beam = going.rank.shape
        top, token = log_p.topk(
            min(2 * beam, log_p.shape[1])
        )  # at most one continuation of each ends, so K of 2 K go on
        front.at_fault |= (top[:, 0].isnan().view(rows, beam) & front.is_open.unsqueeze(1)).any()
        ranks = (going.rank.unsqueeze(2) + top.double().view(rows, beam, -1)).view(rows, -1)  # (R, K * 2 K)
        total = (going.total.view(-1, 1) + scores.gather(1, token)).view(rows, -1)
        each, token = top.shape[1], token.view(rows, -1)

        def take(rank: Tensor) -> tuple[Hypotheses, Tensor, Tensor]:
            rank, place = rank.topk(beam)
            parent, last = place // each, token.gather(1, place)
            ids = going.ids.gather(1, parent.unsqueeze(2).expand(-1, -1, going.ids.shape[2]))
            ids.index_copy_(2, front.width.view(1), last.unsqueeze(2))
            return Hypotheses(ids, rank, total.gather(1, place)), parent, last

        best, _, last = take(ranks)
        ended = best._replace(rank=best.rank.masked_fill(last != self.rules.end_id, -torch.inf))
        open_ones, parent, _ = take(ranks.masked_fill(token == self.rules.end_id, -torch.inf))
        return ended, open_ones, parent

    # ---- between steps

    def _keep(self, rows: Tensor) -> None:
        """Only some rows, which cost nothing to take out: the slots change places anyway."""
        front = self.front
        if len(rows) == len(front.limits):
            front.state = self.model.reorder(self._after, self._order)
            return
        beam = self.rules.beam
        order = self._order[: len(front.limits) * beam].view(-1, beam)[rows].flatten()
        tokens = front.token[: len(front.limits) * beam].view(-1, beam)[rows].flatten()
        self._slots = filled(torch.arange(len(order), device=order.device))
        front.state, front.token = self.model.select(self._after, order[self._slots]), tokens[self._slots]
        front.going, front.done = front.going.at(rows), front.done.at(rows)
        for name in ("cut", "limits", "row", "is_open", "is_cut", "until"):
            setattr(front, name, getattr(front, name)[rows])

    def _candidates(self, place: int) -> list[Candidate]:
        """Of a row whose search is over."""
        front, rules = self.front, self.rules
        groups = [(front.done, True)]
        if front.is_cut[place]:
            groups.append((front.going._replace(rank=front.cut), False))
        return _candidates(groups, place, rules.start, int(front.until[place]), rules)


def _charged(rank: Tensor, ends: Tensor) -> Tensor:
    """(R, K) the rank of texts with an end token, whose log-probability (R * K,) stays finite: one that cannot come is no reason to
    have no text."""
    return rank + ends.clamp_min(torch.finfo(ends.dtype).min).double().view_as(rank)


def _candidates(
    groups: Sequence[tuple[Hypotheses, bool]], place: int, start: int, width: int, rules: Rules
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
