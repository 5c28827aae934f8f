"""scikit-learn's own checks of estimators, for every public estimator there is.

What the checks ask of construction, parameters, tags and unfitted use is asked of the estimators as
they are. All others hand over arrays without names, which these estimators refuse on purpose: columns
are known by name, and LightGBM takes swapped ones without a word. Those checks are run in substance, on
a subclass that differs in nothing but that it makes tables of arrays (`arrays_as_tables`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import check_is_fitted

from tests.contracts.arrays_as_tables import derived, survival, taking_arrays
from tests.estimators.conftest import make_contract_book
from valuemodel import estimators
from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.retention.beta_survival import BetaSurvival
from valuemodel.exceptions import DataRefused, ModelRefused, UsageError

EVERY = [getattr(estimators, name) for name in estimators.__all__]

#: Checks that hand over no data.
AS_THEY_ARE = {
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_set_params_return_self",
}

_ONE = "one account is nothing to learn from: refused as too few, in this package's words"
_NAMES = "churn is 1 and staying is 0 in every book; other names of classes are not kept"
_COUNTED = "a baseline: it counts by one column and does not learn from the others"
_WEIGHTS = "refused as a UsageError, which schedulers know, and not as a ValueError"

#: What is not asked even in substance: by class name, or "" for all, the check and the reason.
NOT_ASKED: dict[str, dict[str, str]] = {
    "ChurnClassifier": {"check_classifiers_classes": _NAMES},
    "LapseClassifier": {"check_classifiers_classes": _NAMES},
    "WinnabilityClassifier": {"check_classifiers_classes": _NAMES},
    "RecencySilenceClassifier": {
        "check_classifiers_classes": _NAMES,
        "check_classifiers_train": _COUNTED,
    },
    "RenewalClockClassifier": {
        "check_classifiers_classes": _NAMES,
        "check_classifiers_train": _COUNTED,
    },
    "RenewalLawClassifier": {
        "check_classifiers_classes": _NAMES,
        "check_classifiers_train": _COUNTED,
    },
    "PastValueRegressor": {"check_regressors_train": _COUNTED},
    "AverageRetentionRegressor": {"check_regressors_train": _COUNTED},
    "ArrRegressor": {"check_regressors_train": _COUNTED},
    "BuyTillYouDieRegressor": {"check_regressors_train": _COUNTED},
    "BuyTillYouDieSilenceClassifier": {
        "check_classifiers_classes": _NAMES,
        "check_classifiers_train": _COUNTED,
    },
    "RfmRegressor": {"check_regressors_train": _COUNTED},
    "FutureValueRegressor": {"check_fit2d_1sample": _ONE},
    "WalletRegressor": {"check_fit2d_1sample": _ONE},
    "GammaGamma": {
        "check_fit2d_1sample": _ONE,
        "check_all_zero_sample_weights_error": _WEIGHTS,
        "check_sample_weights_shape": _WEIGHTS,
    },
} | {
    law: {
        "check_all_zero_sample_weights_error": _WEIGHTS,
        "check_sample_weights_shape": _WEIGHTS,
    }
    for law in ("BetaGeoNBD", "ModifiedBetaGeoNBD", "ParetoNBD", "BetaGeoBetaBinomial")
}


def name_of(check) -> str:
    return getattr(check, "func", check).__name__


def made(kind: type[BaseEstimator]) -> BaseEstimator:
    """Make a quick estimator; a little penalty keeps laws of the checks' few rows finite.

    The blend of value has its learned members only: without cutoffs nothing tells members apart, and
    past value means nothing in the checks' made-up tables.
    """
    known = inspect.signature(kind).parameters
    chosen = {"n_jobs": 1, "penalty": 0.05, "trees": TreeSettings(rounds=60, max_rounds=60)}
    chosen["members"] = ("two_part", "tweedie", "direct")
    return kind(**{name: chosen[name] for name in chosen if name in known})


def checks(kind: type[BaseEstimator], *, as_it_is: bool) -> Iterator[object]:
    tested = made(kind if as_it_is else taking_arrays(kind))
    for estimator, check in estimator_checks_generator(tested):
        name = name_of(check)
        if as_it_is != (name in AS_THEY_ARE):
            continue
        reason = "" if as_it_is else NOT_ASKED.get(kind.__name__, {}).get(name, "")
        marks = [pytest.mark.xfail(reason=reason)] if reason else []
        yield pytest.param(estimator, check, marks=marks, id=f"{kind.__name__}-{name}")


@pytest.mark.parametrize(
    ("estimator", "check"), [one for kind in EVERY for one in checks(kind, as_it_is=True)]
)
def test_the_estimators_as_they_are(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"), [one for kind in EVERY for one in checks(kind, as_it_is=False)]
)
def test_in_substance_on_tables_made_of_arrays(estimator, check):
    check(estimator)


def test_every_reason_is_of_an_estimator_that_there_is():
    assert set(NOT_ASKED) <= set(estimators.__all__)


def learned(kind: type[BaseEstimator]) -> tuple[BaseEstimator, pd.DataFrame]:
    """Fit on the kind of table that it takes."""
    if issubclass(kind, BetaSurvival):
        table = survival(np.zeros((3, 4)))
        return made(kind).fit(table), table
    if not issubclass(kind, HorizonEstimator):
        rows = derived(np.random.default_rng(0).normal(size=(60, 2)))
        return made(kind).fit(rows), rows
    book = make_contract_book(accounts=150, cutoffs=6)
    past = book.X["past_value_6m"]
    X = book.X.assign(past_value_1y=past, arr=past, purchase_days_365d=past // 500)
    target = "value" if "Regressor" in kind.__name__ else "churn"
    y = book.targets(target)[["3m"]]
    return made(kind).fit(X, y, book.keys["cutoff"]), X


@pytest.fixture(scope="module", params=EVERY, ids=lambda kind: kind.__name__)
def fitted(request):
    return learned(request.param)


def test_what_is_fitted_says_which_columns_it_learned_from(fitted):
    estimator, X = fitted
    check_is_fitted(estimator)
    if not isinstance(estimator, BetaSurvival):
        names = estimator.feature_names_in_
        assert isinstance(names, np.ndarray)
        assert names.dtype == object
        assert estimator.n_features_in_ == len(names)
        assert set(names) <= set(X.columns)


def test_a_clone_has_the_same_parameters_and_has_learned_nothing(fitted):
    estimator, _ = fitted
    other = clone(estimator)
    assert repr(other.get_params()) == repr(estimator.get_params())
    assert not [name for name in vars(other) if name.endswith("_")]


def test_the_table_is_left_as_it_was(fitted):
    estimator, X = fitted
    if hasattr(estimator, "predict"):
        before = X.copy(deep=True)
        estimator.predict(X)
        pd.testing.assert_frame_equal(X, before)


def test_an_array_without_names_is_refused_in_plain_words(fitted):
    estimator, X = fitted
    if not hasattr(estimator, "predict"):
        return  # a survival table has no columns that could be swapped
    for wrong in (X.to_numpy(), X.to_numpy().tolist()):
        with pytest.raises((UsageError, ModelRefused, DataRefused), match="DataFrame"):
            estimator.predict(wrong)
