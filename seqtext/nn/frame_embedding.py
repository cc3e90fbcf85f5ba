"""`FrameEmbedding`: frames that arrive one after the other, some of them stacked into each step of a model. Knows shapes only.

A step holds the `skip` frames that are new and the ones before them, so nothing waits for a frame behind it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded, sent
from seqtext.nn.backbone import State
from seqtext.nn.running_mean import running_means


class FrameEmbedding(nn.Module):
    """Stacks frames, skips from one stack to the next, and projects each stack.

    Step j reads the frames from `(j + 1) * skip - stack` to `(j + 1) * skip - 1`. Before the first frame, and behind a row's last one,
    where it does not fill a step, are zeros.

    Args:
        input_size: features of a frame, F.
        output_size: features of a step, D.
        stack: frames that a step reads.
        skip: new frames of a step, which it is made of `skip` times fewer of.
        forget: share of a new frame in the running mean that is taken off each frame; 0 takes nothing off.

    Raises:
        ValueError: for a stack smaller than the skip, which would leave frames out; or a share that is none.
    """

    def __init__(
        self, *, input_size: int, output_size: int, stack: int = 1, skip: int = 1, forget: float = 0.0
    ) -> None:
        super().__init__()
        if not 0 <= forget < 1:
            raise ValueError(f"a share is from 0 to below 1, got {forget}")
        self.forget = forget
        if not 1 <= skip <= stack:
            raise ValueError(f"a step reads all its new frames: stack {stack} must be at least skip {skip}, and skip 1")
        self.input_size = input_size
        self.stack, self.skip = stack, skip
        self.projection = nn.Linear(stack * input_size, output_size)
        self.norm = nn.LayerNorm(output_size)

    @property
    def kept(self) -> int:
        """Frames of the steps before that a step reads again."""
        return self.stack - self.skip

    def steps_of(self, frames: Tensor) -> Tensor:
        """Steps that so many frames make: the last one may be filled with zeros."""
        return (frames + self.skip - 1) // self.skip

    @property
    def state_parts(self) -> int:
        """Tensors of a state."""
        return (self.forget > 0) + (self.kept > 0)

    def zero_state(self, rows: int, *, like: Tensor) -> State:
        """What is kept before the first frame: zeros (1, B, F) of the mean, and (stack - skip, B, F) of frames that are read twice."""
        sizes = [1] * (self.forget > 0) + [self.kept] * (self.kept > 0)
        return tuple(like.new_zeros(size, rows, self.input_size) for size in sizes)

    def forward(self, inputs: Padded) -> Padded:
        """(B, T, F) frames to (B, ceil(T / skip), D) steps."""
        return self.forward_with_state(inputs)[0]

    def forward_with_state(self, inputs: Padded, state: State | None = None) -> tuple[Padded, State]:
        """Steps as `forward`, and the frames kept for those that follow: right for rows whose frames fill their last step.

        Args:
            inputs: values (B, T, F).
            state: what the frames before left; that before the first one if None.
        """
        values = inputs.values if inputs.is_full else inputs.values.masked_fill(~inputs.mask.unsqueeze(-1), 0.0)
        rows, width, size = values.shape
        state = self.zero_state(rows, like=values) if state is None else state
        values = torch.cat([values, values.new_zeros(rows, -width % self.skip, size)], dim=1)
        values, means = self._level(values, state)
        frames = self._with_kept(values, state)
        stacked = frames.unfold(1, self.stack, self.skip).transpose(2, 3).flatten(2)  # (B, T / skip, stack * F)
        steps = self.steps_of(inputs.lengths)
        ends = sent(steps * self.skip, values.device).unsqueeze(1)
        every = torch.arange(rows, device=values.device).unsqueeze(1)
        after = [] if means is None else [means[every, ends - 1].transpose(0, 1)]
        if self.kept:
            places = ends + torch.arange(self.kept, device=values.device)  # (B, kept) among `frames`
            after.append(frames[every, places].transpose(0, 1))
        return Padded(self._project(stacked), steps), tuple(after)

    def step(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One step of every row: repeated, equal to `forward`.

        Args:
            inputs: (B, skip, F) the new frames.
            state: what the step before returned.
        """
        state = self.zero_state(len(inputs), like=inputs) if state is None else state
        inputs, means = self._level(inputs, state)
        frames = self._with_kept(inputs, state)  # (B, stack, F)
        after = [] if means is None else [means[:, -1:].transpose(0, 1).contiguous()]
        if self.kept:
            after.append(frames[:, self.skip :].transpose(0, 1).contiguous())
        return self._project(frames.flatten(1)), tuple(after)

    def _level(self, values: Tensor, state: State) -> tuple[Tensor, Tensor | None]:
        """(B, T, F) frames without their running mean, and that mean behind each of them where one is taken off."""
        if not self.forget:
            return values, None
        means = running_means(values, state[0][0], self.forget)
        return values - means, means

    def _with_kept(self, values: Tensor, state: State) -> Tensor:
        """(B, kept + T, F): frames behind those that were kept of the steps before."""
        return torch.cat([state[-1].transpose(0, 1), values], dim=1) if self.kept else values

    def _project(self, stacked: Tensor) -> Tensor:
        projected: Tensor = self.norm(self.projection(stacked))
        return projected
