"""The drivers table: what each account's predictions are made of, in money and probability.

A driver is a feature, or a family of features that say the same thing in several ways (see `families`);
its contribution is the sum of its members' parts. What calibration changes, and what the model does last
of all, have rows of their own.

Why this way: a row per feature would be fifty rows per account and head, and nobody reads past the
largest. So the largest drivers stand alone and the others are summed per group; rows still add up to
the prediction, sums per group stay exact, and the exact mean size of every feature goes into the small
`importance` table before anything is summed away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.link import LinkParts
from valuemodel.explain.columns import Columns, columns_of
from valuemodel.explain.contributions import (
    Floats,
    ShownContributions,
    average_parts,
    centred,
    contributions_in_shown_unit,
)
from valuemodel.explain.families import LAW, summed
from valuemodel.explain.importance import CALIBRATION, importance, sizes
from valuemodel.explain.wording import rhythm, shown_value

Head = Literal["value", "churn"]
PartsOf = Callable[[Head, pd.DataFrame], LinkParts]
Places = npt.NDArray[np.int64]

#: Rows of the drivers table that are not features; calibration is one more.
BASE, OTHER, REST = "(base)", "(other)", "(rest)"

DRIVER_COLUMNS = (
    "account_id", "as_of", "head", "horizon", "group", "feature", "contribution", "shown_value",
    "rank", "driver", "members", "stable",
)  # fmt: skip

_KEEP = 8
_CHUNK = 10_000
_AVERAGED = 2_000
_NOISE = 1e-9


@dataclass(frozen=True)
class Explanation:
    """What the predictions are made of.

    Parameters
    ----------
    drivers : DataFrame
        Per account and head: a base row (rank 0), the largest drivers (rank 1, 2, ...), the sum of
        the others per group, and what calibration changes; ``contribution`` is money or probability
        and adds up to the prediction. ``driver`` is a feature or a family, ``members`` how many
        features its contribution sums up, and ``feature`` the one of them whose value is shown.
        ``stable`` is missing until `agreement.mark_stable` fills it in.
    importance : DataFrame
        Per head and group, and per head and feature: the mean absolute contribution.
    """

    drivers: pd.DataFrame
    importance: pd.DataFrame


def explain_accounts(
    parts_of: PartsOf,
    dataset: Dataset,
    shown: Mapping[Head, Floats],
    *,
    names: Sequence[str],
    horizon: str,
    currency: str,
    book: pd.DataFrame | None = None,
) -> Explanation:
    """Explain the predictions of all accounts of a dataset.

    Parameters
    ----------
    parts_of : callable
        From a head and features to the estimator's `LinkParts` for the horizon.
    dataset : Dataset
        The accounts to explain, in the order of ``shown``.
    shown : mapping
        Per head, the predictions as they are stored; accounts where it is missing are passed over.
    names : sequence of str
        The features in the order of the parts.
    horizon : str
        The label of the tier horizon.
    currency : str
        The project's currency.
    book : DataFrame, optional
        Features of the accounts whose average all are told from; by default those of the dataset. Two
        thousand of them are enough, drawn evenly.

    Returns
    -------
    Explanation
        The `drivers` and `importance` tables.
    """
    tables: list[pd.DataFrame] = []
    heard: list[pd.DataFrame] = []
    for head, predicted in shown.items():
        told = np.flatnonzero(~np.isnan(predicted))
        average = average_parts(parts_of(head, _evenly(dataset.X if book is None else book)))
        for start in range(0, len(told), _CHUNK):
            rows = told[start : start + _CHUNK]
            X, keys = dataset.X.iloc[rows], dataset.keys.iloc[rows]
            parts = centred(parts_of(head, X), average)
            columns = columns_of(parts, names, dataset.features, currency)
            split = contributions_in_shown_unit(parts, predicted[rows])
            tables.append(_driver_rows(split, X, keys, columns).assign(head=head))
            heard.append(sizes(split, columns).assign(head=head, accounts=len(told)))
    drivers = _assemble(tables).assign(horizon=horizon)[list(DRIVER_COLUMNS)]
    return Explanation(drivers, importance(heard, horizon))


def _evenly(X: pd.DataFrame) -> pd.DataFrame:
    """Take at most two thousand rows, as far apart from one another as can be."""
    most = min(len(X), _AVERAGED)
    return X.iloc[np.linspace(0, max(len(X) - 1, 0), most).astype(np.int64)]


def _driver_rows(
    split: ShownContributions, X: pd.DataFrame, keys: pd.DataFrame, columns: Columns
) -> pd.DataFrame:
    """Build base, largest, other and closing rows of one head, each with its account's position."""
    sums = summed(split.features, columns.drivers)
    n, keep = len(sums), min(_KEEP, len(columns.drivers))
    largest = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :keep]
    others = sums.copy()
    np.put_along_axis(others, largest, 0.0, axis=1)
    everyone = np.arange(n)
    scale = np.abs(split.base) + np.abs(split.features).sum(axis=1) + np.abs(split.rest)
    parts = [
        _rows(everyone, BASE, BASE, split.base).assign(rank=0),
        _largest_rows(sums, largest, _speakers(split.features, sums, columns), X, columns),
        _nonzero(_grouped(summed(others, columns.gathered), columns.groups), 0.0),
        _nonzero(_rows(everyone, CALIBRATION, CALIBRATION, split.calibration), _NOISE * scale),
        _nonzero(_rows(everyone, REST, REST, split.rest), _NOISE * scale),
    ]
    rows = pd.concat(parts, ignore_index=True)
    at = rows.pop("at").to_numpy()
    key = keys.iloc[at].reset_index(drop=True)
    rows = rows.assign(
        account_id=key["account_id"],
        as_of=key["cutoff"],
        rank=rows["rank"].astype("Int64"),
        members=rows["members"].astype("Int64"),
    )
    ordered: pd.DataFrame = rows.iloc[np.lexsort((rows["rank"].fillna(keep + 1).to_numpy(), at))]
    return ordered


def _largest_rows(
    sums: Floats,
    largest: Places,
    speaker: Places,
    X: pd.DataFrame,
    columns: Columns,
) -> pd.DataFrame:
    """Build the rows of the largest drivers, each with the member that speaks for it."""
    n, keep = largest.shape
    chosen = [columns.drivers[place] for place in largest.ravel()]
    speaking = np.take_along_axis(speaker, largest, axis=1)
    rows = _rows(
        np.repeat(np.arange(n), keep),
        np.array([driver.group for driver in chosen], dtype=object),
        np.array(columns.names, dtype=object)[speaking.ravel()],
        np.take_along_axis(sums, largest, axis=1).ravel(),
    )
    return rows.assign(
        rank=np.tile(np.arange(1, keep + 1), n),
        shown_value=_shown(X, speaking, columns),
        driver=[driver.name for driver in chosen],
        members=[len(driver.members) for driver in chosen],
    )


def _speakers(features: Floats, sums: Floats, columns: Columns) -> Places:
    """Return per account and driver the member with the largest part on the side of the sum."""
    speaker = np.empty(sums.shape, dtype=np.int64)
    for number, driver in enumerate(columns.drivers):
        places = np.array(driver.members)
        side = np.where(sums[:, number] < 0, -1.0, 1.0)[:, None]
        speaker[:, number] = places[np.argmax(features[:, places] * side, axis=1)]
    return speaker


def _rows(at: object, group: object, feature: object, contribution: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"at": at, "group": group, "feature": feature, "contribution": contribution}
    )


def _grouped(sums: Floats, groups: Sequence[str]) -> pd.DataFrame:
    n, names = len(sums), np.array(groups, dtype=object)
    return _rows(np.repeat(np.arange(n), len(names)), np.tile(names, n), OTHER, sums.ravel())


def _nonzero(rows: pd.DataFrame, at_least: Floats | float) -> pd.DataFrame:
    return rows[rows["contribution"].abs() > at_least]


def _shown(X: pd.DataFrame, speaking: Places, columns: Columns) -> list[str]:
    """Say the value of each speaking feature; a law has none, and what it read is said instead."""
    values = [
        X[feature.name].to_list() if feature.name in X else None for feature in columns.features
    ]
    law = rhythm(X) if LAW in columns.groups else []

    def said(row: int, place: int) -> str:
        feature, known = columns.features[place], values[place]
        if known is None:
            return law[row] if feature.group == LAW else ""
        return shown_value(known[row], feature, columns.currency)

    return [said(row, place) for row, line in enumerate(speaking.tolist()) for place in line]


def _assemble(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put chunks together, one account's heads beside each other."""
    text = ["group", "feature", "shown_value", "driver", "head"]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in DRIVER_COLUMNS})
    table = pd.concat(tables, ignore_index=True)
    table["driver"] = table["driver"].fillna(table["feature"])
    table = table.astype(dict.fromkeys(text, "str"))
    table["stable"] = pd.array([None] * len(table), dtype="boolean")
    heads = {head: number for number, head in enumerate(get_args(Head))}
    order = np.lexsort((table["head"].map(heads), table["account_id"].factorize()[0]))
    return table.iloc[order].reset_index(drop=True)
