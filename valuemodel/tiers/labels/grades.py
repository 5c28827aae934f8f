"""Grades inside a class, such as gold and silver: the top shares of its accounts by score (S55).

Why this way: a grade tells accounts of one class apart and nothing else, so it is cut inside the class,
along the same ranking as tiers, with the company's own names.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.lines import part
from valuemodel.tiers.policy.labels import LabelsSection


def grades(
    rank: npt.NDArray[np.int64], classes: pd.Series[str], section: LabelsSection
) -> pd.Series[str]:
    """Return the grade of each account inside its class.

    Parameters
    ----------
    rank : ndarray of int
        The place of each account in the ranking of the book, 1 for the highest.
    classes : pandas.Series of str
        The class of each account.
    section : LabelsSection
        ``[labels]`` of the policy; shares of its grades are cumulative, and rounded down to whole
        accounts.

    Returns
    -------
    pandas.Series of str
        Missing where the class has no grades, or the account stands beyond the last.

    Examples
    --------
    >>> gold = [{"name": "gold", "top_share": 0.5}]
    >>> section = LabelsSection.model_validate({"grades": {"serve": gold}})
    >>> grades(np.array([1, 2, 3]), pd.Series(["serve", "serve", "not now"]), section).tolist()
    ['gold', nan, nan]
    """
    found = np.full(len(classes), None, dtype=object)
    for name, steps in section.grades.items():
        members = np.flatnonzero((classes == name).to_numpy(dtype=np.bool_))
        members = members[np.argsort(rank[members], kind="stable")]
        above = 0
        for step in steps:
            reach = part(step.top_share, len(members))
            found[members[above:reach]] = step.name
            above = reach
    return pd.Series(found, index=classes.index, dtype="str", name="grade")
