from __future__ import annotations

from tests.features.whole_account import at, row
from tests.snapshots.told import told, told_of
from valuemodel.snapshots.touches import TOUCHES, touch_facts, touches


def contact(days, initiative=None, kind="call", **more):
    return row("interactions", days, kind=kind, initiative=initiative, **more)


ROWS = (
    contact(3, "planned", hours=1.5),
    contact(9, "planned", hours=None),
    contact(365, "ad_hoc", "visit", hours=4.0),
    contact(40, "reactive", "ticket"),
    contact(50, None, hours=0.25),
    contact(365.01, "planned", hours=100.0),
    contact(800, "planned", hours=100.0),
    contact(2, "planned", account="b"),
    contact(900, "reactive", account="c", hours=2.0),
    contact(-1, "planned"),
)


def test_contacts_are_counted_by_whose_initiative_they_were():
    assert told_of(touch_facts, interactions=ROWS) == {
        "account_id": "a",
        "planned_12m": 2.0,
        "ad_hoc_12m": 1.0,
        "reactive_12m": 1.0,
        "hours_12m": 5.75,
        "last_planned": at(3),
    }


def test_hours_that_nobody_wrote_down_are_missing_and_without_contacts_there_are_none():
    assert told_of(touch_facts, "b", interactions=ROWS)["hours_12m"] is None
    assert told_of(touch_facts, "c", interactions=ROWS)["hours_12m"] == 0


def test_the_last_planned_contact_may_be_long_ago():
    found = told_of(touch_facts, interactions=ROWS[-4:-3])
    assert (found["planned_12m"], found["last_planned"]) == (0, at(800))
    assert told_of(touch_facts, "c", interactions=ROWS)["last_planned"] is None


def test_touches_are_told_by_kind_and_initiative():
    found = told(touches, interactions=ROWS)
    assert all(list(one) == list(TOUCHES) for one in found)
    assert {tuple(one.values()) for one in found} == {
        ("a", "call", "planned", 2.0, 1.5, at(3)),
        ("a", "visit", "ad_hoc", 1.0, 4.0, at(365)),
        ("a", "ticket", "reactive", 1.0, None, at(40)),
        ("a", "call", None, 1.0, 0.25, at(50)),
        ("b", "call", "planned", 1.0, None, at(2)),
    }


def test_a_book_without_interactions_has_nothing_to_say():
    assert told(touches) is None
    assert told(touch_facts) is None
