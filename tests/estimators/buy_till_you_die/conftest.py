"""CDNOW, calibrated as Fader, Hardie and Lee (2005) do: nine months of 1997, in weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def cdnow(real_data):
    """Return frequency, recency, T and monetary_value of the 1/10 sample, in weeks."""
    lines = pd.read_parquet(real_data / "cdnow" / "sample.parquet")
    lines["date"] = pd.to_datetime(lines["date"].astype(str))
    before = lines[lines["date"] < "1997-10-01"]
    days = before.groupby(["sample_id", "date"])["dollar_value"].sum().reset_index()
    repeats = days[days.groupby("sample_id").cumcount() > 0]
    found = days.groupby("sample_id")["date"].agg(["min", "max", "count"])
    end = pd.Timestamp("1997-09-30")
    table = pd.DataFrame(
        {
            "frequency": found["count"] - 1.0,
            "recency": (found["max"] - found["min"]).dt.days / 7,
            "T": (end - found["min"]).dt.days / 7,
        }
    )
    spend = repeats.groupby("sample_id")["dollar_value"].mean()
    return table.assign(monetary_value=spend.reindex(table.index).fillna(0.0))


def numeric_gradient(model, rows, parameters, step=1e-6):
    """Return the gradient of each row's log-likelihood by central differences."""
    found = []
    for place in range(len(parameters)):
        change = np.zeros(len(parameters))
        change[place] = step * parameters[place]
        up, _ = model._log_likelihood(rows, parameters + change)
        down, _ = model._log_likelihood(rows, parameters - change)
        found.append((up - down) / (2 * change[place]))
    return np.array(found)
