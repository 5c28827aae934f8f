"""Whoever asks too early is told so: in this package's words, and in scikit-learn's."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from valuemodel import estimators
from valuemodel.exceptions import UsageError

ROWS = pd.DataFrame({"frequency": [1.0], "recency": [2.0], "T": [3.0], "monetary_value": [4.0]})
EVERY = [getattr(estimators, name) for name in estimators.__all__]
ASKED = ("predict", "predict_proba", "predict_horizons", "expected_purchases", "survival")


@pytest.mark.parametrize("estimator", EVERY, ids=lambda one: one.__name__)
@pytest.mark.parametrize("caught", [UsageError, NotFittedError, ValueError, AttributeError])
def test_an_estimator_that_has_not_learned_says_so(estimator, caught):
    asked = [name for name in ASKED if hasattr(estimator, name)]
    assert asked
    for name in asked:
        method = getattr(estimator(), name)
        needs = {"days": 30.0, "renewals": [1]}
        given = {key: needs[key] for key in needs if key in inspect.signature(method).parameters}
        rows = () if "renewals" in given else (ROWS,)
        with pytest.raises(caught, match="is not fitted"):
            method(*rows, **given)
