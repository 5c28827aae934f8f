"""How good churn probabilities are: sharpness, ranking and calibration.

Why this way: a probability is judged first by proper scores (Brier, log loss), which reward saying
what one believes, and then by whether one may take it at its word (calibration). Groups are equal in
size with equal predictions kept together, so a constant prediction is one group and not ten lots.
As in `valuemodel.metrics.value`, every figure exists a second time for many resampled copies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import GROUPS, FloatArray, IntArray, paired, ratio
from valuemodel.metrics.copies import Copies
from valuemodel.metrics.proportions import wilson


def _checked(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    truth, prob = paired(y_true, y_prob)
    if not np.isin(truth, (0.0, 1.0)).all():
        problem = "a churn truth is 0 or 1"
        raise UsageError(problem, received=f"values from {truth.min():g} to {truth.max():g}")
    if prob.min() < 0.0 or prob.max() > 1.0:
        problem = "a probability lies between 0 and 1"
        raise UsageError(problem, received=f"values from {prob.min():g} to {prob.max():g}")
    return truth, prob


def brier(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """Brier score: mean of (p - y)² (Brier 1950); lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        1 where the account churned, else 0.
    y_prob : array-like of shape (n,)
        Predicted probability of churn.

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.0])
    0.125
    """
    truth, prob = _checked(y_true, y_prob)
    return float(np.square(prob - truth).mean())


def brier_of(truth: Copies, prob: Copies) -> FloatArray:
    """Brier score of every copy; shape (draws,)."""
    return truth.mean(np.square(prob.values - truth.values))


def brier_skill(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """1 - Brier / Brier of the share of churners; 0 is no better than that share, 1 is perfect.

    NaN where all accounts, or none, churned.

    Examples
    --------
    >>> brier_skill([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5])
    0.0
    """
    truth, prob = _checked(y_true, y_prob)
    share = truth.mean()
    of_share = np.array([share * (1.0 - share)])
    return 1.0 - float(ratio(np.array([brier(truth, prob)]), of_share)[0])


def brier_skill_of(truth: Copies, prob: Copies) -> FloatArray:
    """Brier skill of every copy; NaN where all its accounts, or none, churned."""
    share = truth.mean(truth.values)
    return 1.0 - ratio(brier_of(truth, prob), share * (1.0 - share))


def log_loss(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """Mean of -log of the probability given to what happened, clipped at 1e-15.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    return float(_surprise(*_checked(y_true, y_prob)).mean())


def log_loss_of(truth: Copies, prob: Copies) -> FloatArray:
    """Log loss of every copy; shape (draws,)."""
    return truth.mean(_surprise(truth.values, prob.values))


def _surprise(truth: FloatArray, prob: FloatArray) -> FloatArray:
    clipped = np.clip(prob, 1e-15, 1.0 - 1e-15)
    return -np.where(truth == 1.0, np.log(clipped), np.log1p(-clipped))


def auc(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """Area under the ROC curve: the chance that a churner is ranked above a stayer (ties half).

    NaN where all accounts, or none, churned.

    Examples
    --------
    >>> auc([1, 0, 1, 0], [0.9, 0.1, 0.4, 0.4])
    0.875
    """
    truth, prob = _checked(y_true, y_prob)
    return float("nan") if np.ptp(truth) == 0 else float(roc_auc_score(truth, prob))


def auc_of(truth: Copies, prob: Copies) -> FloatArray:
    """Area under the ROC curve of every copy; NaN where all its accounts, or none, churned."""
    found, stayed = prob.caught(truth.values), prob.caught(1.0 - truth.values)
    new = prob.per_run(found)
    below = stayed[:, -1:] - stayed + prob.per_run(stayed) / 2
    return ratio(np.einsum("dr,dr->d", new, below), found[:, -1] * stayed[:, -1])


def pr_auc(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """Average precision: area under the precision-recall curve without interpolation.

    A random order gives the share of churners. NaN where no account churned.

    Examples
    --------
    >>> round(pr_auc([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]), 4)
    0.8333
    """
    truth, prob = _checked(y_true, y_prob)
    return float("nan") if truth.max() == 0 else float(average_precision_score(truth, prob))


def pr_auc_of(truth: Copies, prob: Copies) -> FloatArray:
    """Average precision of every copy; NaN where none of its accounts churned."""
    found = prob.caught(truth.values)
    precision = found / np.maximum(prob.taken, 1.0)  # nobody taken, nobody found
    return ratio(np.einsum("dr,dr->d", prob.per_run(found), precision), found[:, -1])


def expected_calibration_error(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """Mean over accounts of abs(mean prediction - share of churners) in the account's decile.

    Examples
    --------
    >>> expected_calibration_error([1, 0, 1, 0], [0.75, 0.75, 0.75, 0.75])
    0.25
    """
    table = calibration_table(y_true, y_prob)
    gaps = (table["predicted"] - table["observed"]).abs()
    return float((gaps * table["accounts"]).sum() / table["accounts"].sum())


def expected_calibration_error_of(truth: Copies, prob: Copies) -> FloatArray:
    """Calibration error of every copy, its accounts grouped anew; shape (draws,)."""
    gaps = prob.per_run(prob.caught(prob.values - truth.values))
    places = prob.accounts[:, None] - prob.taken + prob.per_run(prob.taken) / 2
    group = np.minimum((places * GROUPS / prob.accounts[:, None]).astype(np.int64), GROUPS - 1)
    copies = len(gaps)
    cells = (group + np.arange(copies)[:, None] * GROUPS).ravel()
    sums = np.bincount(cells, gaps.ravel(), minlength=copies * GROUPS).reshape(copies, GROUPS)
    return np.asarray(np.abs(sums).sum(axis=1) / prob.accounts)


def calibration_table(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> pd.DataFrame:
    """Compare predicted with observed churn by decile of prediction, lowest risk first.

    Parameters
    ----------
    y_true, y_prob : array-like of shape (n,)
        Truth (0 or 1) and predicted probability.

    Returns
    -------
    pandas.DataFrame
        Columns ``decile`` (1 is the lowest risk; equal predictions stay together, so a decile may be
        missing), ``accounts``, ``predicted``, ``observed``, and ``low``, ``high``: the 95 % interval
        of the observed share (Wilson 1927).

    Examples
    --------
    >>> table = calibration_table([0, 0, 1, 1], [0.1, 0.1, 0.8, 0.8])
    >>> table[["decile", "accounts", "predicted", "observed"]]
       decile  accounts  predicted  observed
    0       3         2        0.1       0.0
    1       8         2        0.8       1.0
    """
    truth, prob = _checked(y_true, y_prob)
    frame = pd.DataFrame({"decile": _decile(prob), "truth": truth, "prob": prob})
    table = frame.groupby("decile", as_index=False).agg(
        accounts=("truth", "size"), predicted=("prob", "mean"), observed=("truth", "mean")
    )
    low, high = wilson(table["observed"].to_numpy(), table["accounts"].to_numpy(np.float64))
    return table.assign(low=low, high=high)


def _decile(prob: FloatArray) -> IntArray:
    middle: FloatArray = (rankdata(prob) - 0.5) * GROUPS / prob.size
    groups: IntArray = np.minimum(middle.astype(np.int64), GROUPS - 1) + 1
    return groups


CHURN_METRICS = {
    "brier": brier,
    "brier_skill": brier_skill,
    "log_loss": log_loss,
    "auc": auc,
    "pr_auc": pr_auc,
    "expected_calibration_error": expected_calibration_error,
}
"""Every figure of a churn forecast, by the name it has in tables, in the order of reading."""

CHURN_METRICS_OF: Mapping[str, Callable[[Copies, Copies], FloatArray]] = {
    "brier": brier_of,
    "brier_skill": brier_skill_of,
    "log_loss": log_loss_of,
    "auc": auc_of,
    "pr_auc": pr_auc_of,
    "expected_calibration_error": expected_calibration_error_of,
}
"""The same figures of many resampled copies at a time."""
