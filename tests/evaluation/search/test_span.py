"""No search sees a day of what promotes: its windows end before the first judged one begins."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.evaluation.search.span import search_span
from valuemodel.exceptions import DataRefused
from valuemodel.metrics.splits import Schedule
from valuemodel.periods import Cutoff, Horizon

MONTH, QUARTER, HALF = (Horizon.parse(f"{n} months") for n in (1, 3, 6))


def schedule(first: str = "2019-01-01", step: Horizon = MONTH) -> Schedule:
    return Schedule(horizons=(QUARTER, HALF), first=Cutoff.parse(first), step=step, snapshots=6)


@settings(max_examples=60, deadline=None)
@given(
    st.dates(Cutoff.parse("2021-06-01").at.date(), Cutoff.parse("2024-01-01").at.date()),
    st.integers(1, 5),
    st.sampled_from(["1 week", "1 month", "2 months"]),
    st.lists(st.sampled_from(["2020-11-01", "2021-07-01"]), max_size=1),
)
def test_what_is_searched_ends_before_what_is_judged(day, folds, step, fixed):
    plan, as_of = schedule(step=Horizon.parse(step)), Cutoff.parse(day.isoformat())
    cutoffs = [Cutoff.parse(text) for text in fixed]
    judged = [fold.cutoff for fold in plan.judging(as_of, HALF, folds)]
    span = search_span(plan, as_of, HALF, folds, cutoffs)
    assert span.until <= min([as_of, *judged, *cutoffs])
    assert 1 <= len(span.folds) <= folds
    for fold in span.folds:
        assert span.horizon.after(fold.cutoff) <= span.until
        assert all(plan.shortest.after(at) <= fold.cutoff for at in fold.training)


def test_with_a_long_history_it_is_the_tier_horizon_just_before_the_judged_cutoffs():
    span = search_span(schedule(), Cutoff.parse("2022-01-01"), HALF, 2)
    assert span.until == Cutoff.parse("2021-06-01")
    assert span.horizon == HALF
    assert [fold.cutoff.text for fold in span.folds] == ["2020-11-01", "2020-12-01"]


def test_with_less_history_a_shorter_horizon_stands_in():
    span = search_span(schedule(), Cutoff.parse("2020-04-01"), HALF, 1)
    assert span.until == Cutoff.parse("2019-10-01")
    assert span.horizon == QUARTER


def test_too_short_a_history_is_refused_with_what_to_do():
    with pytest.raises(DataRefused, match="too short") as refused:
        search_span(schedule(), Cutoff.parse("2019-06-01"), HALF, 3)
    assert "keep the defaults" in refused.value.hint
