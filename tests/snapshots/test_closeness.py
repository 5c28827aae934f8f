from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Book, in_memory
from tests.features.whole_account import row
from tests.features.worked import CUTOFF, LONG_AGO
from valuemodel.settings import ValueSection
from valuemodel.snapshots.as_of import snapshot
from valuemodel.snapshots.closeness import POINTS, relations

VALUE = ValueSection.model_validate({"horizons": ["1 year"]})


def relations_of(*rows):
    """Return what the facts say of account 'a'."""
    connection, ledger = in_memory(Book.of({"transactions": (LONG_AGO,), "interactions": rows}), 1)
    table = relations(snapshot(ledger, VALUE, CUTOFF))
    found = {one["account_id"]: one for one in connection.to_pyarrow(table).to_pylist()}
    connection.disconnect()
    return found.get("a")


def contact(days, **columns):
    return row("interactions", days, **({"kind": "call"} | columns))


def test_the_points_of_the_automatic_part_can_be_redone_by_hand():
    found = relations_of(
        contact(10, channel="visit", seniority="executive", initiative="planned"),
        contact(60, channel="visit", seniority="staff", initiative="reactive"),
        contact(90, channel="phone", seniority="staff", initiative="ad_hoc"),
        contact(400, channel="mail", seniority="manager", initiative="reactive"),
    )
    expected = 30 * 90 / 100 + 30 * 3 / 15 + 15 * 2 / 3 + 10 * 2 / 3 + 15 * 2 / 3
    assert found["closeness_automatic"] == pytest.approx(expected)
    assert found["closeness"] == found["closeness_automatic"]
    assert found["closeness_manual"] is None
    assert found["last_contact"] == row("interactions", 10)["time"]


def test_all_parts_together_are_a_hundred_points():
    assert sum(POINTS.values()) == 100


def test_the_manual_part_is_the_latest_rating_of_the_year():
    assert relations_of(contact(400, rating=9.0))["closeness_manual"] is None
    rated = relations_of(contact(365, rating=9.0), contact(30, rating=2.0), contact(1))
    assert rated["closeness_manual"] == 20


def test_ratings_of_one_instant_are_averaged():
    assert relations_of(contact(5, rating=2.0), contact(5, rating=9.0))["closeness_manual"] == 55


def test_closeness_is_the_mean_of_both_parts():
    found = relations_of(contact(90, rating=10.0))
    parts = (found["closeness_automatic"], found["closeness_manual"])
    assert found["closeness"] == pytest.approx(sum(parts) / 2)


def test_whom_we_met_more_than_a_year_ago_only_we_are_not_close_to():
    found = relations_of(contact(366, seniority="executive", initiative="planned", rating=10.0))
    assert (found["closeness_automatic"], found["closeness"]) == (0, 0)
    assert found["last_contact"] is not None


def test_a_book_without_interactions_has_no_relations():
    _, ledger = in_memory(Book((LONG_AGO,)), 1)
    assert relations(snapshot(ledger, VALUE, CUTOFF)) is None


contacts = st.builds(
    contact,
    st.integers(1, 800),
    channel=st.sampled_from([None, "phone", "visit", "mail", "chat"]),
    seniority=st.sampled_from([None, "staff", "manager", "executive", "board"]),
    initiative=st.sampled_from([None, "planned", "ad_hoc", "reactive"]),
    rating=st.one_of(st.none(), st.integers(0, 10).map(float)),
)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(contacts, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_closeness_lies_between_0_and_100_and_not_in_the_order_of_rows(rows, rng):
    found = relations_of(*rows)
    for name in ("closeness", "closeness_automatic", "closeness_manual"):
        assert found[name] is None or 0 <= found[name] <= 100
    rng.shuffle(rows)
    assert relations_of(*rows) == found


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.lists(contacts, min_size=1, max_size=8))
def test_another_contact_that_we_sought_never_makes_us_less_close(rows):
    more = contact(1, initiative="planned", channel="visit", seniority="executive")
    before, after = relations_of(*rows), relations_of(*rows, more)
    assert after["closeness_automatic"] >= before["closeness_automatic"] - 1e-9
