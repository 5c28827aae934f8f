"""How good churn probabilities are: sharpness, ranking and calibration.

Why this way: a probability is judged first by proper scores (Brier, log loss), which reward saying
what one believes, and then by whether one may take it at its word (calibration). Groups are equal in
size with equal predictions kept together, so a constant prediction is one group and not ten lots.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import GROUPS, FloatArray, IntArray, paired, ratio


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


def brier_of(y_true: FloatArray, y_prob: FloatArray, counts: FloatArray) -> FloatArray:
    """Brier score of every resampled copy; ``counts`` has shape (draws, n)."""
    return ratio(counts @ np.square(y_prob - y_true), counts.sum(axis=1))


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


def log_loss(y_true: npt.ArrayLike, y_prob: npt.ArrayLike) -> float:
    """Mean of -log of the probability given to what happened, clipped at 1e-15.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    truth, prob = _checked(y_true, y_prob)
    clipped = np.clip(prob, 1e-15, 1.0 - 1e-15)
    return float(-np.where(truth == 1.0, np.log(clipped), np.log1p(-clipped)).mean())


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
    low, high = _wilson(table["observed"].to_numpy(), table["accounts"].to_numpy(np.float64))
    return table.assign(low=low, high=high)


def _decile(prob: FloatArray) -> IntArray:
    middle: FloatArray = (rankdata(prob) - 0.5) * GROUPS / prob.size
    groups: IntArray = np.minimum(middle.astype(np.int64), GROUPS - 1) + 1
    return groups


def _wilson(share: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    z = float(ndtri(0.975))
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    spread = np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half = z * spread / (1 + z * z / count)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


CHURN_METRICS = {
    "brier": brier,
    "brier_skill": brier_skill,
    "log_loss": log_loss,
    "auc": auc,
    "pr_auc": pr_auc,
    "expected_calibration_error": expected_calibration_error,
}
"""Every figure of a churn forecast, by the name it has in tables, in the order of reading."""
