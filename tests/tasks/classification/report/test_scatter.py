"""The picture of predicted beside true numbers shows every row, or says how many it leaves out."""

from __future__ import annotations

import numpy as np

from seqtext.tasks.classification.report.scatter import MOST_DOTS, scatter


def test_a_few_stars_are_spread_and_many_prices_are_thinned(drawn, tmp_path):
    stars = np.repeat(np.arange(1.0, 6.0), 20)
    scatter(stars, stars + 0.1, tmp_path / "stars.png")
    prices = np.linspace(1000, 500_000, MOST_DOTS + 50)
    scatter(prices, prices * 1.1, tmp_path / "prices.png")
    dots = [figure.axes[0].get_lines()[1] for figure in drawn]
    assert len(np.unique(dots[0].get_xdata())) == 100
    assert np.abs(dots[0].get_xdata() - stars).max() < 0.5
    assert len(dots[1].get_xdata()) == MOST_DOTS
    assert (tmp_path / "prices.png").read_bytes().startswith(b"\x89PNG")


def test_all_that_are_the_same_are_a_picture_too(drawn, tmp_path):
    scatter(np.full(3, 2.0), np.full(3, 2.0), tmp_path / "same.png")
    low, high = drawn[0].axes[0].get_xlim()
    assert low < 2 < high


def test_one_far_off_does_not_press_the_others_together_and_is_counted(drawn, tmp_path):
    true = np.random.default_rng(0).normal(size=3000)
    predicted = true.copy()
    predicted[0] = 1e9
    scatter(true, predicted, tmp_path / "far.png")
    low, high = drawn[0].axes[0].get_ylim()
    assert high - low < 20
    assert "of 3,000 dots lie outside" in drawn[0].get_supxlabel()
