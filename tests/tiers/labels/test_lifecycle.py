from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.labels.lifecycle import STATES, lifecycle, transitions
from valuemodel.tiers.policy.labels import LifecycleSection

AS_OF = Cutoff.parse("2026-01-01")
NEVER = pd.NaT


def before(days: int) -> pd.Timestamp:
    return pd.Timestamp(AS_OF.at) - pd.Timedelta(days=days)


def frame_of(n: int = 1, churn: object = np.nan, past: object = np.nan, **facts) -> pd.DataFrame:
    told = pd.DataFrame({"account_id": [f"{at}" for at in range(n)]})
    predicted = told.assign(churn_1y=churn, past_value_1y=past)
    return account_frame(told, predicted, told.assign(**facts), Horizon.parse("1 year"))


def state(section: LifecycleSection | None = None, **known) -> str:
    (found,) = lifecycle(frame_of(**known), section or LifecycleSection(), AS_OF)
    return found


def ordered(last: int, orders: float = 1.0, **known) -> dict:
    return {"first_order": before(900), "last_order": before(last), "orders_12m": orders, **known}


def test_before_its_first_purchase_or_contract_an_account_is_potential():
    assert state() == "potential"
    assert state(orders_12m=0.0, past=0.0, churn=0.1) == "potential"


@pytest.mark.parametrize(("days", "expected"), [(365, "bought"), (366, "quiet")])
def test_an_account_is_quiet_once_it_bought_nothing_for_so_many_days(days, expected):
    assert state(**ordered(days)) == expected


def test_how_long_quiet_is_and_how_many_orders_are_sticky_is_the_companys_own():
    own = LifecycleSection(quiet_after_days=30, sticky_orders=2)
    assert state(own, **ordered(31)) == "quiet"
    assert state(own, **ordered(30, orders=2.0)) == "sticky"


def test_a_contract_in_force_keeps_an_account_from_being_quiet():
    assert state(**ordered(800, orders=0.0, arr=10.0, churn=0.9)) == "bought"


@pytest.mark.parametrize(
    ("orders", "churn", "expected"),
    [(4.0, 0.25, "sticky"), (4.0, 0.26, "bought"), (3.0, 0.0, "bought")],
)
def test_sticky_takes_orders_enough_and_little_churn(orders, churn, expected):
    assert state(**ordered(10, orders=orders, churn=churn)) == expected


def test_where_churn_is_not_known_orders_and_contracts_decide():
    assert state(**ordered(10, orders=4.0)) == "sticky"
    assert state(arr=10.0) == "sticky"


def test_whether_any_contract_is_sticky_or_only_a_renewed_one():
    strict = LifecycleSection(sticky_with_contract=False)
    assert state(arr=10.0, renewed=False) == "sticky"
    assert state(strict, arr=10.0, renewed=False) == "bought"
    assert state(strict, arr=10.0, renewed=True) == "sticky"
    assert state(strict, arr=10.0) == "bought"


def test_a_contract_of_no_stated_amount_counts():
    assert state(arr=np.nan, renewed=False) == "sticky"


def test_a_contract_that_ended_within_the_year_leaves_an_account_quiet_and_not_potential():
    assert state(arr_12m_ago=50.0) == "quiet"
    assert state(past=50.0) == "quiet"


def test_an_empty_book_has_no_states():
    found = lifecycle(frame_of(0), LifecycleSection(), AS_OF)
    assert (len(found), found.dtype, found.name) == (0, "str", "lifecycle")


DAYS = st.one_of(st.none(), st.integers(1, 800))
ACCOUNT = st.fixed_dictionaries(
    {
        "last": DAYS,
        "orders_12m": st.sampled_from([0.0, 3.0, 4.0]),
        "arr": st.sampled_from([np.nan, 0.0, 5.0]),
        "churn": st.sampled_from([np.nan, 0.25, 0.5]),
        "renewed": st.sampled_from([None, True]),
    }
)


def by_hand(one: dict, section: LifecycleSection) -> str:
    contract = one["arr"] > 0 or one["renewed"] is not None
    if one["last"] is None and not contract and one["orders_12m"] == 0:
        return "potential"
    if not contract and (one["last"] is None or one["last"] > section.quiet_after_days):
        return "quiet"
    loyal = one["orders_12m"] >= section.sticky_orders
    loyal = loyal or (contract and (section.sticky_with_contract or one["renewed"] is True))
    return "sticky" if loyal and not one["churn"] > section.sticky_churn else "bought"


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(ACCOUNT, min_size=1, max_size=12), st.booleans(), st.integers(1, 800))
def test_states_are_what_the_rules_give_by_hand_in_any_order_of_rows(accounts, contract, days):
    section = LifecycleSection(sticky_with_contract=contract, quiet_after_days=days)
    times = [NEVER if one["last"] is None else before(one["last"]) for one in accounts]
    columns = {name: [one[name] for one in accounts] for name in ("orders_12m", "arr", "churn")}
    frame = frame_of(len(accounts), first_order=times, last_order=times, **columns)
    frame["renewed"] = pd.array([one["renewed"] for one in accounts], dtype="boolean")
    expected = [by_hand(one, section) for one in accounts]
    assert lifecycle(frame, section, AS_OF).tolist() == expected
    assert lifecycle(frame.iloc[::-1], section, AS_OF).tolist() == expected[::-1]


def run_of(**states: str) -> pd.DataFrame:
    told = pd.DataFrame({"account_id": list(states), "lifecycle": list(states.values())})
    return told.astype("str")


def test_who_changed_who_stayed_who_came_and_who_went_is_counted():
    earlier = run_of(a="potential", b="bought", c="bought", d="sticky", e="quiet")
    now = run_of(f="potential", e="quiet", c="sticky", b="sticky", a="bought")
    assert transitions(earlier, now).values.tolist() == [
        ["bought", "sticky", 2],
        ["new", "potential", 1],
        ["potential", "bought", 1],
        ["quiet", "quiet", 1],
        ["sticky", "gone", 1],
    ]


def test_the_first_run_has_nothing_to_count_from():
    found = transitions(None, run_of(a="bought"))
    assert found.dtypes.astype(str).to_dict() == {
        "previous_state": "str",
        "state": "str",
        "accounts": "int64",
    }
    assert found.empty


def test_runs_of_nobody_are_counted_too():
    assert transitions(run_of(), run_of(a="bought")).values.tolist() == [["new", "bought", 1]]
    assert transitions(run_of(a="bought"), run_of()).values.tolist() == [["bought", "gone", 1]]
    nobody = transitions(run_of(), run_of())
    assert nobody.empty
    assert (
        nobody.dtypes.astype(str).to_dict()
        == transitions(None, run_of()).dtypes.astype(str).to_dict()
    )


RUN = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(STATES))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(RUN, RUN)
def test_no_account_is_lost_or_counted_twice(earlier, now):
    found = transitions(run_of(**earlier), run_of(**now).iloc[::-1])
    pairs = [(earlier.get(one, "new"), now.get(one, "gone")) for one in {*earlier, *now}]
    counted = {(one, other): count for one, other, count in found.values.tolist()}
    assert counted == Counter(pairs)
    assert list(counted) == sorted(counted)
