from __future__ import annotations

import pytest

from tests.features.whole_account import group_of, row

LONG_AGO = row("interactions", 3000, "other", kind="call")


def contact(days, kind="call", **columns):
    return row("interactions", days, kind=kind, **columns)


def contacts_of(*rows, others=(LONG_AGO,)):
    return group_of("interactions", interactions=(*rows, *others)).loc["a"]


def test_contacts_are_counted_by_who_sought_them():
    found = contacts_of(
        contact(90, initiative="planned"), contact(91, initiative="planned"),
        contact(5, initiative="ad_hoc"), contact(5, initiative="reactive"), contact(365),
        contact(366, initiative="reactive"),
    )  # fmt: skip
    names = ["contacts", "contacts_planned", "contacts_ad_hoc", "contacts_reactive"]
    assert [found[f"{name}_90d"] for name in names] == [3, 1, 1, 1]
    assert [found[f"{name}_365d"] for name in names] == [5, 2, 1, 1]
    assert found["reactive_share_365d"] == 0.25


def test_the_last_contact_and_the_last_one_that_we_sought_stand_apart():
    found = contacts_of(
        contact(3, initiative="reactive"), contact(40, initiative="ad_hoc"), contact(7)
    )
    assert found[["contact_recency_days", "own_contact_recency_days"]].to_list() == [3, 40]


def test_hours_add_up_to_the_same_in_every_order():
    hours = [0.1, 0.2, 0.3, 0.7, 1e6]
    orders = (hours, hours[::-1])
    found = {
        contacts_of(*(contact(9, hours=one) for one in order))["contact_hours_365d"]
        for order in orders
    }
    assert found == {1_000_001.3}


def test_breadth_counts_what_differs_within_the_year():
    found = contacts_of(
        contact(5, channel="visit", seniority="executive"),
        contact(300, "meeting", channel="phone", seniority="executive"),
        contact(366, "ticket", channel="mail", seniority="staff"),
    )
    shown = found[["contact_kinds_365d", "contact_channels_365d", "contact_seniorities_365d"]]
    assert shown.to_list() == [2, 2, 1]


def test_both_parts_of_closeness_stand_beside_their_mean():
    found = contacts_of(contact(90, rating=8.0))
    automatic = 30 * 90 / 180 + 30 * 1 / 13
    assert found["closeness_automatic"] == pytest.approx(automatic)
    assert found["closeness_manual"] == 80
    assert found["closeness"] == pytest.approx((automatic + 80) / 2)


def test_an_account_without_any_contact_is_not_close_and_nobody_has_judged_it():
    table = group_of(
        "interactions",
        transactions=(row("transactions", 3000, amount=1),),
        interactions=(LONG_AGO,),
    )
    shown = ["contacts_90d", "contacts_365d", "closeness_automatic", "closeness"]
    assert table.loc["a", shown].to_list() == [0, 0, 0, 0]
    nothing = ["contact_recency_days", "closeness_manual", "reactive_share_365d"]
    assert table.loc["a", nothing].isna().all()


def test_closeness_waits_until_the_records_of_contacts_are_a_year_old():
    found = contacts_of(contact(20, rating=5.0), others=(contact(364),))
    assert found[["closeness_automatic", "closeness", "contacts_365d"]].isna().all()
    assert found[["closeness_manual", "contacts_90d"]].to_list() == [50, 1]
