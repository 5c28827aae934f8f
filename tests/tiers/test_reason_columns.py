from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.tiers.reason_columns import LEVERS, with_reasons

TABLE = pd.DataFrame({"account_id": ["a", "b"], "reason_up_1": None, LEVERS: None})


def test_reasons_find_their_rows_and_others_stay_without():
    why = pd.DataFrame({"account_id": ["b"], "reason_up_1": ["orders"], LEVERS: ["contacts"]})
    found = with_reasons(TABLE, why)
    assert found["reason_up_1"].tolist()[1:] == ["orders"]
    assert found[LEVERS].isna().tolist() == [True, False]


def test_other_columns_are_refused():
    with pytest.raises(UsageError, match="received: why"):
        with_reasons(TABLE, pd.DataFrame({"account_id": ["a"], "why": ["x"]}))
