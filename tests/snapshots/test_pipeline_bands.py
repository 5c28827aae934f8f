from __future__ import annotations

import pytest

from tests.contracts.harness import at
from tests.features.whole_account import group_of, row
from tests.snapshots.told import told, told_of
from valuemodel.snapshots.pipeline_bands import pipeline_bands
from valuemodel.tables.ledger import Stages


def change(days, name="1", stage="offer", value=100, closed=None):
    when = None if closed is None else at(closed)
    return row("opportunities", days, opportunity_id=name, stage=stage, value=value, closed=when)


#: The cutoff is 2022-01-01.
ROWS = (
    change(9, "at once", value=1, closed="2022-01-01"),
    change(9, "soon", value=10, closed="2022-03-31 23:59"),
    change(9, "in spring", value=100, closed="2022-04-01"),
    change(9, "in autumn", value=None, closed="2022-10-01"),
    change(9, "in a year", value=1_000, closed="2023-01-01"),
    change(9, "in three years", value=10_000, closed="2025-01-01"),
    change(9, "overdue", value=100_000, closed="2021-12-31"),
    change(9, "undated", value=1_000_000),
    change(50, "won", value=7, closed="2022-02-01"),
    change(9, "won", "won", value=7, closed="2022-02-01"),
    change(9, "lost", "lost", value=7, closed="2022-02-01"),
)


def test_bands_do_not_overlap_and_overdue_or_undated_ones_lie_in_none():
    assert told_of(pipeline_bands, opportunities=ROWS) == {
        "account_id": "a",
        "open_opportunities": 8.0,
        "pipeline_3m": 11.0,
        "pipeline_12m": 100.0,
        "pipeline_36m": 1_000.0,
    }


def test_bands_are_those_of_the_features():
    found = told_of(pipeline_bands, opportunities=ROWS)
    features = group_of("opportunities", opportunities=ROWS).loc["a"]
    said = {
        "open_opportunities": "pipeline_count",
        "pipeline_3m": "pipeline_value_3m",
        "pipeline_12m": "pipeline_value_3m_12m",
        "pipeline_36m": "pipeline_value_1y_3y",
    }
    assert {name: found[name] for name in said} == {
        name: features[other] for name, other in said.items()
    }


def test_an_opportunity_stands_as_its_last_change_says():
    rows = (
        change(30, value=5, closed="2022-02-01"),
        change(20, value=50, closed="2022-06-01"),
        change(-1, stage="won", value=60, closed="2022-06-01"),
    )
    found = told_of(pipeline_bands, opportunities=rows)
    assert (found["pipeline_3m"], found["pipeline_12m"]) == (0, 50)


def test_one_that_was_lost_and_is_open_again_is_open():
    rows = (change(30, stage="lost"), change(20, value=50, closed="2022-02-01"))
    assert told_of(pipeline_bands, opportunities=rows)["pipeline_3m"] == 50


@pytest.mark.parametrize("stage", ["signed", "gone"])
def test_the_settings_say_which_stages_end_it(stage):
    stages = Stages(won=("signed",), lost=("gone",))
    rows = (change(30, stage=stage, closed="2022-02-01"),)
    assert told(pipeline_bands, stages=stages, opportunities=rows) == []
    assert told_of(pipeline_bands, opportunities=rows)["open_opportunities"] == 1


def test_a_book_without_opportunities_has_nothing_to_say():
    assert told(pipeline_bands) is None
