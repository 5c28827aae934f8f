"""Whether the chances of tiers hold what they promise, at cutoffs that nobody had seen.

At every judged cutoff the accounts are ranked by their predictions and the lines of the policy's ladder
are drawn, in money: predicted value alone, whatever else a policy scores, and as if nobody had been in a
tier before. Of a sample of accounts the chance of every tier is counted over draws from the law
that was predicted of their value, and set beside what came: did the value lie between the lines of the
tier? Accounts are put into bands by the chance that was promised; in each, the share that came has a
95 % interval (Wilson's). It takes accounts as independent, so where a whole season was off, the single
cutoffs tell more than all of them together.

Why this way: a chance cannot be checked on one account, a hundred chances of 40 % can. The chances are
drawn and not computed, so that the sums behind the stored ones are checked along with the law.

References
----------
Murphy and Winkler, Reliability of Subjective Probability Forecasts of Precipitation and Temperature,
Applied Statistics 1977 (reliability by bands).
Naeini, Cooper and Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI 2015
(the expected calibration error).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from valuemodel.evaluation.policy_baselines import ladder_of
from valuemodel.metrics.arrays import FloatArray, IntArray
from valuemodel.metrics.proportions import wilson
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.assignment import assign
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.probability import (
    QUANTILE_PARTS,
    sampled_tiers,
    tier_of,
    tier_thresholds,
)

ALL = "all"
"""Stands for all cutoffs together in the column ``cutoff``."""

BAND_EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Where the bands of promised chances begin and end; the last one holds its end too."""

CALIBRATION_TYPES = {
    "cutoff": "str",
    "tier": "str",
    "bin_low": "float64",
    "bin_high": "float64",
    "accounts": "int64",
    "promised": "float64",
    "happened": "float64",
    "low": "float64",
    "high": "float64",
}
"""The columns of the table, in order, with their pandas types."""

_PAST_VALUE = "past_value"
_QUANTILES = [f"y_{part}" for part in QUANTILE_PARTS]


class _Band(NamedTuple):
    """What was promised and what came in one band of one tier."""

    bin_low: float
    bin_high: float
    promised: float
    happened: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Nothing where it held, or else which way it was wrong."""
        if self.promised > self.high:
            return ", promised too much"
        return ", promised too little" if self.promised < self.low else ""

    @property
    def words(self) -> str:
        """The band in words."""
        return (
            f"where {100 * self.bin_low:.0f}-{100 * self.bin_high:.0f} % was promised "
            f"({_percent(self.promised)} on average), {_percent(self.happened)} came "
            f"({_percent(self.low)} to {_percent(self.high)}){self.verdict}"
        )


class _Sampled(NamedTuple):
    """The sampled accounts of one cutoff: the chance of each tier, and the tier that came."""

    cutoff: str
    promised: FloatArray
    came: IntArray


def tier_calibration(
    table: pd.DataFrame,
    policy: TierPolicy,
    *,
    model: str,
    horizon: Horizon,
    sample: int = 2000,
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Set the chances of tiers that a model promised beside what came.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table with ``y_q05`` to ``y_q95``; accounts without them are ranked, and
        not sampled. Values of the model "past_value" break ties where the table has them.
    policy : TierPolicy
        The rules that tiers are cut by.
    model : str
        The model by which accounts are tiered.
    horizon : Horizon
        The tier horizon.
    sample : int
        How many accounts of each cutoff are looked at, at the most.
    draws : int
        How often the value of each is drawn.
    seed : int
        Of the sample and of the draws.

    Returns
    -------
    pandas.DataFrame
        `CALIBRATION_TYPES`, a row for each cutoff and then for ``"all"`` of them, each tier, and each
        band that holds an account: how many ``accounts``, the mean chance that was ``promised``, the
        share that ``happened`` and its 95 % interval, ``low`` to ``high``. No row where the model has
        no quantiles.

    Examples
    --------
    >>> rows = {"fold": 0, "cutoff": pd.Timestamp("2020-01-01"), "account_id": list("abcd")}
    >>> rows |= {"target": "value", "horizon": "1y", "model": "m"}
    >>> rows |= {"y_true": [60.0, 0.0, 30.0, 10.0], "y_pred": [50.0, 5.0, 40.0, 5.0]}
    >>> rows |= {f"y_{part}": [10.0 * (n + 1)] * 4 for n, part in enumerate(QUANTILE_PARTS)}
    >>> tiers = [{"name": "key", "share_of_value": 0.5}, {"name": "other"}]
    >>> found = tier_calibration(
    ...     pd.DataFrame(rows),
    ...     TierPolicy.parse({"version": "1", "tiers": tiers}),
    ...     model="m",
    ...     horizon=Horizon.parse("1 year"),
    ... )
    >>> found.loc[found.cutoff == ALL, ["tier", "bin_low", "bin_high", "accounts", "happened"]]
        tier  bin_low  bin_high  accounts  happened
    2    key      0.0       0.1         4      0.25
    3  other      0.9       1.0         4      0.75
    """
    chosen = table[(table["target"] == "value") & (table["horizon"] == horizon.label)]
    own = chosen[chosen["model"] == model].reindex(columns=[*table.columns, *_absent(table)])
    past = chosen.loc[chosen["model"] == _PAST_VALUE, ["fold", "account_id", "y_pred"]]
    own = own.merge(past.rename(columns={"y_pred": "past"}), on=["fold", "account_id"], how="left")
    folds = [
        _sampled(rows.sort_values("account_id", ignore_index=True), policy, sample, draws, one_seed)
        for one_seed, (_, rows) in enumerate(own.groupby("fold", sort=True), start=seed)
    ]
    folds = [one for one in folds if len(one.came)]
    if not folds:
        return pd.DataFrame(columns=list(CALIBRATION_TYPES)).astype(CALIBRATION_TYPES)
    promised, came = (np.concatenate([one[place] for one in folds]) for place in (1, 2))
    every = [*folds, _Sampled(ALL, promised, came)]
    rows = pd.concat([_reliability(one, policy) for one in every], ignore_index=True)
    return rows.astype(CALIBRATION_TYPES)


def calibration_lines(found: pd.DataFrame) -> Iterator[str]:
    """Say whether the chances of the first tier held, and how far all of them were off.

    A band held where the mean of what was promised lies in the interval of what came.

    Parameters
    ----------
    found : pandas.DataFrame
        Of `tier_calibration`.

    Examples
    --------
    >>> rows = [(ALL, "A", 0.0, 0.1, 800, 0.03, 0.02, 0.01, 0.04)]
    >>> rows += [(ALL, "A", 0.3, 0.5, 200, 0.41, 0.38, 0.33, 0.44)]
    >>> rows += [(ALL, "A", 0.9, 1.0, 100, 0.97, 0.80, 0.71, 0.87)]
    >>> for line in calibration_lines(pd.DataFrame(rows, columns=list(CALIBRATION_TYPES))):
    ...     print(line)
    chances of tier A held at later cutoffs in 2 of 3 bands:
    where 0-10 % was promised (3.0 % on average), 2.0 % came (1.0 % to 4.0 %);
    where 30-50 % was promised (41 % on average), 38 % came (33 % to 44 %);
    where 90-100 % was promised (97 % on average), 80 % came (71 % to 87 %), promised too much
    chances of tiers were off by 2.8 points on average (expected calibration error of all tiers),
    those of tier A by 2.8
    """
    pooled = found[found["cutoff"] == ALL]
    if pooled.empty:
        return
    tier = str(pooled["tier"].iloc[0])
    top = pooled[pooled["tier"] == tier]
    bands = [_Band(*figures) for figures in top[list(_Band._fields)].to_numpy("float64")]
    held = sum(not one.verdict for one in bands)
    said = "; ".join(one.words for one in bands)
    yield f"chances of tier {tier} held at later cutoffs in {held} of {len(bands)} bands: {said}"
    yield (
        f"chances of tiers were off by {100 * calibration_error(pooled):.1f} points on average "
        f"(expected calibration error of all tiers), those of tier {tier} by "
        f"{100 * calibration_error(top):.1f}"
    )


def calibration_error(rows: pd.DataFrame) -> float:
    """Return how far promised chances and shares that came lie apart, the mean over accounts.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of `tier_calibration`: of one cutoff, or of all, and of one tier or several.

    Examples
    --------
    >>> rows = {"accounts": [30, 10], "promised": [0.05, 0.40], "happened": [0.07, 0.30]}
    >>> round(calibration_error(pd.DataFrame(rows)), 3)
    0.04
    """
    gaps = (rows["promised"] - rows["happened"]).abs()
    return float((gaps * rows["accounts"]).sum() / rows["accounts"].sum())


def _percent(share: float) -> str:
    return f"{100 * share:.{0 if share >= 0.0995 else 1}f} %"


def _absent(table: pd.DataFrame) -> list[str]:
    return [name for name in _QUANTILES if name not in table]


def _sampled(
    rows: pd.DataFrame, policy: TierPolicy, sample: int, draws: int, seed: int
) -> _Sampled:
    """Draw the lines of one cutoff; sample accounts that have quantiles, and their tiers."""
    score, past = (rows[name].to_numpy(np.float64) for name in ("y_pred", "past"))
    ids = rows["account_id"].astype("str").tolist()
    tiers = assign(score, np.nan_to_num(past), ids, ladder_of(policy)).tier
    lines = tier_thresholds(score, tiers, len(policy.tiers))
    quantiles = rows[_QUANTILES].to_numpy(np.float64)
    known = np.flatnonzero(np.isfinite(quantiles).all(axis=1))
    chosen = np.random.default_rng(seed).permutation(known)[:sample]
    cutoff = Cutoff(rows["cutoff"].iloc[0].to_pydatetime()).text
    promised = sampled_tiers(quantiles[chosen], lines, draws, seed)
    return _Sampled(cutoff, promised, tier_of(rows["y_true"].to_numpy(np.float64)[chosen], lines))


def _reliability(one: _Sampled, policy: TierPolicy) -> pd.DataFrame:
    """Count, tier by tier and band by band, what was promised and what came."""
    parts = [
        pd.DataFrame(
            {
                "tier": name,
                "band": np.searchsorted(BAND_EDGES[1:-1], one.promised[:, at], side="right"),
                "promised": one.promised[:, at],
                "happened": one.came == at,
            }
        )
        for at, name in enumerate(policy.names)
    ]
    found = (
        pd.concat(parts)
        .groupby(["tier", "band"], sort=False)
        .agg(
            accounts=("promised", "size"),
            promised=("promised", "mean"),
            happened=("happened", "mean"),
        )
        .reset_index()
    )
    place = found["tier"].map(policy.positions)
    found = found.assign(place=place).sort_values(["place", "band"], ignore_index=True)
    low, high = wilson(found["happened"].to_numpy("float64"), found["accounts"].to_numpy("float64"))
    return found.assign(
        cutoff=one.cutoff,
        bin_low=np.array(BAND_EDGES)[found["band"]],
        bin_high=np.array(BAND_EDGES)[found["band"] + 1],
        low=low,
        high=high,
    )[list(CALIBRATION_TYPES)]
