from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.labels.labels import account_labels
from valuemodel.tiers.policy import TierPolicy

AS_OF = Cutoff.parse("2026-01-01")
POLICY = TierPolicy.parse(
    {
        "version": "1",
        "labels": {
            "layers": {"serve": {"team": "key accounts"}},
            "grades": {"serve": [{"name": "gold", "top_share": 0.5}]},
            "cohorts": ["industry", "first_year"],
        },
    }
)
COLUMNS = [
    *("account_id", "class", "layer_play", "layer_team", "layer_incentive", "layer_resources"),
    *("grade", "lifecycle", "cohort_industry", "cohort_first_year"),
]


def frame_of(*ids: str) -> pd.DataFrame:
    """Accounts that all bought lately, but for ``n``, which has no history; ranked as named."""
    told = pd.DataFrame({"account_id": list(ids)}, dtype="str")
    told["rank"] = pd.Series(range(1, len(ids) + 1), dtype="int64")
    bought = told[told["account_id"] != "n"]
    time = pd.Timestamp(2025, 11, 1)
    facts = bought.assign(first_order=time, last_order=time, orders_12m=1.0, industry="toys")
    return account_frame(told, told[["account_id"]], facts, Horizon.parse("1 year"))


def test_all_labels_of_an_account_stand_in_one_row():
    found = account_labels(frame_of("a", "b", "n"), POLICY, AS_OF)
    assert list(found) == COLUMNS
    said = ["account_id", "class", "layer_team", "grade", "lifecycle", "cohort_industry"]
    assert found[said].fillna("-").values.tolist() == [
        ["a", "serve", "key accounts", "gold", "bought", "toys"],
        ["b", "serve", "key accounts", "-", "bought", "toys"],
        ["n", "not now", "-", "-", "potential", "not known"],
    ]


def test_labels_belong_to_accounts_and_not_to_rows():
    frame = frame_of("a", "b", "n")
    found = account_labels(frame, POLICY, AS_OF)
    turned = account_labels(frame.iloc[::-1], POLICY, AS_OF)
    assert turned.index.tolist() == [2, 1, 0]
    pd.testing.assert_frame_equal(turned.sort_index(), found)


@pytest.mark.parametrize("policy", [POLICY, TierPolicy.parse({"version": "1"})])
def test_an_empty_book_keeps_its_columns(policy):
    found = account_labels(frame_of(), policy, AS_OF)
    assert found.empty
    assert list(found)[:8] == COLUMNS[:8]
    assert set(found.dtypes.astype(str)) == {"str"}
