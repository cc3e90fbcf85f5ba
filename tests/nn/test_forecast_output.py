"""What a head's numbers mean: each loss is that of its distribution, quantiles rise, samples are drawn from what was said."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from torch.nn import functional as F

from seqtext.nn.forecast_output import ForecastOutput

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
DISTRIBUTIONS = ["gaussian", "student_t"]


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def distribution(loss: str, raw: torch.Tensor) -> torch.distributions.Distribution:
    raw = raw.double()
    width = F.softplus(raw[..., 1]) + 1e-4
    if loss == "gaussian":
        return torch.distributions.Normal(raw[..., 0], width)
    return torch.distributions.StudentT(F.softplus(raw[..., 2]) + 2, raw[..., 0], width)


# ---- losses


@pytest.mark.parametrize("loss", DISTRIBUTIONS)
def test_the_loss_of_a_distribution_is_minus_its_log_density(loss):
    output = ForecastOutput(loss, LEVELS)
    raw, target = numbers(200, 3, output.size), 3 * numbers(200, 3, seed=1)
    expected = -distribution(loss, raw).log_prob(target.double())
    torch.testing.assert_close(output.losses(raw, target).double(), expected, rtol=1e-4, atol=1e-4)


def test_squared_and_huber_are_those_of_torch():
    raw, target = numbers(50, 4, 1), 3 * numbers(50, 4, seed=1)
    torch.testing.assert_close(
        ForecastOutput("squared").losses(raw, target), F.mse_loss(raw[..., 0], target, reduction="none")
    )
    for width in (0.1, 0.5, 2.0):
        expected = F.huber_loss(raw[..., 0], target, reduction="none", delta=width)
        torch.testing.assert_close(ForecastOutput("huber", huber_delta=width).losses(raw, target), expected)


def test_the_quantile_loss_by_hand():
    output = ForecastOutput("quantile", (0.1, 0.5, 0.9))
    one = np.log(np.e - 1)  # softplus of it is 1
    raw = torch.tensor([one, 5.0, one])  # quantiles 4, 5 and 6
    assert output.quantiles(raw).tolist() == pytest.approx([4, 5, 6])
    assert float(output.point(raw)) == 5
    # pinball: the level times what the target is above, or one less the level times what it is below
    above = (0.1 * 3 + 0.5 * 2 + 0.9 * 1) / 3
    assert float(output.losses(raw, torch.tensor(7.0))) == pytest.approx(above)
    between = (0.1 * 0.5 + 0.5 * 0.5 + 0.1 * 1.5) / 3
    assert float(output.losses(raw, torch.tensor(4.5))) == pytest.approx(between)


@pytest.mark.parametrize("loss", ["squared", "huber", "quantile", *DISTRIBUTIONS])
def test_an_anchor_moves_everything_by_itself(loss):
    output = ForecastOutput(loss, () if loss in ("squared", "huber") else (0.1, 0.5, 0.9))
    raw, target, anchor = numbers(20, 2, output.size), numbers(20, 2, seed=1), numbers(20, 2, seed=2)
    torch.testing.assert_close(output.losses(raw, target + anchor, anchor), output.losses(raw, target))
    torch.testing.assert_close(output.point(raw, anchor), output.point(raw) + anchor)
    if output.has_quantiles:
        torch.testing.assert_close(output.quantiles(raw, anchor), output.quantiles(raw) + anchor.unsqueeze(-1))
    if output.has_samples:
        made = [output.sample(raw, by, torch.Generator().manual_seed(3)) for by in (0.0, anchor)]
        torch.testing.assert_close(made[1], made[0] + anchor)


@pytest.mark.parametrize("loss", ["squared", "huber", "quantile", *DISTRIBUTIONS])
def test_losses_and_gradients_are_finite_and_fp32_far_out_too(loss):
    output = ForecastOutput(loss, () if loss in ("squared", "huber") else (0.1, 0.5, 0.9))
    raw = torch.tensor([-60.0, -5.0, 0.0, 5.0, 60.0]).unsqueeze(1).repeat(1, output.size).bfloat16().requires_grad_()
    for target in (-1e4, 0.0, 1e4):
        losses = output.losses(raw, torch.full((5,), target))
        assert losses.dtype == torch.float32
        assert torch.isfinite(losses).all()
        [gradient] = torch.autograd.grad(losses.sum(), raw)
        assert torch.isfinite(gradient).all()


# ---- quantiles


@settings(deadline=None)
@given(
    st.sampled_from(["quantile", *DISTRIBUTIONS]),
    st.lists(st.integers(1, 99), min_size=1, max_size=7, unique=True).map(sorted),
    st.data(),
)
def test_quantiles_never_cross(loss, percent, data):
    output = ForecastOutput(loss, tuple(level / 100 for level in percent))
    raw = torch.tensor(data.draw(st.lists(st.floats(-50, 50, width=32), min_size=output.size, max_size=output.size)))
    quantiles = output.quantiles(raw)
    assert quantiles.shape == (len(percent),)
    assert torch.isfinite(quantiles).all()
    assert (quantiles.diff() >= 0).all()
    if loss == "quantile":
        assert float(output.point(raw)) in quantiles.tolist()


def test_quantiles_are_those_of_the_distribution():
    raw = numbers(50, 3)
    normal = torch.distributions.Normal(raw[:, 0].double(), F.softplus(raw[:, 1].double()) + 1e-4)
    expected = torch.stack([normal.icdf(torch.tensor(level, dtype=torch.float64)) for level in LEVELS], dim=-1)
    made = ForecastOutput("gaussian", LEVELS).quantiles(raw[:, :2])
    torch.testing.assert_close(made.double(), expected, rtol=1e-5, atol=1e-5)
    width, freedom = (F.softplus(raw[:, place].double()).numpy()[:, None] for place in (1, 2))
    heavy = raw[:, :1].double().numpy() + (width + 1e-4) * student.ppf(LEVELS, freedom + 2)
    made = ForecastOutput("student_t", LEVELS).quantiles(raw)
    torch.testing.assert_close(made.double(), torch.from_numpy(heavy), rtol=1e-4, atol=1e-4)


# ---- samples


@pytest.mark.parametrize("loss", DISTRIBUTIONS)
def test_samples_have_the_mean_the_spread_and_the_quantiles_that_were_said(loss):
    output, count = ForecastOutput(loss, (0.1, 0.5, 0.9)), 100_000
    raw = torch.tensor([1.5, 0.7, 3.0][: output.size])
    drawn = output.sample(raw.repeat(count, 1), 10.0, torch.Generator().manual_seed(0))
    meant = distribution(loss, raw)
    deviation = float(meant.variance) ** 0.5
    assert float(drawn.mean()) == pytest.approx(11.5, abs=5 * deviation / count**0.5)
    assert float(drawn.std()) == pytest.approx(deviation, rel=0.03)
    shares = [float((drawn < quantile).float().mean()) for quantile in output.quantiles(raw, 10.0)]
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.006)


def test_samples_follow_the_generator_and_leave_the_global_one():
    output, raw = ForecastOutput("student_t"), numbers(20, 3)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, two, other = (output.sample(raw, 0.0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(state, torch.get_rng_state())


# ---- misuse


@pytest.mark.fault(40)
@pytest.mark.parametrize(
    ("loss", "levels", "message"),
    [
        ("l1", (), "loss must be one of squared, huber, quantile, gaussian, student_t, got 'l1'"),
        ("quantile", (), "the quantile loss needs levels"),
        ("quantile", (0.9, 0.5), r"levels must rise .*, got \(0.9, 0.5\)"),
        ("gaussian", (0.5, 0.5), "levels must rise"),
        ("gaussian", (0.0, 0.5), "levels must rise"),
        ("gaussian", (0.5, 1.0), "levels must rise"),
        ("gaussian", (float("nan"),), "levels must rise"),
    ],
)
def test_outputs_that_cannot_be_are_refused(loss, levels, message):
    with pytest.raises(ValueError, match=message):
        ForecastOutput(loss, levels)


def test_only_distributions_can_be_drawn_from():
    with pytest.raises(ValueError, match="huber gives no distribution to draw from: use gaussian or student_t"):
        ForecastOutput("huber").sample(numbers(2, 1))
