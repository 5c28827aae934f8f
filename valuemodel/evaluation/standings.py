"""Where the challenger stands: every candidate's figures at each judged cutoff, column by column.

For each cutoff and figure the challenger is set beside the best of all other candidates, with the
interval of the difference from a bootstrap over accounts that is paired. It is *surely ahead* where
it is better than every other one beyond noise, and *surely behind* where any other one is better
beyond noise.

Why this way: one average over figures hides what was given up for what. A column that was lost is told
in the same words and at the same place as one that was won.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import pandas as pd

from valuemodel.evaluation.bootstrap import Estimate, PairedBootstrap, Resampling
from valuemodel.exceptions import UsageError
from valuemodel.metrics.directions import badness
from valuemodel.periods import Cutoff

Standing = Literal["surely ahead", "ahead", "level", "behind", "surely behind", ""]

SHOWN: Mapping[str, tuple[str, ...]] = {
    "value": (
        "normalised_gini",
        "spearman",
        "top_decile_of_perfect",
        "decile_mape",
        "bias",
        "mae_to_mean",
    ),
    "churn": ("auc", "log_loss"),
}
"""The figures of the table, by target, in the order of its columns."""

STANDING_COLUMNS = [
    *("cutoff", "horizon", "model", "accounts", "target", "metric", "figure", "low", "high"),
    *("standing", "rival", "gain", "gain_low", "gain_high"),
]  # fmt: skip


def standings(
    table: pd.DataFrame, challenger: str, horizon: str, resampling: Resampling
) -> pd.DataFrame:
    """Lay out the figures of every candidate, and where the challenger stands among them.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    challenger : str
        The model that is to be ahead; all others are its rivals.
    horizon : str
        The label of the tier horizon.
    resampling : Resampling
        Draws, confidence and seed.

    Returns
    -------
    pandas.DataFrame
        `STANDING_COLUMNS`; one row per cutoff, model and figure of `SHOWN`. ``low`` and ``high`` are
        the interval of the figure. In the rows of the challenger, ``standing`` says how it compares,
        ``rival`` is the best of the others and ``gain`` by how much the challenger is better than
        that one, whichever way is good, with its interval; in all other rows these are empty.

    Raises
    ------
    UsageError
        If the challenger was not judged on that horizon.

    Examples
    --------
    >>> came = [0.0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    >>> rows = {"fold": 0, "cutoff": pd.Timestamp("2020-01-01"), "account_id": list("abcdefghij")}
    >>> rows |= {"target": "value", "horizon": "1y", "y_true": came}
    >>> ours = pd.DataFrame(rows | {"y_pred": came, "model": "ours"})
    >>> past = pd.DataFrame(rows | {"y_pred": came[::-1], "model": "past_value"})
    >>> found = standings(pd.concat([ours, past]), "ours", "1y", Resampling(draws=50))
    >>> found.set_index(["model", "metric"]).loc[
    ...     ("ours", "spearman"), ["figure", "standing", "gain"]
    ... ]
    figure               1.0
    standing    surely ahead
    gain                 2.0
    Name: (ours, spearman), dtype: object
    """
    chosen = table[table["horizon"] == horizon]
    if challenger not in set(chosen["model"]):
        problem = f"the backtest table has no {challenger!r} over {horizon}"
        received = ", ".join(sorted(chosen["model"].unique())) or "nothing"
        raise UsageError(problem, received=received, hint="name a candidate of the backtest")
    rows = [
        (Cutoff(at.to_pydatetime()).text, horizon, *row)
        for at in sorted(chosen["cutoff"].unique())
        for row in _of_cutoff(chosen[chosen["cutoff"] == at], challenger, horizon, resampling)
    ]
    return pd.DataFrame(rows, columns=STANDING_COLUMNS)


def _of_cutoff(
    part: pd.DataFrame, challenger: str, horizon: str, resampling: Resampling
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of one cutoff, candidates in the order in which they were judged."""
    models = [str(name) for name in part["model"].unique()]
    there = [target for target in SHOWN if (part["target"] == target).any()]
    boots = {
        target: PairedBootstrap(part, target, horizon, resampling, SHOWN[target])
        for target in there
    }
    for model in models:
        for target, boot in boots.items():
            for metric in SHOWN[target]:
                found = boot.figure(model, metric)
                told = (model, boot.accounts, target, metric, found.value, found.low, found.high)
                yield *told, *_compared(boot, model if model == challenger else "", metric)


def _compared(
    boot: PairedBootstrap, challenger: str, metric: str
) -> tuple[Standing, str, float, float, float]:
    """Say where the challenger stands, and by how much it is better than the best of the others."""
    others = [name for name in boot.models if name != challenger] if challenger else []
    figures = {name: badness(metric, boot.figure(name, metric).value) for name in others}
    known = {name: figure for name, figure in figures.items() if figure == figure}  # noqa: PLR0124
    if not known:
        return "", "", float("nan"), float("nan"), float("nan")
    rival = min(known, key=lambda name: known[name])
    gains = {name: boot.gain(challenger, name, metric) for name in known}
    gain = gains[rival]
    return _standing(list(gains.values()), gain), rival, gain.value, gain.low, gain.high


def _standing(gains: list[Estimate], over_best: Estimate) -> Standing:
    if any(gain.high < 0 for gain in gains):
        return "surely behind"
    if all(gain.low > 0 for gain in gains):
        return "surely ahead"
    if over_best.value == 0:
        return "level"
    return "ahead" if over_best.value > 0 else "behind"
