"""The class of each account: whom we serve, attack, could develop, or leave alone for now (S53).

Why this way: a class is a choice of the company told in a few rules, tried in their order, so everybody can
say why an account has its class. A condition on something that is not known of an account does not hold,
whichever way it asks: nobody is served, or left alone, by guess. The company's own fit score (S42) is one such
condition.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.policy.labels import ClassRule, LabelsSection

#: What no rule takes.
LEFT = "not now"

_PURCHASES = ["orders_12m", "past"]


def classify(frame: pd.DataFrame, section: LabelsSection) -> pd.Series[str]:
    """Return the class of each account.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    section : LabelsSection
        ``[labels]`` of the policy.

    Returns
    -------
    pandas.Series of str
        ``serve``, ``attacking``, ``potential`` or ``not now``, on the rows of the frame.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a", "b", "c"]})
    >>> facts = told.assign(orders_12m=[3.0, 0.0, 0.0], open_opportunities=[1.0, 1.0, 0.0])
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> classify(frame, LabelsSection()).tolist()
    ['serve', 'attacking', 'not now']
    """
    holds = [_all(frame, rule) for rule in section.classes]
    names = [rule.name for rule in section.classes]
    found = np.select(holds, names, default=LEFT) if holds else np.full(len(frame), LEFT)
    return pd.Series(found, index=frame.index, dtype="str", name="class")


def buying(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say of each account whether it bought within the past window or has a contract in force.

    Parameters
    ----------
    frame : pandas.DataFrame
        The account frame.

    Returns
    -------
    ndarray of bool
        False also where nothing is known of its purchases and contracts.
    """
    bought = frame[_PURCHASES].to_numpy(dtype=np.float64) > 0.0
    return bought.any(axis=1) | under_contract(frame)


def under_contract(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say of each account whether a contract is in force, one of no stated amount included.

    Parameters
    ----------
    frame : pandas.DataFrame
        The account frame. Whether a contract was ``renewed`` is known only where one is in force.

    Returns
    -------
    ndarray of bool
        False also where nothing is known of its contracts.
    """
    arr = frame["arr"].to_numpy(dtype=np.float64)
    return (arr > 0.0) | frame["renewed"].notna().to_numpy(dtype=np.bool_)


def _all(frame: pd.DataFrame, rule: ClassRule) -> npt.NDArray[np.bool_]:
    found = np.ones(len(frame), dtype=np.bool_)
    for condition in _conditions(frame, rule):
        found &= condition
    return found


def _conditions(frame: pd.DataFrame, rule: ClassRule) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield the conditions that a rule states; a comparison with what is missing is false."""

    def amount(name: str) -> npt.NDArray[np.float64]:
        return frame[name].to_numpy(dtype=np.float64)

    if rule.buying is not None:
        known = frame[[*_PURCHASES, "arr"]].notna().any(axis=1).to_numpy(dtype=np.bool_)
        yield buying(frame) if rule.buying else known & ~buying(frame)
    if rule.pipeline is not None:
        pipeline = amount("open_opportunities")
        yield (pipeline > 0.0) if rule.pipeline else (pipeline == 0.0)
    if rule.churn_at_most is not None:
        yield amount("churn") <= rule.churn_at_most
    least = {
        "winnability": rule.winnability_at_least,
        "value": rule.value_at_least,
        "white_space": rule.white_space_at_least,
        "fit_score": rule.fit_at_least,
    }
    for name, limit in least.items():
        if limit is not None:
            yield amount(name) >= limit
    if rule.industries:
        yield frame["industry"].isin(rule.industries).to_numpy(dtype=np.bool_)
