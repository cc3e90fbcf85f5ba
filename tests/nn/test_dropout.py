"""Locked dropout: one mask a row, the same at all of its steps, and nothing outside training."""

from __future__ import annotations

import pytest
import torch

from seqtext.nn.dropout import LockedDropout, dropped


def test_a_row_has_one_mask_at_all_steps_and_other_rows_have_others():
    torch.manual_seed(0)
    values = torch.ones(6, 9, 40)
    out = LockedDropout(0.5)(values)
    assert torch.equal(out, out[:, :1].expand_as(out))
    masks = {tuple(row.tolist()) for row in out[:, 0]}
    assert len(masks) == 6
    assert set(out.unique().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("share", [0.1, 0.7])
def test_the_mean_is_kept_and_the_share_is_gone(share):
    torch.manual_seed(0)
    out = LockedDropout(share)(torch.ones(400, 2, 100))
    assert out.mean() == pytest.approx(1, abs=0.03)
    assert (out == 0).float().mean() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("share", [1e-9, 0.1, 0.5, 0.7, 1 - 1e-9])
def test_weights_are_dropped_one_by_one_and_those_that_stay_keep_the_mean(share):
    torch.manual_seed(0)
    weights = torch.ones(301, 333, requires_grad=True)
    out = dropped(weights, share)
    out.sum().backward()
    out = out.detach()
    gone = out == 0
    assert gone.float().mean() == pytest.approx(share, abs=0.01)
    assert out.mean() == pytest.approx(1, abs=0.02 if share < 0.9 else 2)
    assert len(out.unique()) == 2 or share in (1e-9, 1 - 1e-9)
    assert torch.equal(weights.grad, out)
    for rows in (gone.float().mean(1), gone.float().mean(0)):
        assert rows.std() < 0.04, "no row or column is like its neighbours"


def test_a_single_step_has_a_mask_of_its_own():
    torch.manual_seed(0)
    out = LockedDropout(0.5)(torch.ones(6, 40))
    assert out.shape == (6, 40)
    assert len({tuple(row.tolist()) for row in out}) == 6


def test_nothing_is_dropped_outside_training_or_with_a_share_of_0():
    values = torch.randn(3, 4, 5)
    assert LockedDropout(0.5).eval()(values) is values
    assert LockedDropout(0.0)(values) is values


def test_the_gradient_goes_where_values_went():
    torch.manual_seed(0)
    values = torch.randn(3, 4, 5, requires_grad=True)
    out = LockedDropout(0.5)(values)
    out.sum().backward()
    torch.testing.assert_close(values.grad, (out != 0) * 2.0)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_that_cannot_be_is_refused(share):
    with pytest.raises(ValueError, match="from 0 to below 1"):
        LockedDropout(share)
