"""Cohorts: accounts that are alike in when they came, what they do, where and how large they are (S22, S41).

Why this way: a tier says who matters, a cohort who is alike. They answer different questions, so cohorts
are columns of their own and never part of a tier; every figure can be cut by them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.policy.labels import LabelsSection
from valuemodel.tiers.stored_tables import no_rows

NOT_KNOWN = "not known"
ALL = "all"

COHORT_TYPES: dict[str, str] = {
    "cohort": "str",
    "name": "str",
    "tier": "str",
    "accounts": "int64",
    "share_of_cohort": "float64",
    "value": "float64",
    "past": "float64",
    "churn": "float64",
}

_PREFIX = "cohort_"


def cohorts(frame: pd.DataFrame, section: LabelsSection) -> pd.DataFrame:
    """Return the cohorts of each account, a column ``cohort_<name>`` each.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    section : LabelsSection
        Which cohorts: ``first_year`` and ``first_quarter`` of the first order, ``size`` in employees,
        or a text fact such as ``industry``.

    Returns
    -------
    pandas.DataFrame
        Text on the rows of the frame, `NOT_KNOWN` where the book does not say.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"]})
    >>> facts = told.assign(first_order=pd.Timestamp(2021, 8, 1), employees=60.0, industry="toys")
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> cohorts(frame, LabelsSection()).iloc[0].tolist()
    ['2021', 'toys', 'not known', '50 to 249']
    """
    told = {f"{_PREFIX}{name}": _cohort(frame, name, section) for name in section.cohorts}
    return pd.DataFrame(told, index=frame.index).astype("str")


def cohort_table(frame: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Cut the book by cohort and tier.

    Parameters
    ----------
    frame : pandas.DataFrame
        The account frame with ``tier``.
    labels : pandas.DataFrame
        The ``cohort_<name>`` columns on the same rows.

    Returns
    -------
    pandas.DataFrame
        Columns `COHORT_TYPES`: per cohort and name (such as ``industry`` and ``toys``) a row with the
        tier `ALL`, then one per tier that occurs there; how many accounts, which share of those of
        that name, the sums of predicted and past value, and the mean churn of those whose churn is
        known. A figure that is known of none of them is missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"tier": ["A", "B"], "value": [3.0, 1.0], "past": [2.0, 0.0]})
    >>> labels = pd.DataFrame({"cohort_industry": ["toys", "toys"]})
    >>> cohort_table(frame.assign(churn=[0.1, 0.5]), labels)[["name", "tier", "value", "churn"]]
       name tier  value  churn
    0  toys  all    4.0    0.3
    1  toys    A    3.0    0.1
    2  toys    B    1.0    0.5
    """
    # A sum of fractions depends on their order to the last bit; the order of rows must not show.
    figures = ["value", "past", "churn"]
    told = frame[["tier", *figures]].sort_values(figures)
    columns = [str(name) for name in labels if str(name).startswith(_PREFIX)]
    parts = [_cut(told.assign(name=labels[column]), column) for column in columns]
    nobody = no_rows(COHORT_TYPES)
    table = pd.concat(parts, ignore_index=True) if parts else nobody
    return table[list(COHORT_TYPES)].astype(COHORT_TYPES)


def _cut(book: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows of one cohort: by name, the whole of it before its tiers."""
    whole, tiers = _summed(book.assign(tier=ALL)), _summed(book)
    table = pd.concat([whole.assign(order=0), tiers.assign(order=1)])
    table = table.sort_values(["name", "order", "tier"])
    size = table["name"].map(whole.set_index("name")["accounts"]).astype("float64")
    return table.assign(
        cohort=column.removeprefix(_PREFIX), share_of_cohort=table["accounts"] / size
    )


def _summed(book: pd.DataFrame) -> pd.DataFrame:
    groups = book.groupby(["name", "tier"])
    table = groups[["value", "past"]].sum(min_count=1)
    return table.assign(accounts=groups.size(), churn=groups["churn"].mean()).reset_index()


def _cohort(frame: pd.DataFrame, name: str, section: LabelsSection) -> npt.NDArray[np.object_]:
    if name == "size":
        return _sizes(frame["employees"].to_numpy(dtype=np.float64), section.size_bands)
    if name in ("first_year", "first_quarter"):
        found = _came(frame["first_order"], "Y" if name == "first_year" else "Q")
    else:
        found = frame[name]
    return found.astype(object).where(found.notna(), NOT_KNOWN).to_numpy(dtype=object)


def _came(first: pd.Series[pd.Timestamp], unit: Literal["Y", "Q"]) -> pd.Series[str]:
    """Name the year or quarter of each instant; each of them once, however many accounts came in it."""
    quarters = first.dt.year * 4 + first.dt.quarter - 1
    names = {
        quarter: f"{int(quarter) // 4}" + (f" Q{int(quarter) % 4 + 1}" if unit == "Q" else "")
        for quarter in quarters.dropna().unique()
    }
    return quarters.map(names)


def _sizes(employees: npt.NDArray[np.float64], bands: list[float]) -> npt.NDArray[np.object_]:
    """Name the band of each account: below the first border, between two, from the last on."""
    names = [f"below {_told(bands[0])}"] if bands else ["any size"]
    names += [_between(low, high) for low, high in pairwise(bands)]
    names += [f"{_told(bands[-1])} and more"] if bands else []
    known = ~np.isnan(employees)
    found = np.full(len(employees), NOT_KNOWN, dtype=object)
    place = np.searchsorted(np.array(bands), employees[known], side="right")
    found[known] = np.array(names, dtype=object)[place]
    return found


def _between(low: float, high: float) -> str:
    """Name a band as people count heads: "50 to 249"; borders between heads are named themselves."""
    if not (low.is_integer() and high.is_integer()):
        return f"{_told(low)} to below {_told(high)}"
    return _told(low) if high - low == 1.0 else f"{_told(low)} to {_told(high - 1.0)}"


def _told(border: float) -> str:
    return f"{border:,.0f}" if border.is_integer() else f"{border:,}"
