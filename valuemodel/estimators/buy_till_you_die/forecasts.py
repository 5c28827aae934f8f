"""What an account's rhythm of buying lets expect: forecasts of a law, from features alone.

A law of buying and leaving (BG/NBD, or its modification where that is likelier) and a law of spend
(Gamma-Gamma) are learned from how often, how lately and for how long each account has bought. Their
forecasts serve as features of trees, as members of blends, and to stretch what was learned over a short
window to a long one.

Why this way: a law needs no label, so it can be learned at the very cutoff that is scored, even where
no window is complete. The rows of an earlier cutoff get the forecasts of the law that could have been
learned *then*, from the rows of that cutoff alone; nothing that came later speaks in a feature.

References
----------
Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005; RFM and
CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of Marketing Research 42(4), 2005.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.estimators.buy_till_you_die.beta_geometric import (
    BetaGeometric,
    BetaGeoNBD,
    ModifiedBetaGeoNBD,
)
from valuemodel.estimators.buy_till_you_die.gamma_gamma import GammaGamma
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused
from valuemodel.periods import Horizon

#: The features that the laws are learned from: purchases, days since the first and last, money.
NEEDED = ("purchase_days_total", "tenure_days", "recency_days", "value_total")
#: Fewer accounts, or fewer that came back, tell no law.
FEWEST_ROWS, FEWEST_REPEATS = 50, 20
_PENALTY = 1e-4  # keeps what small books hardly tell finite
_LAWS: Mapping[str, type[BetaGeometric]] = {
    "BetaGeoNBD": BetaGeoNBD,
    "ModifiedBetaGeoNBD": ModifiedBetaGeoNBD,
}


@dataclass(frozen=True)
class Laws:
    """A law of buying and one of spend, learned at one cutoff; the second may not be known."""

    buying: BetaGeometric
    spend: GammaGamma | None

    @classmethod
    def learn(cls, bought: pd.DataFrame) -> Laws | None:
        """Learn both; None where too few accounts came back, or the data tell no law."""
        repeats = bought["frequency"] > 0
        if len(bought) < FEWEST_ROWS or int(repeats.sum()) < FEWEST_REPEATS:
            return None
        try:
            known = [kind(_PENALTY).fit(bought) for kind in _LAWS.values()]
        except DataRefused:
            return None
        buying = max(known, key=lambda law: law.log_likelihood_)
        return cls(buying, _law_of_spend(bought))

    def spend_of(self, bought: pd.DataFrame) -> Array:
        """Return the expected spend of each account per purchase; its own mean without a law."""
        if self.spend is None:
            return bought["spend"].to_numpy(dtype=np.float64)
        return self.spend.predict(_purchases(bought))

    def to_json(self) -> dict[str, Any]:
        """Return the laws as plain data."""
        name = type(self.buying).__name__
        spend = None if self.spend is None else self.spend.parameters_
        return {"law": name, "buying": self.buying.parameters_, "spend": spend}

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Laws:
        """Rebuild laws from `to_json`."""
        buying = _LAWS[json["law"]].with_parameters(json["buying"])
        spend = json["spend"]
        return cls(buying, None if spend is None else GammaGamma.with_parameters(spend))


@dataclass(frozen=True)
class LawForecasts:
    """Forecasts of the laws for the rows of an encoded matrix.

    Parameters
    ----------
    horizons : tuple of str
        Labels of the windows ahead.
    places : tuple of int
        Where the features `NEEDED` stand.
    laws : Laws
        Learned at the newest cutoff: they speak for rows to be scored.
    past : mapping of int to Laws
        Learned at each cutoff, by its nanoseconds; not kept in a stored model.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> age = rng.uniform(100, 700, 400)
    >>> days = 1.0 + rng.poisson(rng.gamma(1.0, 0.01, 400) * age)
    >>> last = np.where(days > 1, age * rng.uniform(0.5, 1.0, 400), 0.0)
    >>> matrix = np.column_stack([days, age, age - last, days * rng.gamma(3.0, 10.0, 400)])
    >>> found = LawForecasts.learn(matrix, list(NEEDED), None, ["3m"])
    >>> found.names
    ('btyd_alive', 'btyd_spend', 'btyd_orders_3m', 'btyd_value_3m', 'btyd_silence_3m')
    >>> found.of(matrix).shape
    (400, 5)
    """

    horizons: tuple[str, ...]
    places: tuple[int, ...]
    laws: Laws
    past: Mapping[int, Laws | None]

    @classmethod
    def learn(
        cls,
        matrix: Array,
        names: Sequence[str],
        cutoffs: pd.Series[Any] | None,
        horizons: Sequence[str],
    ) -> LawForecasts | None:
        """Learn laws at each cutoff; None where features are lacking or the newest tells none.

        Parameters
        ----------
        matrix : ndarray of shape (n, p)
            Encoded features.
        names : sequence of str
            Their names.
        cutoffs : Series of datetime64, or None
            The cutoff of each row; without them all rows are of one cutoff.
        horizons : sequence of str
            Labels of the windows ahead.
        """
        if any(name not in names for name in NEEDED):
            return None
        places = tuple(list(names).index(name) for name in NEEDED)
        times = _times(cutoffs, len(matrix))
        past = {
            int(at): Laws.learn(_bought(matrix[times == at], places)) for at in np.unique(times)
        }
        newest = past[max(past)] if past else None
        return None if newest is None else cls(tuple(horizons), places, newest, past)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that `of` returns, in order."""
        return derived_names(self.horizons)

    def of(self, matrix: Array) -> Array:
        """Return the forecasts of the newest laws, shape (n, d); missing for who never bought."""
        return self._by(self.laws, matrix)

    def of_training(self, matrix: Array, cutoffs: pd.Series[Any] | None) -> Array:
        """Return for each row the forecasts of the laws of its own cutoff, shape (n, d)."""
        times = _times(cutoffs, len(matrix))
        found = np.full((len(matrix), len(self.names)), np.nan)
        for at in np.unique(times):
            laws = self.past.get(int(at))
            if laws is not None:
                found[times == at] = self._by(laws, matrix[times == at])
        return found

    def _by(self, laws: Laws, matrix: Array) -> Array:
        found = np.full((len(matrix), len(self.names)), np.nan)
        buyers = _buyers(matrix, self.places)
        if not buyers.any():
            return found
        bought = _bought(matrix, self.places)
        spend = laws.spend_of(bought)
        columns = [laws.buying.probability_alive(bought), spend]
        for horizon in self.horizons:
            days = Horizon.parse(horizon).days
            orders = laws.buying.expected_purchases(bought, days)
            columns += [orders, orders * spend, laws.buying.probability_silent(bought, days)]
        found[buyers] = np.column_stack(columns)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what scoring needs, as plain data."""
        return {
            "horizons": list(self.horizons),
            "places": list(self.places),
            "laws": self.laws.to_json(),
        }

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> LawForecasts:
        """Rebuild forecasts from `to_json`; they no longer know the past laws."""
        laws = Laws.from_json(json["laws"])
        return cls(tuple(json["horizons"]), tuple(json["places"]), laws, {})


def _law_of_spend(bought: pd.DataFrame) -> GammaGamma | None:
    """Learn the law of spend; none where all spend alike, or the mean of all would be infinite."""
    try:
        law = GammaGamma(_PENALTY).fit(_purchases(bought))
    except DataRefused:
        return None
    return law if law.q_ > 1.0 else None


def derived_names(horizons: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the forecasts over some horizons.

    Examples
    --------
    >>> derived_names(["6m"])
    ('btyd_alive', 'btyd_spend', 'btyd_orders_6m', 'btyd_value_6m', 'btyd_silence_6m')
    """
    each = [f"btyd_{what}_{h}" for h in horizons for what in ("orders", "value", "silence")]
    return ("btyd_alive", "btyd_spend", *each)


def _times(cutoffs: pd.Series[Any] | None, rows: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    if cutoffs is None:
        return np.zeros(rows, dtype=np.int64)
    return pd.Series(cutoffs).to_numpy(dtype="datetime64[ns]").astype(np.int64)


def _buyers(matrix: Array, places: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return who has bought at all, with all that the laws need known."""
    needed = matrix[:, list(places)]
    return np.isfinite(needed).all(axis=1) & (needed[:, 0] >= 1.0)


def _bought(matrix: Array, places: tuple[int, ...]) -> pd.DataFrame:
    """Return frequency, recency, T (days) and the mean spend of who has bought."""
    days, age, since, value = matrix[_buyers(matrix, places)][:, list(places)].T
    frequency = np.floor(days) - 1.0
    age = np.maximum(age, 0.0)
    recency = np.where(frequency > 0, np.clip(age - since, 0.0, age), 0.0)
    frequency = np.where(age > 0, frequency, 0.0)  # several orders of one first day
    return pd.DataFrame(
        {"frequency": frequency, "recency": recency, "T": age, "spend": value / np.floor(days)}
    )


def _purchases(bought: pd.DataFrame) -> pd.DataFrame:
    """Return what the law of spend reads: all purchases, the first one too."""
    return pd.DataFrame({"frequency": bought["frequency"] + 1.0, "monetary_value": bought["spend"]})
