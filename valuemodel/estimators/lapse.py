"""Lapse risk: how likely an account under contract has none in force from some day of the horizon on.

Why this way: it is churn by another rule, learned by the same trees and calibrated in the same way.
What differs is what waiting does: silence grows rarer with a longer window, a lapse grows likelier.
"""

from __future__ import annotations

import pandas as pd

from valuemodel.estimators.churn import ChurnClassifier, lacking_events
from valuemodel.estimators.horizons import growing
from valuemodel.estimators.state import Array


class LapseClassifier(ChurnClassifier):
    """LightGBM probability that an account's contracts lapse in each horizon.

    It is fitted on accounts that are under contract at the cutoff; the others have no label.
    Parameters and attributes are those of `ChurnClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"days_to_renewal": rng.uniform(0, 360, 400)})
    >>> y = pd.DataFrame({"3m": (X.days_to_renewal < 90).astype(float)})
    >>> y["12m"] = y["3m"]
    >>> model = LapseClassifier(n_jobs=1).fit(X, y)
    >>> model.predict_horizons(pd.DataFrame({"days_to_renewal": [10.0, 300.0]})).round(1)
        3m  12m
    0  1.0  1.0
    1  0.0  0.0
    """

    _learns = "lapse risk"

    @staticmethod
    def _agreeing(probabilities: dict[str, Array]) -> dict[str, Array]:
        """Make lapses in a longer window never less likely."""
        return growing(probabilities)

    @staticmethod
    def _lacking(target: pd.Series[float]) -> str:
        return lacking_lapses(target)


def lacking_lapses(target: pd.Series[float]) -> str:
    """Say why lapses cannot be learned from a target, or return an empty text.

    Examples
    --------
    >>> lacking_lapses(pd.Series([1.0] * 3 + [0.0] * 40))
    '3 rows that lapsed, at least 30 are needed'
    """
    return lacking_events(target, gone="rows that lapsed", stayed="rows that were kept")
