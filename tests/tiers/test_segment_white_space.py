from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.segment_white_space import WHITE_SPACE_TYPES, segment_white_space

SEGMENTS = {"a": "toys", "b": "toys", "c": "steel", "d": None}


def frame_of(by: str = "industry") -> pd.DataFrame:
    told = pd.DataFrame({"account_id": list(SEGMENTS)})
    facts = told.assign(**{by: list(SEGMENTS.values())})
    return account_frame(told, told, facts, Horizon.parse("1 year"))


def stored(*rows: tuple) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["account_id", "product_id", "expected_value"])
    return table.astype({"account_id": "str", "product_id": "str", "expected_value": "float64"})


ROWS = [
    *[("a", "glue", 1.0), ("a", "wood", 5.0), ("b", "glue", 2.0)],
    *[("c", "glue", 7.0), ("c", "coal", 7.0), ("d", "wood", 4.0)],
]


def test_each_segment_lacks_its_own_products_the_most_promising_first():
    assert segment_white_space(stored(*ROWS), frame_of(), "industry").values.tolist() == [
        ["not known", "wood", 1, 4.0],
        ["steel", "coal", 1, 7.0],
        ["steel", "glue", 1, 7.0],
        ["toys", "wood", 1, 5.0],
        ["toys", "glue", 2, 3.0],
    ]


@pytest.mark.parametrize("by", ["region", "country"])
def test_segments_are_told_by_any_text_fact(by):
    found = segment_white_space(stored(*ROWS), frame_of(by), by)
    assert set(found["segment"]) == {"toys", "steel", "not known"}


def test_accounts_that_the_book_does_not_have_are_left_out():
    found = segment_white_space(stored(("x", "glue", 9.0), ROWS[0]), frame_of(), "industry")
    assert found.values.tolist() == [["toys", "glue", 1, 1.0]]


@pytest.mark.parametrize("table", [None, stored(), stored(("x", "glue", 9.0))])
def test_without_products_the_table_keeps_its_columns(table):
    found = segment_white_space(table, frame_of(), "industry")
    assert found.empty
    assert found.dtypes.astype(str).to_dict() == WHITE_SPACE_TYPES


LACKING = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["glue", "wood", "coal"])),
    st.integers(0, 99),
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(LACKING)
def test_what_all_accounts_lack_adds_up_in_any_order_of_rows(lacking):
    rows = [(*pair, float(amount)) for pair, amount in lacking.items()]
    found = segment_white_space(stored(*rows), frame_of(), "industry")
    turned = segment_white_space(stored(*rows[::-1]), frame_of().iloc[::-1], "industry")
    pd.testing.assert_frame_equal(found, turned)
    for row in found.to_dict("records"):
        here = [
            amount
            for (account, product), amount in lacking.items()
            if (SEGMENTS[account] or "not known", product) == (row["segment"], row["product_id"])
        ]
        assert (row["accounts"], row["expected"]) == (len(here), sum(here))
    assert found["accounts"].sum() == len(lacking)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.0, 1e6), min_size=2, max_size=12))
def test_not_even_the_last_bit_of_a_sum_shows_the_order_of_rows(amounts):
    ids = [f"{at}" for at in range(len(amounts))]
    told = pd.DataFrame({"account_id": ids})
    frame = account_frame(told, told, told.assign(industry="toys"), Horizon.parse("1 year"))
    lacking = stored(*[(one, "glue", amount) for one, amount in zip(ids, amounts, strict=True)])
    found, turned = (
        segment_white_space(each, frame, "industry") for each in (lacking, lacking.iloc[::-1])
    )
    pd.testing.assert_frame_equal(found, turned, check_exact=True)
