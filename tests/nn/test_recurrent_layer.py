"""What is done to a layer's weights in a call: a share of the recurrent ones is left out, in training alone."""

from __future__ import annotations

import torch

from seqtext.nn.dropout import dropped
from tests.nn.test_backbone import backbone, batch, every_cell, every_direction


@every_cell
@every_direction
def test_weight_dropout_is_the_layer_with_recurrent_weights_zeroed_and_only_in_training(
    cell, activation, bidirectional
):
    plain, inputs = backbone(cell, activation, 1, bidirectional), batch()
    module = backbone(cell, activation, 1, bidirectional, weight_dropout=0.5)
    assert torch.equal(module(inputs).values, plain(inputs).values)
    module.train()
    torch.manual_seed(7)
    outputs, state = module.forward_with_state(inputs)
    outputs.values.square().sum().backward()
    torch.manual_seed(7)
    for layer in [*plain.layers, *plain.reverse_layers]:
        layer.weight_hh_l0.data = dropped(layer.weight_hh_l0.data, 0.5)
    expected, expected_state = plain.forward_with_state(inputs)
    torch.testing.assert_close(outputs.values, expected.values)
    torch.testing.assert_close(state, expected_state)
    for layer, kept in zip(module.layers, plain.layers, strict=True):
        zeroed = kept.weight_hh_l0 == 0
        assert 0.3 < zeroed.float().mean() < 0.7
        assert not layer.weight_hh_l0.grad[zeroed].any(), "a weight that is not there learns nothing"
        assert layer.weight_hh_l0.grad[~zeroed].any()
    assert not torch.equal(module(inputs).values, outputs.values), "others in every call"
