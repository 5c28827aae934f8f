"""Which rule of churn an account falls under, and which head therefore speaks for it.

By inactivity an account has churned that buys nothing; by the contract rule, one whose contracts lapse.
In a book with both, accounts that are under contract at the cutoff are judged by the contract rule and
all others by inactivity. Where only contracts count, nobody can say of an account without one that it
leaves: it gets no risk, and a tag.

Why this way: both rules predict one column, ``churn_<h>``, but opposite things happen to them as time
goes by, so each has estimators, floors and fallbacks of its own. Rows of the other rule have no label
for them, and are theirs neither to learn from nor to speak for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.exceptions import ModelRefused

Rule = Literal["inactivity", "contract", "both"]
Part = Literal["value", "churn", "lapse"]
Mask = NDArray[np.bool_]

#: What is predicted of accounts, per rule: ``churn`` is silence, ``lapse`` the end of all contracts.
PARTS: Mapping[Rule, tuple[Part, ...]] = {
    "inactivity": ("value", "churn"),
    "contract": ("value", "lapse"),
    "both": ("value", "churn", "lapse"),
}

#: The feature that says which rule an account falls under.
UNDER_CONTRACT = "under_contract"

#: The tag of accounts that no rule judges.
NO_CONTRACT = "no_contract"


def spoken_for(X: pd.DataFrame, parts: Sequence[Part], part: Part) -> Mask:
    """Return the rows that a part speaks for, out of the parts that a model has.

    Raises
    ------
    ModelRefused
        If it depends on contracts, and X does not say who is under one.

    Examples
    --------
    >>> X = pd.DataFrame({"under_contract": [1.0, 0.0]})
    >>> spoken_for(X, PARTS["both"], "lapse"), spoken_for(X, PARTS["both"], "churn")
    (array([ True, False]), array([False,  True]))
    """
    if part == "value" or "lapse" not in parts:
        return np.ones(len(X), dtype=np.bool_)
    if UNDER_CONTRACT not in X:
        problem = f"churn by contract needs the feature {UNDER_CONTRACT!r}"
        hint = "keep 'contracts' among features.groups, or set churn.rule = 'inactivity'"
        raise ModelRefused(problem, received=f"{len(X.columns)} other features", hint=hint)
    under: Mask = X[UNDER_CONTRACT].to_numpy(dtype=np.float64, na_value=np.nan) == 1.0
    return under if part == "lapse" else ~under


def speakers(X: pd.DataFrame, parts: Sequence[Part]) -> Iterator[tuple[Mask, tuple[Part, ...]]]:
    """Yield groups of rows with the parts that speak for them; each row is in one group.

    Examples
    --------
    >>> X = pd.DataFrame({"under_contract": [1.0, 0.0]})
    >>> [(rows.tolist(), said) for rows, said in speakers(X, PARTS["contract"])]
    [([True, False], ('value', 'lapse')), ([False, True], ('value',))]
    """
    left = np.ones(len(X), dtype=np.bool_)
    for part in parts[1:]:
        rows = spoken_for(X, parts, part)
        left &= ~rows
        yield rows, ("value", part)
    if left.any():
        yield left, ("value",)


def rules_of(X: pd.DataFrame, rule: Rule) -> NDArray[np.object_]:
    """Return by which rule each row is judged: "contract", "inactivity", or "" for neither.

    Examples
    --------
    >>> rules_of(pd.DataFrame({"under_contract": [1.0, 0.0]}), "both").tolist()
    ['contract', 'inactivity']
    """
    names = {"churn": "inactivity", "lapse": "contract"}
    found = np.full(len(X), "", dtype=object)
    for part in PARTS[rule][1:]:
        found[spoken_for(X, PARTS[rule], part)] = names[part]
    return found
