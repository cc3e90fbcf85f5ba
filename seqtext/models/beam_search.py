"""The most likely texts, by beam search with GNMT's length penalty. Knows token ids only, and draws nothing.

Rows are searched side by side but independently: each has its own hypotheses, stops by itself, and leaves the batch then. The result
does not depend on the other rows (see `decoding`).
"""

from __future__ import annotations

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
FEWER = 0.85  # of the slots: from there on it pays to move the memory of those that stay
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
            count = block.rows.stop - block.rows.start
            # the K texts of a row begin alike: one of them is enough, but where a block keeps its size
            slots = filled(torch.arange(0, count * beam, 1 if rules.fixed else beam, device=device))
            own = model.select(state, block.rows.start + slots // beam)
            front = Front.of(own, slots, begin[block.rows], limits[block.rows], longest, rules)
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
        self._from = torch.empty(0)  # (R * K,) the slot that each text's state is in, after a step
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
                found[front.row[place]] = front.candidates(place, self.rules)
            if not len(left):
                break
            self._keep(left)
        return found

    # ---- a step

    def _step_in_place(self) -> None:
        self._step()
        front = self.front
        copy_into(front.state, self.model.reorder(self._after, self._from[front.slots]))
        copy_into(front.token, self._last()[front.slots])

    def _step(self) -> None:
        """One token more for the open texts; the state is behind it, but its slots and their tokens are those before."""
        front, rules = self.front, self.rules
        logits, scores, self._after, normalised = self.model.step(front.token, front.state)
        history = front.token.unsqueeze(1)  # nobody looks at it without runs to avoid
        if rules.no_repeat_ngram:
            history = front.going.ids.flatten(0, 1)[front.slots]
            history = history if rules.fixed else history[:, : int(front.width)]
        log_p = restrain(
            logits if normalised else logits.log_softmax(-1),
            history,
            width=front.width,
            banned=rules.banned,
            end_id=rules.end_id,
            no_repeat_ngram=rules.no_repeat_ngram,
        )
        number = front.width - rules.start
        penalty = rules.penalties(number + 1)
        full = front.is_open & (front.limits == number)
        charged = _charged(front.going.rank, self._of_texts(log_p[:, [rules.end_id]], -torch.inf)) / penalty
        front.cut.copy_(torch.where(full.unsqueeze(1), charged, front.cut))
        goes = front.is_open & ~full
        ended, going, parent = self._extended(log_p, scores)
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
        slot = torch.arange(len(front.slots), device=parent.device).unsqueeze(1)
        self._from = self._of_texts(slot, 0).flatten()[places.flatten()]
        front.width += 1

    def _of_texts(self, values: Tensor, other: float) -> Tensor:
        """(R * K, C) of values (M, C) by slot; `other` where a text has no slot."""
        front = self.front
        found = values.new_full((front.going.rank.numel(), values.shape[1]), other)
        return found.scatter_(0, front.slots.unsqueeze(1).expand_as(values), values)

    def _last(self) -> Tensor:
        """(R * K,) the last token of each text."""
        return self.front.going.ids.index_select(2, (self.front.width - 1).view(1)).flatten()

    def _extended(self, log_p: Tensor, scores: Tensor) -> tuple[Hypotheses, Hypotheses, Tensor]:
        """One token more.

        Args:
            log_p: (M, V) log-probabilities by which the open texts go on.
            scores: (M, V) the model's own.

        Returns:
            those among the best K that end here, with rank -inf in the other places; the best K that go on; and (R, K) which of
            the K hypotheses before each of these came from.
        """
        front, going = self.front, self.front.going
        rows, beam = going.rank.shape
        top, token = log_p.topk(
            min(2 * beam, log_p.shape[1])
        )  # at most one continuation of each ends, so K of 2 K go on
        front.at_fault |= (top[:, 0].isnan() & front.is_open[front.slots // beam]).any()
        each, own = top.shape[1], scores.gather(1, token)
        top, token, own = self._of_texts(top, -torch.inf), self._of_texts(token, 0), self._of_texts(own, 0)
        ranks = (going.rank.view(-1, 1) + top.double()).view(rows, -1)  # (R, K * 2 K)
        total, token = (going.total.view(-1, 1) + own).view(rows, -1), token.view(rows, -1)

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
        """Only some rows, and of their texts those that can still come among the `n_best`: however likely the rest of the others were, it
        would be too late for them. What takes their places in the beam is less likely than they are, and comes to nothing either."""
        front, rules = self.front, self.rules
        fewer = len(rows) < len(front.limits)
        if fewer:
            beam = rules.beam
            self._from = self._from.view(-1, beam)[rows].flatten()
            front.going, front.done = front.going.at(rows), front.done.at(rows)
            for name in ("cut", "limits", "row", "is_open", "is_cut", "until"):
                setattr(front, name, getattr(front, name)[rows])
        most = front.going.rank / rules.penalties(front.limits + 1).unsqueeze(1)
        slots = filled((most > front.done.rank[:, rules.n_best - 1 :][:, :1]).flatten().nonzero().flatten())
        if not fewer and len(slots) > FEWER * len(front.slots) and torch.isin(slots, front.slots).all():
            front.state = self.model.reorder(self._after, self._from[front.slots])  # a place too many costs less
        else:
            front.state, front.slots = self.model.select(self._after, self._from[slots]), slots
        front.token = self._last()[front.slots]


def _charged(rank: Tensor, ends: Tensor) -> Tensor:
    """(R, K) the rank of texts with an end token, whose log-probability (R * K, 1) stays finite: one that cannot come is no reason to
    have no text."""
    return rank + ends.clamp_min(torch.finfo(ends.dtype).min).double().view_as(rank)
