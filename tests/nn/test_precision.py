"""What auto means, and that fp32 is fp32 without a setting being left behind."""

from __future__ import annotations

import pytest
import torch

from seqtext.batching.padded import Padded
from seqtext.errors import ResourceError
from seqtext.nn.backbone import Backbone
from seqtext.nn.precision import autocast, choose_device, choose_precision, exact_fp32

CPU = torch.device("cpu")
RNN = torch.backends.cudnn.rnn


def test_choosing_a_device_changes_no_setting_of_torch():
    before = torch.backends.cuda.matmul.fp32_precision, RNN.fp32_precision
    choose_device("cpu")
    assert (torch.backends.cuda.matmul.fp32_precision, RNN.fp32_precision) == before


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("found", ["tf32", "ieee"])
def test_the_layers_of_a_backbone_run_without_tf32_and_what_the_user_had_set_is_back(cell, found):
    module = Backbone(input_size=2, hidden_size=3, num_layers=2, cell=cell, bidirectional=True)
    seen: list[str] = []
    for layer in [*module.layers, *module.reverse_layers]:
        layer.register_forward_hook(lambda *_: seen.append(RNN.fp32_precision))
    before, RNN.fp32_precision = RNN.fp32_precision, found
    try:
        module(Padded(torch.randn(2, 4, 2), torch.tensor([4, 2])))
        assert RNN.fp32_precision == found
        with pytest.raises(KeyError), exact_fp32():
            raise KeyError
        assert RNN.fp32_precision == found
        with autocast("fp32", CPU):
            assert RNN.fp32_precision == "ieee"
    finally:
        RNN.fp32_precision = before
    assert seen == ["ieee"] * 4


def test_auto_is_what_the_task_means_by_it_and_a_flag_wins():
    assert choose_precision("auto", CPU, auto="fp32") == "fp32"
    assert choose_precision("bf16", CPU, auto="fp32") == "bf16"
    assert choose_precision("auto", CPU) in ("fp32", "bf16")
    with pytest.raises(ResourceError, match="fp16 needs a GPU"):
        choose_precision("fp16", CPU)
