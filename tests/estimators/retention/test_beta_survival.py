"""sBG and BdW give the published fits and survival tables, and handle cohorts that are still young."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.estimators.retention.beta_survival import (
    BetaDiscreteWeibull,
    ShiftedBetaGeometric,
    _log_likelihood,
    _of_windows,
)
from valuemodel.estimators.retention.cohorts import Windows, read_cohorts
from valuemodel.exceptions import UsageError

#: Survival in per cent, years 0-12: Fader and Hardie (2007), table 1.
HIGH_END = np.array([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4])
REGULAR = np.array([100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3])


@pytest.mark.parametrize(
    ("actual", "alpha", "beta", "value"),
    [(HIGH_END, 0.668, 3.806, -1611.16), (REGULAR, 0.704, 1.182, -1680.27)],
)
def test_the_shifted_beta_geometric_on_seven_years_is_the_published_one(actual, alpha, beta, value):
    model = ShiftedBetaGeometric().fit(actual[:8] * 10)
    assert (round(model.alpha_, 3), round(model.beta_, 3)) == (alpha, beta)
    assert round(model.log_likelihood_, 2) == value


def test_the_beta_discrete_weibull_on_four_years_is_the_published_one():
    model = BetaDiscreteWeibull().fit(HIGH_END[:5])
    assert [round(model.parameters_[n], 4) for n in model.names] == [0.2593, 1.7226, 1.5844]
    assert round(model.log_likelihood_, 2) == -122.27


@pytest.mark.parametrize(
    ("actual", "errors"), [(HIGH_END, (0.132, 0.017)), (REGULAR, (0.054, 0.013))]
)
def test_twelve_years_from_four_are_as_far_off_as_published(actual, errors):
    for model, expected in zip((ShiftedBetaGeometric, BetaDiscreteWeibull), errors, strict=True):
        ahead = 100 * model().fit(actual[:5]).survival(np.arange(5, 13))
        assert np.abs(ahead / actual[5:] - 1).mean() == pytest.approx(expected, abs=6e-4)


def test_the_twelfth_year_is_the_published_one():
    assert ShiftedBetaGeometric().fit(HIGH_END[:5]).survival([12])[0] == pytest.approx(
        0.307, abs=6e-4
    )
    assert BetaDiscreteWeibull().fit(HIGH_END[:5]).survival([12])[0] == pytest.approx(
        0.389, abs=6e-4
    )


@pytest.mark.parametrize(
    ("model", "own"), [(ShiftedBetaGeometric, (0.7, 3.0)), (BetaDiscreteWeibull, (0.7, 3.0, 1.4))]
)
def test_gradients_are_those_of_the_likelihood(model, own):
    cohorts, own = read_cohorts([[100, 80, 70, 65], [50, 45]]), np.array(own)
    windows = Windows([0, 2, 5], [1, 3, 12], left=[20, 30, 8], stayed=[80, 40, 3])
    for likelihood, data in ((_log_likelihood, cohorts), (_of_windows, windows)):
        check_gradient(likelihood, data, model, own)


def check_gradient(likelihood, data, model, own):
    _, gradient = likelihood(data, own, model()._power(own))
    for place in range(len(own)):
        change = np.zeros(len(own))
        change[place] = 1e-6
        up, down = (
            likelihood(data, own + sign * change, model()._power(own + sign * change))[0]
            for sign in (1, -1)
        )
        assert gradient[place] == pytest.approx((up - down) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("model", [ShiftedBetaGeometric, BetaDiscreteWeibull])
def test_a_cohort_told_renewal_by_renewal_is_the_cohort(model):
    there = HIGH_END[:8] * 10
    behind = np.arange(7)
    windows = Windows(behind, np.ones(7), left=-np.diff(there), stayed=there[1:])
    whole, told = model().fit(there), model().fit_windows(windows)
    assert told.parameters_ == pytest.approx(whole.parameters_, rel=1e-4)
    assert told.log_likelihood_ == pytest.approx(whole.log_likelihood_, abs=1e-6)


def test_windows_that_begin_in_the_middle_give_the_law_of_the_start():
    rng = np.random.default_rng(4)
    leave = rng.beta(0.8, 3.0, 60_000)
    behind, ahead = rng.integers(0, 5, len(leave)), rng.integers(1, 4, len(leave))
    still = rng.random(len(leave)) < (1 - leave) ** behind
    left = (rng.random(len(leave)) > (1 - leave) ** ahead)[still].astype(float)
    model = ShiftedBetaGeometric().fit_windows(
        Windows(behind[still], ahead[still], left=left, stayed=1 - left)
    )
    for name, value in {"alpha": 0.8, "beta": 3.0}.items():
        assert abs(model.parameters_[name] - value) < 4 * model.standard_errors_[name]


def test_shares_and_counts_give_the_same_estimates():
    shares, counts = (ShiftedBetaGeometric().fit(HIGH_END[:8] * f) for f in (0.01, 10))
    assert shares.parameters_ == pytest.approx(counts.parameters_, rel=1e-4)
    assert shares.log_likelihood_ * 1000 == pytest.approx(counts.log_likelihood_)


def draw(rng, cohorts, alpha=0.8, beta=3.0):
    """Return survival tables of cohorts that started in successive years, hence are censored."""
    tables = []
    for years in cohorts:
        leave = rng.beta(alpha, beta, 4_000)
        renewals = rng.geometric(leave)
        tables.append([int((renewals > year).sum()) for year in range(years + 1)])
    return tables


def test_cohorts_of_unequal_age_are_used_as_far_as_they_have_been_followed():
    tables = draw(np.random.default_rng(0), [8, 6, 4, 2, 1])
    model = ShiftedBetaGeometric().fit(tables)
    for name, value in {"alpha": 0.8, "beta": 3.0}.items():
        assert abs(model.parameters_[name] - value) < 4 * model.standard_errors_[name]
    weibull = BetaDiscreteWeibull().fit(tables)
    assert abs(weibull.c_ - 1.0) < 4 * weibull.standard_errors_["c"]


def test_retention_rises_because_the_weak_leave_first():
    model = ShiftedBetaGeometric().fit(HIGH_END[:8])
    retention = model.retention(np.arange(1, 20))
    assert (np.diff(retention) > 0).all()
    assert np.prod(retention[:5]) == pytest.approx(model.survival([5])[0])
    later = model.survival([3], survived=4)[0]
    assert later == pytest.approx(model.survival([7])[0] / model.survival([4])[0])


def test_remaining_periods_add_up_survival_and_shrink_with_the_discount():
    model = ShiftedBetaGeometric().fit(HIGH_END[:8])
    plain = model.remaining_periods(5)[0]
    assert plain == pytest.approx(model.survival(np.arange(1, 6)).sum())
    assert model.remaining_periods(5, discount_rate=0.1)[0] < plain
    assert model.remaining_periods(5, survived=[0, 6])[1] > plain


def test_what_cannot_be_asked_is_said():
    with pytest.raises(UsageError, match="not fitted"):
        ShiftedBetaGeometric().survival([1])
    model = ShiftedBetaGeometric().fit(HIGH_END[:8])
    with pytest.raises(UsageError, match="whole numbers"):
        model.survival([1.5])


def test_a_power_that_no_age_can_be_raised_to_still_gives_numbers():
    windows = Windows([1, 40, 400], [1, 1, 3], left=[1, 2, 1], stayed=[4, 0, 1])
    parameters = np.array([0.7, 1.3, 200.0])
    value, gradient = _of_windows(windows, parameters, 200.0)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
