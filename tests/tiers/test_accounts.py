from __future__ import annotations

import pandas as pd

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import (
    FACT_FLAGS,
    FACT_NUMBERS,
    FACT_TEXTS,
    FACT_TIMES,
    PREDICTED,
    account_frame,
    tagged,
)

YEAR = Horizon.parse("1 year")


def test_whatever_a_book_lacks_is_there_and_missing():
    told = pd.DataFrame({"account_id": ["b", "a"], "tier": ["A", "B"]}, index=[5, 3])
    frame = account_frame(told, pd.DataFrame({"account_id": ["a"]}), None, YEAR)
    lacking = [*PREDICTED, *FACT_TEXTS, *FACT_TIMES, *FACT_NUMBERS, *FACT_FLAGS]
    assert frame[lacking].isna().all(axis=None)
    assert frame["account_id"].tolist() == ["b", "a"]
    assert frame.index.tolist() == [5, 3]


def test_predictions_of_the_tier_horizon_and_facts_find_their_rows():
    told = pd.DataFrame({"account_id": ["b", "a"], "churn": [9.0, 9.0]})
    predictions = pd.DataFrame(
        {
            "account_id": ["a", "b"],
            "value_3m": [1.0, 2.0],
            "value_1y": [10.0, 20.0],
            "winnability_3m": [0.1, 0.2],
            "winnability_1y": [None, None],
            "tags": ["lumpy;few_orders", None],
        }
    )
    facts = pd.DataFrame({"account_id": ["b"], "arr": [7.0], "owner": ["Ito"], "renewed": [True]})
    frame = account_frame(told, predictions, facts, YEAR).set_index("account_id")
    assert frame.loc["b", ["value", "winnability", "arr", "owner", "renewed"]].tolist() == [
        20.0,
        0.2,
        7.0,
        "Ito",
        True,
    ]
    assert frame.loc["a", ["value", "tags"]].tolist() == [10.0, "lumpy;few_orders"]
    assert frame["churn"].isna().all()  # a column of the predictions wins over one of its name
    assert tagged(frame["tags"], "lumpy").tolist() == [False, True]
