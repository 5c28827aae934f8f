"""What all estimators of accounts share: features in by name, one prediction per horizon out.

Why this way: heads that are promoted together read the same features, so an account model encodes
them once and hands the matrix to every head; used alone, a head does the same by itself.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from valuemodel.estimators.encoding import FeatureEncoder
from valuemodel.estimators.horizons import ordered, tier_label
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.not_fitted import NotFitted
from valuemodel.estimators.state import Array, State
from valuemodel.exceptions import UsageError


class HorizonEstimator(BaseEstimator):  # type: ignore[no-untyped-call]
    """One prediction per horizon, from features that are known by name.

    Attributes
    ----------
    encoder_ : FeatureEncoder
        Names, order and kinds of the features.
    horizons_ : list of str
        Labels of the learned horizons, shortest first.
    """

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)  # type: ignore[no-untyped-call]

    tier_horizon: str | None
    encoder_: FeatureEncoder
    horizons_: list[str]

    @abstractmethod
    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn every horizon in y, one column per horizon label."""

    @abstractmethod
    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix of shape (n, p)."""

    @abstractmethod
    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take one horizon's predictions apart on the link scale."""

    @abstractmethod
    def to_state(self) -> State:
        """Return everything that was learned, as data."""

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """The names of the features, in the order in which they were learned."""
        return np.array(self.encoder_.feature_names_in_, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """How many features were learned."""
        return len(self.encoder_.feature_names_in_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[no-untyped-call]
        tags.input_tags.allow_nan = tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

    def predict_horizons(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict all horizons; one column per horizon label, rows as in ``X``."""
        return pd.DataFrame(self.predict_encoded(self._encoded(X)), index=X.index)

    def link_parts(self, X: pd.DataFrame, horizon: str) -> LinkParts:
        """Take one horizon's predictions apart; see `LinkParts`.

        ``from_link(scores)`` is the prediction of that horizon before horizons are made to agree.
        """
        matrix = self._encoded(X)
        if horizon not in self.horizons_:
            problem = f"the horizon {horizon!r} was not learned"
            raise UsageError(problem, received=", ".join(self.horizons_))
        return self.link_parts_encoded(matrix, horizon)

    def _tier_prediction(self, X: pd.DataFrame) -> Array:
        matrix = self._encoded(X)
        return self.predict_encoded(matrix)[tier_label(self.horizons_, self.tier_horizon)]

    def _encoded(self, X: pd.DataFrame) -> Array:
        if "encoder_" not in vars(self):
            raise NotFitted.of(type(self).__name__)
        return self.encoder_.transform(X)

    def _start_fit(self, X: pd.DataFrame, y: pd.DataFrame) -> tuple[Array, pd.DataFrame]:
        """Check what came, learn the features; return the matrix and y in the order of horizons."""
        if len(y) != len(X) or y.ndim != 2 or not len(y.columns):
            problem = "y must be a DataFrame with one row per row of X and one column per horizon"
            raise UsageError(problem, received=f"{type(y).__name__} for {len(X)} rows")
        self.horizons_ = ordered(y.columns)
        tier_label(self.horizons_, self.tier_horizon)
        self.encoder_ = FeatureEncoder().fit(X)
        return self.encoder_.transform(X), y[self.horizons_]

    def _start_state(self, **learned: Any) -> dict[str, Any]:
        return {"horizons": self.horizons_, "encoder": self.encoder_.to_json(), **learned}

    def _start_from(self, json: dict[str, Any]) -> None:
        self.horizons_ = list(json["horizons"])
        self.encoder_ = FeatureEncoder.from_json(json["encoder"])


class YesOrNo(ClassifierMixin):
    """A classifier of two classes, 1 and 0."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[no-untyped-call]
        tags.classifier_tags.multi_class = False
        return tags


class RiskClassifier(YesOrNo, HorizonEstimator):
    """An estimator whose predictions are probabilities of churn: of silence, or of a lapse."""

    def predict_proba(self, X: pd.DataFrame) -> Array:
        """Probability of staying and of churn in the tier horizon, shape (n, 2)."""
        risk = self._tier_prediction(X)
        return np.column_stack([1.0 - risk, risk])

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Return 1 where churn in the tier horizon is likelier than not, else 0."""
        return (self._tier_prediction(X) > 0.5).astype(np.int64)
