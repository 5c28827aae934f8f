from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import DataRefused, SettingsError, UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers
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
    scores = score_accounts(table, HALF).table
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


def policy_of(**score) -> TierPolicy:
    tiers = [
        {"name": "A", "share_of_accounts": 0.2},
        {"name": "B", "share_of_accounts": 0.6},
        {"name": "C"},
    ]
    return TierPolicy.parse({"version": "1", "score": score, "tiers": tiers})


def book(n=20, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "account_id": [f"{at:03d}" for at in range(n)],
            "as_of": pd.Timestamp("2026-01-01"),
            "value_6m": rng.lognormal(3.0, 1.5, n).round(2),
            "past_value_6m": rng.lognormal(3.0, 1.5, n).round(2),
            "winnability_6m": rng.random(n).round(3),
        }
    )


def facts(n=20, seed=1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "account_id": [f"{at:03d}" for at in range(n)],
            "industry": ["steel", "toys", None, "steel"] * (n // 4),
            "brand_score": rng.integers(0, 100, n).astype(float),
            "reference_score": np.where(rng.random(n) < 0.4, np.nan, rng.integers(0, 100, n)),
            "arr": rng.lognormal(4.0, 1.0, n).round(2),
        }
    )


WEIGHTS = {"revenue": 1.0, "potential": 5.0, "demonstration": 2.0, "winnability": 2.0}


@pytest.mark.parametrize("normalise", ["rank", "capped_share"])
def test_the_four_parts_add_up_to_the_score(normalise) -> None:
    policy = policy_of(weights=WEIGHTS, normalise=normalise)
    table = score_accounts(book(), HALF, policy, facts()).table
    parts = [f"score_{part}" for part in WEIGHTS]
    assert np.allclose(table[parts].sum(axis=1), table["score"])
    most = dict(zip(parts, [10.0, 50.0, 20.0, 20.0], strict=True))
    for part, top in most.items():
        assert table[part].between(0.0, top).all()
    assert table["score_potential"].max() == pytest.approx(50.0)


def test_a_rank_is_the_share_of_accounts_that_it_does_not_fall_behind() -> None:
    policy = policy_of(weights={"potential": 1.0, "revenue": 1.0})
    told = book(4).assign(value_6m=[1.0, 2.0, 2.0, 9.0], past_value_6m=0.0)
    table = score_accounts(told, HALF, policy).table
    assert table["score_potential"].tolist() == [12.5, 37.5, 37.5, 50.0]
    assert set(table["score_revenue"]) == {50.0}


def test_a_capped_share_lets_no_whale_dwarf_the_rest() -> None:
    policy = policy_of(
        weights={"potential": 1.0, "revenue": 1.0}, normalise="capped_share", cap=0.5
    )
    told = book(5).assign(value_6m=[-5.0, 10.0, 20.0, 40.0, 1e6])
    table = score_accounts(told, HALF, policy).table
    assert table["score_potential"].tolist() == [0.0, 25.0, 50.0, 50.0, 50.0]


def test_what_is_not_known_of_an_account_earns_nothing() -> None:
    policy = policy_of(weights={"potential": 1.0, "demonstration": 1.0})
    lacking = facts().assign(brand_score=np.nan, reference_score=np.r_[[50.0] * 10, [np.nan] * 10])
    table = score_accounts(book(), HALF, policy, lacking).table
    assert (table["score_demonstration"][:10] == 50.0).all()
    assert (table["score_demonstration"][10:] == 0.0).all()


def test_a_part_that_nobody_has_is_refused_by_key() -> None:
    with pytest.raises(SettingsError, match="does not have") as caught:
        score_accounts(book(), HALF, policy_of(weights=WEIGHTS))
    assert caught.value.details == (
        "score.weights.demonstration = 2, but brand_score or reference_score is known of no account",
    )


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ({"weights": {"potential": 0.0}}, "all weights are 0"),
        ({"weights": {"potentail": 1.0}}, "did you mean 'potential'?"),
        ({"weights": {"potential": -1.0}}, "greater than or equal to 0"),
        ({"normalise": "z"}, "Input should be 'rank' or 'capped_share'"),
        ({"industries": {"weights": {"steel": 2.0}}}, "score.industries.owner: Field required"),
    ],
)
def test_a_mistake_in_the_score_is_refused_by_key(score, said) -> None:
    with pytest.raises(SettingsError) as caught:
        policy_of(**score)
    assert said in str(caught.value)


def test_industry_weights_stand_apart_from_what_was_predicted() -> None:
    industries = {"owner": "M. Ito", "decided": "2026-09-01", "weights": {"steel": 2.0}}
    plain, weighed = policy_of(), policy_of(industries=industries)
    told = assign_tiers(book(), weighed, facts())
    before = score_accounts(book(), HALF, plain).table["score"]
    steel = facts()["industry"] == "steel"
    assert told["industry_weight"].tolist() == np.where(steel, 2.0, 1.0).tolist()
    assert np.allclose(told["score"], before * told["industry_weight"])
    assert told["score_potential"].tolist() == before.tolist()


def test_revenue_and_potential_can_be_other_amounts() -> None:
    policy = policy_of(
        weights={"potential": 1.0, "revenue": 1.0}, revenue="arr", potential="wallet"
    )
    told = book().assign(wallet_6m=np.arange(20.0))
    table = score_accounts(told, HALF, policy, facts()).table
    assert np.allclose(table["score_potential"], 2.5 * np.arange(1.0, 21.0))
    by_arr = facts()["arr"].rank() / 20 * 50
    assert np.allclose(table["score_revenue"], by_arr)


bounded = settings(max_examples=40, deadline=None, derandomize=True)
composites = st.fixed_dictionaries(
    {part: st.sampled_from([0.0, 1.0, 3.0]) for part in ("revenue", "demonstration", "winnability")}
    | {"potential": st.sampled_from([1.0, 2.0])}
)


@bounded
@given(
    composites, st.sampled_from(["rank", "capped_share"]), st.integers(0, 99), st.floats(0.01, 1e3)
)
def test_scaling_all_money_changes_no_tier(weights, normalise, seed, k) -> None:
    policy = policy_of(weights=weights, normalise=normalise)
    told, known = book(seed=seed), facts(seed=seed)
    scaled = told.assign(value_6m=told["value_6m"] * k, past_value_6m=told["past_value_6m"] * k)
    one = assign_tiers(told, policy, known)
    other = assign_tiers(scaled, policy, known.assign(arr=known["arr"] * k))
    assert one["tier"].tolist() == other["tier"].tolist()


@bounded
@given(composites, st.sampled_from(["rank", "capped_share"]), st.integers(0, 99), st.data())
def test_a_better_part_never_lowers_a_tier(weights, normalise, seed, data) -> None:
    """H6: monotone in each declared part."""
    policy = policy_of(weights=weights, normalise=normalise)
    told, known = book(seed=seed), facts(seed=seed)
    at = data.draw(st.integers(0, 19))
    column = data.draw(
        st.sampled_from(["value_6m", "past_value_6m", "winnability_6m", "brand_score"])
    )
    rise = data.draw(st.floats(0.0, 1.0 if column.startswith("win") else 200.0))
    table = known if column == "brand_score" else told
    better = table.copy()
    better.loc[at, column] = min(
        better.loc[at, column] + rise, 1.0 if column.startswith("win") else np.inf
    )
    before = assign_tiers(told, policy, known)["tier"][at]
    after = assign_tiers(
        told if column == "brand_score" else better,
        policy,
        better if column == "brand_score" else known,
    )["tier"][at]
    assert after <= before


@bounded
@given(composites, st.sampled_from(["rank", "capped_share"]), st.integers(0, 99))
def test_the_value_at_a_line_is_where_the_account_would_cross_it(weights, normalise, seed) -> None:
    policy = policy_of(weights=weights, normalise=normalise)
    told, known = book(seed=seed), facts(seed=seed)
    scores = score_accounts(told, HALF, policy, known)
    line = np.full((20, 1), np.quantile(scores.score, 0.6))
    needed = scores.value_at(line)[:, 0]
    above = scores.score >= line[:, 0] - 1e-9
    assert (told["value_6m"].to_numpy() >= needed * (1 - 1e-9))[above].all()
    under = scores.score < line[:, 0] - 1e-9
    assert (told["value_6m"].to_numpy() < needed)[under].all()
