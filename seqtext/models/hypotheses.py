"""`Hypotheses` and `Front`: the open and the ended texts of a block's rows, as tensors. Knows token ids only, not how they go on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seqtext.errors import NumericsError
from seqtext.nn.backbone import State


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


@dataclass(frozen=True)
class Rules:
    """What is the same in all blocks of a request.

    Attributes:
        banned: (V',) tokens that are never produced.
        end_id: token that ends a text.
        beam: hypotheses of a row, K.
        alpha: of the length penalty.
        no_repeat_ngram: runs of that many tokens do not come twice.
        n_best: texts returned for each row, at most.
        start: tokens of a beginning, P.
        fixed: whether a block keeps its rows to the end, and nothing looks at a value within a step.
    """

    banned: Tensor
    end_id: int
    beam: int
    alpha: float
    no_repeat_ngram: int
    n_best: int
    start: int
    fixed: bool

    def penalties(self, lengths: Tensor) -> Tensor:
        """Float64, of any shape."""
        return ((5 + lengths.double()) / 6) ** self.alpha


class Hypotheses(NamedTuple):
    """Texts of R rows, K each, best first; a place that nobody has has rank -inf.

    Args:
        ids: (R, K, W), the beginning included; the end token wherever a text is over.
        rank: (R, K) float64, what they are ordered by: log-probability under the logits; of those that go on no longer, divided by the
            penalty.
        total: (R, K) float64, log-probability under the model's own scores.
    """

    ids: Tensor
    rank: Tensor
    total: Tensor

    def at(self, rows: Tensor) -> Hypotheses:
        """Those of some rows."""
        return Hypotheses(self.ids[rows], self.rank[rows], self.total[rows])

    def where(self, rows: Tensor, other: Hypotheses) -> Hypotheses:
        """These where `rows` (R,) is True, and the others elsewhere."""
        return Hypotheses(*(torch.where(_like(rows, one), one, two) for one, two in zip(self, other, strict=True)))

    def best_with(self, other: Hypotheses) -> Hypotheses:
        """The best K of each row among both."""
        both = [torch.cat(parts, 1) for parts in zip(self, other, strict=True)]
        rank, place = both[1].topk(self.rank.shape[1])
        return Hypotheses(
            both[0].gather(1, place.unsqueeze(2).expand(-1, -1, both[0].shape[2])), rank, both[2].gather(1, place)
        )


def _like(rows: Tensor, values: Tensor) -> Tensor:
    return rows.view(-1, *[1] * (values.ndim - 1))


@dataclass
class Front:
    """How far the search of R rows is; a step changes it in place.

    Attributes:
        state: behind the last step, of M slots.
        slots: (M,) which of the R * K texts has each; filled up by the last. Those that can come to nothing any more may have none.
        token: (M,) the last token of each.
        going: the open texts.
        done: those that ended.
        cut: (R, K) float64, the rank of `going` where the limit was reached.
        limits: (R,) tokens at most.
        row: (R,) of each, in its block.
        is_open: (R,) whether it is still searched; of the others nothing changes any more.
        is_cut: (R,) whether the limit was reached.
        until: (R,) columns of the texts when the search was over.
        width: () tokens of the open texts, the beginning among them.
        at_fault: () whether logits were no numbers.
    """

    state: State
    slots: Tensor
    token: Tensor
    going: Hypotheses
    done: Hypotheses
    cut: Tensor
    limits: Tensor
    row: Tensor
    is_open: Tensor
    is_cut: Tensor
    until: Tensor
    width: Tensor
    at_fault: Tensor

    @classmethod
    def of(cls, state: State, slots: Tensor, begin: Tensor, limits: Tensor, longest: int, rules: Rules) -> Front:
        """Before the first step: beginnings (R, P), limits (R,), none above `longest`."""
        device, count, beam, start = begin.device, len(limits), rules.beam, rules.start
        # a column more: the step at the limit writes one too, which nobody reads
        ids = torch.full((count, beam, start + longest + 1), rules.end_id, device=device)
        ids[..., :start] = begin.unsqueeze(1)
        rank = torch.full((count, beam), -torch.inf, dtype=torch.float64, device=device)
        one = rank.clone()
        one[:, 0] = 0.0  # one beginning, not K the same
        none = torch.zeros(count, dtype=torch.bool, device=device)
        return cls(
            state=state,
            slots=slots,
            token=begin[slots // beam, -1],
            going=Hypotheses(ids, one, torch.zeros_like(rank)),
            done=Hypotheses(ids.clone(), rank, torch.zeros_like(rank)),
            cut=rank.clone(),
            limits=limits.clone(),
            row=torch.arange(count, device=device),
            is_open=~none,
            is_cut=none,
            until=torch.zeros(count, dtype=torch.int64, device=device),
            width=torch.tensor(start, device=device),
            at_fault=torch.zeros((), dtype=torch.bool, device=device),
        )

    def candidates(self, place: int, rules: Rules) -> list[Candidate]:
        """The best of a row whose search is over.

        Raises:
            NumericsError: if a score is not a number.
        """
        groups = [(self.done, True)]
        if self.is_cut[place]:
            groups.append((self.going._replace(rank=self.cut), False))
        found: list[Candidate] = []
        for hypotheses, ended in groups:
            for ids, score, total in zip(*(part[place].tolist() for part in hypotheses), strict=True):
                if score == -math.inf:
                    break
                text = ids[rules.start : int(self.until[place])]
                found.append(Candidate(text[: text.index(rules.end_id)] if ended else text, total, score, ended))
        found = sorted(found, key=lambda candidate: -candidate.score)[: rules.n_best]
        if any(math.isnan(number) for candidate in found for number in (candidate.log_probability, candidate.score)):
            raise NumericsError("a log-probability is not a number", fix="look at the weights of the model")
        return found
