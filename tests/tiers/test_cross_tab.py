from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import UsageError
from valuemodel.tiers.cross_tab import CROSS_TYPES, cross_tab, cross_tab_lines

NAMES = ("main", "success")
TIERS = (["A", "B", "C"], ["high touch", "low"])


def tiers_of(**tiers: str) -> pd.DataFrame:
    table = pd.DataFrame({"account_id": list(tiers), "tier": list(tiers.values())})
    return table.astype("str")


MAIN = tiers_of(a="A", b="B", c="B", d="B")
SUCCESS = tiers_of(d="low", c="high touch", b="low", a="high touch")
VALUE = pd.Series({"d": 1.0, "c": 20.0, "a": 300.0, "b": 4_000.0})


def test_accounts_and_value_are_told_for_every_pair_of_tiers_also_the_empty_ones():
    table = cross_tab(MAIN, SUCCESS, NAMES, TIERS, VALUE)
    said = ["first", "second", "accounts", "share_of_accounts", "value"]
    assert table[said].values.tolist() == [
        ["A", "high touch", 1, 0.25, 300.0],
        ["A", "low", 0, 0.0, 0.0],
        ["B", "high touch", 1, 0.25, 20.0],
        ["B", "low", 2, 0.5, 4_001.0],
        ["C", "high touch", 0, 0.0, 0.0],
        ["C", "low", 0, 0.0, 0.0],
    ]
    assert set(table["first_policy"]) == {"main"}
    assert set(table["second_policy"]) == {"success"}
    assert table.dtypes.astype(str).to_dict() == CROSS_TYPES


def test_tiers_stay_in_the_order_of_their_policy():
    tiers = (["C", "A", "B"], ["low", "high touch"])
    table = cross_tab(MAIN, SUCCESS, NAMES, tiers, VALUE)
    assert table["first"].tolist() == ["C", "C", "A", "A", "B", "B"]
    assert table["second"].tolist() == ["low", "high touch"] * 3


def test_a_policy_agrees_with_itself_on_every_account():
    table = cross_tab(MAIN, MAIN, ("main", "same"), (TIERS[0], TIERS[0]), VALUE)
    assert (table["first"] == table["second"]).eq(table["accounts"] > 0)[:-1].all()
    assert table["accounts"].sum() == 4


@pytest.mark.parametrize("turned", [False, True])
def test_an_account_in_a_tier_that_the_policy_does_not_have_is_refused(turned):
    one, other, tiers = MAIN, SUCCESS.replace("low", "tech"), TIERS
    if turned:
        one, other, tiers = other, one, (tiers[1], tiers[0])
    with pytest.raises(UsageError, match="2 accounts have a tier") as refused:
        cross_tab(one, other, NAMES, tiers, VALUE)
    assert (refused.value.received, refused.value.hint) == (
        *("tech", "its tiers are high touch, low"),
    )


def test_an_empty_book_has_empty_pairs_and_no_tiers_have_no_rows():
    nobody = tiers_of()
    table = cross_tab(nobody, nobody, NAMES, TIERS, VALUE)
    assert table["accounts"].tolist() == [0] * 6
    assert table["share_of_accounts"].tolist() == [0.0] * 6
    none = cross_tab(nobody, nobody, NAMES, ([], []), VALUE)
    assert none.empty
    assert none.dtypes.astype(str).to_dict() == CROSS_TYPES


PLACED = st.lists(
    st.tuples(st.sampled_from(TIERS[0]), st.sampled_from(TIERS[1]), st.integers(0, 99)), max_size=20
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(PLACED)
def test_each_account_is_counted_once_in_any_order_of_rows(placed):
    ids = [f"{at}" for at in range(len(placed))]
    one = tiers_of(**{at: row[0] for at, row in zip(ids, placed, strict=True)})
    other = tiers_of(**{at: row[1] for at, row in zip(ids, placed, strict=True)})
    value = pd.Series([float(row[2]) for row in placed], index=ids, dtype="float64")
    table = cross_tab(one, other, NAMES, TIERS, value)
    for row in table.to_dict("records"):
        here = [worth for *pair, worth in placed if pair == [row["first"], row["second"]]]
        assert (row["accounts"], row["value"]) == (len(here), sum(here))
    assert len(table) == 6
    turned = cross_tab(one.iloc[::-1], other, NAMES, TIERS, value.iloc[::-1])
    pd.testing.assert_frame_equal(table, turned)


def test_the_matrix_has_its_numbers_below_each_other():
    assert [*cross_tab_lines(cross_tab(MAIN, SUCCESS, NAMES, TIERS, VALUE))] == [
        "accounts by tier of main (rows) and success (columns)",
        "     high touch  low",
        "  A           1    0",
        "  B           1    2",
        "  C           0    0",
    ]


def test_large_numbers_and_long_names_keep_the_matrix_aligned():
    n = 1_234
    ids = [f"{at}" for at in range(n)]
    one = pd.DataFrame({"account_id": ids, "tier": "top of the book"})
    tiers = (["top of the book", "B"], ["x", "y"])
    table = cross_tab(one, one.assign(tier="x"), NAMES, tiers, pd.Series(1.0, index=ids))
    _, *lines = cross_tab_lines(table)
    assert len(set(map(len, lines))) == 1
    assert lines[1] == "  top of the book  1,234  0"


def test_each_pair_of_policies_has_a_matrix_of_its_own():
    first = cross_tab(MAIN, SUCCESS, NAMES, TIERS, VALUE)
    second = cross_tab(MAIN, MAIN, ("main", "today"), (TIERS[0], TIERS[0]), VALUE)
    lines = [*cross_tab_lines(pd.concat([first, second], ignore_index=True))]
    assert [line for line in lines if "policy" in line or "rows" in line] == [
        "accounts by tier of main (rows) and success (columns)",
        "accounts by tier of main (rows) and today (columns)",
    ]
    assert lines[6:] == ["     A  B  C", "  A  1  0  0", "  B  0  3  0", "  C  0  0  0"]


def test_nothing_to_compare_gives_no_lines():
    nobody = tiers_of()
    assert [*cross_tab_lines(cross_tab(nobody, nobody, NAMES, ([], []), VALUE))] == []


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=2, max_size=12))
def test_not_even_the_last_bit_of_a_sum_shows_the_order_of_rows(worth):
    ids = [f"{at}" for at in range(len(worth))]
    one, value = tiers_of(**dict.fromkeys(ids, "A")), pd.Series(worth, index=ids)
    found = cross_tab(one, one, NAMES, (["A"], ["A"]), value)
    turned = cross_tab(one.iloc[::-1], one, NAMES, (["A"], ["A"]), value)
    pd.testing.assert_frame_equal(found, turned, check_exact=True)


def test_tiers_that_look_the_same_once_they_are_shown_stay_apart():
    main, today = tiers_of(a="A", b="A", c="A"), tiers_of(a="x\x00", b="x\x01", c="x\x01")
    value = pd.Series(1.0, index=list("abc"))
    table = cross_tab(main, today, ("main", "today"), (["A"], ["x\x00", "x\x01"]), value)
    assert [*cross_tab_lines(table, lambda name: name[0])][1:] == ["     x  x", "  A  1  2"]
    turned = cross_tab(today, main, ("today", "main"), (["x\x00", "x\x01"], ["A"]), value)
    assert [*cross_tab_lines(turned, lambda name: name[0])][1:] == ["     A", "  x  1", "  x  2"]
