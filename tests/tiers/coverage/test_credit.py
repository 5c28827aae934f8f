from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.coverage.credit import CREDIT_TYPES, credit_lines, credit_totals, credited

QUICK = settings(max_examples=50, deadline=None, derandomize=True)


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    kinds = {"account_id": "str", "owner": "str", "past": "float64", "value": "float64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def credit_of(rows: list[tuple]) -> pd.DataFrame:
    kinds = {"account_id": "str", "owner": "str", "share": "float64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


BOOK = frame_of(
    [
        ("a", "Ada", 1000.0, 2000.0),
        ("b", "Ada", 100.0, 10.0),
        ("c", "Bob", 50.0, None),
        ("d", None, 20.0, 5.0),
    ]
)
CREDIT = credit_of(
    [
        ("a", "Ada", 1.0),
        ("a", "Max", 1.0),
        ("b", "Ada", 0.7),
        ("b", "Max", 0.3),
        ("c", "Bob", 0.6),
        ("z", "Max", 1.0),
    ]
)


def test_each_person_is_credited_with_shares_and_owns_in_full() -> None:
    table = credited(BOOK, CREDIT).set_index("owner")
    assert table["accounts"].to_dict() == {"Ada": 2, "Bob": 1, "Max": 2}
    assert table["credited_value"].to_dict() == pytest.approx(
        {"Ada": 1070.0, "Bob": 30.0, "Max": 1030.0}
    )
    assert table["credited_expected"].to_dict() == pytest.approx(
        {"Ada": 2007.0, "Bob": 0.0, "Max": 2003.0}
    )
    assert table["own_value"].to_dict() == {"Ada": 1100.0, "Bob": 50.0, "Max": 0.0}
    assert table["own_accounts"].to_dict() == {"Ada": 2, "Bob": 1, "Max": 0}


def test_the_company_total_is_that_of_its_accounts_whatever_is_credited() -> None:
    totals = credit_totals(BOOK, CREDIT)
    assert totals == pytest.approx(
        {
            "company_past": 1170.0,
            "credited_past": 2130.0,
            "double_counted": 1000.0,
            "not_credited": 40.0,
            "accounts_double": 1.0,
            "accounts_uncredited": 1.0,
            "accounts_unknown": 1.0,
        }
    )
    assert list(credit_lines(totals, "EUR")) == [
        "the company's total is 1,170 EUR, each account counted once",
        "people are credited with 2,130 EUR: the credit of people is never added up to a company "
        "total",
        "1,000 EUR of 1 account count twice",
        "40 EUR are credited to nobody (1 account not at all)",
        "credit names 1 account that the book does not have",
    ]


def test_without_a_credit_table_nothing_is_credited_and_owners_are_told() -> None:
    totals = credit_totals(BOOK, None)
    assert totals == credit_totals(BOOK, pd.DataFrame())
    assert totals["company_past"] == totals["not_credited"] == 1170.0
    assert totals["credited_past"] == totals["accounts_unknown"] == 0.0
    table = credited(BOOK, None)
    assert table["owner"].tolist() == ["Ada", "Bob"]
    assert table["credited_value"].tolist() == [0.0, 0.0]


def test_shares_that_make_a_whole_are_not_counted_twice() -> None:
    thirds = credit_of([("a", name, 1 / 3) for name in ("Ada", "Bob", "Cyd")])
    tenths = credit_of([("b", f"p{at}", 0.1) for at in range(10)])
    totals = credit_totals(BOOK.head(2), pd.concat([thirds, tenths]))
    assert totals["double_counted"] == totals["not_credited"] == 0.0
    assert totals["accounts_double"] == totals["accounts_uncredited"] == 0.0


money = st.floats(-1e6, 1e6)
ids = st.sampled_from("abcdefz")


@QUICK
@given(
    st.lists(money, max_size=6),
    st.lists(st.tuples(ids, st.sampled_from(["Ada", "Max"]), st.floats(0.0, 1.0)), max_size=12),
)
def test_what_is_credited_reconciles_with_the_company(past, rows) -> None:
    frame = frame_of([(name, "Ada", one, one) for name, one in zip("abcdef", past, strict=False)])
    credit = credit_of(rows).drop_duplicates(["account_id", "owner"])
    totals = credit_totals(frame, credit)
    assert totals["company_past"] == pytest.approx(sum(past), abs=1e-6)
    assert totals["credited_past"] == pytest.approx(
        totals["company_past"] + totals["double_counted"] - totals["not_credited"], abs=1e-2
    )
    assert credited(frame, credit)["credited_value"].sum() == pytest.approx(
        totals["credited_past"], abs=1e-6
    )


def test_an_empty_book_keeps_its_columns() -> None:
    table = credited(frame_of([]), credit_of([]))
    assert table.empty
    assert table.dtypes.astype(str).to_dict() == CREDIT_TYPES
    assert set(credit_totals(frame_of([]), None).values()) == {0.0}
