"""It is said at how many of the snapshots learned from a label is known at all."""

from __future__ import annotations

from valuemodel.evaluation.censoring import censoring, censoring_words
from valuemodel.metrics.splits import Schedule
from valuemodel.periods import Cutoff, Horizon

SCHEDULE = Schedule(
    horizons=(Horizon.parse("36 months"), Horizon.parse("3 months")),
    first=Cutoff.parse("2020-01-01"),
    step=Horizon.parse("6 months"),
    snapshots=3,
)


def test_each_horizon_counts_the_snapshots_whose_window_has_ended():
    found = censoring(SCHEDULE, Cutoff.parse("2023-07-01"))
    for label, count in found.items():
        horizon = Horizon.parse(label)
        ended = [
            at
            for at in SCHEDULE.training(Cutoff.parse("2023-07-01"))
            if horizon.after(at) <= Cutoff.parse("2023-07-01")
        ]
        assert count["complete"] == len(ended) > 0
    assert list(found) == ["3m", "36m"]
    assert found["36m"]["complete"] < found["36m"]["snapshots"]


def test_tables_that_end_earlier_censor_more():
    late = Cutoff.parse("2023-07-01")
    whole, cut = censoring(SCHEDULE, late), censoring(SCHEDULE, late, Cutoff.parse("2023-02-01"))
    assert cut["3m"]["complete"] < whole["3m"]["complete"]
    assert cut["3m"]["snapshots"] == whole["3m"]["snapshots"]


def test_it_is_said_in_one_sentence_per_horizon():
    counts = {
        "3m": {"complete": 6, "snapshots": 6},
        "36m": {"complete": 2, "snapshots": 6},
        "5y": {"complete": 0, "snapshots": 6},
    }
    assert censoring_words(counts) == [
        "3m: labels complete at all 6 snapshots",
        "36m: labels complete at 2 of 6 snapshots, the others are censored",
        "5y: labels complete at 0 of 6 snapshots, the others are censored",
    ]
    assert censoring_words({"3m": {"complete": 0, "snapshots": 0}}) == [
        "3m: no snapshot to learn from yet"
    ]
