"""The scale trusts the past as far as the past has earned it."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.estimators.future_value.scale import Scale


@pytest.mark.parametrize(("elasticity", "noise"), [(1.0, 0.2), (0.5, 0.5), (0.0, 1.0)])
def test_the_elasticity_of_the_past_is_found(elasticity, noise):
    rng = np.random.default_rng(0)
    past = rng.lognormal(6.0, 1.5, 20_000)
    mean = 50.0 * past**elasticity
    value = mean * rng.gamma(1.0 / noise**2, noise**2, len(past))
    scale = Scale.learn(past[:, None], value, [0])
    assert scale.weights[0] == pytest.approx(elasticity, abs=0.1)
    assert np.exp(scale.log(past[:, None])).sum() == pytest.approx(value.sum(), rel=0.03)


def test_contributions_add_up_and_belong_to_the_past():
    rng = np.random.default_rng(1)
    matrix = np.column_stack([rng.normal(size=500), rng.lognormal(3, 1, 500)])
    matrix[::7, 1] = np.nan
    scale = Scale.learn(matrix, rng.lognormal(3, 1, 500), [1])
    parts = scale.contributions(matrix)
    np.testing.assert_allclose(parts.sum(axis=1), scale.log(matrix), rtol=1e-12)
    assert (parts[:, 0] == 0.0).all()


def test_missing_negative_and_no_past_all_count_as_nothing():
    scale = Scale.learn(np.array([[5.0], [50.0], [500.0]]), np.array([5.0, 50.0, 500.0]), [0])
    logs = scale.log(np.array([[np.nan], [-70.0], [0.0]]))
    assert len(set(logs)) == 1


def test_a_column_that_never_varies_gets_no_weight():
    rng = np.random.default_rng(2)
    scale = Scale.learn(np.full((100, 1), 7.0), rng.lognormal(0, 1, 100), [0])
    assert scale.weights == (0.0,)


def test_without_columns_the_scale_is_the_mean():
    value = np.array([1.0, 2.0, 6.0])
    np.testing.assert_allclose(
        np.exp(Scale.learn(np.zeros((3, 2)), value, []).log(np.zeros((1, 2)))), 3.0
    )
