"""`Backbone`: the one stack of recurrent layers under all models. Padded in, padded out; knows no vocabulary and no text.

Each layer is a single-layer torch module that gets the padded batch as it is. Packing is what most toolkits do and costs twice the
time on a CPU; it is not needed: outputs at real steps cannot see the padding behind them, the reverse direction is fed each
row flipped within its own length, and final states are read at the row's own length.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded, check_padded, sent
from seqtext.nn.dropout import LockedDropout
from seqtext.nn.recurrent_layer import initialise, run_layer, weights_of

Cell = Literal["rnn", "gru", "lstm"]
# (h,) or, for an LSTM, (h, c); each (L, B, H), with both directions (2 L, B, H) in torch's order
State = tuple[Tensor, ...]

_MODULES: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Backbone(nn.Module):
    """A stack of `nn.RNN`, `nn.GRU` or `nn.LSTM` layers over padded batches.

    Equal to torch's own multi-layer module on packed input with the same weights, final states included. A row's outputs depend
    neither on its neighbours nor on its padding. Recurrent weights start orthogonal (Saxe et al. 2014) and an LSTM's forget gate
    open (Jozefowicz et al. 2015), so that plain and deep stacks learn too. On a GPU fp32 is fp32, not TF32; for gradients too, put
    the backward pass in `exact_fp32`.

    Args:
        input_size: features per step, D.
        hidden_size: units a direction, H.
        num_layers: layers, L.
        cell: kind of recurrent cell.
        activation: of the plain `rnn` cell; the others have theirs.
        bidirectional: adds a second stack of units that reads each row from its end; outputs then have 2 H features.
        dropout: share of features zeroed between layers in training, the same at all steps of a row.
        weight_dropout: share of recurrent weights zeroed in training, the same at all steps and rows (Merity et al. 2018).
        residual: adds each layer's input to its output, where their sizes agree.
        layer_norm: normalises each layer's output.
    """

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        cell: Cell = "rnn",
        activation: Literal["tanh", "relu"] = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
        residual: bool = False,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        if cell not in get_args(Cell):
            raise ValueError(f"cell must be one of {', '.join(get_args(Cell))}, got {cell!r}")
        if min(input_size, hidden_size, num_layers) < 1:
            raise ValueError(f"sizes must be at least 1: input {input_size}, hidden {hidden_size}, layers {num_layers}")
        if not 0 <= weight_dropout < 1:
            raise ValueError(f"weight_dropout must lie from 0 to below 1, got {weight_dropout}")
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.weight_dropout = weight_dropout
        self.residual = residual
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        options: dict[str, Any] = {"nonlinearity": activation} if cell == "rnn" else {}
        self._step_cell = {
            "rnn": torch.rnn_tanh_cell if activation == "tanh" else torch.rnn_relu_cell,
            "gru": torch.gru_cell,
        }.get(cell)

        def stack() -> nn.ModuleList:
            return nn.ModuleList(_MODULES[cell](size, hidden_size, batch_first=True, **options) for size in sizes)

        self.layers = stack()
        self.reverse_layers = stack() if bidirectional else nn.ModuleList()
        self.norms = nn.ModuleList(nn.LayerNorm(self.output_size) for _ in sizes) if layer_norm else nn.ModuleList()
        # A module of its own: under torch.compile and torch.export the one built into nn.RNN is lost (torch 2.13).
        self.dropout = LockedDropout(dropout)
        for layer in [*self.layers, *self.reverse_layers]:
            if not layer.get_parameter("bias_hh_l0").is_meta:  # else shapes alone; see `drawn`
                initialise(layer)

    def forward(self, inputs: Padded, state: State | None = None) -> Padded:
        """Outputs of the top layer.

        Args:
            inputs: values (B, T, D).
            state: initial state, zeros if None.

        Returns:
            values (B, T, H), or (B, T, 2 H) with both directions; 0 in the padding.

        Raises:
            ValueError: if lengths do not fit the values, or the state's shape is wrong.
        """
        return self._run(inputs, state, None)

    def forward_with_state(self, inputs: Padded, state: State | None = None) -> tuple[Padded, State]:
        """Outputs as `forward`, and the final state: that at each row's own length.

        An LSTM whose rows differ in length is given one more input column for this, which holds the cell state still in the padding.
        """
        finals: list[State] = []
        outputs = self._run(inputs, state, finals)
        return outputs, tuple(torch.stack(parts) for parts in zip(*finals, strict=True))

    def one_way(self, inputs: Padded, state: State | None = None, *, reverse: bool = False) -> tuple[Padded, State]:
        """One direction alone, as `forward_with_state` of a backbone that has no other: (B, T, H) and the state (1, B, H).

        Args:
            inputs: values (B, T, D); for the reverse direction each row from its end.
            state: initial state, zeros if None.
            reverse: the second direction of two.
        """
        if not self.bidirectional:
            return self.forward_with_state(inputs, state)
        if self.num_layers > 1 or self.norms:
            raise ValueError("one of two directions alone needs a single layer, without layer_norm")
        hold = ~inputs.mask if self.cell == "lstm" and not inputs.is_full else None
        layer = (self.reverse_layers if reverse else self.layers)[0]
        begin = _rows_of(state, 0)
        y, final = run_layer(layer, inputs.values, inputs.lengths, begin, hold, True, self.weight_dropout)
        return inputs.with_values(y), tuple(part.unsqueeze(0) for part in final)

    def step(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One step of every row: repeated, equal to `forward`. One direction only.

        Args:
            inputs: (B, D).
            state: what the step before returned; zeros if None.

        Returns:
            (B, H) and the state behind this step.

        Raises:
            ValueError: with both directions, since the reverse one needs the end of the text first.
        """
        if self.bidirectional:
            raise ValueError("step needs bidirectional=False: the reverse direction starts at the end of the sequence")
        state = self.zero_state(inputs.shape[0], like=inputs) if state is None else state
        finals: list[State] = []
        x = inputs
        for number, layer in enumerate(self.layers):
            before = tuple(part[number] for part in state)
            weights = weights_of(layer)
            if self._step_cell is None:
                after: State = tuple(torch.lstm_cell(x, before, *weights))
            else:
                after = (self._step_cell(x, before[0], *weights),)
            finals.append(after)
            x = self._between(number, x, after[0])
        return x, tuple(torch.stack(parts) for parts in zip(*finals, strict=True))

    def zero_state(self, rows: int, *, like: Tensor) -> State:
        """The state at the start: zeros of (L, B, H), with the dtype and device of `like`."""
        shape = (self.num_layers * (2 if self.bidirectional else 1), rows, self.hidden_size)
        return tuple(like.new_zeros(shape) for _ in range(2 if self.cell == "lstm" else 1))

    def _run(self, inputs: Padded, state: State | None, finals: list[State] | None) -> Padded:
        """All layers; with a list of `finals`, appends each layer's final state per direction."""
        check_padded(inputs)
        self._check_state(state, inputs.values.shape[0])
        full = inputs.is_full
        flip = None if full or not self.bidirectional else _flip_index(inputs)
        hold = ~inputs.mask if finals is not None and self.cell == "lstm" and not full else None
        directions = 2 if self.bidirectional else 1
        x = inputs.values
        for number, layer in enumerate(self.layers):
            row = number * directions
            usual = (hold, finals is not None, self.weight_dropout)
            y, final = run_layer(layer, x, inputs.lengths, _rows_of(state, row), *usual)
            _append(finals, final)
            if self.bidirectional:
                begin, turned = _rows_of(state, row + 1), _flip(x, flip)
                z, final = run_layer(self.reverse_layers[number], turned, inputs.lengths, begin, *usual)
                _append(finals, final)
                y = torch.cat([y, _flip(z, flip)], dim=-1)
            x = self._between(number, x, y)
        return inputs.with_values(x if full else x.masked_fill(~inputs.mask.unsqueeze(-1), 0.0))

    def _between(self, number: int, x: Tensor, y: Tensor) -> Tensor:
        """What happens to a layer's output `y` before the next: normalisation, the residual `x`, dropout."""
        if self.norms:
            y = self.norms[number](y)
        if self.residual and x.shape[-1] == y.shape[-1]:
            y = x + y
        return self.dropout(y) if number < self.num_layers - 1 else y

    def _check_state(self, state: State | None, rows: int) -> None:
        if state is None:
            return
        parts = 2 if self.cell == "lstm" else 1
        shape = (self.num_layers * (2 if self.bidirectional else 1), rows, self.hidden_size)
        if len(state) != parts or any(tuple(part.shape) != shape for part in state):
            found = ", ".join(str(tuple(part.shape)) for part in state)
            raise ValueError(f"state must be {parts} tensor(s) of shape (L, B, H) = {shape}, got {found}")


def _rows_of(state: State | None, row: int) -> State | None:
    """The (1, B, H) parts of one layer and direction."""
    return None if state is None else tuple(part[row : row + 1].contiguous() for part in state)


def _append(finals: list[State] | None, final: State) -> None:
    if finals is not None:
        finals.append(final)


def _flip_index(batch: Padded) -> Tensor:
    """(B * T,) positions that turn every row around within its own length and leave the padding in place: its own inverse."""
    rows, width = batch.values.shape[:2]
    steps = torch.arange(width, device=batch.values.device)
    lengths = sent(batch.lengths, batch.values.device).unsqueeze(1)
    flipped = torch.where(steps < lengths, lengths - 1 - steps, steps)  # (B, T)
    return (flipped + width * torch.arange(rows, device=flipped.device).unsqueeze(1)).flatten()


class _Flip(torch.autograd.Function):
    """A permutation of steps that is its own inverse: so its gradient is the same gather, not a slow scatter-add."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        return x.flatten(0, 1).index_select(0, index).view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        return gradient.flatten(0, 1).index_select(0, index).view_as(gradient), None


def _flip(x: Tensor, index: Tensor | None) -> Tensor:
    """(B, T, D) with every row turned around within its own length; rows without padding need no index."""
    return torch.flip(x, [1]) if index is None else _Flip.apply(x, index)  # type: ignore[no-untyped-call]
