"""Wallet: what accounts like this one spend when most of what they spend comes to us.

Nobody sees what a customer spends elsewhere. But of many customers that are alike some buy nearly
all they need from us, and those are the ones who spend most: a high quantile of the spend of
accounts that are alike is what any of them could spend. It is Rosset's and Perlich's *realistic* wallet.

Alike are accounts of the same profile (industry, region, size, reputation, the seats that they could
use), on the same terms (under contract or not, price of a seat) and with orders of the same size. What an
account has spent of late is left out on purpose, unlike in some of IBM's models: conditional on it, a high
quantile is a good year of the same account, not what others like it spend; and an account that has
gone quiet would have a small wallet just because it has gone quiet. In the synthetic world, whose
maker knows every account's potential, this wallet orders accounts by it far better than past value does,
and better than the true expected value.

Rows that bring nothing are not learned from: somebody who buys nothing from us shows no wallet at all.
The logarithm of spend is learned, relative to a scale that sizes set by a log-linear law, so that a
whale's wallet is one of whales, and in another currency all wallets are the same.

References
----------
Rosset, Perlich, Zadrozny, Merugu, Weiss and Lawrence, Wallet Estimation Models, International Workshop
on Customer Relationship Management: Data Mining Meets Marketing, 2005.
Merugu, Rosset and Perlich, A New Multi-View Regression Approach with an Application to Customer Wallet
Estimation, KDD 2006 (the wallet depends on the profile, its share that we get on the relationship).
Perlich, Rosset, Lawrence and Zadrozny, High-Quantile Modeling for Customer Wallet Estimation and Other
Applications, KDD 2007 (a high quantile as the wallet, by trees and neighbours; the 90th percentile).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.future_value.scale import Scale, scale_places
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import refuse_without_evidence, rising, tier_label
from valuemodel.estimators.inner_split import inner_split
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.outlook.quantile_forest import ForestShape, QuantileForest
from valuemodel.estimators.outlook.seats import SeatPrices
from valuemodel.estimators.state import Array, State
from valuemodel.exceptions import UsageError
from valuemodel.metrics.quantiles import coverage, pinball_loss
from valuemodel.periods import Horizon

FEWEST_SPENDERS = 100

#: Numbers that say which accounts are alike; categories always do.
ALIKE = (
    "employees", "brand_score", "reference_score", "addressable_seats",
    "order_value_mean", "price_per_seat", "under_contract",
)  # fmt: skip
#: Sizes that set the scale of spend.
SIZES = ("order_value_mean", "employees", "addressable_seats", "price_per_seat")


@dataclass(frozen=True)
class Spend:
    """The learned law of one horizon: log(spend) is log(scale) plus what the forest says."""

    scale: Scale
    forest: QuantileForest

    def quantiles(self, matrix: Array, places: list[int], n_jobs: int | None) -> Array:
        """Return the quantiles of spend, shape (n, levels), rising from left to right."""
        said = self.forest.predict(_chosen(matrix, places), n_jobs)
        found: Array = np.exp(np.minimum(said + self.scale.log(matrix)[:, None], 30.0))
        return found


class WalletRegressor(HorizonEstimator):
    """High conditional quantiles of spend given what an account is; they never cross.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    quantiles : tuple of float
        The levels that `predict_quantiles` gives.
    wallet_quantile : float
        The level that is the wallet: 0.9, the level of Perlich et al.; one spender in ten of those that
        are alike spends more.
    features : tuple of str
        Patterns of the numbers that say which accounts are alike; categories always do.
    size_features : tuple of str
        Patterns of the numbers that set the scale.
    random_state : int
        Seed of row and column sampling.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Attributes
    ----------
    spends_ : dict of str to Spend
        What was learned, per horizon.
    seats_ : SeatPrices
        The usual prices of a seat.
    held_ : dict of str to dict of str to tuple
        Per horizon and level, of the spenders of later cutoffs than those of a trial forest: the
        share that spent no more than their quantile, and the pinball loss relative to that of one
        quantile for all. Empty where the history is too short.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"employees": rng.lognormal(4, 1, 2000), "past_value_1y": 1.0})
    >>> y = pd.DataFrame({"1y": 10 * X.employees * rng.uniform(0, 1, 2000)})
    >>> model = WalletRegressor(n_jobs=1).fit(X, y)
    >>> firm = pd.DataFrame({"employees": [100.0], "past_value_1y": [1.0]})
    >>> model.predict_quantiles(firm)[["q80", "q90"]].round(-2)
         q80    q90
    0  800.0  900.0
    >>> bool(800 < model.predict(firm)[0] < 1000)
    True
    """

    def __init__(
        self,
        tier_horizon: str | None = None,
        *,
        quantiles: tuple[float, ...] = (0.5, 0.8, 0.9),
        wallet_quantile: float = 0.9,
        features: tuple[str, ...] = ALIKE,
        size_features: tuple[str, ...] = SIZES,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.tier_horizon = tier_horizon
        self.quantiles = quantiles
        self.wallet_quantile = wallet_quantile
        self.features = features
        self.size_features = size_features
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def levels(self) -> tuple[float, ...]:
        """All levels that are learned, rising; that of the wallet is among them."""
        return tuple(sorted({*self.quantiles, self.wallet_quantile}))

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn every horizon in y.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features: numbers and text.
        y : DataFrame of shape (n, h)
            Value in money, one column per horizon label; NaN where the window is not complete.
        cutoffs : Series of shape (n,), optional
            The cutoff of each row; needed to measure what the quantiles hold out of time, and to
            know which prices of seats are the newest.

        Raises
        ------
        DataRefused
            If a horizon has fewer than 100 rows that spent anything; all of them are named.
        UsageError
            If a level does not lie between 0 and 1.
        """
        if not all(0.0 < level < 1.0 for level in self.levels):
            problem = "quantiles must lie between 0 and 1"
            raise UsageError(problem, received=str(self.levels))
        matrix, targets = self._start_fit(X, y)
        reasons = {label: lacking_spenders(targets[label]) for label in self.horizons_}
        refuse_without_evidence(reasons, "the wallet")
        names = self.encoder_.feature_names_in_
        self.places_ = self._alike(names)
        newest = _newest(cutoffs, len(matrix))
        self.seats_ = SeatPrices.learn(matrix[newest], names)
        self.spends_: dict[str, Spend] = {}
        self.held_: dict[str, dict[str, tuple[float, float]]] = {}
        for label in self.horizons_:
            spent: Array = np.asarray(targets[label], dtype=np.float64)
            self.spends_[label] = self._learn(matrix, spent, spent > 0)
            self.held_[label] = self._measure(matrix, spent, label, cutoffs)
        return self

    def _alike(self, names: list[str]) -> list[int]:
        """Return the places of the features that say which accounts are alike."""
        kinds = self.encoder_.kinds
        return [
            place
            for place, name in enumerate(names)
            if kinds[name] == "category" or any(fnmatchcase(name, one) for one in self.features)
        ]

    def _learn(self, matrix: Array, spent: Array, rows: NDArray[np.bool_]) -> Spend:
        names = self.encoder_.feature_names_in_
        numbers = set(names) - set(self.encoder_.levels_)
        sizes = scale_places(names, tuple(self.size_features), numbers)
        scale = Scale.learn(matrix[rows], spent[rows], sizes)
        relative = np.log(spent[rows]) - scale.log(matrix[rows])
        shape = ForestShape(seed=self.random_state, n_jobs=self.n_jobs)
        known = set(self.encoder_.categorical)
        categorical = [at for at, place in enumerate(self.places_) if place in known]
        chosen = _chosen(matrix[rows], self.places_)
        return Spend(scale, QuantileForest.grow(chosen, relative, self.levels, shape, categorical))

    def _measure(
        self, matrix: Array, spent: Array, label: str, cutoffs: pd.Series[Any] | None
    ) -> dict[str, tuple[float, float]]:
        """Measure on later spenders what quantiles that were learned before them hold."""
        split = inner_split(cutoffs, Horizon.parse(label), ~np.isnan(spent))
        if split is None:
            return {}
        earlier, later = split.earlier & (spent > 0), split.later & (spent > 0)
        if min(earlier.sum(), later.sum()) < FEWEST_SPENDERS:
            return {}
        trial = self._learn(matrix, spent, earlier)
        found, truth = trial.quantiles(matrix[later], self.places_, self.n_jobs), spent[later]
        held = {}
        for place, level in enumerate(self.levels):
            alone = np.full(len(truth), np.quantile(spent[earlier], level))
            loss = pinball_loss(truth, found[:, place], level)
            relative = loss / pinball_loss(truth, alone, level)
            held[_name(level)] = (coverage(truth, found[:, place]), relative)
        return held

    def predict_quantiles(self, X: pd.DataFrame, horizon: str | None = None) -> pd.DataFrame:
        """Return ``q50``, ``q80`` ... of spend in money, of the tier horizon unless one is named.

        These are quantiles of the accounts that are alike; seats are not counted in them.

        Raises
        ------
        UsageError
            If the horizon was not learned.
        """
        label = tier_label(self.horizons_, horizon or self.tier_horizon)
        matrix = self.encoder_.transform(X)
        found = self.spends_[label].quantiles(matrix, self.places_, self.n_jobs)
        table = pd.DataFrame(found, index=X.index, columns=[_name(level) for level in self.levels])
        return table[[_name(level) for level in sorted(self.quantiles)]]

    def predict(self, X: pd.DataFrame) -> Array:
        """Predict the wallet of the tier horizon in money, shape (n,)."""
        return self._tier_prediction(X)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict the wallets of all horizons: by seats where they are known, else the quantile."""
        place = self.levels.index(self.wallet_quantile)
        found = {}
        for label, spend in self.spends_.items():
            alike = spend.quantiles(matrix, self.places_, self.n_jobs)[:, place]
            seats = self._seats_wallet(matrix, label)
            found[label] = np.where(np.isnan(seats), alike, seats)
        return rising(found)

    def words(self) -> list[str]:
        """Say per horizon what the wallet held of later spenders, where that could be measured."""
        level = _name(self.wallet_quantile)
        said = {label: held[level] for label, held in self.held_.items() if level in held}
        return [
            f"{label}: {held:.1%} of later spenders spent no more than their wallet, meant to be "
            f"{self.wallet_quantile:.0%}; its loss is {loss:.0%} of that of one wallet for all"
            for label, (held, loss) in said.items()
        ]

    def by_seats(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Say of which rows the wallet is counted in seats."""
        return self.seats_.known(X)

    def _seats_wallet(self, matrix: Array, label: str) -> Array:
        names = self.encoder_.feature_names_in_
        column = f"past_value_{label}"
        past = matrix[:, names.index(column)] if column in names else np.zeros(len(matrix))
        return self.seats_.wallet(matrix, names, past, Horizon.parse(label).days)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Refuse: a quantile of other accounts is no sum of what this one does."""
        problem = "a wallet is not taken apart: it is what accounts that are alike spend"
        raise UsageError(problem, received=horizon, hint="explain the value or the churn risk")

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            options={
                "tier_horizon": self.tier_horizon,
                "quantiles": list(self.quantiles),
                "wallet_quantile": self.wallet_quantile,
                "features": list(self.features),
                "size_features": list(self.size_features),
                "random_state": self.random_state,
            },
            scales={label: spend.scale.to_json() for label, spend in self.spends_.items()},
            seats=self.seats_.to_json(),
            held={h: {q: list(two) for q, two in held.items()} for h, held in self.held_.items()},
        )
        forests = {label: spend.forest.to_data() for label, spend in self.spends_.items()}
        texts = {label: text for label, (text, _) in forests.items()}
        arrays = {label: leaves for label, (_, leaves) in forests.items()}
        return State(kind=type(self).__name__, json=json, arrays=arrays, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> WalletRegressor:
        """Rebuild a fitted model from `to_state`."""
        json, options = state["json"], dict(state["json"]["options"])
        for name in ("quantiles", "features", "size_features"):
            options[name] = tuple(options[name])
        model = cls(**options)
        model._start_from(json)
        model.places_ = model._alike(model.encoder_.feature_names_in_)
        model.seats_ = SeatPrices.from_json(json["seats"])
        model.spends_ = {
            label: Spend(
                Scale.from_json(scale),
                QuantileForest.from_data(state["texts"][label], state["arrays"][label]),
            )
            for label, scale in json["scales"].items()
        }
        held = json["held"].items()
        model.held_ = {h: {q: (two[0], two[1]) for q, two in each.items()} for h, each in held}
        return model


def lacking_spenders(target: pd.Series[float]) -> str:
    """Say why the wallet cannot be learned from a target, or return an empty text.

    Examples
    --------
    >>> lacking_spenders(pd.Series([5.0, 0.0]))
    '1 rows that spent anything, at least 100 are needed'
    """
    known = target.dropna()
    if known.empty:
        return "no complete window"
    spenders = int((known > 0).sum())
    if spenders < FEWEST_SPENDERS:
        return f"{spenders} rows that spent anything, at least {FEWEST_SPENDERS} are needed"
    return ""


def _chosen(matrix: Array, places: list[int]) -> Array:
    """Return the columns at some places; one that says nothing where there are none."""
    return matrix[:, places] if places else np.zeros((len(matrix), 1))


def _newest(cutoffs: pd.Series[Any] | None, rows: int) -> NDArray[np.bool_]:
    """Say which rows are of the newest cutoff; all of them where cutoffs are not known."""
    if cutoffs is None or not rows:
        return np.ones(rows, dtype=np.bool_)
    return np.asarray(cutoffs == cutoffs.max(), dtype=np.bool_)


def _name(level: float) -> str:
    """Return the column of a level: q50 of 0.5, q97.5 of 0.975."""
    return f"q{100 * level:.4g}"
