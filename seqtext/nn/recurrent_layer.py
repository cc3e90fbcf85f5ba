"""One direction of one recurrent layer: torch's module on a padded batch, its start, and what is done to its weights in a call.

Knows no stack: which layers there are, and what happens between them, is `backbone.py`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seqtext.batching.padded import sent
from seqtext.nn.dropout import dropped
from seqtext.nn.precision import autocast_fits_lstm, exact_fp32

_SHUT = 1e4  # sigmoid(-1e4) is exactly 0 and sigmoid(1e4) exactly 1, in fp32 as in bf16


def weights_of(layer: nn.Module) -> list[Tensor]:
    """Input weights (gates * H, D), recurrent weights (gates * H, H), and their biases."""
    return [layer.get_parameter(f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def initialise(layer: nn.Module) -> None:
    """Orthogonal recurrent weights and Glorot input weights, gate by gate; biases zero but for an open forget gate."""
    w_ih, w_hh, b_ih, b_hh = weights_of(layer)
    gates = w_hh.shape[0] // w_hh.shape[1]
    with torch.no_grad():
        for part in w_hh.chunk(gates):
            nn.init.orthogonal_(part)
        for part in w_ih.chunk(gates):
            nn.init.xavier_uniform_(part)
        b_ih.zero_()
        b_hh.zero_()
        if isinstance(layer, nn.LSTM):
            b_ih.chunk(4)[1].fill_(1.0)


def run_layer(
    layer: nn.Module,
    x: Tensor,
    lengths: Tensor,
    state: tuple[Tensor, ...] | None,
    hold: Tensor | None,
    with_state: bool,
    weight_dropout: float = 0.0,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One direction of one layer over a batch.

    Args:
        layer: `nn.RNN`, `nn.GRU` or `nn.LSTM` of one layer and direction, batch first.
        x: (B, T, D).
        lengths: (B,) real steps, on the CPU.
        state: initial state, parts (1, B, H); zeros if None.
        hold: (B, T) where an LSTM's cell state stands still; None if nowhere.
        with_state: whether the final state is asked for.
        weight_dropout: share of the recurrent weights zeroed if the layer is in training, the same at all steps.

    Returns:
        Outputs (B, T, H) and, if asked for, the state at each row's length, parts (B, H).
    """
    is_lstm = isinstance(layer, nn.LSTM)
    if is_lstm and not autocast_fits_lstm(x.device):
        with torch.autocast(x.device.type, enabled=False):
            wide = None if state is None else tuple(part.float() for part in state)
            return run_layer(layer, x.float(), lengths, wide, hold, with_state, weight_dropout)
    drop = weight_dropout > 0 and layer.training
    with exact_fp32():
        if hold is None and not drop:
            y, final = layer(x, state if state is None or is_lstm else state[0])
            cell = final[1] if is_lstm else None
        else:
            weights = weights_of(layer)
            if drop:
                weights[1] = dropped(weights[1], weight_dropout)
            if hold is not None:
                x, weights[0] = _held(x, weights[0], hold)
            y, cell = _with_weights(layer, x, state, weights)
    if not with_state:
        return y, ()
    # h at a row's own length is its last real output; an LSTM's c is not among the outputs, but stood still since.
    last = y[torch.arange(y.shape[0], device=y.device), sent(lengths - 1, y.device)]
    return y, (last,) if cell is None else (last, cell[0])


def _held(x: Tensor, w_ih: Tensor, hold: Tensor) -> tuple[Tensor, Tensor]:
    """Input and input weights of an LSTM whose cell state stands still where `hold` (B, T) is True.

    The input gets one column more, 1 on padding, whose fixed weights shut the input gate and open the forget gate.
    """
    size = w_ih.shape[0] // 4
    column = w_ih.new_zeros(4 * size, 1)
    column[:size] = -_SHUT
    column[size : 2 * size] = _SHUT
    # What stands in the padding may be anything, infinity too: it is blanked, or it would defeat the gates.
    x = torch.cat([x.masked_fill(hold.unsqueeze(-1), 0.0), hold.unsqueeze(-1).to(x.dtype)], dim=-1)
    return x, torch.cat([w_ih, column], dim=1)


def _with_weights(
    layer: nn.Module, x: Tensor, state: tuple[Tensor, ...] | None, weights: list[Tensor]
) -> tuple[Tensor, Tensor | None]:
    """The fused kernel of a layer with other weights than its own: outputs, and an LSTM's final cell state (1, B, H)."""
    parts = 2 if isinstance(layer, nn.LSTM) else 1
    if state is None:
        state = (x.new_zeros(1, x.shape[0], weights[1].shape[1]),) * parts
    usual: tuple[Any, ...] = (weights, True, 1, 0.0, layer.training, False, True)
    if isinstance(layer, nn.LSTM):
        y, _, cell = torch._VF.lstm(x, state, *usual)
        return y, cell
    if isinstance(layer, nn.GRU):
        return torch._VF.gru(x, state[0], *usual)[0], None
    plain = torch._VF.rnn_relu if layer.nonlinearity == "relu" else torch._VF.rnn_tanh
    return plain(x, state[0], *usual)[0], None
