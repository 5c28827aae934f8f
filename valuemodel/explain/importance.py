"""The importance table: how far each feature and each group moves predictions, on average.

Why this way: it is exact for every feature, also those that no account's reasons name, and small enough
to be kept with every run. Groups are told beside features since parts within a group cancel: the mean
size of a sum is not the sum of mean sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from valuemodel.explain.columns import Columns, group_label
from valuemodel.explain.contributions import ShownContributions
from valuemodel.explain.families import summed

#: The row that holds a whole group.
WHOLE = "(all)"
#: What calibration changes is a group of its own.
CALIBRATION = "(calibration)"
CALIBRATION_LABEL = "Bringing the level to what came on later dates"

#: The columns of the table, in order, with their types.
IMPORTANCE_TYPES = {
    "head": "str",
    "horizon": "str",
    "group": "str",
    "feature": "str",
    "label": "str",
    "mean_abs": "float64",
    "accounts": "int64",
    "driver": "str",
}


def sizes(split: ShownContributions, columns: Columns) -> pd.DataFrame:
    """Sum absolute parts over some accounts: of each feature, of each group, and of calibration.

    Returns
    -------
    DataFrame
        ``group, feature, label, driver, size``; whole groups have the feature `WHOLE`.
    """
    groups = summed(summed(split.features, columns.drivers), columns.gathered)
    own = pd.DataFrame(
        {
            "group": [driver.group for driver in columns.driver_of],
            "feature": [feature.name for feature in columns.features],
            "label": [feature.label for feature in columns.features],
            "driver": [driver.name for driver in columns.driver_of],
            "size": np.abs(split.features).sum(axis=0),
        }
    )
    size = [*np.abs(groups).sum(axis=0), np.abs(split.calibration).sum()]
    labels = [*(group_label(group) for group in columns.groups), CALIBRATION_LABEL]
    whole = pd.DataFrame({"group": [*columns.groups, CALIBRATION], "label": labels, "size": size})
    kept = whole if split.calibration.any() else whole.iloc[:-1]
    return pd.concat([own, kept.assign(feature=WHOLE, driver=WHOLE)], ignore_index=True)


def importance(found: Sequence[pd.DataFrame], horizon: str) -> pd.DataFrame:
    """Turn sums over chunks into means over the accounts that were explained.

    Parameters
    ----------
    found : sequence of DataFrame
        From `sizes`, each with ``head`` and ``accounts``, how many accounts of it are explained in all.
    horizon : str
        The label of the tier horizon.

    Returns
    -------
    DataFrame
        Columns `IMPORTANCE_TYPES`: per head each feature, then each group; empty where nothing is
        explained.
    """
    if not found:
        return pd.DataFrame(columns=list(IMPORTANCE_TYPES)).astype(IMPORTANCE_TYPES)
    key = ["head", "accounts", "group", "feature", "label", "driver"]
    table = pd.concat(found, ignore_index=True).groupby(key, sort=False, as_index=False).sum()
    mean = table["size"] / table["accounts"]
    table = table.assign(horizon=horizon, mean_abs=mean)[list(IMPORTANCE_TYPES)]
    return table.astype(IMPORTANCE_TYPES)
