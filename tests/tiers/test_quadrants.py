from __future__ import annotations

from statistics import median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.policy.plan import CompensationSection
from valuemodel.tiers.quadrants import HINTS, QUADRANT_TYPES, quadrants


def frame_of(rows: list[tuple], by: str = "industry") -> pd.DataFrame:
    """Accounts of (segment, order value, white space)."""
    told = pd.DataFrame({"account_id": [f"{at}" for at in range(len(rows))]}, dtype="str")
    parts = pd.DataFrame(rows, columns=["segment", "order_value", "white_space"])
    predicted = told.assign(white_space_1y=parts["white_space"].astype("float64"))
    facts = told.assign(order_value=parts["order_value"].astype("float64"))
    facts[by] = parts["segment"].astype(object)
    return account_frame(told, predicted, facts, Horizon.parse("1 year"))


def section_of(**said) -> CompensationSection:
    return CompensationSection.model_validate(said)


#: One segment for each quadrant, at cuts of 100 for an order and 3 accounts.
BOOK = [
    *[("chemicals", 500.0, 10.0)] * 3,
    *[("cloud", 900.0, 5.0)] * 2,
    *[("crafts", 20.0, 1.0)] * 4,
    ("farms", 99.0, np.nan),
]
CUTS = {"large_order": 100.0, "many_accounts": 3}
QUADRANTS = {
    "chemicals": "large_many",
    "cloud": "large_few",
    "crafts": "small_many",
    "farms": "small_few",
}


def test_a_segment_is_placed_by_the_companys_own_cuts():
    table = quadrants(frame_of(BOOK), section_of(**CUTS)).set_index("segment")
    assert table["quadrant"].to_dict() == QUADRANTS
    assert table["accounts"].to_dict() == {"chemicals": 3, "cloud": 2, "crafts": 4, "farms": 1}
    assert table["order_value"].to_dict() == {
        "chemicals": 500.0,
        "cloud": 900.0,
        "crafts": 20.0,
        "farms": 99.0,
    }


def test_each_quadrant_says_how_it_is_covered():
    table = quadrants(frame_of(BOOK), section_of(**CUTS)).set_index("segment")["hint"]
    assert "winning" in table["chemicals"]
    assert "keeping" in table["chemicals"]
    assert "named key-account team" in table["cloud"]
    assert "another, digital unit keeps" in table["crafts"]
    assert "mostly for winning" in table["farms"]
    assert set(table) == set(HINTS.values())


def test_without_cuts_a_segment_is_compared_with_the_median_segment():
    table = quadrants(frame_of(BOOK), section_of()).set_index("segment")
    # Orders of 20, 99, 500, 900 and counts of 1, 2, 3, 4.
    assert table["quadrant"].to_dict() == QUADRANTS
    alone = quadrants(frame_of([("toys", 5.0, 1.0)]), section_of())
    assert alone["quadrant"].tolist() == ["large_many"]


def test_exactly_at_the_cut_is_large_and_many():
    rows = [("a", 100.0, 0.0)] * 3 + [("b", 99.99, 0.0)] * 2
    assert quadrants(frame_of(rows), section_of(**CUTS))["quadrant"].tolist() == [
        *("large_many", "small_few"),
    ]


def test_one_cut_of_the_company_leaves_the_other_to_the_median():
    rows = [("a", 10.0, 0.0)] * 3 + [("b", 30.0, 0.0)]
    found = quadrants(frame_of(rows), section_of(large_order=5.0))
    assert found["quadrant"].tolist() == ["large_many", "large_few"]
    found = quadrants(frame_of(rows), section_of(many_accounts=1))
    assert found["quadrant"].tolist() == ["small_many", "large_many"]


def test_the_order_value_of_a_segment_is_the_median_of_its_accounts():
    rows = [("a", 1.0, 0.0), ("a", 3.0, 0.0), ("a", 1_000.0, 0.0), ("a", np.nan, 0.0)]
    (found,) = quadrants(frame_of(rows), section_of())["order_value"]
    assert found == 3.0


def test_a_segment_of_no_known_order_value_has_no_quadrant_and_moves_no_cut():
    pay = {"large_many": {"acquisition": 0.5, "retention": 0.5}}
    rows = [*BOOK, *[("mills", np.nan, 2.0)] * 3]
    table = quadrants(frame_of(rows), section_of(many_accounts=3, pay=pay)).set_index("segment")
    assert table["quadrant"].drop("mills").to_dict() == QUADRANTS
    assert pd.isna(table.loc["mills", "quadrant"])
    assert "no order value is known" in table.loc["mills", "hint"]
    assert np.isnan(table.loc["mills", "acquisition"])
    assert table.loc["mills", "white_space"] == 6.0


def test_accounts_whose_segment_is_not_known_are_counted_have_no_quadrant_and_move_no_cut():
    rows = [*BOOK, *[(None, 10_000.0, 1.0)] * 9]
    table = quadrants(frame_of(rows), section_of()).set_index("segment")
    assert table["quadrant"].drop("not known").to_dict() == QUADRANTS
    unknown = table.loc["not known"]
    assert unknown[["accounts", "order_value", "white_space"]].tolist() == [9, 10_000.0, 9.0]
    assert pd.isna(unknown["quadrant"])
    assert "which segment they belong to is not known" in unknown["hint"]


def test_a_book_without_segments_has_no_quadrants():
    table = quadrants(frame_of([(None, 5.0, 1.0)] * 3), section_of(**CUTS))
    assert table["quadrant"].isna().tolist() == [True]


@pytest.mark.parametrize("by", ["industry", "region", "country"])
def test_what_tells_segments_apart_is_the_companys_choice(by):
    table = quadrants(frame_of([("x", 5.0, 1.0)], by), section_of(by=by))
    assert table["segment"].tolist() == ["x"]


def test_white_space_is_summed_and_missing_where_none_is_known():
    table = quadrants(frame_of(BOOK), section_of()).set_index("segment")["white_space"]
    assert table.drop("farms").to_dict() == {"chemicals": 30.0, "cloud": 10.0, "crafts": 4.0}
    assert np.isnan(table["farms"])


def test_pay_is_blank_unless_the_company_says():
    assert (
        quadrants(frame_of(BOOK), section_of())[["acquisition", "retention"]].isna().all(axis=None)
    )


def test_pay_is_the_companys_own_table():
    pay = {"small_few": {"acquisition": 0.7, "retention": 0.3}}
    table = quadrants(frame_of(BOOK), section_of(**CUTS, pay=pay)).set_index("segment")
    assert table.loc["farms", ["acquisition", "retention"]].tolist() == [0.7, 0.3]
    assert table.drop("farms")[["acquisition", "retention"]].isna().all(axis=None)


def test_an_empty_book_keeps_its_columns():
    table = quadrants(frame_of([]), section_of())
    assert table.empty
    assert table.dtypes.astype(str).to_dict() == QUADRANT_TYPES


ROW = st.tuples(
    st.sampled_from([None, "a", "b", "c"]),
    st.sampled_from([np.nan, 1.0, 2.0, 8.0]),
    st.integers(0, 9),
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(ROW, max_size=20))
def test_quadrants_are_what_sorting_by_hand_gives_in_any_order_of_rows(rows):
    table = quadrants(frame_of(rows), section_of())
    pd.testing.assert_frame_equal(table, quadrants(frame_of(rows[::-1]), section_of()))
    segments = sorted({row[0] or "not known" for row in rows})
    markets = [one for one in segments if one != "not known"]
    counts = {one: sum(row[0] == one for row in rows) for one in markets}
    known = {one: [row[1] for row in rows if row[0] == one and row[1] == row[1]] for one in markets}
    orders = {one: median(values) for one, values in known.items() if values}
    expected = [
        None
        if one not in orders
        else ("large" if orders[one] >= median(orders.values()) else "small")
        + ("_many" if counts[one] >= median(counts.values()) else "_few")
        for one in segments
    ]
    assert table["segment"].tolist() == segments
    assert [None if pd.isna(one) else one for one in table["quadrant"]] == expected


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.0, 1e6), min_size=2, max_size=12))
def test_not_even_the_last_bit_of_a_sum_shows_the_order_of_rows(amounts):
    rows = [("toys", 1.0, amount) for amount in amounts]
    found, turned = (quadrants(frame_of(each), section_of()) for each in (rows, rows[::-1]))
    pd.testing.assert_frame_equal(found, turned, check_exact=True)
