"""The six contracts of the backbone, over cells, depths and directions."""

from __future__ import annotations

import copy
import os
import platform

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtext.batching.padded import Padded
from seqtext.nn.backbone import Backbone
from tests.conftest import python

CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("gru", "tanh"), ("lstm", "tanh")]
every_cell = pytest.mark.parametrize(("cell", "activation"), CELLS)
every_depth = pytest.mark.parametrize("num_layers", [1, 2, 3, 4])
every_direction = pytest.mark.parametrize("bidirectional", [False, True])
LENGTHS = torch.tensor([3, 7, 1, 5])
D, H = 5, 6


def backbone(cell, activation, num_layers, bidirectional=False, **options):
    torch.manual_seed(0)
    module = Backbone(
        input_size=D,
        hidden_size=H,
        num_layers=num_layers,
        cell=cell,
        activation=activation,
        bidirectional=bidirectional,
        **options,
    )
    for parameter in module.parameters():  # biases that are not zero, so that a forgotten one shows
        nn.init.normal_(parameter, std=0.4)
    return module.eval()


def batch(lengths=LENGTHS, seed=1) -> Padded:
    generator = torch.Generator().manual_seed(seed)
    return Padded(torch.randn(len(lengths), int(lengths.max()), D, generator=generator), lengths)


def torch_module(module: Backbone, activation: str) -> nn.RNNBase:
    """torch's own multi-layer module with the weights of ours."""
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[module.cell]
    options = {"nonlinearity": activation} if module.cell == "rnn" else {}
    reference = kind(D, H, module.num_layers, batch_first=True, bidirectional=module.bidirectional, **options)
    weights = {}
    for number, layer in enumerate(module.layers):
        for name, value in layer.state_dict().items():
            weights[name.replace("_l0", f"_l{number}")] = value
    for number, layer in enumerate(module.reverse_layers):
        for name, value in layer.state_dict().items():
            weights[name.replace("_l0", f"_l{number}_reverse")] = value
    reference.load_state_dict(weights)
    return reference.eval()


def random_state(module: Backbone, rows: int) -> tuple[Tensor, ...]:
    return tuple(torch.randn_like(part) for part in module.zero_state(rows, like=torch.zeros(1)))


@every_cell
@every_depth
@every_direction
@pytest.mark.parametrize("given_state", [False, True])
def test_equals_torch_on_packed_input_final_states_included(cell, activation, num_layers, bidirectional, given_state):
    module, inputs = backbone(cell, activation, num_layers, bidirectional), batch()
    state = random_state(module, len(LENGTHS)) if given_state else None
    reference = torch_module(module, activation)
    packed = pack_padded_sequence(inputs.values, LENGTHS, batch_first=True, enforce_sorted=False)
    theirs_state = None if state is None else (state if cell == "lstm" else state[0])
    theirs, final = reference(packed, theirs_state)
    expected = pad_packed_sequence(theirs, batch_first=True)[0]
    outputs, ours_final = module.forward_with_state(inputs, state)
    torch.testing.assert_close(outputs.values, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(module(inputs, state).values, expected, atol=1e-5, rtol=1e-5)
    for ours, want in zip(ours_final, final if cell == "lstm" else (final,), strict=True):
        torch.testing.assert_close(ours, want, atol=1e-5, rtol=1e-5)


@every_cell
@every_direction
def test_gradients_equal_torch_on_packed_input(cell, activation, bidirectional):
    module, inputs = backbone(cell, activation, 2, bidirectional), batch()
    reference = torch_module(module, activation)
    weight = torch.randn(len(LENGTHS), int(LENGTHS.max()), module.output_size)
    ours, theirs = inputs.values.clone().requires_grad_(), inputs.values.clone().requires_grad_()
    (module(Padded(ours, LENGTHS)).values * weight).sum().backward()
    packed = pack_padded_sequence(theirs, LENGTHS, batch_first=True, enforce_sorted=False)
    (pad_packed_sequence(reference(packed)[0], batch_first=True)[0] * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(module.layers[1].weight_hh_l0.grad, reference.weight_hh_l1.grad, atol=1e-5, rtol=1e-4)


@pytest.mark.fault(45)
@every_cell
@every_depth
@every_direction
def test_a_row_alone_equals_the_row_in_a_batch(cell, activation, num_layers, bidirectional):
    module, inputs = backbone(cell, activation, num_layers, bidirectional), batch()
    outputs, final = module.forward_with_state(inputs)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, alone_final = module.forward_with_state(
            Padded(inputs.values[row : row + 1, :length], LENGTHS[row : row + 1])
        )
        torch.testing.assert_close(alone.values[0], outputs.values[row, :length], atol=1e-5, rtol=1e-5)
        assert final
        for one, many in zip(alone_final, final, strict=True):
            torch.testing.assert_close(one[:, 0], many[:, row], atol=1e-5, rtol=1e-5)


@pytest.mark.fault(45)
@every_cell
@every_depth
@every_direction
@pytest.mark.parametrize("padding", [1e3, float("nan"), float("inf")])
def test_what_stands_in_the_padding_changes_nothing(cell, activation, num_layers, bidirectional, padding):
    module, inputs = backbone(cell, activation, num_layers, bidirectional, layer_norm=True, residual=True), batch()
    other = inputs.with_values(inputs.values.masked_fill(~inputs.mask.unsqueeze(-1), padding))
    outputs, final = module.forward_with_state(inputs)
    others, other_final = module.forward_with_state(other)
    assert torch.equal(outputs.values, others.values)
    assert all(torch.equal(a, b) for a, b in zip(final, other_final, strict=True))


@pytest.mark.fault(34)
@every_cell
@every_depth
@pytest.mark.parametrize("extras", [False, True])
def test_step_repeated_equals_forward(cell, activation, num_layers, extras):
    module = backbone(cell, activation, num_layers, layer_norm=extras, residual=extras)
    inputs = batch(torch.tensor([7, 7, 7]))
    expected, final = module.forward_with_state(inputs)
    state, outputs = None, []
    for step in range(7):
        output, state = module.step(inputs.values[:, step], state)
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs, dim=1), expected.values, atol=1e-5, rtol=1e-5)
    for ours, want in zip(state, final, strict=True):
        torch.testing.assert_close(ours, want, atol=1e-5, rtol=1e-5)


@pytest.mark.fault(35)
@every_cell
@every_depth
def test_the_future_changes_nothing_before_it(cell, activation, num_layers):
    module, inputs = backbone(cell, activation, num_layers), batch(torch.tensor([8, 8]))
    for step in range(1, 8):
        changed = inputs.values.clone()
        changed[:, step:] = torch.randn_like(changed[:, step:])
        outputs = module(inputs.with_values(changed)).values
        assert torch.equal(outputs[:, :step], module(inputs).values[:, :step])
        assert not torch.equal(outputs[:, step:], module(inputs).values[:, step:])


@every_cell
@every_direction
def test_the_state_starts_at_zero_and_carries_on(cell, activation, bidirectional):
    module, inputs = backbone(cell, activation, 2, bidirectional), batch(torch.tensor([6, 6]))
    zeros = module.zero_state(2, like=inputs.values)
    assert torch.equal(module(inputs).values, module(inputs, zeros).values)
    if not bidirectional:
        first, state = module.forward_with_state(Padded(inputs.values[:, :4], torch.tensor([4, 4])))
        second = module(Padded(inputs.values[:, 4:], torch.tensor([2, 2])), state)
        whole = torch.cat([first.values, second.values], dim=1)
        torch.testing.assert_close(whole, module(inputs).values, atol=1e-5, rtol=1e-5)


@every_cell
def test_bf16_stays_close_to_fp32_and_holds_an_lstm_still_in_the_padding(cell, activation):
    module, inputs = backbone(cell, activation, 1), batch()
    expected, final = module.forward_with_state(inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs, rough = module.forward_with_state(inputs)
    torch.testing.assert_close(outputs.values.float(), expected.values, atol=0.06, rtol=0.06)
    for ours, want in zip(rough, final, strict=True):
        torch.testing.assert_close(ours.float(), want, atol=0.06, rtol=0.06)


_TWO_LAYERS_IN_BF16 = """
import torch
from tests.nn.test_backbone import backbone, batch
module, inputs = backbone("lstm", "tanh", 2, {both}).train(), batch()
expected, final = module.forward_with_state(inputs)
with torch.autocast("cpu", dtype=torch.bfloat16):
    outputs, state = module.forward_with_state(inputs)
    again = module(inputs, state)
torch.testing.assert_close(outputs.values, expected.values)
torch.testing.assert_close(state, final)
again.values.sum().backward()
print(all(bool(parameter.grad.any()) for parameter in module.parameters()))
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="the variable is for x86")
@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_lstm_under_bf16_computes_in_fp32_where_onednn_has_no_bf16(bidirectional):
    told = _TWO_LAYERS_IN_BF16.format(both=bidirectional)
    # The variable makes this CPU look as one without AVX-512 to oneDNN, where torch's fused LSTM fails under autocast.
    result = python("-W", "error", "-c", told, env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"})
    assert result.stdout.strip() == "True"


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=6), cell=st.sampled_from(["rnn", "gru", "lstm"]))
def test_any_lengths_in_any_order(lengths, cell):
    module, inputs = backbone(cell, "tanh", 2, True), batch(torch.tensor(lengths))
    order = torch.randperm(len(lengths))
    outputs = module(inputs).values[order]
    shuffled = module(Padded(inputs.values[order], inputs.lengths[order])).values
    torch.testing.assert_close(outputs, shuffled, atol=1e-5, rtol=1e-5)


def test_a_copy_of_the_module_computes_the_same_and_dropout_only_in_training():
    module, inputs = backbone("gru", "tanh", 3, dropout=0.5), batch()
    assert torch.equal(module(inputs).values, copy.deepcopy(module)(inputs).values)
    assert not torch.equal(module.train()(inputs).values, module.eval()(inputs).values)


@pytest.mark.fault(46)
@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (torch.tensor([3, 9, 1, 5]), r"lengths must lie in 1\.\.7 \(the padded width\), got 1\.\.9"),
        (torch.tensor([0, 7, 1, 5]), r"lengths must lie in 1\.\.7 \(the padded width\), got 0\.\.7"),
        (torch.tensor([3, 7]), r"got shape \(2,\) for 4 rows"),
        (torch.tensor([3, 7, 1, 5], dtype=torch.int32), "int64 on the CPU, got torch.int32"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        backbone("rnn", "tanh", 1)(Padded(batch().values, lengths))


def test_other_misuse_is_refused():
    with pytest.raises(ValueError, match="cell must be one of rnn, gru, lstm, got 'grru'"):
        Backbone(input_size=1, hidden_size=1, cell="grru")
    with pytest.raises(ValueError, match=r"\(L, B, H\) = \(1, 4, 6\), got \(1, 2, 6\)"):
        backbone("rnn", "tanh", 1)(batch(), (torch.zeros(1, 2, 6),))
    with pytest.raises(ValueError, match="weight_dropout must lie from 0 to below 1, got 1"):
        Backbone(input_size=1, hidden_size=1, weight_dropout=1.0)
    with pytest.raises(ValueError, match="step needs bidirectional=False"):
        backbone("rnn", "tanh", 1, True).step(torch.zeros(4, D))


# ---- one direction alone


@every_cell
@every_direction
def test_one_direction_alone_is_its_half_of_the_outputs_and_can_be_carried(cell, activation, bidirectional):
    module, inputs = backbone(cell, activation, 1, bidirectional), batch()
    both, state = module.forward_with_state(inputs)
    turned = inputs.values.clone()
    for row, length in enumerate(LENGTHS.tolist()):
        turned[row, :length] = inputs.values[row, :length].flip(0)
    for reverse in [False, True][: 2 if bidirectional else 1]:
        read = Padded(turned if reverse else inputs.values, LENGTHS)
        outputs, final = module.one_way(read, reverse=reverse)
        half = both.values[:, :, H:] if reverse else both.values[:, :, :H]
        for row, length in enumerate(LENGTHS.tolist()):
            found = outputs.values[row, :length]
            torch.testing.assert_close(found.flip(0) if reverse else found, half[row, :length])
        for part, whole in zip(final, state, strict=True):
            torch.testing.assert_close(part[0], whole[int(reverse)])
        rows = Padded(read.values[[1, 3], :5], torch.tensor([5, 5]))
        whole, _ = module.one_way(rows, reverse=reverse)
        first, carried = module.one_way(Padded(rows.values[:, :2], torch.tensor([2, 2])), reverse=reverse)
        second, _ = module.one_way(Padded(rows.values[:, 2:], torch.tensor([3, 3])), carried, reverse=reverse)
        torch.testing.assert_close(torch.cat([first.values, second.values], 1), whole.values)


def test_of_several_layers_of_both_directions_none_can_be_read_alone():
    with pytest.raises(ValueError, match="single layer"):
        backbone("lstm", "tanh", 2, True).one_way(batch())
