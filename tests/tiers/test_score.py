from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.score import SCORE_COLUMNS, score_accounts, tier_horizon

HALF = Horizon.parse("6 months")


def test_the_stored_tier_horizon_wins_over_the_longest() -> None:
    columns = ["value_3m", "value_6m", "value_1y", "value_1y_q95", "past_value_3y"]
    assert tier_horizon(pd.DataFrame(columns=columns)).label == "1y"
    stored = [*columns, "previous_champion_value_6m"]
    assert tier_horizon(pd.DataFrame(columns=stored)) == HALF
    with pytest.raises(UsageError, match="no value_<horizon> column"):
        tier_horizon(pd.DataFrame(columns=["account_id"]))


def test_the_score_is_the_predicted_value_and_nothing_else() -> None:
    table = pd.DataFrame({"value_6m": pd.array([5, None, -1], dtype="Int64")}, index=[7, 8, 9])
    scores = score_accounts(table, HALF)
    assert list(scores.columns) == list(SCORE_COLUMNS)
    assert scores["score"].equals(scores["score_potential"])
    assert scores["score"].isna().tolist() == [False, True, False]
    assert (
        scores[["score_revenue", "score_demonstration", "score_winnability"]].isna().all(axis=None)
    )
    assert list(scores.index) == [7, 8, 9]


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(DataRefused, match="value_6m is infinite for 1 accounts"):
        score_accounts(pd.DataFrame({"value_6m": [np.inf, 1.0]}), HALF)
    with pytest.raises(UsageError, match="no column 'value_6m'"):
        score_accounts(pd.DataFrame({"value_3m": [1.0]}), HALF)
