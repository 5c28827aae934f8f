"""The search finds the maximum, and says so when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.estimators.maximum_likelihood import maximise
from valuemodel.exceptions import DataRefused


def gamma_of(data):
    """Return the log-likelihood of a gamma distribution of known shape 3 and unknown rate."""

    def log_likelihood(parameters):
        (rate,) = parameters
        return float(3 * len(data) * np.log(rate) - rate * data.sum()), np.array(
            [3 * len(data) / rate - data.sum()]
        )

    return log_likelihood


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_the_maximum_and_its_standard_error_are_the_known_ones(scale):
    data = np.random.default_rng(0).gamma(3.0, scale, 400)
    found = maximise(gamma_of(data), np.ones(1), len(data))
    best = 3 * len(data) / data.sum()
    assert found.parameters[0] == pytest.approx(best, rel=1e-6)
    assert found.standard_errors[0] == pytest.approx(best / np.sqrt(3 * len(data)), rel=1e-4)


def test_a_direction_without_information_has_no_standard_error():
    def flat(parameters):
        return float(-(np.log(parameters[0]) ** 2)), np.array(
            [-2 * np.log(parameters[0]) / parameters[0], 0.0]
        )

    found = maximise(flat, np.array([2.0, 1.0]), 1.0)
    assert found.parameters[0] == pytest.approx(1.0)
    assert np.isnan(found.standard_errors[1])


def test_a_likelihood_that_is_nowhere_finite_is_refused():
    with pytest.raises(DataRefused, match="no maximum"):
        maximise(lambda parameters: (np.nan, parameters), np.ones(1), 1.0)


def test_the_maximum_is_found_to_the_last_digits_however_flat_it_is():
    """A search by values stops where they no longer change; the gradient still knows better."""

    def shallow(parameters):
        logs = np.log(parameters)
        away = logs - np.array([0.3, -1.7])
        scales = np.array([1.0, 1e-4])
        return float(-0.5 * (scales * away**2).sum() - 100.0), -scales * away / parameters

    found = maximise(shallow, np.ones(2), 1.0)
    assert np.log(found.parameters) == pytest.approx([0.3, -1.7], rel=1e-10)
