from __future__ import annotations

import pytest

from tests.features.whole_account import at, row
from tests.features.worked import CUTOFF
from tests.snapshots.told import told, told_of
from valuemodel.snapshots.under_contract import under_contract


def contract(days, ends, arr=100, contract_id="1", **more):
    """Return terms that began so many days ago and end so many days ago; negative ones ahead."""
    end = None if ends is None else at(ends)
    return row("contracts", days, contract_id=contract_id, end=end, arr=arr, **more)


def of(*rows):
    return told_of(under_contract, contracts=rows)


def test_a_book_without_contracts_has_nothing_to_say():
    assert told(under_contract) is None


def test_what_is_in_force_now_stands_beside_what_was_a_year_ago():
    found = of(
        contract(500, -50, 100, seats=10.0),
        contract(200, -300, 40, "2", seats=5.0),
        contract(600, 300, 7, "3", seats=90.0),
        contract(900, 700, 1, "4"),
    )
    assert (found["arr"], found["arr_12m_ago"], found["seats"]) == (140, 107, 15)
    assert found["renewal_date"] == at(-50)


def test_what_nobody_wrote_down_is_missing():
    found = of(contract(500, -50, None))
    assert (found["arr"], found["arr_12m_ago"], found["seats"]) == (None, None, None)
    assert (found["renews_monthly"], found["renewed"]) == (False, False)


def test_without_a_contract_in_force_nothing_is_said_of_now():
    found = of(contract(500, 100))
    assert found == {
        "account_id": "a",
        "arr": None,
        "renewal_date": None,
        "arr_12m_ago": 100,
        "seats": None,
        "renews_monthly": None,
        "renewed": None,
    }


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [(366, 365, True), (366, 366, False), (365, 0, False), (365.5, 0, True)],
)
def test_a_year_ago_is_asked_as_now_is_of_the_last_instant_before(start, end, counted):
    # So an end on that very day is lost in the year since, and a beginning is new in it.
    assert CUTOFF.at.replace(year=CUTOFF.at.year - 1) == at(365)
    found = of(contract(start, end), contract(1, -1, 1, "2"))
    assert (found["arr_12m_ago"] is not None) == counted


def test_a_contract_from_month_to_month_renews_monthly():
    month = {"auto_renew": True}
    assert of(contract(400, 369, **month))["renews_monthly"] is True
    assert of(contract(400, 368, **month))["renews_monthly"] is False
    assert of(contract(20, -10))["renews_monthly"] is False
    assert of(contract(20, None, **month))["renews_monthly"] is False


def test_all_contracts_in_force_must_renew_monthly():
    month, year = contract(100, 70, auto_renew=True), contract(100, -265, 5, "2")
    assert of(month, year)["renews_monthly"] is False
    over = contract(900, 535, 5, "2")
    assert of(month, over)["renews_monthly"] is True


def test_a_contract_under_notice_does_not_renew():
    given = contract(100, 70, auto_renew=True, cancelled_at=at(3))
    assert of(given)["renews_monthly"] is False
    later = contract(100, 70, auto_renew=True, cancelled_at=at(-3))
    assert of(later)["renews_monthly"] is True


def test_a_later_row_from_the_end_on_is_a_renewal():
    assert of(contract(500, 135), contract(135, -230))["renewed"] is True
    assert of(contract(500, 135), contract(135, -230, contract_id="2"))["renewed"] is False


def test_going_on_by_itself_beyond_the_first_end_is_a_renewal():
    assert of(contract(400, 35, auto_renew=True))["renewed"] is True
    assert of(contract(400, 0, auto_renew=True))["renewed"] is False


def test_more_seats_in_mid_term_are_no_renewal_until_the_first_end_is_over():
    assert of(contract(100, -265), contract(50, -265, 120))["renewed"] is False
    assert of(contract(500, 135), contract(300, -65, 120))["renewed"] is True


def test_what_was_called_off_before_it_began_renews_nothing():
    # The later row starts where the first began, so the first never held.
    rows = (contract(300, 200, contract_id="1"), contract(300, -65, contract_id="1"))
    rows[0]["known_at"], rows[1]["known_at"] = at(310), at(305)
    assert of(*rows)["renewed"] is False
    assert of(*rows)["arr"] == 100


def test_one_renewed_contract_in_force_is_enough():
    old, new = contract(500, 100, auto_renew=True), contract(10, -355, 5, "2")
    assert of(old, new)["renewed"] is True
