from __future__ import annotations

import math

import pytest

from tests.features.whole_account import at, group_of, row

#: The first contract of the book, so long ago that no window begins before the records do.
LONG_AGO = row("contracts", 900, "other", contract_id="1", known_at=at(900), end=at(800))


def contract(start, end=None, contract_id="1", **more):
    known_at = at(more.pop("signed", start))
    ends = None if end is None else at(end)
    own = {"contract_id": contract_id, "end": ends, "known_at": known_at}
    return row("contracts", start, **own, **more)


def features_of(*contracts, long_ago=(LONG_AGO,)):
    found = group_of("contracts", contracts=(*contracts, *long_ago), accounts=(SEEN,))
    return found.loc["a"]


SEEN = row("accounts", 0) | {"valid_from": at(1000)}
SEEN = {name: value for name, value in SEEN.items() if name != "time"}


def test_an_account_without_a_contract_has_nothing_under_contract():
    found = features_of()
    nothing = ["under_contract", "contracts_in_force", "arr", "seats_owned", "committed_1y"]
    nothing += ["arr_signed", "renewals_total", "contracts_ended_365d"]
    assert (found[nothing] == 0).all()
    assert found.drop(nothing).isna().all()


def test_what_is_in_force_is_added_up_over_contracts():
    found = features_of(
        contract(100, -265, arr=1000, seats=10.0, auto_renew=True),
        contract(50, -680, "2", arr=500, seats=20.0),
        contract(500, 200, "3", arr=9999, seats=99.0),
        contract(-10, -300, "4", arr=9999, seats=99.0, signed=5),
    )
    assert found["under_contract"] == 1
    assert found[["contracts_in_force", "arr", "seats_owned"]].to_list() == [2, 1500, 30]
    assert found[["price_per_seat", "term_days_mean"]].to_list() == [50, (365 + 730) / 2]
    assert found["auto_renew_share"] == 0.5


def test_what_no_contract_says_is_missing_and_not_zero():
    found = features_of(contract(100, -265))
    assert found[["under_contract", "contracts_in_force"]].to_list() == [1, 1]
    assert found[["arr", "seats_owned", "committed_1y", "arr_due_share_1y"]].isna().all()


def test_the_clock_shows_when_contracts_are_up_for_renewal():
    found = features_of(
        contract(100, -265, arr=300),
        contract(50, -680, "2", arr=100),
        contract(9, None, "3", arr=0),
    )
    assert found[["days_to_renewal", "days_to_last_renewal"]].to_list() == [265, 680]
    assert found["arr_due_share_1y"] == 0.75


def test_a_contract_that_is_renewed_already_is_up_when_its_renewal_ends():
    renewed = contract(-30, -395, arr=200, signed=10)
    found = features_of(contract(335, -30, arr=100), renewed)
    assert found["days_to_renewal"] == 395
    assert found["arr_due_share_1y"] == 0
    assert found["arr_signed"] == 200
    assert found["arr"] == 100


def test_a_contract_that_renews_by_itself_is_up_at_the_next_end_of_a_term():
    monthly = contract(31, 0, arr=365, auto_renew=True)  # the whole of December
    assert features_of(monthly)["days_to_renewal"] == 0
    thirty = contract(130, 100, arr=365, auto_renew=True)
    found = features_of(thirty)
    assert found[["days_to_renewal", "committed_1y"]].to_list() == [20, 365]


def test_an_open_contract_has_no_clock():
    found = features_of(contract(100, arr=365))
    assert found["under_contract"] == 1
    assert found[["days_to_renewal", "days_to_last_renewal"]].isna().all()
    assert found[["committed_1y", "arr_due_share_1y"]].to_list() == [365, 0]


def test_notice_counts_once_it_was_given():
    given = contract(100, -265, cancelled_at=at(5))
    later = contract(50, -315, "2", cancelled_at=at(-5))
    assert features_of(given, later)["notice_share"] == 0.5


def test_what_is_committed_is_what_contracts_earn_in_the_window():
    found = features_of(
        contract(355, -10, arr=365), contract(-10, -20, arr=730, signed=5), contract(9, -5, "2")
    )
    assert found["committed_1y"] == 10 + 20


def test_the_past_of_its_contracts_is_told():
    found = features_of(
        contract(800, 435), contract(435, 70), contract(60, -305), contract(700, 400, "2")
    )
    assert found[["contract_tenure_days", "unbroken_days"]].to_list() == [800, 60]
    assert found[["days_since_contract_end", "contracts_ended_365d"]].to_list() == [70, 1]
    assert found["renewals_total"] == 2  # what began ten days late is a renewal too


def test_a_change_in_mid_term_is_no_renewal():
    assert features_of(contract(300, -65), contract(100, -65))["renewals_total"] == 0


def test_growth_compares_with_what_held_a_year_ago():
    found = features_of(
        contract(400, 35, arr=100, seats=10.0), contract(35, -330, arr=300, seats=10.0)
    )
    assert found[["arr_growth_365d", "seats_growth_365d"]].to_list() == [0.5, 0]
    assert found["price_change"] == 0.5
    assert features_of(contract(30, arr=5))["arr_growth_365d"] == 1
    assert features_of(contract(400, 35, arr=5))["arr_growth_365d"] == -1


def test_growth_is_missing_where_the_records_are_shorter():
    found = features_of(contract(364, -1, arr=5), long_ago=())
    assert found[["arr_growth_365d", "contracts_ended_365d"]].isna().all()
    assert math.isnan(features_of(contract(365, -1, arr=5), long_ago=())["arr_growth_365d"])
    assert features_of(contract(366, -1, arr=5), long_ago=())["arr_growth_365d"] == 0


@pytest.mark.parametrize("days", [1, 0, -1])
def test_a_contract_that_stops_at_the_cutoff_is_in_force_and_up_for_renewal(days):
    found = features_of(contract(365, days, arr=365))
    assert found["under_contract"] == (days <= 0)
    assert math.isnan(found["days_to_renewal"]) == (days > 0)
    assert found["committed_1y"] == max(-days, 0)
