"""Models small enough to read, which say what may come next: a recurrent one with random weights, and a table."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.models.decoding import Step, in_blocks
from seqtext.nn.backbone import Backbone, State

PAD, UNKNOWN, BEGIN, END = range(4)
BANNED = (PAD, UNKNOWN, BEGIN)
V, H, C = 61, 36, 4


class Recurrent:
    """A vector sets the state of a backbone; a linear head reads its outputs."""

    def __init__(self, cell: str, num_layers: int = 2, push: float = 1.0) -> None:
        torch.manual_seed(3)
        self.embedding = nn.Embedding(V, H)
        self.backbone = Backbone(input_size=H, hidden_size=H, num_layers=num_layers, cell=cell).eval()
        self.head = nn.Linear(H, V)
        self.to_state = nn.Linear(C, len(self.backbone.zero_state(1, like=self.head.weight)) * num_layers * H)
        self.push = push  # by which logits are larger than the scores' own, as under guidance
        self.steps: list[int] = []  # rows of each step
        with torch.no_grad():
            self.head.weight *= 8
            self.head.bias[END] += 1

    @torch.no_grad()
    def initial_state(self, vectors: Tensor) -> State:
        flat = self.to_state(vectors).view(len(vectors), -1, self.backbone.num_layers, H)
        return tuple(part.transpose(0, 1).contiguous() for part in flat.unbind(1))

    def initial_state_in_blocks(self, vectors: Tensor) -> State:
        parts = []
        for block in in_blocks(len(vectors), vectors.device):
            count = block.rows.stop - block.rows.start
            parts.append([part[:, :count] for part in self.initial_state(vectors[block.padded])])
        return tuple(torch.cat(part, 1) for part in zip(*parts, strict=True))

    def step(self, tokens: Tensor, state: State) -> Step:
        self.steps.append(len(tokens))
        outputs, state = self.backbone.step(self.embedding(tokens), state)
        logits = self.head(outputs)
        return Step(logits * self.push, logits.log_softmax(-1), state)

    def select(self, state: State, rows: Tensor) -> State:
        return tuple(part[:, rows] for part in state)

    reorder = select


class Table:
    """What comes next depends on the last token alone: logits (V, V). The state counts the steps, to see it is handed on."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits.float()

    def initial_state(self, rows: int) -> State:
        return (torch.zeros(rows, dtype=torch.int64),)

    def step(self, tokens: Tensor, state: State) -> Step:
        logits = self.logits[tokens]
        return Step(logits, logits.log_softmax(-1), (state[0] + 1,))

    def select(self, state: State, rows: Tensor) -> State:
        return (state[0][rows],)

    reorder = select


def vectors(rows: int) -> Tensor:
    return torch.randn(rows, C, generator=torch.Generator().manual_seed(5))


def begins(rows: int) -> Tensor:
    return torch.full((rows,), BEGIN)
