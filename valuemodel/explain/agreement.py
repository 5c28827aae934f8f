"""Do reasons survive when the model is fitted again? How far explanations of several fits agree.

A model that is fitted again on other accounts predicts much the same and may give other reasons. For
accounts that are explained by both, three figures say how far reasons agree: which share of the three
largest drivers is the same (Jaccard overlap), how often the sign of a driver is the same, and how well
the groups keep their order of importance. And since a single account's reasons are what people read,
the share of refits in which a driver of a place and a sign *held* (the same sign, and still among the
six largest, which is as many as are told) is kept per driver, sign and place.

Why this way: refits are dear and cannot be carried along to every scoring, so what is marked at scoring
is a kind of reason, not one account's: "the value in last year's season, as second reason up" held in
so many of the refits, over the accounts that were looked at. Kinds that were seen too rarely are judged
by their place alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

#: A reason is stable where it held in this share of the refits or more.
STABLE_FROM = 0.8
TOP, TOLD = 3, 6
FEWEST_SEEN = 20

#: The columns of the table of what held, with their types; driver "" stands for any driver.
HELD_TYPES = {
    "head": "str",
    "driver": "str",
    "way": "str",
    "place": "str",
    "seen": "int64",
    "held": "float64",
}
_ANY = ""
_PLACES = ("first", "second or third", "further down")


@dataclass(frozen=True)
class Agreement:
    """How far refits agree with the model whose reasons are told, for one head.

    Parameters
    ----------
    top_overlap : float
        Mean Jaccard overlap of the three largest drivers of an account, over accounts and refits.
    same_sign : float
        In which share of accounts and refits one of those drivers keeps its sign.
    order : float
        Mean rank correlation of the drivers by their mean size.
    held : DataFrame
        Columns `HELD_TYPES` without ``head``: ``seen`` reasons of a kind, and in which share of
        their refits they held.
    """

    top_overlap: float
    same_sign: float
    order: float
    held: pd.DataFrame

    @property
    def figures(self) -> dict[str, float]:
        """The three figures by name."""
        return {
            "top_overlap": self.top_overlap,
            "same_sign": self.same_sign,
            "order": self.order,
        }


def agreement(told: pd.DataFrame, refits: Sequence[pd.DataFrame]) -> Agreement:
    """Compare the drivers of the same accounts by a model and by refits of it.

    Parameters
    ----------
    told : DataFrame of shape (accounts, drivers)
        The contributions of the model whose reasons are told.
    refits : sequence of DataFrame
        Those of the refits; a driver that a refit does not have contributes nothing there.

    Returns
    -------
    Agreement
        All figures NaN where there is nothing to compare.

    Examples
    --------
    >>> told = pd.DataFrame({"a": [5.0], "b": [-2.0], "c": [1.0], "d": [0.1]})
    >>> again = pd.DataFrame({"a": [4.0], "b": [3.0], "c": [0.1], "d": [1.0]})
    >>> found = agreement(told, [again])
    >>> found.top_overlap, round(found.same_sign, 2)
    (0.5, 0.67)
    """
    own = told.to_numpy("float64")
    others = [again.reindex(columns=told.columns).fillna(0.0).to_numpy() for again in refits]
    if not own.size or not others:
        nothing = float("nan")
        return Agreement(nothing, nothing, nothing, _held_table([], told.columns))
    place = _places(own)
    top = (place < TOP) & (own != 0)
    signs = [np.sign(again) == np.sign(own) for again in others]
    held = [same & (_places(again) < TOLD) for same, again in zip(signs, others, strict=True)]
    overlap = [_jaccard(top, (_places(again) < TOP) & (again != 0)) for again in others]
    order = [_rank_correlation(np.abs(own).mean(axis=0), np.abs(a).mean(axis=0)) for a in others]
    return Agreement(
        float(np.mean(overlap)),
        float(np.mean([same[top].mean() for same in signs])) if top.any() else 1.0,
        float(np.mean(order)),
        _held_table(_kinds(own, place, np.mean(held, axis=0)), told.columns),
    )


def mark_stable(drivers: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Fill ``stable`` of the drivers table: whether reasons of this kind held in the refits.

    Parameters
    ----------
    drivers : DataFrame
        From `valuemodel.explain.drivers.explain_accounts`.
    held : DataFrame
        Columns `HELD_TYPES`; empty where nothing was measured, which leaves all missing.
    """
    if held.empty:
        return drivers
    rank = drivers["rank"].to_numpy("float64", na_value=np.nan)
    told = rank > 0
    key = ["head", "driver", "way", "place"]
    kinds = pd.DataFrame(
        {
            "head": drivers["head"],
            "driver": drivers["driver"],
            "way": _way(drivers["contribution"].to_numpy()),
            "place": _place_names(np.where(told, rank - 1, 0)),
        }
    )
    often = held[held["seen"] >= FEWEST_SEEN]
    share = kinds.merge(often, on=key, how="left")["held"].to_numpy("float64")
    anyone = kinds.assign(driver=_ANY).merge(held, on=key, how="left")["held"].to_numpy("float64")
    share = np.where(np.isnan(share), anyone, share)
    stable = pd.array(share >= STABLE_FROM, dtype="boolean")
    stable[~told | np.isnan(share)] = pd.NA
    return drivers.assign(stable=stable)


def _places(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return each driver's place by size within its account, 0 for the largest."""
    order = np.argsort(-np.abs(parts), axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(parts.shape[1])[None, :], axis=1)
    return place


def _jaccard(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    both, either = (one & other).sum(axis=1), (one | other).sum(axis=1)
    return float(np.divide(both, either, out=np.ones(len(one)), where=either > 0).mean())


def _rank_correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Correlate the ranks; sizes that are all the same have no order to lose."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 1.0
    return float(pd.Series(one).corr(pd.Series(other), method="spearman"))


def _kinds(
    own: npt.NDArray[np.float64], place: npt.NDArray[np.int64], held: npt.NDArray[np.float64]
) -> list[pd.DataFrame]:
    """List every reason that is told, with its kind and the share of refits in which it held."""
    rows, columns = np.nonzero((place < TOLD) & (own != 0))
    table = pd.DataFrame(
        {
            "driver": columns,
            "way": _way(own[rows, columns]),
            "place": _place_names(place[rows, columns]),
            "held": held[rows, columns],
        }
    )
    return [table, table.assign(driver=-1)]


def _held_table(kinds: list[pd.DataFrame], names: pd.Index[str]) -> pd.DataFrame:
    types = {name: kind for name, kind in HELD_TYPES.items() if name != "head"}
    if not kinds:
        return pd.DataFrame(columns=list(types)).astype(types)
    grouped = pd.concat(kinds).groupby(["driver", "way", "place"])["held"]
    table = grouped.agg(seen="size", held="mean").reset_index()
    table["driver"] = [_ANY if number < 0 else str(names[number]) for number in table["driver"]]
    return table[list(types)].astype(types)


def _way(contribution: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    return np.where(contribution < 0, "down", "up").astype(object)


def _place_names(place: npt.NDArray[np.number]) -> npt.NDArray[np.object_]:
    step = np.searchsorted([1, TOP], place, side="right")
    return np.array(_PLACES, dtype=object)[step]
