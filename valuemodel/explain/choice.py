"""Which accounts are explained: all of them, or in a large book those whose reasons will be read.

Why this way: contributions cost about fifty times a prediction. Nobody reads why the two-millionth
account stays where it is; what is read is why an account moves and why it stands in an upper tier. So
the tiers are cut first, and where a book holds more accounts than are to be explained, these come
first. How many were explained, and by which rule they were chosen, travels with the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.explain.drivers import Head

EVERYONE = "every account with a visible row"
FIRST = (
    "accounts that change tier and those above the last tier first, among them those with the highest "
    "predicted or past value"
)


@dataclass(frozen=True)
class Chosen:
    """The accounts to be explained.

    Parameters
    ----------
    dataset : Dataset
        Their part of the dataset, in its order.
    shown : mapping of head to array
        Their stored predictions, missing where an account has none; a head that says nothing is left
        out.
    rule : str
        By which rule they were chosen, in words.
    of : int
        How many accounts there were to choose from.
    """

    dataset: Dataset
    shown: dict[Head, npt.NDArray[np.float64]]
    rule: str
    of: int

    def as_document(self) -> dict[str, Any]:
        """Say for the manifest how many accounts were explained, of how many, and which."""
        return {"accounts": len(self.dataset), "of": self.of, "rule": self.rule}


def choose_accounts(
    dataset: Dataset,
    predictions: pd.DataFrame,
    recommendations: pd.DataFrame,
    *,
    horizon: str,
    tiers: Sequence[str],
    most: int,
) -> Chosen:
    """Choose whom to explain, with their predictions of the tier horizon.

    Parameters
    ----------
    dataset : Dataset
        The accounts that were scored.
    predictions, recommendations : DataFrame
        Their stored predictions, and their tiers: ``tier``, ``tier_by_past_value`` and
        ``previous_tier``. An account moves where its tier is another than past value gives, or
        another than the one it had.
    horizon : str
        The label of the tier horizon.
    tiers : sequence of str
        The tiers of the policy, highest first.
    most : int
        How many accounts at the most.
    """
    account = dataset.keys["account_id"]
    stored = predictions.set_index("account_id").loc[account]
    rows, rule = np.arange(len(dataset)), EVERYONE
    if len(dataset) > most:
        standing = recommendations.set_index("account_id").loc[account]
        read = (_moves(standing) | (standing["tier"] != tiers[-1])).to_numpy(dtype=bool)
        stake = stored[[f"value_{horizon}", f"past_value_{horizon}"]].max(axis=1).to_numpy()
        rows = np.sort(np.lexsort((-stake, ~read))[:most])
        rule = FIRST
    chosen = Dataset(
        dataset.X.iloc[rows].reset_index(drop=True),
        None,
        dataset.keys.iloc[rows].reset_index(drop=True),
        dataset.features,
    )
    found = {head: stored[f"{head}_{horizon}"].to_numpy("float64")[rows] for head in get_args(Head)}
    told = {head: part for head, part in found.items() if not np.isnan(part).all()}
    return Chosen(chosen, told, rule, len(dataset))


def _moves(standing: pd.DataFrame) -> pd.Series[bool]:
    before = standing["previous_tier"]
    return (standing["tier"] != standing["tier_by_past_value"]) | (
        before.notna() & (standing["tier"] != before)
    )
