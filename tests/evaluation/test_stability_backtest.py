"""The policy is replayed cutoff by cutoff: what its stability spared, and what it cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from valuemodel.evaluation.stability_backtest import (
    STABILITY_TYPES,
    WITH,
    WITHOUT,
    _moves,
    stability_backtest,
    stability_lines,
)
from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy

HALF = Horizon.parse("6 months")
LADDER = [{"name": "A", "top_share": 0.10}, {"name": "B", "top_share": 0.30}, {"name": "C"}]
ACCOUNTS = 100


def policy(**sections) -> TierPolicy:
    return TierPolicy.parse({"version": "1", "review_months": 3, "tiers": LADDER} | sections)


def judge(table, rules=None):
    rules = policy() if rules is None else rules
    return stability_backtest(table, rules, model="ours", baseline="past_value", horizon=HALF)


def noisy(cutoffs: int) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Accounts of lasting size, whose forecasts waver from cutoff to cutoff."""
    generator = np.random.default_rng(3)
    size = generator.lognormal(3, 1, ACCOUNTS)
    return [
        (
            size * generator.lognormal(0, 0.3, ACCOUNTS),
            {"ours": size * generator.lognormal(0, 0.6, ACCOUNTS), "past_value": size},
        )
        for _ in range(cutoffs)
    ]


@pytest.fixture
def book():
    return noisy(5)


@pytest.fixture
def table(tidy, book) -> pd.DataFrame:
    return tidy(book)


def tiers_alone(forecast: np.ndarray) -> list[str]:
    """Cut one cutoff by itself: ten of a hundred are A, thirty A or B."""
    order = sorted(range(ACCOUNTS), key=lambda at: -forecast[at])
    tier = ["C"] * ACCOUNTS
    for place, at in enumerate(order[:30]):
        tier[at] = "A" if place < 10 else "B"
    return tier


def row(found, way):
    return found.set_index("way").loc[way]


def test_without_stability_every_cutoff_is_cut_by_itself(table, book):
    found = judge(table, policy(stability={"band": 0.3}))
    assert found.dtypes.astype("str").to_dict() == STABILITY_TYPES
    assert found["way"].tolist() == [WITH, WITHOUT]
    cut = [tiers_alone(forecasts["ours"]) for _, forecasts in book]
    accounts = range(ACCOUNTS)
    moves = sum(cut[k][at] != cut[k - 1][at] for k in range(1, 5) for at in accounts)
    back = sum(
        cut[k][at] == cut[k - 2][at] != cut[k - 1][at] for k in range(2, 5) for at in accounts
    )
    shares = [
        sum(came[at] for at in accounts if tier[at] == "A") / came.sum()
        for (came, _), tier in zip(book, cut, strict=True)
    ]
    free = row(found, WITHOUT)
    assert (free["cutoffs"], free["accounts"]) == (5, ACCOUNTS)
    assert (free["moves"], free["reversals"]) == (moves, back)
    assert moves > back > 0
    assert free["moved_share"] == pytest.approx(moves / (4 * ACCOUNTS))
    assert free["reversed_share"] == pytest.approx(back / (3 * ACCOUNTS))
    assert free["top_tier_accounts"] == 10.0
    assert free["top_tier_value"] == pytest.approx(np.mean(shares))
    assert free["value_given_up"] == 0.0


@pytest.mark.parametrize(
    "stability",
    [{"band": 0.3}, {"minimum_stay_months": 2}, {"movement_budget": 0.05}, {"review_only": True}],
    ids=lambda section: next(iter(section)),
)
def test_each_brake_spares_moves_and_its_price_is_told(table, stability):
    found = judge(table, policy(stability=stability))
    stable, free = row(found, WITH), row(found, WITHOUT)
    assert stable["moves"] < free["moves"]
    assert stable["reversals"] <= free["reversals"]
    given_up = free["top_tier_value"] - stable["top_tier_value"]
    assert stable["value_given_up"] == pytest.approx(given_up)
    assert stable["top_tier_accounts"] <= 10.0


def test_a_budget_holds_at_every_step(tidy):
    for cutoffs in (2, 3, 4):
        found = judge(tidy(noisy(cutoffs)), policy(stability={"movement_budget": 0.05}))
        assert row(found, WITH)["moves"] <= 5 * (cutoffs - 1)
        assert row(found, WITHOUT)["moves"] > 5 * (cutoffs - 1)


def test_between_reviews_nothing_moves_and_on_them_everything_may(tidy, book):
    """Cutoffs lie a month apart and reviews three: the fourth cutoff is the first to move tiers."""
    rules = policy(stability={"review_only": True})
    assert row(judge(tidy(book[:3]), rules), WITH)["moves"] == 0
    first, fourth = (tiers_alone(book[k][1]["ours"]) for k in (0, 3))
    moves = sum(one != other for one, other in zip(first, fourth, strict=True))
    stable = row(judge(tidy(book[:4]), rules), WITH)
    assert stable["moves"] == moves
    assert stable["reversals"] == 0


def test_a_policy_without_stability_has_two_equal_rows(table):
    found = judge(table).drop(columns="way")
    assert found.iloc[0].to_dict() == found.iloc[1].to_dict()


def test_what_asks_for_facts_is_left_out_and_not_refused(table):
    told = {
        "score": {"weights": {"potential": 1.0, "demonstration": 1.0}},
        "segments": {"by": "industry", "minimum_accounts": 1, "lines": {"steel": {}}},
        "protected": [{"tier": "A", "reason": "law", "accounts": ["a00000", "a00001"]}],
    }
    pd.testing.assert_frame_equal(judge(table, policy(**told)), judge(table))


def test_rows_in_another_order_and_other_candidates_change_nothing(table):
    beside = table[table["model"] == "ours"].assign(model="other", y_pred=1.0)
    shuffled = pd.concat([table, beside]).sample(frac=1.0, random_state=0)
    rules = policy(stability={"band": 0.2, "movement_budget": 0.1})
    pd.testing.assert_frame_equal(judge(shuffled, rules), judge(table, rules))


def test_accounts_that_come_and_go_count_where_they_can_be_compared(table):
    """One account is missing at the third of five cutoffs: it has two steps of four left."""
    rest = table[~((table["account_id"] == "a00007") & (table["fold"] == 2))]
    free = row(judge(rest), WITHOUT)
    assert free["accounts"] == ACCOUNTS
    assert free["moves"] / free["moved_share"] == pytest.approx(4 * ACCOUNTS - 2)
    assert free["reversals"] / free["reversed_share"] == pytest.approx(3 * ACCOUNTS - 3)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.integers(1, 5).flatmap(
        lambda cutoffs: arrays(
            np.float64, (cutoffs, 6), elements=st.sampled_from([0.0, 1.0, 2.0, np.nan])
        )
    )
)
def test_moves_are_counted_as_one_would_by_hand(places):
    moves = steps = back = thrice = 0
    for tiers in places.T.tolist():
        for k in range(1, len(tiers)):
            if tiers[k] == tiers[k] and tiers[k - 1] == tiers[k - 1]:
                steps += 1
                moves += tiers[k] != tiers[k - 1]
        for k in range(2, len(tiers)):
            if all(tiers[k - lag] == tiers[k - lag] for lag in range(3)):
                thrice += 1
                back += tiers[k] == tiers[k - 2] != tiers[k - 1]
    found = _moves(places)
    cutoffs = len(places)
    assert found["accounts"] == sum(bool(np.isfinite(tiers).any()) for tiers in places.T)
    assert found["moves"] is pd.NA if cutoffs < 2 else found["moves"] == moves
    assert found["reversals"] is pd.NA if cutoffs < 3 else found["reversals"] == back
    shares = [moves / steps if steps else np.nan, back / thrice if thrice else np.nan]
    told = [found["moved_share"], found["reversed_share"]]
    assert told == pytest.approx(shares, nan_ok=True)


def test_one_cutoff_cannot_tell_of_moves_and_two_not_of_reversals(tidy, book):
    one = judge(tidy(book[:1]))
    assert one[["moves", "moved_share", "reversals", "reversed_share"]].isna().all(axis=None)
    assert one["top_tier_value"].notna().all()
    said = list(stability_lines(one))
    assert said[0] == "whether tiers change takes two cutoffs, and 1 was judged"
    assert said[1] == "whether they go back takes three cutoffs, and 1 was judged"
    two = judge(tidy(book[:2]))
    assert two["moves"].notna().all()
    assert two[["reversals", "reversed_share"]].isna().all(axis=None)
    said = list(stability_lines(two))
    assert said[0].startswith("tiers changed ")
    assert said[1] == "whether they go back takes three cutoffs, and 2 were judged"


def test_what_brought_nothing_has_no_share(tidy, book):
    found = judge(tidy([(np.zeros(ACCOUNTS), forecasts) for _, forecasts in book[:2]]))
    assert found[["top_tier_value", "value_given_up"]].isna().all(axis=None)
    assert len(list(stability_lines(found))) == 2


def test_a_gain_is_not_called_a_loss(table):
    found = judge(table, policy(stability={"minimum_stay_months": 2}))
    found.loc[0, "value_given_up"] = -0.012
    assert list(stability_lines(found))[2].endswith(": 1.2 points gained")
    found.loc[0, "value_given_up"] = 0.012
    assert list(stability_lines(found))[2].endswith(": 1.2 points given up")


def test_where_nothing_was_judged_there_is_nothing_to_say(table):
    found = judge(table.iloc[:0])
    assert found.dtypes.astype("str").to_dict() == STABILITY_TYPES
    assert list(stability_lines(found)) == []


def test_a_model_that_was_not_judged_is_refused(table):
    with pytest.raises(UsageError, match="no value over 6m by ours"):
        judge(table[table["model"] != "ours"])
