"""What a search compares, each account's loss on two halves of the accounts, and what it found.

Why this way: the best of many trials looks better than it is. Trials are compared on one half of the
accounts, and only the other half, which chose nothing, says whether the best of them is better. The
halves are made of the ids alone, so they are the same for every trial and on every machine.

References
----------
Cawley and Talbot, On Over-fitting in Model Selection, JMLR 11, 2010.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.evaluation.bootstrap import Estimate, Resampling
from valuemodel.exceptions import DataRefused
from valuemodel.metrics.arrays import FloatArray
from valuemodel.metrics.deviance import money_deviance

TARGETS: Mapping[str, str] = {"future_value": "value", "churn_risk": "churn"}
"""The definitions that can be searched, and what they are judged by."""

FEWEST_ACCOUNTS = 50
_CLIP = 1e-15


@dataclass(frozen=True)
class Found:
    """What was found for one definition.

    Parameters
    ----------
    name : str
        Of the definition.
    changes : mapping of str to value
        The best trial's values that differ from those in force, by path; empty where none is better.
    current : mapping of str to value
        The values in force of those options.
    loss, loss_in_force : float
        Mean loss on the accounts that the best trial was chosen on.
    difference : Estimate
        Best less in force on the other accounts, with its interval.
    recommended : bool
        Whether the whole interval is below 0.
    """

    name: str
    changes: Mapping[str, Any]
    current: Mapping[str, Any]
    loss: float
    loss_in_force: float
    difference: Estimate
    recommended: bool

    def lines(self) -> Iterator[str]:
        """Say what changed, and by how much it is better."""
        measure = "deviance" if TARGETS[self.name] == "value" else "log loss"
        if not self.changes:
            yield f"{self.name}: no trial is better than the definition in force; keep it"
            return
        one = self.difference
        shown = f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
        verdict = "better: worth trying" if self.recommended else "not beyond noise: keep yours"
        yield (
            f"{self.name}: {measure} {self.loss_in_force:.4f} in force, {self.loss:.4f} found; "
            f"on the other half of the accounts {shown}, {verdict}"
        )
        for path, value in self.changes.items():
            yield f"  {path}: {self.current[path]} -> {value}"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values; figures that do not exist are null."""
        numbers = {
            "loss": self.loss,
            "loss_in_force": self.loss_in_force,
            "difference": self.difference.value,
            "low": self.difference.low,
            "high": self.difference.high,
        }
        plain = {key: value if np.isfinite(value) else None for key, value in numbers.items()}
        words = {"changes": dict(self.changes), "recommended": self.recommended}
        return {"definition": self.name, **words, **plain}


def account_losses(table: pd.DataFrame, target: str, horizon: str) -> pd.DataFrame:
    """Return each account's loss, shape (accounts, folds); missing where it was not judged."""
    judged = table[(table["target"] == target) & (table["horizon"] == horizon)]
    if judged.empty:
        problem = f"no {target} over {horizon} could be judged"
        raise DataRefused(problem, hint="keep the defaults, or bring more history")
    loss = money_deviance if target == "value" else _log_losses
    parts = {}
    for number, fold in judged.sort_values("account_id").groupby("fold", sort=True):
        truth, forecast = fold["y_true"].to_numpy(), fold["y_pred"].to_numpy()
        parts[number] = pd.Series(loss(truth, forecast), index=fold["account_id"].astype(str))
    return pd.DataFrame(parts).sort_index()


def _log_losses(y_true: FloatArray, y_prob: FloatArray) -> FloatArray:
    clipped = np.clip(y_prob, _CLIP, 1.0 - _CLIP)
    found: FloatArray = -np.where(y_true == 1.0, np.log(clipped), np.log1p(-clipped))
    return found


def other_half(accounts: pd.Index[Any]) -> NDArray[np.bool_]:
    """Say which accounts are kept for the comparison: half of them, by their ids alone."""
    digests = [hashlib.sha256(str(account).encode()).digest() for account in accounts]
    return np.array([digest[0] % 2 == 1 for digest in digests], dtype=np.bool_)


def mean_with_interval(gaps: FloatArray, resampling: Resampling) -> Estimate:
    """Average over accounts, then folds; draw accounts with all their folds. Shape (n, folds)."""
    judged = np.isfinite(gaps)
    summed = np.where(judged, gaps, 0.0)
    generator = np.random.default_rng(resampling.seed)
    figures = np.empty(resampling.draws)
    for draw in range(resampling.draws):
        drawn = generator.integers(0, len(gaps), size=len(gaps))
        counts = np.bincount(drawn, minlength=len(gaps)).astype(np.float64)
        figures[draw] = _average(summed, judged, counts)
    tail = (1.0 - resampling.confidence) / 2.0
    low, high = np.quantile(figures, [tail, 1.0 - tail])
    return Estimate(_average(summed, judged, np.ones(len(gaps))), float(low), float(high))


def _average(summed: FloatArray, judged: NDArray[np.bool_], counts: FloatArray) -> float:
    per_fold = np.einsum("n,nf->f", counts, summed)
    return float((per_fold / np.maximum(np.einsum("n,nf->f", counts, judged), 1.0)).mean())
