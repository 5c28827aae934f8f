from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff
from valuemodel.tiers.stored_tables import cutoff_of, known_once, once_each


def test_a_table_is_sorted_by_account():
    assert once_each(pd.DataFrame({"account_id": ["b", "a"]}), "t")["account_id"].tolist() == [
        "a",
        "b",
    ]
    assert known_once(None, "t") is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame({"id": ["a"]}), "the t have no column account_id"),
        (pd.DataFrame({"account_id": [1]}), "account ids of the t are text"),
        (pd.DataFrame({"account_id": ["a", "a"]}), "1 repeated, 0 without id"),
        (pd.DataFrame({"account_id": ["a", None]}), "0 repeated, 1 without id"),
    ],
)
def test_what_is_no_table_of_accounts_is_refused(table, said):
    with pytest.raises(UsageError, match=said):
        once_each(table, "t")


def test_a_table_has_one_cutoff():
    assert cutoff_of(pd.DataFrame({"as_of": [pd.Timestamp(2026, 1, 1)] * 2})) == Cutoff.parse(
        "2026-01-01"
    )
    with pytest.raises(UsageError, match="2 values of as_of in 2 rows"):
        cutoff_of(pd.DataFrame({"as_of": [pd.Timestamp(2026, 1, 1), pd.Timestamp(2026, 2, 1)]}))
