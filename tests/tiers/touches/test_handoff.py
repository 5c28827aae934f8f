from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.touches.handoff import HANDOFF_TYPES, handoffs

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
AS_OF = Cutoff.parse("2026-01-01")
POLICY = TierPolicy.parse({"version": "1"})  # from 85 % of the seats, or growth of 25 %
USAGE = ("seats", "seats_used", "usage_3m", "usage_3m_before")
TO_WIN = {"white_space": "white_space_1y", "winnability": "winnability_1y"}


def frame_of(rows: list[dict]) -> pd.DataFrame:
    names = [f"{at}" for at in range(len(rows))]
    told = pd.DataFrame({"account_id": names}, dtype="str").assign(tier="B")
    facts = told.assign(
        owner="Ada", **{name: [row.get(name, np.nan) for row in rows] for name in USAGE}
    )
    predicted = told.assign(
        **{column: [row.get(name, np.nan) for row in rows] for name, column in TO_WIN.items()}
    )
    return account_frame(told, predicted, facts, Horizon.parse("1 year"))


def listed(rows: list[dict], policy: TierPolicy = POLICY) -> list[str]:
    return handoffs(frame_of(rows), policy, AS_OF)["account_id"].tolist()


def test_an_account_is_handed_over_with_what_was_seen() -> None:
    rows = [
        {"seats": 1_200.0, "seats_used": 0.95, "usage_3m": 100.0, "usage_3m_before": 100.0},
        {"seats_used": 0.20, "usage_3m": 180.0, "usage_3m_before": 100.0},
        {"seats_used": 0.90, "usage_3m": 150.0, "usage_3m_before": 100.0},
        {"seats": 10.0, "seats_used": 0.50, "usage_3m": 101.0, "usage_3m_before": 100.0},
        {},
    ]
    found = handoffs(frame_of(rows), POLICY, AS_OF).set_index("account_id")
    assert found["signal"].to_dict() == {
        "0": "seats nearly used up",
        "1": "usage grows",
        "2": "seats nearly used up; usage grows",
    }
    assert found["evidence"].to_dict() == {
        "0": "95 % of 1,200 seats in use",
        "1": "usage +80 % in 3 months",
        "2": "90 % of its seats in use; usage +50 % in 3 months",
    }
    # By how much the stronger of the two lies beyond its line: 80 - 25, 50 - 25, 95 - 85.
    assert found["strength"].round(6).to_dict() == {"1": 0.55, "2": 0.25, "0": 0.1}
    assert found["rank"].to_dict() == {"1": 1, "2": 2, "0": 3}
    assert set(found["owner"]) == {"Ada"}
    assert set(found["as_of"]) == {pd.Timestamp(AS_OF.at)}


def test_the_lines_themselves_count() -> None:
    rows = [
        {"seats_used": 0.85},
        {"seats_used": 0.8499},
        {"usage_3m": 125.0, "usage_3m_before": 100.0},
        {"usage_3m": 124.9, "usage_3m_before": 100.0},
    ]
    assert listed(rows) == ["0", "2"]
    # Growth of just a fifth, which no binary fraction hits: 120 / 100 - 1 is less than 0.2.
    fifth = TierPolicy.parse({"version": "1", "queue": {"handoff_usage_growth": 0.2}})
    exact = {"usage_3m": 120.0, "usage_3m_before": 100.0}
    found = handoffs(frame_of([exact, exact | {"usage_3m": 119.99}]), fifth, AS_OF)
    assert found["strength"].to_dict() == {0: 0.0}
    tighter = {"version": "1", "queue": {"handoff_seats_used": 1.0, "handoff_usage_growth": 2.0}}
    assert listed(rows, TierPolicy.parse(tighter)) == []


def test_growth_from_nothing_has_no_rate_and_is_no_signal() -> None:
    assert listed([{"usage_3m": 500.0, "usage_3m_before": 0.0}, {"usage_3m": 500.0}]) == []


def test_what_there_is_to_win_orders_the_list_then_the_signal() -> None:
    full = {"seats_used": 0.9}
    rows = [
        {**full, "white_space": 1_000.0, "winnability": 0.1},
        {**full, "white_space": 500.0, "winnability": 0.9},
        {**full, "white_space": 9e9},  # how likely it is won is not known
        {"seats_used": 1.0},
        {**full, "winnability": 0.9},
    ]
    found = handoffs(frame_of(rows), POLICY, AS_OF)
    assert found["account_id"].tolist() == ["1", "0", "3", "2", "4"]
    assert found["rank"].tolist() == [1, 2, 3, 4, 5]
    assert found["expected"].tolist()[:2] == [450.0, 100.0]
    assert found["expected"].isna().tolist() == [False, False, True, True, True]


def test_without_use_the_list_is_empty_and_typed() -> None:
    for frame in (frame_of([{}, {}]), frame_of([])):
        found = handoffs(frame, POLICY, AS_OF)
        assert len(found) == 0
        assert found.dtypes.astype(str).to_dict() == HANDOFF_TYPES


SHARES = st.sampled_from([np.nan, 0.0, 0.5, 0.85, 0.9, 1.0, 1.2])
AMOUNTS = st.sampled_from([np.nan, 0.0, 80.0, 100.0, 125.0, 300.0])
ROW = st.fixed_dictionaries(
    {
        "seats_used": SHARES,
        "usage_3m": AMOUNTS,
        "usage_3m_before": AMOUNTS,
        "white_space": st.sampled_from([np.nan, 0.0, 10.0, 1_000.0]),
        "winnability": st.sampled_from([np.nan, 0.0, 0.5, 1.0]),
    }
)


def key_of(row: dict, name: str) -> tuple | None:
    """Say in plain Python where an account stands on the list; None if it is not on it."""
    before = row["usage_3m_before"]
    growth = row["usage_3m"] / before - 1.0 if before > 0.0 else np.nan
    beyond = [row["seats_used"] - 0.85, growth - 0.25]
    if not any(one >= 0.0 for one in beyond):
        return None
    strength = max(one for one in beyond if not np.isnan(one))
    expected = row["white_space"] * row["winnability"]
    return (np.isnan(expected), 0.0 if np.isnan(expected) else -expected, -strength, name)


@QUICK
@given(rows=st.lists(ROW, max_size=8), data=st.data())
def test_the_list_is_what_a_sort_by_hand_says(rows: list[dict], data) -> None:
    keys = {f"{at}": key_of(row, f"{at}") for at, row in enumerate(rows)}
    wanted = sorted((key, name) for name, key in keys.items() if key is not None)
    frame = frame_of(rows)
    found = handoffs(frame, POLICY, AS_OF)
    assert found["account_id"].tolist() == [name for _, name in wanted]
    assert found["rank"].tolist() == list(range(1, len(wanted) + 1))
    assert (found["strength"] >= 0.0).all()
    mixed = frame.iloc[data.draw(st.permutations(range(len(rows))))]
    pd.testing.assert_frame_equal(handoffs(mixed, POLICY, AS_OF), found)
