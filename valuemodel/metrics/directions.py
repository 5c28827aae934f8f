"""Which way is good, for every metric.

Why this way: a higher Gini is good, a higher error is bad, and a bias is bad on either side of
nothing. Whoever says "better" must know which, so it is declared once.
"""

from __future__ import annotations

from typing import TypeVar

from valuemodel.metrics.arrays import FloatArray

Figures = TypeVar("Figures", float, FloatArray)

HIGHER_IS_BETTER = frozenset(
    {
        *("normalised_gini", "top_decile_of_perfect", "top_decile_share", "spearman"),
        *("brier_skill", "auc", "pr_auc"),
    }
)
NEARER_TO_NOTHING_IS_BETTER = frozenset({"bias"})


def badness(metric: str, figures: Figures) -> Figures:
    """Turn figures of a metric so that lower is better.

    Examples
    --------
    >>> badness("auc", 0.8), badness("mae", 12.0), badness("bias", -0.3)
    (-0.8, 12.0, 0.3)
    """
    if metric in HIGHER_IS_BETTER:
        return -figures
    return abs(figures) if metric in NEARER_TO_NOTHING_IS_BETTER else figures
