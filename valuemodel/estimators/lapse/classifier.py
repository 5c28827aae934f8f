"""Lapse risk: how likely an account under contract has none in force from some day of the horizon on.

Why this way: what waiting does differs from silence. Silence grows rarer with a longer window, a lapse
grows likelier, and it comes at renewals. So it is a hazard per interval (see `hazard`), from trees that
start at what a law of renewals says (`renewal_law`) and learn how much more or less than that an account
is at risk; a line through their log-odds corrects them as far as later cutoffs agree on it.

References
----------
Singer and Willett, It's About Time, Journal of Educational Statistics 18(2), 1993 (hazards).
Fader and Hardie, How to Project Customer Retention, Journal of Interactive Marketing 21(1), 2007 (law).
Platt, Probabilistic Outputs for Support Vector Machines, 1999 (calibration by a line in log-odds).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from valuemodel.estimators.boosting import (
    Grower,
    Sample,
    TreeSettings,
    contributions,
    from_text,
    raw_scores,
    to_text,
)
from valuemodel.estimators.churn.blend import HALF_LIFE_DAYS
from valuemodel.estimators.churn.steps import column, lacking_events
from valuemodel.estimators.churn.weights import Line, recency_weights
from valuemodel.estimators.horizon_estimator import RiskClassifier
from valuemodel.estimators.horizons import growing, ordered, refuse_without_evidence, tier_label
from valuemodel.estimators.inner_split import InnerSplit, inner_split
from valuemodel.estimators.lapse.hazard import (
    PeriodColumns,
    Periods,
    intervals_of,
    lapse_by_end,
    under_risk,
)
from valuemodel.estimators.lapse.renewal_law import RenewalLaw
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.season import hide_season
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

#: What the model makes itself: the law's start, and where the interval lies.
DERIVED = ("renewal_law", "window")


class _Book(NamedTuple):
    """What is learned from: features, labels, and the periods under risk with their cutoffs."""

    matrix: Array
    targets: pd.DataFrame
    periods: Periods
    cutoffs: pd.Series[Any] | None

    def of(self, mask: Any) -> Periods:
        return self.periods.of(mask)

    def times(self, periods: Periods) -> pd.Series[Any] | None:
        """Return the cutoff of each period."""
        if self.cutoffs is None:
            return None
        return pd.Series(self.cutoffs).reset_index(drop=True).iloc[periods.rows]


class LapseClassifier(RiskClassifier):
    """Calibrated probability that an account's contracts lapse in each horizon.

    It never falls with the horizon, by construction: an account is still there after a horizon with
    the product of what the hazards of its intervals leave. It is fitted on accounts that are under
    contract at the cutoff; the others have no label.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    trees : TreeSettings, optional
        How trees are grown.
    random_state : int
        Seed of row and column sampling.
    n_jobs : int, optional
        Threads; the result does not depend on them.
    horizons : tuple of str, optional
        Labels of the horizons to predict; all columns of y by default. Other columns of y, shorter than
        the longest of them, cut the intervals finer.

    Attributes
    ----------
    classes_ : ndarray
        0 (kept) and 1 (lapsed).
    columns_ : PeriodColumns
        The intervals, and the law of renewals where the trees start.
    trees_ : lightgbm.Booster
        They correct the law's log-odds of a lapse.
    line_ : Line
        From their log-odds to those that later cutoffs agree with.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"days_to_renewal": rng.uniform(0, 360, 400)})
    >>> y = pd.DataFrame({"3m": (X.days_to_renewal < 90).astype(float)})
    >>> y["12m"] = y["3m"]
    >>> model = LapseClassifier(n_jobs=1).fit(X, y)
    >>> model.predict_horizons(pd.DataFrame({"days_to_renewal": [10.0, 300.0]}))["3m"].round(1)
    0    1.0
    1    0.0
    Name: 3m, dtype: float64
    """

    _learns = "lapse risk"

    def __init__(
        self,
        tier_horizon: str | None = None,
        trees: TreeSettings | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
        horizons: tuple[str, ...] | None = None,
    ) -> None:
        self.tier_horizon = tier_horizon
        self.trees = trees
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.horizons = horizons

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the hazard of every interval up to the longest wanted horizon.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features: numbers and text.
        y : DataFrame of shape (n, h)
            1 where the contracts lapsed by the end of the horizon, else 0, one column per horizon label;
            NaN where the window is not complete or the account is not under contract.
        cutoffs : Series of shape (n,), optional
            The cutoff of each row; needed to choose the number of trees and to calibrate.

        Raises
        ------
        DataRefused
            If a wanted horizon has fewer than 30 rows that lapsed or were kept; all of them are named.
        """
        wanted = ordered(self.horizons or y.columns)
        tier_label(wanted, self.tier_horizon)
        matrix, targets = self._start_fit(X, y)
        refuse_without_evidence(
            {label: lacking_lapses(column(targets, label)) for label in wanted}, self._learns
        )
        self.horizons_, self.classes_ = wanted, np.array([0, 1])
        ends = [
            label
            for label in ordered({*targets.columns, *wanted})
            if Horizon.parse(label) <= Horizon.parse(wanted[-1])
            and not lacking_lapses(targets[label])
        ]
        labelled = targets[ends].notna().any(axis=1).to_numpy()
        matrix = hide_season(matrix, self.encoder_.feature_names_in_, cutoffs, labelled)
        book = _Book(matrix, targets, under_risk(targets, intervals_of(ends)), cutoffs)
        rounds, self.line_ = self._judged(book, ends)
        self.columns_ = self._columns(book, ends, np.ones(len(matrix), dtype=np.bool_))
        self.trees_ = self._grower().grow(self._sample(book, self.columns_, book.periods), rounds)
        return self

    def _columns(self, book: _Book, ends: list[str], rows: Any) -> PeriodColumns:
        """Learn the law from some rows, over the window in which most of them lapsed."""
        names = self.encoder_.feature_names_in_
        lapses = [float(book.targets[label][rows].sum()) for label in ends]
        label = ends[int(np.argmax(lapses))]
        lapsed: Array = np.where(rows, book.targets[label].to_numpy(dtype=np.float64), np.nan)
        law = RenewalLaw.learn(book.matrix, names, lapsed, label)
        return PeriodColumns.reading(names, intervals_of(ends), law)

    def _sample(self, book: _Book, columns: PeriodColumns, periods: Periods) -> Sample:
        wide, start = columns.of_periods(book.matrix, periods)
        weight = recency_weights(book.times(periods), len(periods.rows), HALF_LIFE_DAYS)
        return Sample(wide, periods.lapsed, start, weight)

    def _judged(self, book: _Book, ends: list[str]) -> tuple[int, Line]:
        """Choose the number of trees and a line on later cutoffs, over the longest window that can be."""
        for place in reversed(range(len(ends))):
            label = ends[place]
            known = book.targets[label].notna().to_numpy()
            split = inner_split(book.cutoffs, Horizon.parse(label), known)
            halves = [] if split is None else [book.targets[label][rows] for rows in split]
            if split is not None and not any(lacking_lapses(half) for half in halves):
                return self._judged_over(book, ends[: place + 1], split)
        return (self.trees or TreeSettings()).rounds, Line()

    def _judged_over(self, book: _Book, ends: list[str], split: InnerSplit) -> tuple[int, Line]:
        columns = self._columns(book, ends, split.earlier)
        upto = book.periods.intervals < len(ends)
        rows, intervals, lapsed = book.periods
        periods = Periods(rows[upto], intervals[upto], lapsed[upto])
        earlier, later = (self._sample(book, columns, periods.of(rows)) for rows in split)
        grown = self._grower().grow_until(earlier, later)
        odds = raw_scores(grown, later.matrix, self.n_jobs)
        odds = odds if later.start is None else odds + later.start
        times = book.times(periods.of(split.later))
        line = Line.agreed(odds, later.target, times, Horizon.parse(ends[-1]))
        return self._grower().within_bounds(grown.best_iteration), line

    def _grower(self) -> Grower:
        trees = self.trees or TreeSettings()
        return Grower("binary", self.encoder_.categorical, trees, self.random_state, self.n_jobs)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix; they agree with one another."""
        odds = [self._odds(matrix, place) for place in range(len(self.columns_.intervals))]
        found = {
            interval.label: lapse_by_end(odds[: place + 1])
            for place, interval in enumerate(self.columns_.intervals)
        }
        return growing({label: found[label] for label in self.horizons_})  # a guard, no correction

    def _odds(self, matrix: Array, place: int) -> Array:
        """Return the log-odds of a lapse in one interval, shape (n,)."""
        raw = raw_scores(self.trees_, self.columns_.of(matrix, place), self.n_jobs)
        return self.line_.of(raw + self.columns_.start(matrix, place))

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take a horizon apart: the log-odds of a lapse in each interval up to its end.

        What trees make of the renewal's place in an interval is put down to the renewal clock.
        """
        ends = [interval.label for interval in self.columns_.intervals]
        places = range(ends.index(horizon) + 1)
        parts = np.stack([self._contributions(matrix, place) for place in places])
        base = parts[:, 0, -1] if len(matrix) else np.zeros(len(places))
        return LinkParts(base, parts[:, :, :-1], _lapse_by_end, DERIVED)

    def _contributions(self, matrix: Array, place: int) -> Array:
        """Return what each feature adds to `_odds`, then what is derived, and last the base."""
        raw = contributions(self.trees_, self.columns_.of(matrix, place), self.n_jobs)
        features = matrix.shape[1]
        found = np.zeros((len(matrix), features + len(DERIVED) + 1))
        found[:, :features] = raw[:, :features]
        found[:, features] = self.columns_.start(matrix, place)
        window = raw[:, features : features + 2].sum(axis=1)
        renewal = raw[:, features + 2 : features + 4].sum(axis=1)
        clock = self.columns_.clock if self.columns_.clock >= 0 else features + 1
        found[:, features + 1] = window
        found[:, clock] += renewal
        found[:, -1] = raw[:, -1]
        found *= self.line_.slope
        found[:, -1] += self.line_.of(np.zeros(1))[0]
        return found

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        law = self.columns_.law
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            trees=(self.trees or TreeSettings()).model_dump(),
            random_state=self.random_state,
            wanted=None if self.horizons is None else list(self.horizons),
            ends=[interval.label for interval in self.columns_.intervals],
            line=[self.line_.center, self.line_.shift, self.line_.slope],
            law=None if law is None else law.to_json(),
        )
        texts = {"hazard": to_text(self.trees_)}
        return State(kind=type(self).__name__, json=json, arrays={}, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> LapseClassifier:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(
            tier_horizon=json["tier_horizon"],
            trees=TreeSettings(**json["trees"]),
            random_state=json["random_state"],
            horizons=None if json["wanted"] is None else tuple(json["wanted"]),
        )
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        law = None if json["law"] is None else RenewalLaw.from_json(json["law"])
        names = model.encoder_.feature_names_in_
        model.columns_ = PeriodColumns.reading(names, intervals_of(json["ends"]), law)
        model.line_ = Line(*json["line"])
        model.trees_ = from_text(state["texts"]["hazard"])
        return model


def _lapse_by_end(scores: Array) -> Array:
    return lapse_by_end(list(scores))


def lacking_lapses(target: pd.Series[float]) -> str:
    """Say why lapses cannot be learned from a target, or return an empty text.

    Examples
    --------
    >>> lacking_lapses(pd.Series([1.0] * 3 + [0.0] * 40))
    '3 rows that lapsed, at least 30 are needed'
    """
    return lacking_events(target, gone="rows that lapsed", stayed="rows that were kept")
