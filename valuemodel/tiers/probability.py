"""How likely each account is to stand in each tier, and where that is too close to call.

The stored predictions say of each account which values will be passed with 95, 75, 50, 25 and 5 %
chance. Between these quantiles the quantile function is taken to be a straight line. Quantiles that
coincide are a point mass: many accounts bring exactly nothing with a chance of a quarter or more. The
outer 5 % reach in a straight line from the outer quantile down to nothing, and up to twice as much
(where the quantile is negative, down to twice as low, and up to nothing). The chance of a tier is the
chance that the value lies between the lines of the tier, in money: **a value that lies exactly on a
line stands above it**, and so does a point mass that does.

Why this way: five quantiles are stored, no law is, and the points between two of them decide little.
Tails in proportion to the outer quantile know no unit of money, never promise a negative value where
none was foreseen, and keep the order: an account of which every quantile is at least that of another
never has the lower chance of the top tier. (A tail as wide as the piece beside it would break that:
a higher upper quartile would shorten it.) The chances are sums of six straight pieces, so that a book
of a million accounts takes less than a second; draws from the same law check them.

References
----------
Chernozhukov, Fernandez-Val and Galichon, Quantile and Probability Curves Without Crossing,
Econometrica 2010 (quantiles that cross are put in order).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.assignment import Floats, Positions
from valuemodel.tiers.score import money

#: The quantiles of the stored predictions, in order.
QUANTILE_PARTS = ("q05", "q25", "q50", "q75", "q95")

#: The chance of each piece between the knots, in twentieths: whole numbers add up exactly.
_TWENTIETHS = (1, 4, 5, 5, 4, 1)
_KNOT_LEVELS = np.array([0.0, 0.05, 0.25, 0.50, 0.75, 0.95, 1.0])
#: Chances closer than this are the same chance: 0.5 of two sums does reach 0.5.
_SAME_CHANCE = 1e-12
_ROWS_AT_A_TIME = 65_536


def quantile_array(predictions: pd.DataFrame, horizon: Horizon) -> Floats:
    """Take the quantiles of each account from the stored predictions.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Stored predictions, ``value_<h>_q05`` to ``value_<h>_q95`` in money.
    horizon : Horizon
        The tier horizon.

    Returns
    -------
    ndarray, shape (n_accounts, 5)
        `QUANTILE_PARTS`, rows as in ``predictions``; NaN where a quantile, or its column, is missing.

    Raises
    ------
    DataRefused
        If a quantile is infinite.

    Examples
    --------
    >>> columns = {f"value_1y_{part}": [at] for at, part in enumerate(QUANTILE_PARTS)}
    >>> quantile_array(pd.DataFrame(columns), Horizon.parse("1 year"))
    array([[0., 1., 2., 3., 4.]])
    """
    names = [f"value_{horizon.label}_{part}" for part in QUANTILE_PARTS]
    absent = np.full(len(predictions), np.nan)
    return np.column_stack(
        [money(predictions, name) if name in predictions else absent for name in names]
    )


def tier_thresholds(score: Floats, tier: Positions, tiers: int) -> Floats:
    """Return the value that stands above the line of each tier but the last, in money.

    Parameters
    ----------
    score : ndarray, shape (n_accounts,)
        What accounts were ranked by, in money; NaN does not count.
    tier : ndarray of int, shape (n_accounts,)
        Position of each account's tier; negative where it has none.
    tiers : int
        How many tiers there are.

    Returns
    -------
    ndarray, shape (tiers - 1,)
        The lowest score in the tier and those above, never rising; infinite where nobody is there.

    Examples
    --------
    >>> tier_thresholds(np.array([90.0, 10.0, 50.0, 0.0]), np.array([0, 1, 0, 2]), 3).tolist()
    [50.0, 10.0]
    """
    lowest = np.full(tiers, np.inf)
    known = (tier >= 0) & ~np.isnan(score)
    np.minimum.at(lowest, tier[known], score[known])
    return np.minimum.accumulate(lowest)[:-1]


def tier_probabilities(quantiles: Floats, thresholds: Floats) -> Floats:
    """Return the chance of each account to stand in each tier.

    Parameters
    ----------
    quantiles : ndarray, shape (n_accounts, 5)
        `QUANTILE_PARTS` of each account, in money.
    thresholds : ndarray, shape (n_tiers - 1,) or (n_accounts, n_tiers - 1)
        The value that an account must reach to stand in each tier but the last, never rising from
        tier to tier; ``inf`` for a tier that nobody reaches, ``-inf`` for one that everybody does.

    Returns
    -------
    ndarray, shape (n_accounts, n_tiers)
        Rows add up to 1; NaN throughout where a quantile is missing.

    Raises
    ------
    UsageError
        If the shapes do not fit, or a threshold is missing or higher than that of the tier above.

    Examples
    --------
    >>> quantiles = np.array([[0.0, 0.0, 50.0, 100.0, 200.0], [0.0, 0.0, 0.0, 0.0, 10.0]])
    >>> tier_probabilities(quantiles, np.array([100.0, 50.0])).round(3)
    array([[0.25, 0.25, 0.5 ],
           [0.  , 0.  , 1.  ]])
    """
    lines = _checked(quantiles, thresholds)
    found = np.empty((len(quantiles), lines.shape[1] + 1))
    for rows in _chunks(len(quantiles)):
        above = 1.0 - _chance_below(_knots(quantiles[rows]), lines[rows])
        found[rows] = np.diff(above, axis=1, prepend=0.0, append=1.0)
    found[~_known(quantiles)] = np.nan
    return found


def too_close(probability: Floats, tier: Positions, close_call: float) -> pd.arrays.BooleanArray:
    """Say which recommendations are too close to call.

    Parameters
    ----------
    probability : ndarray, shape (n_accounts, n_tiers)
        Of `tier_probabilities`.
    tier : ndarray of int, shape (n_accounts,)
        Position of the recommended tier; negative where there is none.
    close_call : float
        From which chance of any other tier on it is too close.

    Returns
    -------
    pandas.arrays.BooleanArray
        Missing where the chances, or the tier, are not known.

    Examples
    --------
    >>> chances = np.array([[0.5, 0.5], [0.9, 0.1], [np.nan, np.nan]])
    >>> too_close(chances, np.array([0, 0, 1]), 0.5).tolist()
    [True, False, <NA>]
    """
    own = np.take_along_axis(probability, np.maximum(tier, 0)[:, np.newaxis], axis=1)[:, 0]
    unknown = np.isnan(own) | (tier < 0)
    return pd.arrays.BooleanArray(1.0 - own >= close_call - _SAME_CHANCE, unknown)


def sampled_tiers(quantiles: Floats, thresholds: Floats, draws: int, seed: int) -> Floats:
    """Draw each account's value many times; return the share of draws that falls in each tier.

    This is the check of `tier_probabilities`: the same law, turned the other way round.

    Parameters
    ----------
    quantiles, thresholds : ndarray
        As in `tier_probabilities`.
    draws : int
        How many independent values are drawn of each account, at least one.
    seed : int
        Of the draws; rows in another order draw other values.

    Returns
    -------
    ndarray, shape (n_accounts, n_tiers)
        Shares, NaN where a quantile is missing.

    Raises
    ------
    UsageError
        If there is no draw, or as in `tier_probabilities`.

    Examples
    --------
    >>> quantiles = np.array([[0.0, 0.0, 50.0, 100.0, 200.0]])
    >>> sampled_tiers(quantiles, np.array([100.0, 50.0]), draws=4_000, seed=0).round(1)
    array([[0.2, 0.2, 0.5]])
    """
    if draws < 1:
        problem = "chances are counted over one draw or more"
        raise UsageError(problem, received=f"{draws} draws")
    lines = _checked(quantiles, thresholds)
    knots, generator = _knots(quantiles), np.random.default_rng(seed)
    rows, counts = np.arange(len(knots)), np.zeros((len(knots), lines.shape[1] + 1))
    for _ in range(draws):
        level = generator.random(len(knots))
        piece = np.searchsorted(_KNOT_LEVELS, level, side="right") - 1
        start, width = _KNOT_LEVELS[piece], np.diff(_KNOT_LEVELS)[piece]
        low, high = knots[rows, piece], knots[rows, piece + 1]
        value = low + (high - low) * (level - start) / width
        counts[rows, tier_of(value, lines)] += 1.0
    counts[~_known(quantiles)] = np.nan
    return counts / draws


def tier_of(value: Floats, thresholds: Floats) -> Positions:
    """Return in which tier a value stands: below as many lines as it does not reach.

    Examples
    --------
    >>> tier_of(np.array([120.0, 100.0, 99.0, 0.0]), np.array([100.0, 50.0])).tolist()
    [0, 0, 1, 2]
    """
    found: Positions = (value[:, np.newaxis] < thresholds).sum(axis=1, dtype=np.int64)
    return found


def _checked(quantiles: Floats, thresholds: Floats) -> Floats:
    """Return the thresholds of every account, once they are sure to make sense."""
    parts = len(QUANTILE_PARTS)
    if quantiles.ndim != 2 or quantiles.shape[1] != parts:
        problem = f"the law of a value is known by {parts} quantiles an account"
        raise UsageError(problem, received=f"shape {quantiles.shape}")
    if thresholds.ndim not in {1, 2} or thresholds.shape[:-1] not in {(), (len(quantiles),)}:
        problem = "thresholds are the same for all accounts, or one row for each"
        raise UsageError(problem, received=f"shape {thresholds.shape} of {len(quantiles)} accounts")
    if np.isnan(thresholds).any() or (thresholds[..., 1:] > thresholds[..., :-1]).any():
        problem = "the threshold of a tier is a number, never above that of a higher tier"
        hint = "take inf for a tier that nobody reaches"
        raise UsageError(problem, received=f"{thresholds.tolist()[:3]} ...", hint=hint)
    return np.broadcast_to(thresholds, (len(quantiles), thresholds.shape[-1]))


def _known(quantiles: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(quantiles).all(axis=1))


def _knots(quantiles: Floats) -> Floats:
    """Return the values at `_KNOT_LEVELS`: the quantiles in order, and where the tails end."""
    inner = np.sort(quantiles, axis=1)
    lowest, highest = inner[:, :1], inner[:, -1:]
    return np.hstack([lowest - np.abs(lowest), inner, highest + np.abs(highest)])


def _chance_below(knots: Floats, lines: Floats) -> Floats:
    """Return the chance of a value below each line: of each piece, the part that lies below it."""
    twentieths = np.zeros(lines.shape)
    for piece, weight in enumerate(_TWENTIETHS):
        low, high = knots[:, piece, np.newaxis], knots[:, piece + 1, np.newaxis]
        width = high - low
        # A piece without width is a point mass; it lies below a line or stands on it, undivided.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            part = np.where(width > 0.0, (lines - low) / width, lines > low)
        twentieths += weight * np.clip(part, 0.0, 1.0)
    return twentieths / sum(_TWENTIETHS)


def _chunks(rows: int) -> Iterator[slice]:
    """Yield slices of rows that are worked on at a time, so that a large book needs little memory."""
    for start in range(0, rows, _ROWS_AT_A_TIME):
        yield slice(start, start + _ROWS_AT_A_TIME)
