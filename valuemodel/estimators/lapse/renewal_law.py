"""A law of renewals for contract accounts: lapse risk from how often they have renewed already.

The renewal clock says whether anything ends inside the window; the law adds what every renewal so far
says. Customers who leave readily leave early, so those who are left renew the more readily the more
often they have done it. What is known of an account is where it stands: ``k`` renewals behind it, so
many days to the next one, and the length of its terms. If ``m`` renewals fall inside the window it
lapses with probability ``1 - S(k + m) / S(k)``, where S is the survival of the shifted beta-geometric or
of the beta-discrete-Weibull.

Why this way: all terms up to the next renewal, ``k + 1`` of them, have run without a gap from the start
of the contract on, so ``k`` follows from three features and no list of renewals is needed; silent
automatic renewals, which nobody writes down, are counted like any other. An account has lapsed only
when the last of its contracts has, so the clock that counts is that of the last one. Contracts without
an end lapse at a rate per day, and so do accounts for which no renewal falls inside.

References
----------
Fader and Hardie, How to Project Customer Retention, Journal of Interactive Marketing 21(1), 2007.
Fader, Hardie, Liu, Davin and Steenburgh, "How to Project Customer Retention" Revisited: The Role of
Duration Dependence, Journal of Interactive Marketing 43, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from valuemodel.estimators.retention.beta_survival import (
    BetaDiscreteWeibull,
    BetaSurvival,
    ShiftedBetaGeometric,
)
from valuemodel.estimators.retention.cohorts import Windows
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused
from valuemodel.periods import Horizon

#: The features that the law reads: the clock (the first of these that is there), and where it stands.
CLOCKS = ("days_to_last_renewal", "days_to_renewal")
UNBROKEN, TERM = "unbroken_days", "term_days_mean"

_KINDS = {kind.__name__: kind for kind in (ShiftedBetaGeometric, BetaDiscreteWeibull)}
_EVENTS = 10  # lapses, and renewals, from which a law can be told; below, one share for all
_PENALTY = 1e-5  # keeps parameters finite where all customers are alike
_ALIKE = 1e3  # alpha + beta of customers that hardly differ
_USUAL_TERM = 365.0


class _Standing(NamedTuple):
    """Where accounts stand: renewals behind, days to the next, days from one to the next."""

    behind: Array
    due: Array
    term: Array

    def inside(self, days: float) -> Array:
        """Return how many renewals fall inside the next days; 0 where none do or none are known."""
        ahead = np.where(np.isnan(self.due), np.inf, self.due)
        found: Array = np.ceil(np.maximum(days - ahead, 0.0) / self.term)
        return found


@dataclass(frozen=True)
class RenewalLaw:
    """What a window of one length teaches of renewals, and what that says of any length.

    Parameters
    ----------
    horizon : str
        Label of the window that it was learned from.
    survival : ShiftedBetaGeometric or BetaDiscreteWeibull
        Who is there after how many renewals.
    rates : tuple of float
        Lapses per day where no renewal falls inside the window, and where contracts have no end.
    places : mapping of str to int
        The column of each feature that is read.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> k = rng.integers(0, 4, 4_000)
    >>> X = np.column_stack([np.full(4_000, 30.0), 365 * k + 335.0, np.full(4_000, 365.0)])
    >>> lapsed = (rng.random(4_000) < 1 / (4 + k)).astype(float)  # sBG with alpha 1 and beta 3
    >>> law = RenewalLaw.learn(
    ...     X, ["days_to_renewal", "unbroken_days", "term_days_mean"], lapsed, "3m"
    ... )
    >>> of_each = X[[list(k).index(n) for n in range(4)]]
    >>> law.at_next_renewal(of_each).round(2)
    array([0.25, 0.21, 0.18, 0.15])
    >>> law.risk(of_each, "2y").round(2)
    array([0.41, 0.35, 0.3 , 0.27])
    """

    horizon: str
    survival: BetaSurvival
    rates: tuple[float, float]
    places: Mapping[str, int]

    @classmethod
    def learn(
        cls,
        matrix: Array,
        names: Sequence[str],
        lapsed: Array,
        horizon: str,
        prior_rows: float = 10.0,
    ) -> Self | None:
        """Learn from accounts under contract, and whether they lapsed in the horizon.

        Parameters
        ----------
        matrix : ndarray of shape (n, p)
            Encoded features.
        names : sequence of str
            Their names; features that are not there are taken as unknown.
        lapsed : ndarray of shape (n,)
            1 lapsed, 0 did not, NaN not known: such rows are passed over.
        horizon : str
            Label of the window.
        prior_rows : float
            How many rows are added to those without a renewal inside: with the share of all where
            contracts have no end, with hardly a lapse where they have one.

        Returns
        -------
        RenewalLaw or None
            None if no row has a label.
        """
        known = ~np.isnan(lapsed)
        if not known.any():
            return None
        places = {name: list(names).index(name) for name in _wanted(names)}
        standing, left = _standing(matrix[known], places), lapsed[known]
        days = _days(horizon)
        ahead = standing.inside(days)
        inside, endless = ahead > 0, np.isnan(standing.due)
        windows = _windows(standing.behind[inside], ahead[inside], left[inside])
        share = (left.sum() + 1.0) / (known.sum() + 2.0)
        early = 1.0 / ((~endless).sum() + 2.0)  # what nobody was seen to do is rare, not impossible
        rates = [
            (left[rows].sum() + prior_rows * prior) / (days * (_exposed(left[rows]) + prior_rows))
            for rows, prior in ((~inside & ~endless, early), (endless, share))
        ]
        survival = _alike(share) if windows is None else _likeliest(windows)
        return cls(horizon, survival, (float(rates[0]), float(rates[1])), places)

    def at_next_renewal(self, matrix: Array) -> Array:
        """Return the probability not to renew at the next renewal, whenever it is, shape (n,)."""
        found: Array = 1.0 - self.survival.retention(_standing(matrix, self.places).behind + 1)
        return found

    def log_odds(self, matrix: Array) -> Array:
        """Return the log-odds not to renew at the next renewal, shape (n,): a prior for hazards."""
        risk = np.clip(self.at_next_renewal(matrix), 1e-9, 1 - 1e-9)
        found: Array = np.log(risk) - np.log1p(-risk)
        return found

    def risk(self, matrix: Array, horizon: str | None = None) -> Array:
        """Return the probability to lapse in a horizon, its own unless told; it grows with it."""
        days = _days(horizon or self.horizon)
        standing = _standing(matrix, self.places)
        at_renewals = 1.0 - self.survival.survival(standing.inside(days), standing.behind)
        rate = np.where(np.isnan(standing.due), self.rates[1], self.rates[0])
        found: Array = np.maximum(at_renewals, -np.expm1(-rate * days))
        return found

    def days_in_force(self, matrix: Array, horizon: str | None = None) -> Array:
        """Return on how many of the horizon's days each row is expected to be under contract.

        Times what is under contract a day, it is the value of contracts: in force x renewal. Early
        ends of contracts that have one are left out: they are rare.
        """
        days = _days(horizon or self.horizon)
        standing = _standing(matrix, self.places)
        renewals = standing.inside(days)
        endless = -np.expm1(-self.rates[1] * days) / self.rates[1]
        found = np.where(np.isnan(standing.due), endless, np.minimum(standing.due, days))
        for number in range(1, int(renewals.max(initial=0.0)) + 1):
            rows = renewals >= number
            begun = standing.due[rows] + (number - 1) * standing.term[rows]
            behind = standing.behind[rows]
            kept = self.survival.survival(np.full(len(behind), float(number)), behind)
            found[rows] += kept * np.minimum(standing.term[rows], days - begun)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned, as data."""
        return {
            "horizon": self.horizon,
            "survival": type(self.survival).__name__,
            "parameters": self.survival.parameters_,
            "rates": list(self.rates),
            "places": dict(self.places),
        }

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Self:
        """Rebuild a law from `to_json`."""
        survival = _KINDS[json["survival"]].with_parameters(json["parameters"])
        ending, endless = json["rates"]
        return cls(json["horizon"], survival, (ending, endless), dict(json["places"]))


def _wanted(names: Sequence[str]) -> list[str]:
    clock = [name for name in CLOCKS if name in names][:1]
    return clock + [name for name in (UNBROKEN, TERM) if name in names]


def _days(horizon: str) -> float:
    """Return a horizon's whole days: a renewal at the very end of a window belongs to the next."""
    return math.floor(Horizon.parse(horizon).days)


def _standing(matrix: Array, places: Mapping[str, int]) -> _Standing:
    """Read where accounts stand; what X does not say is taken as the first term, of a year."""
    nowhere = np.full(len(matrix), np.nan)
    clock = next((name for name in CLOCKS if name in places), "")
    due, unbroken, term = (
        matrix[:, places[name]] if name in places else nowhere for name in (clock, UNBROKEN, TERM)
    )
    term = np.where(term >= 1.0, term, _USUAL_TERM)
    behind = np.maximum(np.round((unbroken + due) / term) - 1.0, 0.0)
    return _Standing(np.nan_to_num(behind, nan=0.0), due, term)


def _exposed(left: Array) -> float:
    """Return how many whole windows were lived through: who left did so halfway."""
    return float(len(left) - left.sum() / 2.0)


def _windows(behind: Array, ahead: Array, left: Array) -> Windows | None:
    """Group rows by where they stand."""
    if not len(left):
        return None
    rows = pd.DataFrame({"behind": behind, "ahead": ahead, "left": left, "stayed": 1.0 - left})
    counted = rows.groupby(["behind", "ahead"], as_index=False).sum()
    return Windows(*(counted[name].to_numpy() for name in ("behind", "ahead", "left", "stayed")))


def _likeliest(windows: Windows) -> BetaSurvival:
    """Return the law that the windows speak for; one share for all where they hardly say.

    The second law has a parameter more, which must earn its place. Snapshots that overlap show one
    renewal several times, so what it must gain grows with the rows (Schwarz's criterion).
    """
    left, stayed = float(windows.left.sum()), float(windows.stayed.sum())
    share = (left + 1.0) / (float(windows.ahead @ (windows.left + windows.stayed)) + 2.0)
    if min(left, stayed) < _EVENTS:
        return _alike(share)
    best, least = _alike(share), np.inf
    for kind in _KINDS.values():
        try:
            law = kind(penalty=_PENALTY).fit_windows(windows)
        except DataRefused:
            continue
        cost = len(law.names) * np.log(left + stayed) - 2.0 * law.log_likelihood_
        if cost < least:
            best, least = law, cost
    return best


def _alike(share: float) -> BetaSurvival:
    """Return the law by which every customer leaves at every renewal with the same probability."""
    return ShiftedBetaGeometric.with_parameters(
        {"alpha": share * _ALIKE, "beta": (1.0 - share) * _ALIKE}
    )
