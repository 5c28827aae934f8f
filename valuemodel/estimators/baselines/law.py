"""Buy-till-you-die alone: what the law of each account's rhythm forecasts, with no feature beside it.

Value is expected orders times expected spend, silence the probability of no order, both by the law that
is learned at the newest cutoff: see `valuemodel.estimators.buy_till_you_die.forecasts`.

Why this way: it is the baseline that needs no label, and the one to beat in the literature. Where the
law does not speak, for an account that never bought or in a book that tells no law, what stands in is
the plain baseline, past value or silence by recency, and a book without a law says so in `stood_in_`.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from valuemodel.estimators.baselines.past import PastValueRegressor
from valuemodel.estimators.baselines.recency import RecencySilenceClassifier
from valuemodel.estimators.buy_till_you_die.forecasts import LawForecasts
from valuemodel.estimators.horizon_estimator import HorizonEstimator, RiskClassifier
from valuemodel.estimators.horizons import falling
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State, nested, part


class _OfTheLaw(HorizonEstimator):
    """One kind of the law's forecasts; the plain baseline where the law does not speak.

    Attributes
    ----------
    forecasts_ : LawForecasts or None
        The law of the newest cutoff; None where none could be learned.
    plain_ : HorizonEstimator
        What stands in.
    average_ : dict of str to float
        Mean prediction per horizon at the newest cutoff, which explanations start from.
    """

    _forecast: str
    _stand_in: str
    forecasts_: LawForecasts | None
    plain_: HorizonEstimator
    average_: dict[str, float]

    def __init__(self, tier_horizon: str | None = None) -> None:
        self.tier_horizon = tier_horizon

    @property
    def stood_in_(self) -> dict[str, str]:
        """Per horizon, what stands in for the law and why; empty where the law speaks."""
        if self.forecasts_ is not None:
            return {}
        return dict.fromkeys(self.horizons_, f"{self._stand_in}, no law can be learned")

    def _plain(self) -> HorizonEstimator:
        raise NotImplementedError

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the law from the rows of the newest cutoff; y names the horizons."""
        matrix, targets = self._start_fit(X, y)
        newest = np.full(len(X), fill_value=True)
        if cutoffs is not None:
            newest = (cutoffs == cutoffs.max()).to_numpy()
        names = self.encoder_.feature_names_in_
        self.forecasts_ = LawForecasts.learn(matrix[newest], names, None, self.horizons_)
        self.plain_ = self._plain().fit(X, targets, cutoffs)
        said = self._said(matrix[newest])
        self.average_ = {h: float(one.mean()) if len(one) else 0.0 for h, one in said.items()}
        return self

    def _said(self, matrix: Array) -> dict[str, Array]:
        """Return each horizon's forecasts, before they are made to agree."""
        plain = self.plain_.predict_encoded(matrix)
        if self.forecasts_ is None:
            return plain
        names, found = self.forecasts_.names, self.forecasts_.of(matrix)
        by_law = {h: found[:, names.index(self._name(h))] for h in self.horizons_}
        return {h: np.where(np.isnan(own), plain[h], own) for h, own in by_law.items()}

    def _name(self, label: str) -> str:
        return f"btyd_{self._forecast}_{label}"

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix."""
        return self._said(matrix)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it is put down to the law's own column."""
        parts = np.zeros((1, len(matrix), matrix.shape[1] + 1))
        parts[0, :, -1] = self._said(matrix)[horizon] - self.average_[horizon]
        base = np.array([self.average_[horizon]])
        return LinkParts(base, parts, _only, derived=(self._name(horizon),))

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        law = None if self.forecasts_ is None else self.forecasts_.to_json()
        json = self._start_state(tier_horizon=self.tier_horizon, law=law, average=self.average_)
        return nested({"plain": self.plain_.to_state()}, type(self).__name__, json)

    def _start_from(self, json: dict[str, Any]) -> None:
        super()._start_from(json)
        self.forecasts_ = None if json["law"] is None else LawForecasts.from_json(json["law"])
        self.average_ = dict(json["average"])


class BuyTillYouDieRegressor(RegressorMixin, _OfTheLaw):
    """Expected orders times expected spend; past value where the law does not speak.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"tenure_days": rng.uniform(100, 700, 400)})
    >>> rate = rng.gamma(1.0, 0.01, 400)
    >>> X["purchase_days_total"] = 1.0 + rng.poisson(rate * X.tenure_days)
    >>> X["recency_days"] = X.tenure_days.where(X.purchase_days_total == 1, X.tenure_days / 5)
    >>> X["value_total"] = X.purchase_days_total * rng.gamma(3.0, 10.0, 400)
    >>> X["past_value_3m"] = 0.0
    >>> model = BuyTillYouDieRegressor().fit(X, pd.DataFrame({"3m": X.past_value_3m}))
    >>> bool((model.predict(X) > 0).all()), model.stood_in_
    (True, {})
    """

    _forecast, _stand_in = "value", "past value"

    def _plain(self) -> HorizonEstimator:
        return PastValueRegressor()

    def predict(self, X: pd.DataFrame) -> Array:
        """Predict the value of the tier horizon in money, shape (n,)."""
        return self._tier_prediction(X)

    @classmethod
    def from_state(cls, state: State) -> BuyTillYouDieRegressor:
        """Rebuild a fitted model from `to_state`."""
        model = cls(state["json"]["tier_horizon"])
        model._start_from(state["json"])
        model.plain_ = PastValueRegressor.from_state(part(state, "plain"))
        return model


class BuyTillYouDieSilenceClassifier(RiskClassifier, _OfTheLaw):
    """Probability of no order in the window; silence by recency where the law does not speak.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    """

    _forecast, _stand_in = "silence", "silence by recency"
    classes_: NDArray[np.int64]

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the law from the rows of the newest cutoff; y names the horizons."""
        self.classes_ = np.array([0, 1])
        return super().fit(X, y, cutoffs)

    def _plain(self) -> HorizonEstimator:
        return RecencySilenceClassifier()

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict silence in all horizons; never more for a longer one."""
        return falling(self._said(matrix))

    @classmethod
    def from_state(cls, state: State) -> BuyTillYouDieSilenceClassifier:
        """Rebuild a fitted model from `to_state`."""
        model = cls(state["json"]["tier_horizon"])
        model._start_from(state["json"])
        model.plain_ = RecencySilenceClassifier.from_state(part(state, "plain"))
        model.classes_ = np.array([0, 1])
        return model


def _only(scores: Array) -> Array:
    found: Array = scores[0]
    return found
