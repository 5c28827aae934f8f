from __future__ import annotations

import random

import pandas as pd

from tests.features.whole_account import at, group_of, row
from valuemodel.tables.ledger import Stages

LONG_AGO = row("opportunities", 3000, "other", opportunity_id="z", stage="lost")


def change(days, stage="offer", value=100, name="1", closes=None, **columns):
    """Return a change of an opportunity; ``closes`` is so many days after the cutoff."""
    closed = None if closes is None else at(-closes)
    kind = {"opportunity_id": name, "stage": stage, "value": value, "closed": closed}
    return row("opportunities", days, **kind, **columns)


def pipeline_of(*rows, stages=None, others=(LONG_AGO,)):
    return group_of("opportunities", opportunities=(*rows, *others), stages=stages).loc["a"]


def test_an_opportunity_stands_as_its_latest_visible_change_says():
    found = pipeline_of(
        change(50, "lead", 10, closes=30),
        change(20, "offer", 25, closes=30),
        change(10, "won", 40, known_at=at(0)),
    )
    assert found[["pipeline_value", "pipeline_count", "won_count_365d"]].to_list() == [25, 1, 0]
    assert found[["pipeline_change_days", "pipeline_age_days"]].to_list() == [20, 50]


def test_of_two_changes_at_one_instant_the_one_known_last_holds():
    rows = [change(9, value=1, known_at=at(9)), change(9, value=2, known_at=at(5))]
    for order in (rows, rows[::-1]):
        assert pipeline_of(*order)["pipeline_value"] == 2


def test_open_value_is_counted_by_when_it_should_close():
    days = {"a": 0, "b": 89, "c": 90, "d": 364, "e": 365, "f": 3 * 365 - 1, "g": 3 * 365 + 5}
    rows = [
        change(10, value=2**power, name=name, closes=closes)
        for power, (name, closes) in enumerate(days.items())
    ]
    rows += [change(10, value=1000, name="x", closes=-1), change(10, value=5000, name="y")]
    found = pipeline_of(*rows)
    bands = ["", "_3m", "_3m_12m", "_1y_3y", "_overdue", "_undated"]
    counts = [found[f"pipeline_count{band}"] for band in bands]
    values = [found[f"pipeline_value{band}"] for band in bands]
    # 2022-04-01 is 90 days after the cutoff, 2023-01-01 is 365.
    assert counts == [9, 2, 2, 2, 1, 1]
    assert values == [6127, 1 + 2, 4 + 8, 16 + 32, 1000, 5000]


def test_what_has_ended_is_counted_from_its_first_row_in_that_stage():
    found = pipeline_of(
        change(400, "won", 7, name="old"),
        change(3, "won", 8, name="old"),  # a correction of the value is no second win
        change(365, "won", 20, name="new"),
        change(600, "lost", name="gone"),
        change(100, "lost", name="lately"),
    )
    shown = found[["won_value_365d", "won_count_365d", "lost_count_365d", "win_share_730d"]]
    assert shown.to_list() == [20, 1, 1, 0.5]
    assert found[["pipeline_value", "pipeline_count"]].to_list() == [0, 0]


def test_what_was_reopened_is_open_again():
    found = pipeline_of(change(30, "lost"), change(10, "offer", 60, closes=10))
    assert found[["lost_count_365d", "pipeline_count", "pipeline_value_3m"]].to_list() == [0, 1, 60]


def test_the_settings_name_the_stages_in_which_an_opportunity_ends():
    rows = [
        change(5, "Closed Won", name="1"),
        change(5, "Dropped", name="2"),
        change(5, "won", name="3"),
    ]
    found = pipeline_of(*rows, stages=Stages(("Closed Won", "Signed"), ("Dropped",)))
    shown = found[["won_count_365d", "lost_count_365d", "pipeline_count"]]
    assert shown.to_list() == [1, 1, 1]


def test_slipping_shows_in_value_and_in_the_expected_close():
    found = pipeline_of(
        change(90, value=300, closes=10),
        change(60, value=200, closes=40),
        change(30, value=100, closes=30),
        change(10, value=100, closes=31),
        change(90, value=None, closes=10, name="2"),
        change(80, value=900, closes=None, name="2"),
        change(70, value=900, closes=90, name="2"),
    )
    assert found["pipeline_growth"] == -0.5
    assert found["pipeline_put_off"] == 2


def test_an_opportunity_without_a_value_is_counted_and_worth_nothing():
    found = pipeline_of(change(5, value=None, closes=5))
    assert found[["pipeline_value", "pipeline_count_3m"]].to_list() == [0, 1]
    assert pd.isna(found["pipeline_growth"])


def test_the_order_of_rows_does_not_matter():
    rng = random.Random(7)
    rows = [
        change(rng.randrange(9), rng.choice(["lead", "offer", "won"]), rng.randrange(99),
               rng.choice("12"), rng.choice([None, 5, 400]))
        for _ in range(30)
    ]  # fmt: skip
    expected = pipeline_of(*rows)
    for _ in range(3):
        rng.shuffle(rows)
        assert pipeline_of(*rows).equals(expected)


def test_wins_of_a_year_are_unknown_where_the_records_are_shorter():
    found = pipeline_of(change(100, "won"), others=())
    assert found[["won_value_365d", "won_count_365d", "win_share_730d"]].isna().all()
    assert found["pipeline_change_days"] == 100
