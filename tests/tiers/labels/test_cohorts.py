from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.labels.cohorts import COHORT_TYPES, cohort_table, cohorts
from valuemodel.tiers.policy.labels import LabelsSection


def frame_of(n: int = 1, **facts) -> pd.DataFrame:
    told = pd.DataFrame({"account_id": [f"{at}" for at in range(n)]})
    return account_frame(told, told, told.assign(**facts), Horizon.parse("1 year"))


def section_of(*names: str, **said) -> LabelsSection:
    return LabelsSection.model_validate({"cohorts": list(names), **said})


def names(kind: str, frame: pd.DataFrame, **said) -> list[str]:
    return cohorts(frame, section_of(kind, **said))[f"cohort_{kind}"].tolist()


def test_year_and_quarter_are_those_of_the_first_order():
    days = ["2021-01-01", "2021-03-31 23:59:59", "2021-04-01", "2020-12-31", None]
    frame = frame_of(5, first_order=pd.to_datetime(pd.Series(days), format="ISO8601"))
    assert names("first_year", frame) == ["2021", "2021", "2021", "2020", "not known"]
    assert names("first_quarter", frame) == [
        *("2021 Q1", "2021 Q1", "2021 Q2", "2020 Q4", "not known"),
    ]


def test_every_quarter_of_every_year_has_its_own_name():
    days = pd.date_range("1999-02-01", "2026-11-01", freq="QS-FEB")
    frame = frame_of(len(days), first_order=days)
    expected = [f"{day.year} Q{(day.month - 1) // 3 + 1}" for day in days]
    assert names("first_quarter", frame) == expected
    assert names("first_year", frame) == [f"{day.year}" for day in days]


def test_sizes_are_named_as_people_count_heads():
    employees = [0.0, 9.0, 10.0, 49.0, 50.0, 249.0, 999.0, 1_000.0, np.nan]
    assert names("size", frame_of(9, employees=employees)) == [
        *("below 10", "below 10", "10 to 49", "10 to 49", "50 to 249", "50 to 249"),
        *("250 to 999", "1,000 and more", "not known"),
    ]


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        ([], ["any size", "any size", "not known"]),
        ([3.0], ["below 3", "3 and more", "not known"]),
        ([2.0, 3.0, 4.0], ["2", "3", "not known"]),
        ([1.5, 2.5, 4.0], ["1.5 to below 2.5", "2.5 to below 4", "not known"]),
        ([1.0, 1_500_000.0], ["1 to 1,499,999", "1 to 1,499,999", "not known"]),
    ],
)
def test_the_borders_of_size_are_the_companys_own(bands, expected):
    assert names("size", frame_of(3, employees=[2.0, 3.0, np.nan]), size_bands=bands) == expected


@pytest.mark.parametrize("fact", ["industry", "region", "country", "owner"])
def test_any_text_fact_is_a_cohort(fact):
    assert names(fact, frame_of(2, **{fact: ["one", None]})) == ["one", "not known"]


def test_there_is_a_column_per_cohort_in_the_order_of_the_policy():
    found = cohorts(frame_of(2), section_of("size", "first_year", "industry"))
    assert list(found) == ["cohort_size", "cohort_first_year", "cohort_industry"]
    assert (found == "not known").all(axis=None)


@pytest.mark.parametrize("n", [0, 2])
def test_without_cohorts_there_are_no_columns(n):
    assert cohorts(frame_of(n), section_of()).shape == (n, 0)


def test_an_empty_book_keeps_its_columns():
    kinds = ("first_year", "first_quarter", "size", "industry")
    found = cohorts(frame_of(0), section_of(*kinds))
    assert found.dtypes.astype(str).to_dict() == {f"cohort_{kind}": "str" for kind in kinds}


def book_of(rows: list[tuple]) -> tuple[pd.DataFrame, pd.DataFrame]:
    columns = ["cohort_industry", "tier", "value", "past", "churn"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype({"value": "float64", "past": "float64", "churn": "float64"})
    texts = table[["cohort_industry", "tier"]].astype("str")
    return table.assign(tier=texts["tier"]), texts[["cohort_industry"]]


BOOK = [
    ("toys", "B", 1.0, 4.0, 0.2),
    ("toys", "A", 9.0, 2.0, np.nan),
    ("steel", "B", 5.0, 5.0, np.nan),
    ("toys", "B", 2.0, 0.0, 0.4),
    ("all", "A", 1.0, 1.0, 0.5),
]


def test_each_cohort_is_told_as_a_whole_and_then_by_tier():
    table = cohort_table(*book_of(BOOK))
    assert table[["name", "tier", "accounts", "value", "past"]].values.tolist() == [
        ["all", "all", 1, 1.0, 1.0],
        ["all", "A", 1, 1.0, 1.0],
        ["steel", "all", 1, 5.0, 5.0],
        ["steel", "B", 1, 5.0, 5.0],
        ["toys", "all", 3, 12.0, 6.0],
        ["toys", "A", 1, 9.0, 2.0],
        ["toys", "B", 2, 3.0, 4.0],
    ]
    assert set(table["cohort"]) == {"industry"}
    assert table.loc[4:, "share_of_cohort"].tolist() == pytest.approx([1.0, 1 / 3, 2 / 3])


def test_churn_is_the_mean_of_those_of_whom_it_is_known():
    table = cohort_table(*book_of(BOOK)).set_index(["name", "tier"])["churn"]
    assert table[("toys", "all")] == pytest.approx(0.3)
    assert np.isnan(table[("toys", "A")])
    assert np.isnan(table[("steel", "all")])


def test_money_that_is_known_of_nobody_is_missing_and_not_nothing():
    table = cohort_table(*book_of([("toys", "A", np.nan, np.nan, np.nan)]))
    assert table[["value", "past", "churn"]].isna().all(axis=None)


def test_every_cohort_is_cut_one_below_the_other():
    frame, labels = book_of(BOOK[:2])
    labels = labels.assign(cohort_size="below 10", grade="gold")
    table = cohort_table(frame, labels)
    assert table["cohort"].unique().tolist() == ["industry", "size"]
    assert table["accounts"].tolist() == [2, 1, 1] * 2


@pytest.mark.parametrize("labels", [pd.DataFrame(), pd.DataFrame({"cohort_x": []}, dtype="str")])
def test_without_accounts_or_cohorts_the_table_keeps_its_columns(labels):
    table = cohort_table(book_of([])[0], labels)
    assert table.empty
    assert table.dtypes.astype(str).to_dict() == COHORT_TYPES


ROW = st.tuples(
    st.sampled_from(["toys", "steel", "not known"]),
    st.sampled_from(["A", "B"]),
    st.integers(-9, 9),
    st.integers(0, 9),
    st.sampled_from([np.nan, 0.25, 0.5]),
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(ROW, max_size=15))
def test_accounts_and_money_add_up_in_any_order_of_rows(rows):
    table = cohort_table(*book_of(rows))
    pd.testing.assert_frame_equal(table, cohort_table(*book_of(rows[::-1])))
    whole = table[table["tier"] == "all"]
    for part in (whole, table[table["tier"] != "all"]):
        assert part["accounts"].sum() == len(rows)
        assert part["value"].sum() == sum(row[2] for row in rows)
        assert part["past"].sum() == sum(row[3] for row in rows)
    tiers = table[table["tier"] != "all"].groupby("name")["share_of_cohort"].sum()
    assert tiers.tolist() == pytest.approx([1.0] * len(whole))


FRACTION = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(FRACTION, FRACTION, st.floats(0.0, 1.0)), min_size=2, max_size=12))
def test_not_even_the_last_bit_of_a_sum_shows_the_order_of_rows(figures):
    rows = [("toys", "A", *figure) for figure in figures]
    pd.testing.assert_frame_equal(
        cohort_table(*book_of(rows)), cohort_table(*book_of(rows[::-1])), check_exact=True
    )
