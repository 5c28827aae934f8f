"""No day that was learned from is a day that is judged, whatever the schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.metrics.splits import Fold, Schedule
from valuemodel.periods import Cutoff, Horizon

START = datetime.fromisoformat("2010-01-01")

bounded = settings(max_examples=50, deadline=None, derandomize=True)
horizons = st.builds(Horizon, st.integers(1, 13), st.sampled_from(["week", "month"]))
days = st.integers(0, 2_500).map(lambda count: Cutoff(START + timedelta(count)))
schedules = st.builds(
    Schedule,
    horizons=st.lists(horizons, min_size=1, max_size=3, unique=True).map(tuple),
    first=st.just(Cutoff.parse("2010-01-01")),
    step=st.builds(Horizon, st.integers(1, 6), st.sampled_from(["week", "month"])),
    snapshots=st.integers(1, 6),
)


def schedule(*texts: str, snapshots: int = 12, step: str = "1 month") -> Schedule:
    return Schedule(
        horizons=tuple(Horizon.parse(text) for text in texts),
        first=Cutoff.parse("2010-01-01"),
        step=Horizon.parse(step),
        snapshots=snapshots,
    )


@bounded
@given(schedules, days)
def test_learned_and_judged_windows_overlap_by_no_day(plan, as_of):
    for horizon in plan.horizons:
        for fold in plan.judging(as_of, horizon, 3):
            judged_from, judged_until = fold.cutoff.at, horizon.after(fold.cutoff).at
            assert judged_until <= as_of.at
            for learned in plan.horizons:
                for cutoff in fold.training:
                    end = learned.after(cutoff)
                    if end <= fold.cutoff:  # the windows that have labels at the fold's cutoff
                        overlap = min(end.at, judged_until) - max(cutoff.at, judged_from)
                        assert overlap <= timedelta(0)


@bounded
@given(schedules, days)
def test_no_account_is_in_train_and_test_at_one_cutoff(plan, as_of):
    """Every account may be learned from earlier; the group rule is about the cutoff."""
    for fold in plan.judging(as_of, plan.shortest, 3):
        assert fold.cutoff not in fold.training
        assert all(plan.shortest.after(cutoff) <= fold.cutoff for cutoff in fold.training)


@bounded
@given(schedules, days)
def test_a_fold_learns_exactly_what_training_at_its_cutoff_would(plan, as_of):
    for fold in plan.judging(as_of, max(plan.horizons), 2):
        assert fold.training == plan.training(fold.cutoff)


@bounded
@given(schedules, days)
def test_every_horizon_learns_its_newest_complete_snapshots(plan, as_of):
    chosen = plan.training(as_of)
    assert list(chosen) == sorted(set(chosen))
    for horizon in plan.horizons:
        complete = [cutoff for cutoff in chosen if horizon.after(cutoff) <= as_of]
        back = plan.step.before(complete[0]) if complete else None
        # fewer than asked for only where the history ends
        if len(complete) < plan.snapshots and back is not None:
            assert back < plan.first or plan.step.before(back) < plan.first


def test_a_long_horizon_is_learned_although_the_newest_snapshots_are_not_complete_for_it():
    training = schedule("1 month", "1 year", snapshots=3).training(Cutoff.parse("2012-01-01"))
    assert [cutoff.text for cutoff in training] == [
        *("2010-11-01", "2010-12-01", "2011-01-01"),
        *("2011-10-01", "2011-11-01", "2011-12-01"),
    ]


def test_short_history_gives_fewer_folds_or_none():
    plan = schedule("6 months")
    judged = plan.judging(Cutoff.parse("2011-02-01"), Horizon.parse("6 months"), 3)
    assert [fold.cutoff.text for fold in judged] == ["2010-07-01", "2010-08-01"]
    assert plan.judging(Cutoff.parse("2010-12-31"), Horizon.parse("6 months"), 3) == []
    assert plan.training(Cutoff.parse("2010-06-30")) == ()


def test_a_cutoff_with_nothing_to_learn_from_is_refused_with_the_earliest_one():
    cutoffs = [Cutoff.parse("2011-01-01"), Cutoff.parse("2010-03-01")]
    with pytest.raises(DataRefused, match="nothing can be learned") as caught:
        schedule("6 months").folds(cutoffs)
    assert caught.value.received == "2010-03-01"
    assert "2010-07-01" in caught.value.hint


def test_folds_come_oldest_first_and_once():
    cutoffs = [Cutoff.parse(text) for text in ("2011-06-01", "2011-01-01", "2011-06-01")]
    folds = schedule("3 months").folds(cutoffs)
    assert [fold.cutoff.text for fold in folds] == ["2011-01-01", "2011-06-01"]


def test_a_fold_that_looks_ahead_cannot_be_made():
    late = (Cutoff.parse("2010-11-02"),)
    with pytest.raises(UsageError, match="reaches beyond the judged cutoff"):
        Fold(Cutoff.parse("2011-02-01"), late, Horizon.parse("3 months"))
    Fold(Cutoff.parse("2011-02-02"), late, Horizon.parse("3 months"))
