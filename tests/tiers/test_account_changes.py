from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tiers.account_changes import CHANGE_TYPES, account_changes


def facts(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


THEN = facts(
    account_id=["a", "b", "c", "d"],
    parent_id=[None, "p", None, None],
    owner=["Ito", "Ito", "Roy", None],
    name=["Acme", "Bolt", "Cog", None],
    past=[10.0, 20.0, 30.0, 5.0],
)


def test_what_stayed_is_not_listed():
    assert account_changes(THEN, THEN, "past").empty


def test_a_merger_a_split_and_a_new_owner_are_listed_with_both_sides():
    now = facts(
        account_id=["a", "b", "d", "e"],
        parent_id=["z", None, None, None],
        owner=["Ito", "Roy", None, None],
        name=["Acme", "Bolt", None, "Eve"],
        past=[11.0, 2.0, 5.0, 28.0],
    )
    found = account_changes(now, THEN, "past").set_index(["account_id", "change"])
    assert set(found.index) == {
        ("a", "parent"), ("b", "owner"), ("b", "parent"), ("c", "gone"), ("e", "new")
    }  # fmt: skip
    assert found.loc[("a", "parent"), ["now", "past_before", "past"]].tolist() == ["z", 10.0, 11.0]
    assert found.loc[("b", "parent"), "before"] == "p"
    assert np.isnan(found.loc[("c", "gone"), "past"])
    assert np.isnan(found.loc[("e", "new"), "past_before"])


def test_the_money_of_both_runs_is_conserved():
    rng = np.random.default_rng(4)
    ids = [f"{at}" for at in range(60)]
    then = facts(account_id=ids[:40], parent_id=None, past=rng.lognormal(3, 1, 40))
    now = facts(account_id=ids[20:], parent_id=None, past=rng.lognormal(3, 1, 40))
    found = account_changes(now, then, "past")
    kept = then["account_id"].isin(now["account_id"])
    assert found["past_before"].sum() + then.loc[kept, "past"].sum() == pytest.approx(
        then["past"].sum()
    )
    stayed = now["account_id"].isin(then["account_id"])
    assert found["past"].sum() + now.loc[stayed, "past"].sum() == pytest.approx(now["past"].sum())


def test_without_a_run_before_there_is_nothing_to_list():
    for found in (account_changes(THEN, None, "past"), account_changes(None, THEN, "past")):
        assert found.empty
        assert found.dtypes.astype(str).to_dict() == CHANGE_TYPES
