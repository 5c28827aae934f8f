"""Reasons that survive a refit are told from those that do not, by kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.explain.agreement import FEWEST_SEEN, HELD_TYPES, agreement, mark_stable

NAMES = ["steady", "copy", "other copy", "d", "e", "f", "g"]


def made(accounts=200, seed=0, swapped=False):
    """One driver that always leads; two exchangeable copies of which either gets the whole effect."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame(draw.normal(0, 0.1, (accounts, len(NAMES))), columns=NAMES)
    table["steady"] = np.where(np.arange(accounts) % 2, 9.0, -9.0) + table["steady"]
    lead, gone = ("other copy", "copy") if swapped else ("copy", "other copy")
    table[lead], table[gone] = 5.0 + table[lead], -1.0 + table[gone]
    return table


@pytest.fixture
def found():
    """Ten refits, of which half give the effect to the other copy."""
    return agreement(made(), [made(swapped=bool(r % 2)) for r in range(10)])


def held_of(found, driver, way="up"):
    rows = found.held[(found.held["driver"] == driver) & (found.held["way"] == way)]
    return float(np.average(rows["held"], weights=rows["seen"]))


def test_a_driver_that_always_leads_holds_and_exchangeable_copies_do_not(found):
    assert held_of(found, "steady") == held_of(found, "steady", "down") == 1.0
    assert held_of(found, "copy") == pytest.approx(0.5)
    assert held_of(found, "other copy", "down") == pytest.approx(0.5)


def test_figures_say_how_far_refits_agree(found):
    # The three largest are always the same three; of their signs those of both copies turn half the time.
    assert found.top_overlap == pytest.approx(1.0)
    assert found.same_sign == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert 0 < found.order < 1


def test_the_same_model_agrees_with_itself():
    same = agreement(made(), [made(), made()])
    assert same.figures == {"top_overlap": 1.0, "same_sign": 1.0, "order": pytest.approx(1.0)}
    assert (same.held["held"] == 1.0).all()


def test_a_driver_that_a_refit_does_not_have_did_not_hold():
    without = agreement(made(), [made().drop(columns="copy")])
    assert held_of(without, "copy") == 0.0


def test_without_refits_nothing_is_known():
    none = agreement(made(), [])
    assert none.held.empty
    assert np.isnan(none.top_overlap)


def rows_of(*told):
    table = pd.DataFrame(told, columns=["driver", "contribution", "rank"])
    return table.assign(head="value", stable=pd.NA).astype({"rank": "Int64"})


def test_reasons_are_marked_by_their_kind(found):
    rows = rows_of(
        ("(base)", 100.0, 0), ("steady", 9.0, 1), ("copy", 5.0, 2), ("(other)", 3.0, None)
    )
    marked = mark_stable(rows, found.held.assign(head="value"))
    assert marked["stable"].tolist() == [pd.NA, True, False, pd.NA]
    assert marked["stable"].dtype == "boolean"


def test_a_kind_that_was_hardly_seen_is_judged_by_its_place():
    types = HELD_TYPES
    lines = [
        ("value", "rare", "up", "second or third", FEWEST_SEEN - 1, 0.1),
        ("value", "", "up", "second or third", 300, 0.9),
    ]
    held = pd.DataFrame(lines, columns=list(types)).astype(types)
    marked = mark_stable(rows_of(("rare", 5.0, 3), ("rare", 5.0, 4)), held)
    assert marked["stable"].tolist() == [True, pd.NA]
    often = mark_stable(rows_of(("rare", 5.0, 3)), held.assign(seen=FEWEST_SEEN))
    assert often["stable"].tolist() == [False]


def test_what_was_not_measured_stays_unmarked(found):
    rows = rows_of(("steady", 9.0, 1))
    assert mark_stable(rows, found.held.assign(head="value").iloc[:0])["stable"].isna().all()
    assert mark_stable(rows, found.held.assign(head="churn"))["stable"].isna().all()
