"""Who is credited with what, beside a company total that never counts an account twice (S15).

A credit table says which part of an account counts for whom: both the seller who has it and the person
at headquarters who supports it may be credited in full. So the credit of people adds up to more than
the company, and that is meant. The company's total is always that of its accounts.

Why this way: what is credited, what is credited twice and what to nobody is told in money beside the
company's total, and reconciles with it: ``credited_past = company_past + double_counted -
not_credited``. A single net difference would hide a part credited twice behind one credited to nobody.
Without a credit table nothing is credited; nobody is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from valuemodel.tiers.records.wording import counted

#: Credit closer to a whole than this is whole: 0.7 and 0.3 are 1.
_SAME = 1e-9

CREDIT_TYPES: dict[str, str] = {
    "owner": "str",
    "accounts": "int64",
    "credited_value": "float64",
    "credited_expected": "float64",
    "own_accounts": "int64",
    "own_value": "float64",
}


def credited(frame: pd.DataFrame, credit: pd.DataFrame | None) -> pd.DataFrame:
    """Add up what each person is credited with, beside the accounts they own.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    credit : pandas.DataFrame, optional
        ``account_id, owner, share``. Rows of accounts that the frame lacks count nowhere.

    Returns
    -------
    pandas.DataFrame
        Columns `CREDIT_TYPES`, one row per person who owns or is credited, sorted by name:
        ``accounts`` they are credited with, ``credited_value`` of the past window and
        ``credited_expected`` of the next (share times money), ``own_accounts`` and ``own_value`` (past
        value in full) of those they own.

    Examples
    --------
    >>> frame = pd.DataFrame({"account_id": ["a", "b"], "owner": ["Ada", "Ada"]})
    >>> frame = frame.assign(past=[100.0, 10.0], value=[200.0, 20.0])
    >>> credit = pd.DataFrame(
    ...     {"account_id": ["a", "a"], "owner": ["Ada", "Max"], "share": [1.0, 0.5]}
    ... )
    >>> credited(frame, credit)[["owner", "credited_value", "own_value"]].values.tolist()
    [['Ada', 100.0, 110.0], ['Max', 50.0, 0.0]]
    """
    rows = _credit_of(frame, _given(credit))
    rows = rows.assign(past=rows["past"] * rows["share"], value=rows["value"] * rows["share"])
    by_credit = rows.groupby("owner").agg(
        accounts=("account_id", "nunique"),
        credited_value=("past", "sum"),
        credited_expected=("value", "sum"),
    )
    owned = frame.loc[frame["owner"].notna(), ["account_id", "owner", "past"]]
    owned = owned.astype({"owner": "str"}).sort_values("account_id")
    by_owner = owned.groupby("owner").agg(
        own_accounts=("account_id", "size"), own_value=("past", "sum")
    )
    table = by_credit.join(by_owner, how="outer").fillna(0.0).rename_axis("owner").reset_index()
    return table.sort_values("owner", ignore_index=True)[list(CREDIT_TYPES)].astype(CREDIT_TYPES)


def credit_totals(frame: pd.DataFrame, credit: pd.DataFrame | None) -> dict[str, float]:
    """Set what is credited beside the company's total.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    credit : pandas.DataFrame, optional
        ``account_id, owner, share``.

    Returns
    -------
    dict of str to float
        ``company_past`` (each account once), ``credited_past`` (share times past value),
        ``double_counted`` (what shares beyond a whole count), ``not_credited`` (what is missing to a
        whole), and the counts ``accounts_double``, ``accounts_uncredited`` (credited to nobody) and
        ``accounts_unknown`` (credited, but not in the book).
    """
    given = _given(credit)
    ordered = frame.sort_values("account_id")
    shares = _credit_of(frame, given).groupby("account_id")["share"].sum()
    share = shares.reindex(ordered["account_id"]).fillna(0.0).to_numpy()
    past = ordered["past"].fillna(0.0).to_numpy()
    over = np.where(share > 1.0 + _SAME, share - 1.0, 0.0)
    under = np.where(share < 1.0 - _SAME, 1.0 - share, 0.0)
    unknown = given.loc[~given["account_id"].isin(frame["account_id"]), "account_id"]
    return {
        "company_past": float(past.sum()),
        "credited_past": float((share * past).sum()),
        "double_counted": float((over * past).sum()),
        "not_credited": float((under * past).sum()),
        "accounts_double": float((over > 0.0).sum()),
        "accounts_uncredited": float((share <= 0.0).sum()),
        "accounts_unknown": float(unknown.nunique()),
    }


def credit_lines(totals: dict[str, float], currency: str) -> Iterator[str]:
    """Say what is credited, beside the company's total, in sentences.

    Parameters
    ----------
    totals : dict of str to float
        From `credit_totals`.
    currency : str
        What amounts are in.

    Examples
    --------
    >>> frame = pd.DataFrame({"account_id": ["a"], "past": [1000.0], "value": [0.0]})
    >>> credit = pd.DataFrame(
    ...     {"account_id": ["a", "a"], "owner": ["Ada", "Max"], "share": [1.0, 0.5]}
    ... )
    >>> for line in credit_lines(credit_totals(frame, credit), "EUR"):
    ...     print(line)
    the company's total is 1,000 EUR, each account counted once
    people are credited with 1,500 EUR: the credit of people is never added up to a company total
    500 EUR of 1 account count twice
    """

    def money(name: str) -> str:
        return f"{totals[name]:,.0f} {currency}"

    yield f"the company's total is {money('company_past')}, each account counted once"
    yield (
        f"people are credited with {money('credited_past')}: the credit of people is never added up "
        "to a company total"
    )
    if totals["accounts_double"]:
        yield f"{money('double_counted')} of {counted(totals['accounts_double'], 'account')} count twice"
    if totals["not_credited"]:
        none = counted(totals["accounts_uncredited"], "account")
        yield f"{money('not_credited')} are credited to nobody ({none} not at all)"
    if totals["accounts_unknown"]:
        yield f"credit names {counted(totals['accounts_unknown'], 'account')} that the book does not have"


def _credit_of(frame: pd.DataFrame, credit: pd.DataFrame) -> pd.DataFrame:
    """Return the credit rows of the accounts of the book, with the money of each account."""
    money = frame[["account_id", "past", "value"]].fillna({"past": 0.0, "value": 0.0})
    rows = credit[["account_id", "owner", "share"]].merge(money, on="account_id")
    return rows.sort_values(["account_id", "owner", "share"], ignore_index=True)


def _given(credit: pd.DataFrame | None) -> pd.DataFrame:
    kinds = {"account_id": "str", "owner": "str", "share": "float64"}
    if credit is None or credit.empty:
        return pd.DataFrame(columns=list(kinds)).astype(kinds)
    return credit[list(kinds)].astype(kinds)
