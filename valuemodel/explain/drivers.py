"""The drivers table: what each account's predictions are made of, in money and probability.

Why this way: a row per feature would be fifty rows per account and head, and nobody reads past the
largest. So the largest stand alone and the others are summed per group; rows still add up to the
prediction, sums per group stay exact, and the exact mean size of every feature goes into the small
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
from valuemodel.explain.contributions import (
    Floats,
    ShownContributions,
    contributions_in_shown_unit,
)
from valuemodel.explain.wording import shown_value
from valuemodel.features.catalog import Feature
from valuemodel.features.registry import GROUPS

Head = Literal["value", "churn"]

#: Rows of the drivers table that are not features.
BASE, OTHER, REST = "(base)", "(other)", "(rest)"
#: The row of the importance table that holds a whole group.
WHOLE = "(all)"

DRIVER_COLUMNS = (
    "account_id", "as_of", "head", "horizon", "group", "feature", "contribution", "shown_value",
    "rank",
)  # fmt: skip
IMPORTANCE_COLUMNS = ("head", "horizon", "group", "feature", "label", "mean_abs", "accounts")

_KEEP = 8
_CHUNK = 10_000
_NOISE = 1e-9


@dataclass(frozen=True)
class Explanation:
    """What the predictions are made of.

    Parameters
    ----------
    drivers : DataFrame
        Per account and head: a base row (rank 0), the largest features (rank 1, 2, ...) and the sum
        of the others per group; ``contribution`` is money or probability and adds up to the
        prediction.
    importance : DataFrame
        Per head and group, and per head and feature: the mean absolute contribution.
    """

    drivers: pd.DataFrame
    importance: pd.DataFrame


@dataclass(frozen=True)
class _Columns:
    """The features of a dataset, and which group each belongs to."""

    features: Sequence[Feature]
    groups: list[str]
    member: npt.NDArray[np.int64]
    currency: str


def explain_accounts(
    parts_of: Callable[[Head, pd.DataFrame], LinkParts],
    dataset: Dataset,
    shown: Mapping[Head, Floats],
    *,
    names: Sequence[str],
    horizon: str,
    currency: str,
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

    Returns
    -------
    Explanation
        The `drivers` and `importance` tables.
    """
    catalog = {feature.name: feature for feature in dataset.features}
    features = [catalog[name] for name in names]
    order = list(dict.fromkeys(feature.group for feature in features))
    member = np.array([order.index(feature.group) for feature in features], dtype=np.int64)
    columns = _Columns(features, order, member, currency)
    tables: list[pd.DataFrame] = []
    sizes = {head: np.zeros(len(names) + len(order)) for head in shown}
    for start in range(0, len(dataset.X), _CHUNK):
        rows = slice(start, start + _CHUNK)
        X, keys = dataset.X.iloc[rows], dataset.keys.iloc[rows]
        for head in shown:
            told = ~np.isnan(shown[head][rows])
            split = contributions_in_shown_unit(parts_of(head, X[told]), shown[head][rows][told])
            tables.append(_driver_rows(split, X[told], keys[told], columns).assign(head=head))
            by_group = split.features @ _membership(columns)
            sizes[head] += np.abs(np.hstack([split.features, by_group])).sum(axis=0)
    drivers = _assemble(tables).assign(horizon=horizon)[list(DRIVER_COLUMNS)]
    accounts = {head: int((~np.isnan(predicted)).sum()) for head, predicted in shown.items()}
    return Explanation(drivers, _importance(sizes, columns, horizon, accounts))


def _membership(columns: _Columns) -> Floats:
    return np.eye(len(columns.groups))[columns.member]


def _driver_rows(
    split: ShownContributions, X: pd.DataFrame, keys: pd.DataFrame, columns: _Columns
) -> pd.DataFrame:
    """Build base, largest, other and rest rows of one head, each with its account's position."""
    n, p = split.features.shape
    keep = min(_KEEP, p)
    largest = np.argsort(-np.abs(split.features), axis=1, kind="stable")[:, :keep]
    others = split.features.copy()
    np.put_along_axis(others, largest, 0.0, axis=1)
    names = np.array([feature.name for feature in columns.features], dtype=object)
    groups = np.array(columns.groups, dtype=object)
    own = np.take_along_axis(split.features, largest, axis=1)
    everyone = np.arange(n)
    scale = np.abs(split.base) + np.abs(split.features).sum(axis=1) + np.abs(split.rest)
    parts = [
        _rows(everyone, BASE, BASE, split.base).assign(rank=0),
        _rows(
            np.repeat(everyone, keep),
            groups[columns.member[largest.ravel()]],
            names[largest.ravel()],
            own.ravel(),
        ).assign(rank=np.tile(np.arange(1, keep + 1), n), shown_value=_shown(X, largest, columns)),
        _nonzero(_grouped(others @ _membership(columns), groups), 0.0),
        _nonzero(_rows(everyone, REST, REST, split.rest), _NOISE * scale),
    ]
    rows = pd.concat(parts, ignore_index=True)
    at = rows.pop("at").to_numpy()
    key = keys.iloc[at].reset_index(drop=True)
    rows = rows.assign(
        account_id=key["account_id"], as_of=key["cutoff"], rank=rows["rank"].astype("Int64")
    )
    ordered: pd.DataFrame = rows.iloc[np.lexsort((rows["rank"].fillna(keep + 1).to_numpy(), at))]
    return ordered


def _rows(at: object, group: object, feature: object, contribution: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"at": at, "group": group, "feature": feature, "contribution": contribution}
    )


def _grouped(sums: Floats, groups: npt.NDArray[np.object_]) -> pd.DataFrame:
    n, g = sums.shape
    return _rows(np.repeat(np.arange(n), g), np.tile(groups, n), OTHER, sums.ravel())


def _nonzero(rows: pd.DataFrame, at_least: Floats | float) -> pd.DataFrame:
    return rows[rows["contribution"].abs() > at_least]


def _shown(X: pd.DataFrame, largest: npt.NDArray[np.int64], columns: _Columns) -> list[str]:
    values = [X[feature.name].to_list() for feature in columns.features]
    return [
        shown_value(values[column][row], columns.features[column], columns.currency)
        for row, line in enumerate(largest.tolist())
        for column in line
    ]


def _assemble(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put chunks together, one account's heads beside each other."""
    text = ["group", "feature", "shown_value", "head"]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in DRIVER_COLUMNS})
    table = pd.concat(tables, ignore_index=True).astype(dict.fromkeys(text, "str"))
    heads = {head: number for number, head in enumerate(get_args(Head))}
    order = np.lexsort((table["head"].map(heads), table["account_id"].factorize()[0]))
    return table.iloc[order].reset_index(drop=True)


def _importance(
    sizes: Mapping[Head, Floats], columns: _Columns, horizon: str, accounts: Mapping[Head, int]
) -> pd.DataFrame:
    groups = [columns.groups[number] for number in columns.member]
    table = {
        "group": [*groups, *columns.groups],
        "feature": [feature.name for feature in columns.features] + [WHOLE] * len(columns.groups),
        "label": [feature.label for feature in columns.features]
        + [GROUPS.get(group, group) for group in columns.groups],
    }
    parts = [
        pd.DataFrame(table).assign(
            head=head,
            horizon=horizon,
            mean_abs=size / max(accounts[head], 1),
            accounts=accounts[head],
        )
        for head, size in sizes.items()
    ]
    return pd.concat(parts, ignore_index=True)[list(IMPORTANCE_COLUMNS)]
