"""Small books and tidy tables with known properties."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def tidy():
    """Make the tidy table of one target from truths and predictions per fold."""

    def make(
        folds: list[tuple[np.ndarray, Mapping[str, np.ndarray]]],
        target: str = "value",
        horizon: str = "6m",
    ) -> pd.DataFrame:
        parts = [
            pd.DataFrame(
                {
                    "fold": number,
                    "cutoff": pd.Timestamp("2020-01-01") + pd.DateOffset(months=number),
                    "account_id": [f"a{row:05d}" for row in range(len(truth))],
                    "target": target,
                    "horizon": horizon,
                    "y_true": truth,
                    "y_pred": forecast,
                    "model": model,
                    "rule": "inactivity" if target == "churn" else "",
                }
            )
            for number, (truth, forecasts) in enumerate(folds)
            for model, forecast in forecasts.items()
        ]
        return pd.concat(parts, ignore_index=True)

    return make
