"""What could come beyond the forecast: the winnability of the near horizon, and every horizon's wallet.

Why this way: value and churn are promised for every account, so something always stands in for them.
What could be won, and how much there is to win, is said only where it was learned: winnability falls
back to a share that was counted, and says so; a wallet that cannot be learned is not there at all,
because no other number means what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from valuemodel.estimators.definitions import EstimatorSection, Recipe
from valuemodel.estimators.heads import Head, target_of
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.outlook.wallet import lacking_spenders
from valuemodel.estimators.outlook.winnability import lacking_growth
from valuemodel.estimators.state import Array

WINNABILITY, WALLET = "winnability", "wallet"
#: The parts that `AccountModel` predicts where they were learned, in the order of their columns.
OUTLOOK = (WINNABILITY, WALLET)

#: The tag of accounts whose wallet is counted in seats.
SEATS_WALLET = "seats_wallet"

_COUNTED = "fallback: share that grew among accounts equally recent"


@dataclass
class Outlook:
    """The fitted estimators of the outlook, and which head speaks for which part and horizon."""

    estimators: dict[str, HorizonEstimator] = field(default_factory=dict)
    heads: dict[tuple[str, str], Head] = field(default_factory=dict)


def fit_outlook(
    recipe: Recipe,
    X: pd.DataFrame,
    y: pd.DataFrame,
    labels: Sequence[str],
    *,
    cutoffs: pd.Series[pd.Timestamp],
    n_jobs: int | None = None,
) -> Outlook:
    """Fit what a recipe has of the outlook, where it can be learned.

    Parameters
    ----------
    recipe : Recipe
        Its ``winnability`` and ``wallet`` may be absent.
    X, y : DataFrame
        Features, and labels ``value_<h>`` and ``winnability_<h>``.
    labels : sequence of str
        The horizons of the settings.
    cutoffs : Series
        The cutoff of each row.
    n_jobs : int, optional
        Threads; the result does not depend on them.
    """
    found = Outlook()
    for label in labels:
        column = f"{WINNABILITY}_{label}"
        if recipe.winnability is None or column not in y or not y[column].notna().any():
            continue
        learned = recipe.winnability.estimator == WINNABILITY
        reason = lacking_growth(y[column]) if learned else ""
        name, section = WINNABILITY, recipe.winnability
        if reason:
            name, section = f"{WINNABILITY}_fallback", EstimatorSection(estimator="recency_silence")
        wanted = pd.DataFrame({label: y[column]})
        found.estimators[name] = section.build(n_jobs=n_jobs).fit(X, wanted, cutoffs=cutoffs)
        tag = f"{_COUNTED}, {reason}" if reason else ""
        found.heads[WINNABILITY, label] = Head(name, label, tag)
    values = {label: y.get(f"value_{label}", target_of(y, "")) for label in labels}
    known = {label: each for label, each in values.items() if not lacking_spenders(each)}
    if recipe.wallet is not None and known:
        wallet = recipe.wallet.build(n_jobs=n_jobs)
        found.estimators[WALLET] = wallet.fit(X, pd.DataFrame(known), cutoffs=cutoffs)
        found.heads |= {(WALLET, label): Head(WALLET, label) for label in known}
    return found


def predict_outlook(
    estimators: Mapping[str, HorizonEstimator],
    heads: Mapping[tuple[str, str], Head],
    matrix: Array,
    known: Mapping[str, Array],
) -> dict[str, Array]:
    """Return ``winnability_<h>`` and ``wallet_<h>`` of the heads that there are.

    A wallet holds at least what the account spends already, and what it is predicted to bring: who
    spends more than those that are like it has shown its wallet, and has no white space left.

    Parameters
    ----------
    estimators, heads
        Of an account model.
    matrix : ndarray of shape (n, p)
        Encoded features.
    known : mapping of str to ndarray of shape (n,)
        ``value_<h>``, as predicted, and ``past_value_<h>`` where it is known.
    """
    found: dict[str, Array] = {}
    spoken = {place: head for place, head in heads.items() if place[0] in OUTLOOK}
    names = sorted({head.estimator for head in spoken.values()})
    said = {name: estimators[name].predict_encoded(matrix) for name in names}
    for (part, label), head in spoken.items():
        predicted = said[head.estimator][head.learned]
        if part == WALLET:
            for floor in (f"value_{label}", f"past_value_{label}"):
                predicted = np.fmax(predicted, known.get(floor, predicted))
        found[f"{part}_{label}"] = predicted
    return found
