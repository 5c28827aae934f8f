"""What counts as growth or a win: by hand, at the edges of the window, and never from before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff
from valuemodel.tables.ledger import Stages
from valuemodel.tables.schemas import TABLES

CUTOFF, UNTIL = Cutoff.parse("2021-01-01"), Cutoff.parse("2021-09-01")
HORIZONS = ["3 months", "6 months"]


def line(account, time, amount):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount}


def deal(account, time, stage="offer", name="1", known_at=None):
    own = {"account_id": account, "opportunity_id": name, "stage": stage, "value": 100}
    times = {"time": at(time), "known_at": known_at and at(known_at)}
    return dict.fromkeys(TABLES["opportunities"].names) | own | times


def builder_of(*lines, deals=None, stages=None, groups=("monetary",), **value):
    rows = (line("records", "2019-01-01", 1), *lines, line("records", "2021-12-31", 1))
    tables = (
        {"transactions": rows} if deals is None else {"transactions": rows, "opportunities": deals}
    )
    declared = {name: {"source": f"{name}.csv"} for name in tables}
    chosen = settings_for(
        HORIZONS, value=value, tables=declared, features={"groups": list(groups), "extra": {}}
    )
    builder = builder_for(Book.of(tables), chosen)
    builder.ledger = replace(builder.ledger, stages=stages or Stages())
    return builder


def won(*lines, until=UNTIL, **book):
    data = builder_of(*lines, **book).at(CUTOFF, labels_until=until)
    labels = data.y["winnability_3m"].set_axis(data.keys.account_id)
    return labels.drop("records").to_dict()


def test_growth_is_more_than_the_margin_above_what_came_in_as_long_a_time_before():
    past = [line(name, "2020-12-01", 100) for name in ("same", "by 20 %", "more", "gone")]
    past += [line("earlier", "2020-09-30", 100), line("new", "2020-01-01", 5)]
    ahead = [line("same", "2021-02-01", 100), line("by 20 %", "2021-02-01", 120)]
    ahead += [line("more", "2021-02-01", 121), line("earlier", "2021-02-01", 1)]
    assert won(*past, *ahead) == {
        "same": 0, "by 20 %": 0, "more": 1, "gone": 0,
        "earlier": 1,  # nothing in the three months before, and then something
        "new": 0,
    }  # fmt: skip


def test_the_margin_is_that_of_the_settings():
    lines = [line("a", "2020-12-01", 100), line("a", "2021-02-01", 140)]
    assert won(*lines) == {"a": 1}
    assert won(*lines, winnability_margin=0.5) == {"a": 0}
    assert won(*lines, winnability_margin=0.0) == {"a": 1}


def test_after_a_loss_the_margin_is_a_part_of_its_size():
    past = [line(name, "2020-12-01", -100) for name in ("a", "b", "c")]
    ahead = [line("a", "2021-02-01", -81), line("b", "2021-02-01", -79)]
    assert won(*past, *ahead) == {"a": 0, "b": 1, "c": 1}


def test_the_window_begins_at_the_cutoff_and_ends_before_its_end():
    past = [line(name, "2020-12-01", 100) for name in ("first", "last", "after")]
    ahead = [
        line("first", "2021-01-01 00:00", 200),
        line("last", "2021-03-31 23:59:59", 200),
        line("after", "2021-04-01 00:00", 200),
    ]
    assert won(*past, *ahead) == {"first": 1, "last": 1, "after": 0}


def test_an_open_opportunity_that_is_won_counts_whatever_the_money_does():
    names = ("won", "lost", "open still", "late", "won before", "opened later", "other")
    lines = [line(name, "2020-12-01", 100) for name in names]
    deals = [deal(name, "2020-11-01") for name in names if name not in ("opened later", "other")]
    deals += [
        deal("won", "2021-03-31 23:00", "won"),
        deal("lost", "2021-02-01", "lost"),
        deal("open still", "2021-02-01", "talks"),
        deal("late", "2021-04-01", "won"),
        deal("won before", "2020-12-01", "won"),
        deal("won before", "2021-02-01", "won"),  # a correction of what had ended
        deal("opened later", "2021-01-02"),
        deal("opened later", "2021-02-01", "won"),
    ]
    assert won(*lines, deals=deals) == dict.fromkeys(names, 0.0) | {"won": 1.0}


def test_won_is_what_the_settings_call_so():
    lines, deals = [line("a", "2020-12-01", 100)], [deal("a", "2020-11-01")]
    deals.append(deal("a", "2021-02-01", "signed"))
    assert won(*lines, deals=deals) == {"a": 0}
    assert won(*lines, deals=deals, stages=Stages(won=("signed",))) == {"a": 1}


def test_what_was_open_is_judged_by_what_was_known_at_the_cutoff():
    lines = [line(name, "2020-12-01", 100) for name in ("a", "b", "c")]
    deals = [
        deal("a", "2020-11-01"), deal("a", "2020-12-20", "lost", known_at="2021-01-05"),
        deal("a", "2021-02-01", "won"),  # its loss was not known yet, and not for long
        deal("b", "2020-11-01", known_at="2021-01-05"),
        deal("b", "2021-02-01", "won"),  # nobody knew of it
        deal("c", "2020-11-01"),
        deal("c", "2021-02-01", "won", known_at="2021-10-01"),  # known after the labels were made
    ]  # fmt: skip
    assert won(*lines, deals=deals) == {"a": 1, "b": 0, "c": 0}


def test_only_the_shortest_horizon_has_a_label_and_only_where_its_window_is_complete():
    builder = builder_of(line("a", "2020-12-01", 100))
    y = builder.at(CUTOFF, labels_until=UNTIL).y
    assert [name for name in y if name.startswith("winnability")] == ["winnability_3m"]
    assert (
        builder.at(CUTOFF, labels_until=Cutoff.parse("2021-03-31")).y["winnability_3m"].isna().all()
    )
    stacked = builder.stack([CUTOFF], labels_until=UNTIL).y
    assert [name for name in stacked if name.startswith("winnability")] == ["winnability_3m"]


def test_without_past_value_among_the_features_there_is_no_label():
    y = builder_of(line("a", "2020-12-01", 1), groups=["breadth"]).at(CUTOFF, labels_until=UNTIL).y
    assert "winnability_3m" not in y


@pytest.mark.parametrize("later", ["2021-04-01", "2021-08-31"])
def test_nothing_after_the_window_changes_the_label(later):
    lines = [line("a", "2020-12-01", 100), line("a", "2021-02-01", 90), line("b", "2020-12-01", 1)]
    deals = [deal("a", "2020-11-01"), deal("b", "2020-11-01")]
    more = [line("a", later, 900), line("b", later, 900)]
    assert won(*lines, deals=deals) == won(*lines, *more, deals=[*deals, deal("a", later, "won")])


def test_nothing_that_is_a_feature_knows_the_label():
    lines = [line("a", "2020-12-01", 100), line("b", "2020-12-01", 100)]
    deals = [deal("a", "2020-11-01"), deal("b", "2020-11-01")]
    book = {"deals": deals, "groups": ("monetary", "opportunities")}
    still = builder_of(*lines, **book).at(CUTOFF).X
    book["deals"] = [*deals, deal("a", "2021-02-01", "won")]
    moved = builder_of(*lines, line("b", "2021-02-01", 500), **book)
    data = moved.at(CUTOFF, labels_until=UNTIL)
    assert data.X.equals(still)
    np.testing.assert_array_equal(data.y["winnability_3m"][:2], [1, 1])
