from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import SettingsError
from valuemodel.periods import Cutoff
from valuemodel.tiers.overrides import OVERRIDE_COLUMNS, Overrides, overrides_from
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers

NOW = Cutoff.parse("2026-01-01")
TOUCHES = [{"name": "visit", "per_year": 10.0, "hours": 1.0}]
POLICY = TierPolicy.parse(
    {
        "version": "1",
        "capacity": {"productive_hours": 20.0},
        "tiers": [
            {"name": "A", "heads": 1.0, "touches": TOUCHES},
            {"name": "B", "share_of_accounts": 0.6},
            {"name": "C"},
        ],
    }
)


def people(*rows) -> Overrides:
    filled = [(*row, "known to us", "Ito", "2026-06-30")[:5] for row in rows]
    return overrides_from(pd.DataFrame(filled, columns=OVERRIDE_COLUMNS), POLICY.names, NOW)


def book(n=10) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": [f"{at}" for at in range(n)],
            "as_of": pd.Timestamp("2026-01-01"),
            "value_1y": np.arange(n, 0.0, -1.0),
            "past_value_1y": 0.0,
        }
    )


def test_an_override_is_respected_and_shown_with_who_why_and_until_when():
    found = assign_tiers(book(), POLICY, overrides=people(("9", "A"))).set_index("account_id")
    told = found.loc["9"]
    assert (told["tier"], told["tier_without_override"]) == ("A", "C")
    assert (told["binding_rule"], told["pinned_by"]) == ("override", "override")
    assert (told["override_reason"], told["override_owner"]) == ("known to us", "Ito")
    assert told["override_expires"] == pd.Timestamp("2026-06-30")
    assert told["move_reason"].endswith("; set by override")
    # It takes one of the two places that one person has.
    assert found.index[found["tier"] == "A"].tolist() == ["0", "9"]


def test_more_overrides_than_places_are_respected_and_the_excess_is_said():
    from valuemodel.tiers.recommendations import recommend

    found = recommend(book(), POLICY, overrides=people(("7", "A"), ("8", "A"), ("9", "A")))
    table = found.table.set_index("account_id")
    assert table.index[table["tier"] == "A"].tolist() == ["7", "8", "9"]
    assert "holds 3 accounts and its people can serve 2" in found.decision.findings[0]


def test_an_override_down_frees_its_place():
    found = assign_tiers(book(), POLICY, overrides=people(("0", "C"))).set_index("account_id")
    assert found.loc["0", "tier"] == "C"
    assert found.index[found["tier"] == "A"].tolist() == ["1", "2"]


def test_an_override_ends_on_its_day():
    rows = pd.DataFrame(
        [("1", "A", "x", "Ito", "2026-01-01"), ("2", "A", "x", "Ito", "2026-01-02")],
        columns=OVERRIDE_COLUMNS,
    )
    found = overrides_from(rows, POLICY.names, NOW)
    assert found.table["account_id"].tolist() == ["2"]
    assert found.expired["account_id"].tolist() == ["1"]


def test_overridden_accounts_that_the_book_does_not_have_are_named():
    assert people(("9", "A"), ("gone", "B")).unknown(pd.Series(["9"])) == ["gone"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("1", "AA", "x", "Ito", "2026-06-30"), "there is no tier 'AA'; did you mean 'A'?"),
        (("", "A", "x", "Ito", "2026-06-30"), "account_id is empty"),
        (("1", "A", " ", "Ito", "2026-06-30"), "reason is empty"),
        (("1", "A", "x", None, "2026-06-30"), "owner is empty"),
        (("1", "A", "x", "Ito", "30.06.2026"), "expires is no day like 2026-12-31"),
        (("1", "A", "x", "Ito", ""), "expires is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(row, said):
    with pytest.raises(SettingsError) as caught:
        overrides_from(pd.DataFrame([row], columns=OVERRIDE_COLUMNS), POLICY.names, NOW)
    assert caught.value.details == (f"line 2: {said}",) or said in caught.value.details[0]


def test_an_account_stands_there_once():
    with pytest.raises(SettingsError, match="stands there twice"):
        people(("1", "A"), ("1", "B"))


def test_a_missing_column_is_named():
    with pytest.raises(SettingsError, match="lack the columns owner, expires"):
        overrides_from(pd.DataFrame(columns=["account_id", "tier", "reason"]), ["A"], NOW)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from([str(at) for at in range(12)]), st.sampled_from("ABC"), max_size=6
    )
)
def test_every_override_holds_and_tiers_overflow_by_no_other_account(chosen):
    rows = [(account, tier) for account, tier in chosen.items()]
    found = assign_tiers(book(12), POLICY, overrides=people(*rows)).set_index("account_id")
    for account, tier in chosen.items():
        assert found.loc[account, "tier"] == tier
    pinned = sum(tier == "A" for tier in chosen.values())
    assert (found["tier"] == "A").sum() <= max(2, pinned)
