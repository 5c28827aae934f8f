"""At equal sizes, the lists of key accounts are told by what they caught, and by their hours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.policy_backtest import (
    ALL,
    POLICY_COLUMNS,
    policy_backtest,
    policy_lines,
)
from valuemodel.evaluation.policy_baselines import STANDING_TYPES
from valuemodel.exceptions import UsageError
from valuemodel.metrics.value import top_decile_share
from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy

HALF = Horizon.parse("6 months")
TENTH = {
    "version": "1",
    "tiers": [
        {"name": "A", "share_of_value": 0.99, "share_of_accounts": 0.10},
        {"name": "B", "share_of_value": 0.995, "share_of_accounts": 0.30},
        {"name": "C"},
    ],
}


def judge(table, policy=TENTH, draws=200, **more):
    return policy_backtest(
        table,
        TierPolicy.parse(policy),
        model="ours",
        baseline="past_value",
        horizon=HALF,
        resampling=Resampling(draws=draws),
        **more,
    )


def book(seed: int, n: int = 500) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    size = generator.lognormal(3, 1, n)
    came = size * generator.lognormal(0, 0.5, n)
    return came, {"ours": size, "past_value": size * generator.lognormal(0, 1.0, n)}


@pytest.fixture
def table(tidy) -> pd.DataFrame:
    return tidy([book(seed) for seed in range(2)])


def test_a_tier_of_a_tenth_catches_what_the_top_tenth_does(table, tidy):
    found = judge(table)
    assert found.columns.tolist() == POLICY_COLUMNS
    assert found["cutoff"].tolist() == ["2020-01-01"] * 3 + ["2020-02-01"] * 3 + [ALL] * 3
    for number, cutoff in enumerate(["2020-01-01", "2020-02-01"]):
        came, forecasts = book(number)
        top = found[(found["cutoff"] == cutoff) & (found["tier"] == "A")].iloc[0]
        assert top["accounts"] == 50
        assert top["by_prediction"] == pytest.approx(top_decile_share(came, forecasts["ours"]))
        past = top_decile_share(came, forecasts["past_value"])
        assert top["by_past_value"] == pytest.approx(past)
        assert top["at_best"] == pytest.approx(top_decile_share(came, came))
        assert top["value_by_prediction"] == pytest.approx(top["by_prediction"] * came.sum())


def test_every_account_is_in_one_tier_whoever_chooses(table):
    found = judge(table)
    for way in ("by_prediction", "by_past_value", "at_best"):
        assert found.groupby("cutoff")[way].sum().to_numpy() == pytest.approx([1.0] * 3)
    assert found.groupby("cutoff")["accounts"].sum().tolist() == [500.0] * 3
    assert found.groupby("cutoff")["difference"].sum().to_numpy() == pytest.approx([0.0] * 3)


def test_the_mean_over_cutoffs_treats_every_cutoff_alike(table):
    found = judge(table).set_index(["cutoff", "tier"])
    each = [found.loc[(at, "A"), "difference"] for at in ("2020-01-01", "2020-02-01")]
    assert found.loc[(ALL, "A"), "difference"] == pytest.approx(np.mean(each))


def test_a_better_list_is_better_beyond_noise_and_the_same_list_by_nothing(table):
    top = judge(table).set_index(["cutoff", "tier"]).loc[(ALL, "A")]
    assert top["low"] > 0
    assert top["low"] <= top["difference"] <= top["high"]
    assert top["by_prediction_low"] < top["by_prediction"] < top["by_prediction_high"]
    same = table.copy()
    ours = same["model"] == "ours"
    same.loc[ours, "y_pred"] = same.loc[same["model"] == "past_value", "y_pred"].to_numpy()
    top = judge(same).set_index(["cutoff", "tier"]).loc[(ALL, "A")]
    assert (top["difference"], top["low"], top["high"]) == (0.0, 0.0, 0.0)


def test_rows_in_another_order_and_candidates_beside_them_change_nothing(table):
    beside = table[table["model"] == "ours"].assign(model="other")
    shuffled = pd.concat([table, beside]).sample(frac=1.0, random_state=0)
    pd.testing.assert_frame_equal(judge(shuffled), judge(table))


def test_hours_are_those_of_the_policy_and_those_that_contacts_tell(table):
    timed = {**TENTH, "tiers": [dict(tier) for tier in TENTH["tiers"]]}
    timed["tiers"][0]["touches"] = [{"name": "review", "per_year": 4, "hours": 2.0}]
    accounts = sorted(table["account_id"].unique())
    at = sorted(table["cutoff"].unique())
    effort = pd.DataFrame(
        {
            "cutoff": np.repeat(at, 500),
            "account_id": accounts * 2,
            "contacts": 2,
            "timed": 1,
            "hours": 3.0,
        }
    )
    found = judge(table, timed, effort=effort).set_index(["cutoff", "tier"])
    top = found.loc[("2020-01-01", "A")]
    assert top["hours_planned"] == pytest.approx(50 * 8.0 / 2, rel=1e-3)
    assert top["hours_spent_by_prediction"] == top["hours_spent_by_past_value"] == 150.0
    thousands = top["value_by_prediction"] / 1_000
    assert top["spent_per_1000_by_prediction"] == pytest.approx(150.0 / thousands)
    assert np.isnan(found.loc[("2020-01-01", "B"), "hours_planned"])
    said = list(policy_lines(found.reset_index(), "EUR", effort))
    assert "points (" in said[0]
    assert said[1].startswith("hours that the policy plans for tier A, per 1,000 EUR that came: ")
    assert said[2].endswith("(1,000 of 2,000 contacts say how long they took)")


def standing(table, cutoffs=("2020-01-01", "2020-02-01"), n=500, **columns) -> pd.DataFrame:
    """Give every account a tier and a contract value at the cutoffs, by default none."""
    rows = {
        "cutoff": np.repeat(pd.to_datetime(list(cutoffs)), n),
        "account_id": sorted(table["account_id"].unique()) * len(cutoffs),
        "current_tier": None,
        "arr": np.nan,
    }
    return pd.DataFrame(rows | columns).astype(STANDING_TYPES)


def test_the_company_s_own_tiers_catch_what_as_many_accounts_from_their_top_brought(table):
    """Forty accounts of each cutoff are A today; as many more as fifty take are those of B."""
    own, expected = [], []
    for number in range(2):
        came, forecasts = book(number)
        tier = np.full(500, "C", dtype=object)
        tier[np.random.default_rng(number).permutation(500)[:240]] = ["A"] * 40 + ["B"] * 200
        own += tier.tolist()
        order = sorted(range(500), key=lambda at: (tier[at], -forecasts["past_value"][at]))
        expected.append(came[order[:50]].sum() / came.sum())
    found = judge(table, standing=standing(table, current_tier=own))
    top = found[found["tier"] == "A"]
    assert top["by_current_tier"].to_numpy() == pytest.approx([*expected, np.mean(expected)])
    gap = top["by_prediction"] - top["by_current_tier"]
    assert top["difference_to_current"].to_numpy() == pytest.approx(gap.to_numpy())
    assert (top["difference_to_current_low"] < top["difference_to_current"]).all()
    assert (top["difference_to_current"] < top["difference_to_current_high"]).all()
    for number, share in enumerate(expected):
        money = top["value_by_current_tier"].iloc[number]
        assert money == pytest.approx(share * book(number)[0].sum())
    contract = [name for name in POLICY_COLUMNS if "contract" in name]
    assert len(contract) == 5
    assert found[contract].isna().all(axis=None)
    every = found.groupby("cutoff")["by_current_tier"].sum()
    assert every.to_numpy() == pytest.approx([1.0] * 3)


def test_contract_values_that_are_the_forecasts_differ_by_nothing_in_any_draw(table):
    forecasts = np.concatenate([book(number)[1]["ours"] for number in range(2)])
    found = judge(table, standing=standing(table, arr=forecasts))
    assert found["by_contract_value"].to_numpy() == pytest.approx(found["by_prediction"])
    assert found["value_by_contract_value"].to_numpy() == pytest.approx(
        found["value_by_prediction"]
    )
    differences = [
        "difference_to_contract",
        "difference_to_contract_low",
        "difference_to_contract_high",
    ]
    assert found[differences].to_numpy() == pytest.approx(0.0)
    assert found[[name for name in POLICY_COLUMNS if "current" in name]].isna().all(axis=None)
    assert [line for line in policy_lines(found, "EUR") if "by contract value" in line]


def test_the_mean_is_not_known_where_a_cutoff_is_not(table):
    first = standing(table, cutoffs=["2020-01-01"], current_tier="B", arr=1.0)
    found = judge(table, draws=20, standing=first).set_index("cutoff")
    for way in ("by_current_tier", "by_contract_value"):
        assert found.loc["2020-01-01", way].notna().all()
        assert found.loc[["2020-02-01", ALL], way].isna().all()


def test_standings_change_nothing_of_what_is_told_without_them(table):
    before = judge(table, draws=50)
    after = judge(table, draws=50, standing=standing(table, current_tier="A", arr=1.0))
    told = [name for name in POLICY_COLUMNS if "current" not in name and "contract" not in name]
    pd.testing.assert_frame_equal(after[told], before[told])
    # Where all are alike, past value decides.
    assert after["by_current_tier"].to_numpy() == pytest.approx(after["by_past_value"])


def test_unknown_hours_are_said_to_be_unknown_and_never_nothing(table):
    found = judge(table, draws=20)
    hours = [name for name in POLICY_COLUMNS if "hours" in name or "per_1000" in name]
    assert found[hours].isna().all(axis=None)
    said = list(policy_lines(found, "EUR"))
    assert said[1].endswith("not known, the policy does not say how long its touches take")
    assert said[2].endswith("not known, the book has no interactions")


def test_what_brought_nothing_has_no_shares(tidy):
    came, forecasts = book(0)
    found = judge(tidy([(np.zeros_like(came), forecasts)]), draws=20)
    assert found[["by_prediction", "difference", "low"]].isna().all(axis=None)


def test_where_nothing_could_be_judged_there_is_nothing_to_say(table):
    found = judge(table.iloc[:0])
    assert found.columns.tolist() == POLICY_COLUMNS
    assert list(policy_lines(found, "EUR")) == []


def test_a_model_that_was_not_judged_is_refused(table):
    with pytest.raises(UsageError, match="no value over 6m by ours"):
        judge(table[table["model"] != "ours"])
