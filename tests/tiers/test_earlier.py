from __future__ import annotations

import pandas as pd

from valuemodel.tiers.earlier import BY_RUN, TODAY, standing_before

ACCOUNTS = pd.Series(["a", "b", "c"])


def test_the_previous_run_comes_before_the_tier_of_today():
    facts = pd.DataFrame({"account_id": ["a", "b"], "current_tier": ["X", "Y"]})
    previous = pd.DataFrame(
        {"account_id": ["a"], "tier": ["A"], "tier_since": [pd.Timestamp(2026, 1, 1)]}
    )
    found = standing_before(ACCOUNTS, facts, previous)
    assert found["tier"].tolist() == ["A", "Y", None]
    assert found["when"].tolist() == [BY_RUN, TODAY, None]
    assert found["tier_since"].tolist() == [pd.Timestamp(2026, 1, 1), pd.NaT, pd.NaT]


def test_a_run_of_an_older_version_lacks_columns_and_nothing_else():
    found = standing_before(ACCOUNTS, None, pd.DataFrame({"account_id": ["c"], "tier": ["B"]}))
    assert found["tier"].tolist() == [None, None, "B"]
    assert found[["review_date", "override_reason"]].isna().all(axis=None)


def test_nothing_known_is_nothing_known():
    assert standing_before(ACCOUNTS, None, None).isna().all(axis=None)
