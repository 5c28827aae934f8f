"""Contacts and growth are counted side by side, within accounts of one size, and called no cause."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from valuemodel.evaluation.touch_association import (
    BANDS,
    SIZES,
    TOUCH_TYPES,
    touch_association,
    touch_lines,
)
from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon

HALF = Horizon.parse("6 months")


def judge(table, effort, **more):
    return touch_association(table, effort, baseline="past_value", horizon=HALF, **more)


def contacts_of(table, contacts) -> pd.DataFrame:
    """Effort as it is stored: accounts without a contact have no row."""
    rows = table[table["model"] == "past_value"][["cutoff", "account_id"]]
    found = rows.assign(contacts=np.asarray(contacts))
    return found[found["contacts"] > 0]


@cache
def wilson(times: int, count: int) -> tuple[float, float]:
    bounds = binomtest(times, count).proportion_ci(method="wilson")
    return bounds.low, bounds.high


def by_hand(past, truth, contacts, margin):
    """Count one cutoff in plain Python."""
    bought = [at for at in range(len(past)) if past[at] > 0]
    edges = np.quantile([past[at] for at in bought], [1 / 3, 2 / 3]) if bought else [0.0, 0.0]
    counted = {}
    for at in bought:
        third = "small" if past[at] <= edges[0] else "middle" if past[at] <= edges[1] else "large"
        times = contacts[at]
        band = "0" if times == 0 else "1-2" if times <= 2 else "3-5" if times <= 5 else "6+"
        for size in ("all", third):
            counted.setdefault((size, band), []).append(truth[at] > (1.0 + margin) * past[at])
    return counted


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `tidy` keeps nothing
)
@given(
    folds=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([-5.0, 0.0, 1.0, 10.0, 10.0, 100.0]),
                st.sampled_from([-1.0, 0.0, 1.0, 1.2, 12.0, 13.0, 121.0]),
                st.integers(0, 8),
            ),
            min_size=1,
            max_size=12,
        ),
        min_size=1,
        max_size=2,
    ),
    margin=st.sampled_from([0.0, 0.2]),
)
def test_every_band_is_counted_as_one_would_by_hand(tidy, folds, margin):
    columns = [[np.array(column) for column in zip(*fold, strict=True)] for fold in folds]
    table = tidy([(truth, {"past_value": past, "ours": truth}) for past, truth, _ in columns])
    effort = contacts_of(table, np.concatenate([contacts for *_, contacts in columns]))
    found = judge(table, effort, margin=margin)
    assert found["size"].tolist() == [size for size in SIZES for _ in BANDS]
    assert found["contacts"].tolist() == list(BANDS) * len(SIZES)
    expected: dict[tuple[str, str], list[bool]] = {}
    for past, truth, contacts in columns:
        for key, grew in by_hand(past, truth, contacts, margin).items():
            expected.setdefault(key, []).extend(grew)
    for row in found.itertuples():
        grew = expected.get((row.size, row.contacts), [])
        assert row.accounts == len(grew)
        if grew:
            told = (row.expanded, row.low, row.high)
            expanded = np.mean(grew), *wilson(int(sum(grew)), len(grew))
            assert told == pytest.approx(expanded, abs=1e-9)
        else:
            assert np.isnan([row.expanded, row.low, row.high]).all()


@pytest.fixture
def tidy_book(tidy):
    """Large accounts grow more and are called more; within a size, contacts make no difference."""
    past = np.repeat([10.0, 100.0, 1_000.0], 400)
    grows = np.tile(np.arange(400) % 20, 3) < np.repeat([2, 6, 14], 400)
    often = np.tile(np.arange(400) // 20, 3) < np.repeat([3, 10, 17], 400)
    table = tidy([(np.where(grows, 2.0, 1.0) * past, {"past_value": past})])
    return table, contacts_of(table, np.where(often, 7, 0))


def test_size_that_fakes_an_association_is_seen_through(tidy_book):
    found = judge(*tidy_book).set_index(["size", "contacts"])
    assert found.loc[("all", "6+"), "low"] > found.loc[("all", "0"), "high"]
    for size, share in zip(SIZES[1:], [0.1, 0.3, 0.7], strict=True):
        assert found.loc[[(size, "0"), (size, "6+")], "expanded"].tolist() == [share, share]


def test_the_lines_judge_within_sizes_and_claim_no_cause(tidy_book):
    first, second = touch_lines(judge(*tidy_book))
    assert first == (
        "of accounts with 6+ contacts in the window, 50.7 % brought over 20 % more than before "
        "(46.7 % to 54.7 %), of those with 0 contacts 22.7 % (19.5 % to 26.2 %)"
    )
    assert second == (
        "the same within thirds of past value: "
        "small 10.0 % (of 60) and 10.0 % (of 340); middle 30.0 % (of 200) and 30.0 % (of 200); "
        "large 70.0 % (of 340) and 70.0 % (of 60): "
        "no difference beyond chance; this does not show that contacts do nothing"
    )


def lines_of(*grown: tuple[float, float]) -> list[str]:
    """Lines of thirds of 200 accounts, in which a share of those with many and few contacts grew."""
    rows = []
    for size, shares in zip(SIZES, [(0.5, 0.5), *grown], strict=False):
        for band, share in zip(("6+", "0"), shares, strict=True):
            bounds = wilson(round(share * 100), 100)
            rows.insert(0, (size, band, 100, share, *bounds, 0.2))
    return list(touch_lines(pd.DataFrame(rows, columns=list(TOUCH_TYPES)).astype(TOUCH_TYPES)))


@pytest.mark.parametrize(
    ("grown", "verdict"),
    [
        ([(0.8, 0.2), (0.7, 0.3), (0.5, 0.5)], "growth goes together with contacts in 2 of 3"),
        ([(0.5, 0.5), (0.2, 0.8)], "less growth goes together with contacts in 1 of 2"),
        (
            [(0.8, 0.2), (0.2, 0.8), (0.5, 0.5)],
            "contacts go together with growth in 1 of 3 and with less in 1 of 3",
        ),
    ],
    ids=["more", "less", "either"],
)
def test_whichever_way_it_goes_no_cause_is_claimed(grown, verdict):
    told = lines_of(*grown)[1]
    assert told.endswith(f": {verdict}; this does not show that contacts cause it")


def test_a_difference_that_size_hides_is_seen(tidy):
    """Small accounts grow more and are called less; in each size, those who are called grow more."""
    past = np.repeat([10.0, 100.0, 1_000.0], 400)
    often = np.tile(np.arange(400), 3) < np.repeat([60, 200, 340], 400)
    place = np.tile(np.arange(400) % 20, 3)
    grows = place < np.where(often, 5, 0) + np.repeat([12, 6, 0], 400)
    table = tidy([(np.where(grows, 2.0, 1.0) * past, {"past_value": past})])
    found = judge(table, contacts_of(table, np.where(often, 7, 0)))
    first, second = touch_lines(found)
    assert "6+ contacts in the window, 41.0 % brought" in first
    assert "0 contacts 44.0 %" in first
    assert "growth goes together with contacts in " in second


def test_thirds_that_do_not_have_both_are_not_compared(tidy):
    past = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    table = tidy([(past, {"past_value": past})])
    (_, thirds) = touch_lines(judge(table, contacts_of(table, [0, 1, 0, 0, 2, 2])))
    told = "small 0.0 % (of 1) and 0.0 % (of 1): no difference"
    assert thirds.startswith(f"the same within thirds of past value: {told}")
    (_, none) = touch_lines(judge(table, contacts_of(table, [0, 0, 0, 0, 2, 2])))
    assert none.startswith("no third of past value has accounts with both")


def test_contacts_of_another_cutoff_do_not_count(tidy):
    past = np.array([1.0, 1.0])
    table = tidy([(past, {"past_value": past})])
    effort = contacts_of(table, [3, 3]).assign(cutoff=pd.Timestamp("2019-01-01"))
    found = judge(table, effort)
    assert found.loc[found["size"] == "all", "accounts"].tolist() == [2, 0, 0, 0]
    assert list(touch_lines(found)) == []


def test_rows_in_another_order_change_nothing(tidy_book):
    table, effort = tidy_book
    shuffled = judge(table.sample(frac=1.0, random_state=0), effort.iloc[::-1])
    pd.testing.assert_frame_equal(shuffled, judge(table, effort))


def test_without_interactions_or_judged_accounts_there_is_nothing_to_say(tidy_book):
    table, effort = tidy_book
    for found in (judge(table, None), judge(table.iloc[:0], effort)):
        assert found.dtypes.astype("str").to_dict() == TOUCH_TYPES
        assert found.empty
        assert list(touch_lines(found)) == []
    nobody = judge(table.assign(y_pred=0.0), effort)
    assert nobody["accounts"].sum() == 0
    assert list(touch_lines(nobody)) == []


def test_a_baseline_that_was_not_judged_is_refused(tidy_book):
    table, effort = tidy_book
    with pytest.raises(UsageError, match="no value over 6m by past_value"):
        judge(table.assign(model="ours"), effort)
