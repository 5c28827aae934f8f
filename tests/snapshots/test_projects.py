from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Book, in_memory
from tests.features.whole_account import at, row
from tests.features.worked import CUTOFF, LONG_AGO
from tests.snapshots.told import VALUE, told
from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.as_of import snapshot
from valuemodel.snapshots.closeness import relations
from valuemodel.snapshots.projects import PROJECTS, projects


def project(days, name="p", account="a", **more):
    return row("projects", days, account, project_id=name, **more)


def contact(days, **more):
    return row("interactions", days, **({"kind": "call"} | more))


def by_hand(moment, contacts, account):
    """Return the points of the formula, row by row."""
    known = [one for one in contacts if one["account_id"] == account and one["time"] < moment]
    met = [one for one in known if one["time"] >= moment - timedelta(days=365)]
    if not met:
        return 0.0
    last = min(math.ceil((moment - one["time"]) / timedelta(days=1)) for one in met)
    said = [one["initiative"] for one in met if one["initiative"] is not None]
    ours = sum(one != "reactive" for one in said) / len(said) if said else 0.0
    ranks, ways = ({one[name] for one in met} - {None} for name in ("seniority", "channel"))
    points = 30 * 90 / (90 + last) + 30 * len(met) / (len(met) + 12) + 15 * ours
    return points + 15 * min(len(ranks), 3) / 3 + 10 * min(len(ways), 3) / 3


def closeness_at(moment, contacts, account="a"):
    """Return what the facts of another cutoff say."""
    connection, ledger = in_memory(
        Book.of({"transactions": (LONG_AGO,), "interactions": contacts}), 1
    )
    table = relations(snapshot(ledger, VALUE, Cutoff(moment)))
    found = {one["account_id"]: one for one in connection.to_pyarrow(table).to_pylist()}
    connection.disconnect()
    return found[account]["closeness_automatic"] if account in found else 0.0


def test_a_project_says_how_close_we_were_before_it_and_a_year_later():
    met = (
        contact(1_000, initiative="planned"),
        contact(720, channel="visit", seniority="executive", initiative="planned"),
        contact(700, channel="visit", initiative="reactive"),
        contact(300, channel="phone", seniority="staff"),
    )
    began = project(705, "p1") | {"amount": 1_250, "name": "roll-out"}
    (found,) = told(projects, projects=(began,), interactions=met)
    assert list(found) == list(PROJECTS)
    assert list(found.values())[:5] == ["a", "p1", "roll-out", at(705), 1_250]
    # Two contacts in the year before, both ours, the last 15 days ago; of one the rank and way.
    before = 30 * 90 / 105 + 30 * 2 / 14 + 15 / 3 + 10 / 3 + 15
    # A year later, of 366 days, the contact of 700 days ago is 361 days old, and all there is.
    after = 30 * 90 / 451 + 30 * 1 / 13 + 10 / 3
    assert found["closeness_before"] == pytest.approx(before)
    assert found["closeness_after"] == pytest.approx(after)


def test_a_project_of_the_last_year_is_looked_at_again_at_the_cutoff():
    met = (contact(90, initiative="planned"), contact(10))
    (found,) = told(projects, projects=(project(30),), interactions=met)
    assert found["closeness_before"] == closeness_at(at(30), met)
    assert found["closeness_after"] == closeness_at(CUTOFF.at, met)


def test_a_contact_counts_at_a_moment_if_it_was_known_by_then():
    late = contact(60) | {"known_at": at(40)}
    (early, later) = sorted(
        told(projects, projects=(project(50, "p"), project(30, "q")), interactions=(late,)),
        key=lambda one: one["project_id"],
    )
    assert early["closeness_before"] == 0
    assert later["closeness_before"] > 0
    assert early["closeness_after"] == later["closeness_after"] > 0


def test_without_contacts_closeness_is_0_and_without_the_table_it_is_missing():
    (alone,) = told(projects, projects=(project(30),), interactions=(contact(9, account="b"),))
    assert (alone["closeness_before"], alone["closeness_after"]) == (0, 0)
    (unknown,) = told(projects, projects=(project(30),))
    assert (unknown["closeness_before"], unknown["closeness_after"]) == (None, None)


def test_projects_that_have_not_begun_or_are_not_known_are_not_told():
    later = project(-1, "q"), project(20, "r") | {"known_at": at(-1)}
    assert [one["project_id"] for one in told(projects, projects=(project(30), *later))] == ["p"]


def test_a_book_without_projects_has_nothing_to_say():
    assert told(projects) is None


halves = st.integers(1, 2_000).map(lambda number: number / 2)
contacts = st.builds(
    contact,
    halves,
    account=st.sampled_from(["a", "b"]),
    channel=st.sampled_from([None, "phone", "visit"]),
    seniority=st.sampled_from([None, "staff", "executive"]),
    initiative=st.sampled_from([None, "planned", "reactive"]),
)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(contacts, min_size=1, max_size=12), halves, halves)
def test_at_every_moment_it_is_the_closeness_of_the_formula(met, one, other):
    began = (project(one, "p"), project(other, "q"), project(one, "r", "b"))
    found = told(projects, projects=began, interactions=met)
    assert len(found) == 3
    for each in found:
        year_later = Horizon(12, "month").after(Cutoff(each["time"])).at
        for name, moment in (("before", each["time"]), ("after", min(year_later, CUTOFF.at))):
            expected = by_hand(moment, met, each["account_id"])
            assert each[f"closeness_{name}"] == pytest.approx(expected)


def test_nothing_from_a_moment_on_changes_what_is_told_of_it():
    met = (contact(100), contact(60, initiative="planned"))
    more = (*met, contact(29), contact(30) | {"time": at(30) + timedelta(microseconds=1)})
    told_first, told_then = (
        told(projects, projects=(project(30),), interactions=rows)[0]["closeness_before"]
        for rows in (met, more)
    )
    assert told_first == told_then > 0
