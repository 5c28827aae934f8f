"""The wallet counted in seats: what all the seats that an account could use would bring.

An account that buys by the seat, and of which it is known how many of its people could have one, needs
no peers to say how large it may grow: addressable seats times the price of a seat, and what it
spends beside its contracts. The price is its own; where its contracts do not say it, the middle one of
its industry, or of the book where fewer than 20 of the industry say theirs.

Why this way: a seat is a fact that can be checked with the customer, a quantile is not, so seats win
where they are known. Only accounts that have had a contract are counted so: that somebody has desks
does not mean that it buys what is sold by the desk. No discount for volume is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.state import Array

#: An industry with fewer prices says too little of its usual one.
FEWEST_PRICES = 20
DAYS_PER_YEAR = 365.0  # contracts earn by the day of a year of 365


@dataclass(frozen=True)
class SeatPrices:
    """The usual price of a seat per year: of the book, and of each industry by its code.

    Examples
    --------
    A hundred seats at its own 120 a year, and 30 a quarter beside its contract:

    >>> names = ["addressable_seats", "price_per_seat", "contract_value_share_365d"]
    >>> matrix = np.array([[100.0, 120.0, 0.9], [100.0, np.nan, np.nan]])
    >>> SeatPrices(usual=100.0, of_industry={}).wallet(matrix, names, np.array([300.0, 0.0]), 91.25)
    array([3030.,   nan])
    """

    usual: float
    of_industry: dict[int, float]

    @classmethod
    def learn(cls, matrix: Array, names: Sequence[str]) -> SeatPrices:
        """Learn the middle prices of encoded rows; missing where nobody says a price."""
        price = _column(matrix, names, "price_per_seat")
        industry = _column(matrix, names, "industry")
        known = price > 0
        if not known.any():
            return cls(float("nan"), {})
        codes, counts = np.unique(industry[known & ~np.isnan(industry)], return_counts=True)
        enough = codes[counts >= FEWEST_PRICES]
        each = {int(code): float(np.median(price[known & (industry == code)])) for code in enough}
        return cls(float(np.median(price[known])), each)

    def wallet(
        self, matrix: Array, names: Sequence[str], past: Array, days: float
    ) -> NDArray[np.float64]:
        """Return what all seats would bring in so many days; missing where they are not known.

        Parameters
        ----------
        matrix : ndarray of shape (n, p)
            Encoded features.
        names : sequence of str
            Their names.
        past : ndarray of shape (n,)
            What each account brought in as many days before the cutoff.
        days : float
            The length of the horizon.
        """
        seats = _column(matrix, names, "addressable_seats")
        price = self._prices(matrix, names)
        had = ~np.isnan(_column(matrix, names, "contract_tenure_days"))
        had |= _column(matrix, names, "price_per_seat") > 0
        share = np.clip(
            np.nan_to_num(_column(matrix, names, "contract_value_share_365d"), nan=1.0), 0, 1
        )
        beside = np.maximum(np.nan_to_num(past), 0.0) * (1.0 - share)
        found = seats * price * days / DAYS_PER_YEAR + beside
        return np.where(had & (seats > 0) & (price > 0), found, np.nan)

    def known(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Say of which rows, not encoded, the seats and a price are known."""
        names = ("addressable_seats", "price_per_seat", "contract_tenure_days")
        absent = np.full(len(X), np.nan)
        seats, price, tenure = (np.asarray(X.get(n, absent), dtype=np.float64) for n in names)
        priced = (price > 0) | (self.usual > 0)
        return (seats > 0) & priced & (~np.isnan(tenure) | (price > 0))

    def _prices(self, matrix: Array, names: Sequence[str]) -> Array:
        """Return each row's own price of a seat, or else that of its peers."""
        own = _column(matrix, names, "price_per_seat")
        peers = np.full(len(matrix), self.usual)
        industry = _column(matrix, names, "industry")
        for code, price in self.of_industry.items():
            peers[industry == code] = price
        return np.where(own > 0, own, peers)

    def to_json(self) -> dict[str, Any]:
        """Return the prices as plain data."""
        each = {str(code): price for code, price in self.of_industry.items()}
        return {"usual": None if np.isnan(self.usual) else self.usual, "of_industry": each}

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> SeatPrices:
        """Rebuild the prices from `to_json`."""
        usual = float("nan") if json["usual"] is None else float(json["usual"])
        return cls(usual, {int(code): float(price) for code, price in json["of_industry"].items()})


def _column(matrix: Array, names: Sequence[str], name: str) -> Array:
    if name in names:
        return matrix[:, list(names).index(name)]
    return np.full(len(matrix), np.nan)
