"""The running mean is the one of a loop over time, of any length, and forgets what it began with."""

from __future__ import annotations

import pytest
import torch

from seqtext.nn.running_mean import running_means


@pytest.mark.parametrize("steps", [1, 7, 5_000])
@pytest.mark.parametrize("forget", [0.5, 0.05, 1 / 300])
def test_it_is_that_of_a_loop_over_time(steps, forget):
    values, before = torch.randn(2, steps, 3) * 5 - 3, torch.randn(2, 3)
    mean, wanted = before.double(), []
    for step in values.double().unbind(1):
        mean = (1 - forget) * mean + forget * step
        wanted.append(mean)
    found = running_means(values, before, forget)
    assert found.shape == values.shape
    torch.testing.assert_close(found.double(), torch.stack(wanted, dim=1), atol=1e-4, rtol=1e-5)


def test_an_hour_is_taken_in_any_pieces():
    values = torch.randn(1, 60_000, 2) + 4
    whole = running_means(values, torch.zeros(1, 2), 1 / 300)
    assert whole.isfinite().all()
    before, parts = torch.zeros(1, 2), []
    for piece in values.split([1, 9_999, 50_000], dim=1):
        parts.append(running_means(piece, before, 1 / 300))
        before = parts[-1][:, -1]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-4, rtol=0)
    assert abs(float(whole[:, 3_000:].mean()) - 4) < 0.05
