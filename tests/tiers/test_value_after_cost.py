from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.value_after_cost import (
    AFTER_COST_TYPES,
    ALL,
    cost_lines,
    treatment,
    value_after_cost,
    value_by_tier,
)

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
YEAR = Horizon.parse("1 year")
TREATMENTS = ("cogs", "sales_and_marketing", "retention")
MONEY = {
    "arr": "arr",
    "ago": "arr_12m_ago",
    "cogs": "cost_cogs_12m",
    "sales_and_marketing": "cost_sales_and_marketing_12m",
    "retention": "cost_retention_12m",
}
NOTHING = dict.fromkeys(TREATMENTS, 0.0)


def policy_of(*subtract: str, loss_below: float = 0.0) -> TierPolicy:
    return TierPolicy.parse(
        {"version": "1", "cost": {"subtract": list(subtract), "loss_below": loss_below}}
    )


COGS = policy_of("cogs")


def frame_of(rows: list[dict], horizon: Horizon = YEAR) -> pd.DataFrame:
    """Accounts of past, value, and the money of a year that `MONEY` names; tier A unless said."""
    told = pd.DataFrame({"account_id": [f"{at}" for at in range(len(rows))]}, dtype="str")
    told["tier"] = pd.Series([row.get("tier", "A") for row in rows], dtype="str")

    def column(name: str) -> pd.Series:
        return pd.Series([row.get(name) for row in rows], dtype="float64")

    label = horizon.label
    predicted = told.assign(
        **{f"value_{label}": column("value"), f"past_value_{label}": column("past")}
    )
    facts = told.assign(**{fact: column(name) for name, fact in MONEY.items()})
    return account_frame(told, predicted, facts, horizon)


def after_cost(
    rows: list[dict],
    policy: TierPolicy = COGS,
    horizon: Horizon = YEAR,
    net_of: tuple[str, ...] = (),
) -> pd.DataFrame:
    frame = frame_of(rows, horizon)
    return value_after_cost(frame, policy, horizon=horizon, statement="revenue", net_of=net_of)


RICH = {
    "past": 1_000.0,
    "value": 1_200.0,
    "cogs": 300.0,
    "sales_and_marketing": 50.0,
    "retention": 80.0,
    "arr": 900.0,
    "ago": 800.0,
}


@pytest.mark.parametrize(
    ("subtract", "net_of", "subtracted", "contribution", "net"),
    [
        (["cogs"], (), 300.0, 700.0, 1_120.0),
        ([], (), 0.0, 1_000.0, 1_120.0),
        (["cogs", "sales_and_marketing"], (), 350.0, 650.0, 1_120.0),
        # What the measure is net of is not subtracted again; the rest of what is named is.
        (["cogs"], ("cogs",), 0.0, 1_000.0, 1_120.0),
        (["cogs", "sales_and_marketing"], ("cogs",), 50.0, 950.0, 1_120.0),
        # Retention within contribution: the predicted value is still net of it just once.
        (["cogs", "retention"], (), 380.0, 620.0, 1_120.0),
        (["cogs", "retention"], ("cogs", "retention"), 0.0, 1_000.0, 1_200.0),
        (["cogs"], ("retention",), 300.0, 700.0, 1_200.0),
        # Naming a treatment twice costs nobody anything twice.
        (["cogs", "cogs"], (), 300.0, 700.0, 1_120.0),
    ],
)
def test_every_cost_is_subtracted_once(subtract, net_of, subtracted, contribution, net) -> None:
    row = after_cost([RICH], policy_of(*subtract), net_of=net_of).loc[0]
    assert row["cost_subtracted"] == pytest.approx(subtracted)
    assert row["contribution"] == pytest.approx(contribution)
    assert row["value_net"] == pytest.approx(net)
    # What keeping it costs a year stands apart, whatever is subtracted where.
    assert row["retention_cost"] == 80.0
    assert row["retention_cost_ratio"] == 0.1


def test_a_quarter_bears_a_quarter_of_the_costs_of_a_year() -> None:
    quarter = Horizon.parse("3 months")
    row = after_cost([RICH], policy_of("cogs", "retention"), quarter).loc[0]
    assert row["cost_subtracted"] == pytest.approx((300.0 + 80.0) / 4.0)
    assert row["contribution"] == pytest.approx(905.0)
    assert row["value_net"] == pytest.approx(1_180.0)
    # What keeping it costs, and what is kept, are both of a year.
    assert row["retention_cost_ratio"] == pytest.approx(80.0 / 800.0)


def test_a_loss_stays_a_loss_and_lowers_the_sum_of_its_tier() -> None:
    loss = {"past": -200.0, "value": -100.0, "cogs": 50.0, "retention": 30.0}
    table = after_cost([RICH, NOTHING | loss])
    assert table.loc[1, ["contribution", "value_net"]].tolist() == [-250.0, -130.0]
    assert table["loss_making"].tolist() == [False, True]
    tier = value_by_tier(table, COGS).set_index("tier").loc["A"]
    assert tier["value_net"] == pytest.approx(1_120.0 - 130.0)
    assert tier["contribution"] == pytest.approx(700.0 - 250.0)


def test_costs_of_a_year_are_brought_to_the_horizon() -> None:
    row = after_cost([RICH], horizon=Horizon.parse("6 months")).loc[0]
    assert row["cost_subtracted"] == pytest.approx(150.0)
    assert row["contribution"] == pytest.approx(850.0)
    assert row["value_net"] == pytest.approx(1_160.0)
    assert row["retention_cost"] == 80.0
    two = after_cost([RICH], horizon=Horizon.parse("2 years")).loc[0]
    assert [two["cost_subtracted"], two["value_net"]] == [600.0, 1_040.0]


@pytest.mark.parametrize(
    ("arr", "ago", "retained", "ratio"),
    [
        (900.0, 800.0, 800.0, 0.1),  # growth is not retention
        (400.0, 800.0, 400.0, 0.2),
        (None, 800.0, 0.0, None),  # all of it is lost
        (0.0, 800.0, 0.0, None),
        (900.0, None, None, None),  # no contract a year ago: nothing to retain
        (None, None, None, None),
    ],
)
def test_retained_arr_is_what_is_left_of_a_year_ago(arr, ago, retained, ratio) -> None:
    row = after_cost([RICH | {"arr": arr, "ago": ago}]).loc[0]
    expected = [np.nan if one is None else one for one in (retained, ratio)]
    found = row[["retained_arr", "retention_cost_ratio"]].tolist()
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("said", "losing"),
    [
        ({"past": 100.0, "cogs": 100.0, "value": 0.0}, False),  # nothing is not a loss
        ({"past": 100.0, "cogs": 101.0, "value": 50.0}, True),
        ({"past": 100.0, "cogs": 0.0, "value": -1.0}, True),
        ({"past": -5.0, "cogs": 0.0, "value": 9.0}, True),
        ({"past": 100.0, "cogs": None, "value": 50.0}, False),  # costs are not known
        ({"past": 100.0, "cogs": None, "value": -1.0}, True),
        ({"past": None, "cogs": 10.0, "value": None}, False),  # nothing is known
    ],
)
def test_an_account_loses_money_by_contribution_or_by_expectation(said, losing) -> None:
    assert after_cost([NOTHING | said])["loss_making"].tolist() == [losing]


def test_what_counts_as_a_loss_is_for_the_policy_to_say() -> None:
    rows = [NOTHING | {"past": past, "value": past} for past in (40.0, 50.0)]
    table = after_cost(rows, policy_of("cogs", loss_below=50.0))
    assert table["loss_making"].tolist() == [True, False]


def test_without_costs_what_rests_on_them_is_missing_and_a_line_says_so() -> None:
    table = after_cost([{"past": 10.0, "value": 20.0}, {"past": 5.0, "value": -1.0, "tier": "B"}])
    missing = ["cost_subtracted", "contribution", "retention_cost", "value_net"]
    assert table[missing].isna().all(axis=None)
    assert table["loss_making"].tolist() == [False, True]
    lines = list(cost_lines(value_by_tier(table, COGS), "EUR"))
    assert lines[1] == "  costs are not known: the book has no costs table"
    assert "  tier A: 20 EUR expected" in lines
    # A contribution that is net of nothing is known all the same.
    free = after_cost([{"past": 10.0, "value": 20.0}], policy_of())
    assert free["contribution"].tolist() == [10.0]
    assert "costs are not known" in list(cost_lines(value_by_tier(free, policy_of()), "EUR"))[1]


def test_a_book_with_costs_and_no_past_does_not_lack_a_costs_table() -> None:
    lines = list(cost_lines(value_by_tier(after_cost([NOTHING | {"value": 9.0}]), COGS), "EUR"))
    assert not any("not known" in line for line in lines)
    bare = list(cost_lines(value_by_tier(after_cost([NOTHING]), COGS), "EUR"))
    assert bare[1] == "  tier A: no value is predicted"


@pytest.mark.parametrize(
    ("subtract", "net_of", "said"),
    [
        (
            ["cogs"],
            (),
            "contribution = revenue, less cost to serve treated as cogs; cost of retention stands "
            "apart",
        ),
        (
            ["cogs", "sales_and_marketing", "cogs"],
            (),
            "contribution = revenue, less cost to serve treated as cogs and sales and marketing; "
            "cost of retention stands apart",
        ),
        (
            ["cogs", "retention"],
            (),
            "contribution = revenue, less cost to serve treated as cogs and retention; cost of "
            "retention is in it",
        ),
        (
            ["cogs"],
            ("cogs",),
            "contribution = revenue, less no further cost to serve; cost of retention stands apart",
        ),
        (
            [],
            (),
            "contribution = revenue, less no cost to serve; cost of retention stands apart",
        ),
        (
            [],
            ("retention",),
            "contribution = revenue, less no further cost to serve; cost of retention is in it",
        ),
    ],
)
def test_the_treatment_of_cost_is_printed_with_every_figure(subtract, net_of, said) -> None:
    policy = policy_of(*subtract)
    assert treatment(policy, "revenue", net_of) == said
    table = after_cost([RICH, RICH | {"tier": "D"}], policy, net_of=net_of)
    by_tier = value_by_tier(table, policy)
    assert set(table["treatment"]) == {said}
    assert set(by_tier["treatment"]) == {said}
    assert next(iter(cost_lines(by_tier, "EUR"))) == f"after cost: {said}"


def test_tiers_add_up_in_the_order_of_the_policy() -> None:
    rows = [
        RICH,
        RICH | {"past": 100.0, "value": 150.0, "retention": 70.0, "arr": 200.0, "ago": 700.0},
        RICH | {"tier": "C", "past": 10.0, "value": 5.0, "arr": None, "ago": None},
    ]
    found = value_by_tier(after_cost(rows), COGS).set_index("tier")
    assert found.index.tolist() == ["A", "B", "C", "D", ALL]
    assert found["accounts"].to_dict() == {"A": 2, "B": 0, "C": 1, "D": 0, ALL: 3}
    assert found["loss_making"].to_dict() == {"A": 1, "B": 0, "C": 1, "D": 0, ALL: 2}
    # 700 - 200 of the two in A: the ratio is of the sums, 150 of 800 and 200.
    assert found.loc["A", "contribution"] == pytest.approx(500.0)
    assert found.loc["A", "retained_arr"] == 1_000.0
    assert found.loc["A", "retention_cost_ratio"] == pytest.approx(0.15)
    assert found.loc["A", "value_net"] == pytest.approx(1_200.0)
    assert np.isnan(found.loc["C", "retention_cost_ratio"])
    assert found.loc["B", ["past", "contribution", "value"]].isna().all()
    assert found.loc[ALL, "contribution"] == pytest.approx(210.0)
    assert list(cost_lines(found.reset_index(), "EUR"))[1:] == [
        "  tier A: 1,350 EUR expected, contribution so far 500 EUR, keeping costs 15.0 % of retained "
        "ARR, 1 loss-making",
        "  tier B: no accounts",
        "  tier C: 5 EUR expected, contribution so far -290 EUR, 1 loss-making",
        "  tier D: no accounts",
        "  whole book: 1,355 EUR expected, contribution so far 210 EUR, keeping costs 23.0 % of "
        "retained ARR, 2 loss-making",
    ]


def test_the_table_is_typed_and_keeps_the_order_of_the_frame() -> None:
    frame = frame_of([RICH, RICH | {"value": 1.0}, RICH]).iloc[[2, 0, 1]]
    dated = frame.assign(as_of=pd.Timestamp("2026-01-01"))
    found = value_after_cost(dated, COGS, horizon=YEAR, statement="revenue")
    assert found.dtypes.astype(str).to_dict() == AFTER_COST_TYPES
    assert found["account_id"].tolist() == ["2", "0", "1"]
    assert found["value"].tolist() == [1_200.0, 1_200.0, 1.0]
    assert (found["as_of"] == pd.Timestamp("2026-01-01")).all()
    undated = value_after_cost(frame, COGS, horizon=YEAR, statement="revenue")
    assert undated["as_of"].isna().all()
    pd.testing.assert_frame_equal(undated.drop(columns="as_of"), found.drop(columns="as_of"))


def test_an_empty_book_has_empty_sums() -> None:
    table = after_cost([])
    assert len(table) == 0
    assert table.dtypes.astype(str).to_dict() == AFTER_COST_TYPES
    by_tier = value_by_tier(table, COGS)
    assert by_tier["accounts"].tolist() == [0] * 5
    assert list(cost_lines(by_tier, "EUR"))[-1] == "  whole book: no accounts"


AMOUNT = st.none() | st.integers(-500, 5_000).map(float)
COST = st.integers(0, 900).map(float)
ROW = st.fixed_dictionaries(
    {
        "past": AMOUNT,
        "value": AMOUNT,
        "tier": st.sampled_from("ABCD"),
        **dict.fromkeys(TREATMENTS, COST),
        "arr": st.none() | COST,
        "ago": st.none() | COST,
    }
)
TREATED = st.lists(st.sampled_from(TREATMENTS), max_size=4)


@QUICK
@given(rows=st.lists(ROW, min_size=1, max_size=8), subtract=TREATED, net_of=TREATED)
def test_the_figures_are_those_of_a_sum_by_hand(rows, subtract, net_of) -> None:
    half = Horizon.parse("6 months")
    table = after_cost(rows, policy_of(*subtract), half, tuple(net_of))
    for row, found in zip(rows, table.to_dict("records"), strict=True):
        cost = sum(row[name] for name in {*subtract} - {*net_of}) / 2.0
        assert found["cost_subtracted"] == pytest.approx(cost)
        if row["past"] is not None:
            assert found["contribution"] == pytest.approx(row["past"] - cost)
        if row["value"] is not None:
            kept = 0.0 if "retention" in net_of else row["retention"] / 2.0
            assert found["value_net"] == pytest.approx(row["value"] - kept)
        losing = (row["past"] is not None and row["past"] - cost < 0.0) or (
            row["value"] is not None and row["value"] < 0.0
        )
        assert found["loss_making"] == losing
    by_tier = value_by_tier(table, policy_of(*subtract)).set_index("tier")
    for name in ("accounts", "value", "contribution", "retention_cost", "loss_making"):
        parts = by_tier[name].drop(ALL).sum()
        assert parts == pytest.approx(np.nan_to_num(by_tier.loc[ALL, name]))
