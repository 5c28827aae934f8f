"""What scikit-learn's checks hand over, as the tables that the estimators of this package learn from.

The checks know arrays of numbers and one column of truths. The estimators know tables: columns by
name, one column of truths per horizon, survival tables. So that the checks can be run in substance,
each row of an array becomes one row of the table that an estimator takes, by a rule that looks at
that row alone, and for fitting stands for some accounts alike, since none is learned from a handful.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_X_y, has_fit_parameter

from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.retention.beta_survival import BetaSurvival

COPIES = 20
WORDS = {False: "There is one class", True: "The type of the target is multiclass"}


def derived(X: np.ndarray) -> pd.DataFrame:
    """Add columns of whole accounts, each made of its own row."""
    size = 1.0 + np.abs(X).sum(axis=1)
    orders = np.floor(np.minimum(3.0 * np.abs(X[:, 0]), 50.0))
    age = 30.0 + 10.0 * np.minimum(size, 300.0)
    recency = np.where(orders > 0, 0.7 * age, 0.0)
    return pd.DataFrame(X, columns=[f"f{place}" for place in range(X.shape[1])]).assign(
        frequency=orders,
        recency=np.floor(recency),
        T=np.floor(age) + orders,
        monetary_value=size,
        past_value_1y=size,
        recency_days=age - recency,
        tenure_days=age,
        purchase_days_total=orders + 1.0,
        orders_total=orders + 1.0,
        orders_365d=orders,
        purchase_days_365d=orders,
        arr=size,
        days_to_renewal=np.floor(np.minimum(age, 360.0)),
        under_contract=1.0,
    )


def survival(X: np.ndarray) -> np.ndarray:
    """Return a cohort per row that shrinks at each renewal, and is never gone."""
    stay = 0.5 + 0.4 / (1.0 + np.exp(-np.clip(X, -30, 30)))
    return np.cumprod(np.column_stack([np.full(len(X), 1_000.0), stay]), axis=1)


def taking_arrays(kind: type[BaseEstimator]) -> type[BaseEstimator]:
    """Return a subclass that is the same in everything but takes arrays."""
    if issubclass(kind, HorizonEstimator):
        return _of_horizons(kind)
    return _of_laws(kind)


def _of_horizons(kind: type[Any]) -> type[Any]:
    def fit(self: Any, X: Any, y: Any = None) -> Any:
        numbers = not is_classifier(self)
        X, y = check_X_y(X, y, estimator=self, y_numeric=numbers, ensure_all_finite="allow-nan")
        target = y
        if is_classifier(self):
            check_classification_targets(y)
            values, target = np.unique(y, return_inverse=True)
            if len(values) != 2:
                raise ValueError(
                    f"Only binary classification is supported. {WORDS[len(values) > 2]}"
                )
        rows = derived(np.tile(X, (COPIES, 1)))
        kind.fit(self, rows, pd.DataFrame({"1y": np.tile(target, COPIES).astype(float)}))
        self.given_ = X.shape[1]
        return self

    def asked(name: str) -> Callable[[Any, Any], Any]:
        def method(self: Any, X: Any) -> Any:
            if not hasattr(self, "given_"):
                return getattr(kind, name)(self, pd.DataFrame())
            X = check_array(X, estimator=self, ensure_all_finite="allow-nan")
            if X.shape[1] != self.given_:
                raise ValueError(
                    f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                    f"{self.given_} features as input"
                )
            return getattr(kind, name)(self, derived(X))

        return method

    names = [name for name in ("predict", "predict_proba") if hasattr(kind, name)]
    body = {"fit": fit, "n_features_in_": property(lambda self: self.given_)}
    return _subclass(kind, body | {name: asked(name) for name in names})


def _of_laws(kind: type[Any]) -> type[Any]:
    table = survival if issubclass(kind, BetaSurvival) else derived

    def learned(self: Any, X: Any, **weights: Any) -> Any:
        X = check_array(X, estimator=self)
        kind.fit(self, table(X), **weights)
        self.n_features_in_ = X.shape[1]
        vars(self).pop("feature_names_in_", None)
        return self

    def weighted(self: Any, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        weights = None if sample_weight is None else np.asarray(sample_weight)
        return learned(self, X, sample_weight=weights)

    def plain(self: Any, X: Any, y: Any = None) -> Any:
        return learned(self, X)

    def predict(self: Any, X: Any) -> Any:
        self._check_fitted()
        X = check_array(X, estimator=self)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        return kind.predict(self, derived(X))

    fit = weighted if has_fit_parameter(kind, "sample_weight") else plain
    body = {"fit": fit} | ({"predict": predict} if hasattr(kind, "predict") else {})
    return _subclass(kind, body)


def _subclass(kind: type[Any], body: dict[str, Any]) -> type[Any]:
    """Make the class one of this module, under its own name, so that it can be found again."""
    name = f"{kind.__name__}OfArrays"
    made = type(name, (kind,), body | {"__module__": __name__, "__qualname__": name})
    globals()[name] = made
    return made
