from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import ibis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts import cases, oracle_contracts
from tests.contracts.book import Book, at, known
from tests.contracts.harness import typed_ledger
from valuemodel.periods import Cutoff
from valuemodel.snapshots.contracts import earned_days, in_force, last_signed, terms
from valuemodel.tables.schemas import CONTRACTS

CUTOFF = Cutoff.parse("2021-01-01")
DAY = timedelta(days=1)


def row(start, end=None, contract="1", account="a", **more):
    times = {"start": at(start), "end": end and at(end)}
    more = {name: at(value) if isinstance(value, str) else value for name, value in more.items()}
    return (
        dict.fromkeys(CONTRACTS.names)
        | {"account_id": account, "contract_id": contract, "arr": 365}
        | times
        | more
    )


def table_of(*rows):
    return typed_ledger(Book((), None, {"contracts": rows}), ibis.duckdb.connect()).contracts


def terms_at(cutoff, *rows):
    """Return the terms at a cutoff in the order of contracts and starts."""
    found = terms(table_of(*rows), Cutoff.parse(cutoff), Cutoff.parse(cutoff))
    found = found.mutate(
        now=in_force(found, Cutoff.parse(cutoff)), last=last_signed(found, Cutoff.parse(cutoff))
    )
    return found.order_by("account_id", "contract_id", "start").to_pyarrow().to_pylist()


def stops(cutoff, *rows):
    return [found["stop"] for found in terms_at(cutoff, *rows)]


YEAR = row("2020-01-01", "2021-01-01", known_at="2019-12-01")
RENEWED = row("2021-01-01", "2022-01-01", known_at="2020-11-15")


def test_terms_hold_from_their_start_to_their_end():
    (found,) = terms_at("2020-06-30", YEAR)
    assert (found["start"], found["stop"]) == (at("2020-01-01"), at("2021-01-01"))
    assert (found["from_age"], found["to_age"]) == (181, -185)
    assert found["now"]


def test_a_renewal_takes_over_where_the_terms_before_it_end():
    first, second = terms_at("2020-12-01", YEAR, RENEWED)
    assert (first["stop"], second["stop"]) == (at("2021-01-01"), at("2022-01-01"))
    assert (first["followed"], second["followed"]) == (True, False)
    assert second["since"] == first["since"] == at("2020-01-01")
    assert (first["now"], first["last"]) == (True, False)
    assert (second["now"], second["last"]) == (False, True)


def test_a_renewal_is_known_from_its_signing_and_not_from_its_start():
    (found,) = terms_at("2020-11-15", YEAR, RENEWED)
    assert not found["followed"]
    assert len(terms_at("2020-11-15 00:00:00.000001", YEAR, RENEWED)) == 2


def test_a_change_in_mid_term_ends_the_terms_before_it():
    more = row("2020-07-01", "2021-01-01", known_at="2020-06-20", seats=20.0)
    assert stops("2020-06-20", YEAR, more) == [at("2021-01-01")]
    assert stops("2020-06-21", YEAR, more) == [at("2020-07-01"), at("2021-01-01")]


def test_of_several_rows_for_one_start_the_one_known_last_holds():
    correction = YEAR | {"known_at": at("2020-03-01"), "arr": 730, "end": at("2020-12-01")}
    for rows in ((YEAR, correction), (correction, YEAR)):
        (before,), (after,) = terms_at("2020-03-01", *rows), terms_at("2020-03-02", *rows)
        assert (before["arr"], before["stop"]) == (365, at("2021-01-01"))
        assert (after["arr"], after["stop"]) == (730, at("2020-12-01"))
        assert after["signed"] == at("2019-12-01")


def test_rows_that_contradict_each_other_give_the_same_terms_in_any_order():
    rows = [YEAR | {"arr": arr, "auto_renew": renews} for arr in (5, 3, None) for renews in (0, 1)]
    rows = [given | {"auto_renew": bool(given["auto_renew"])} for given in rows]
    found = [terms_at("2020-06-01", *order) for order in (rows, rows[::-1], rows[3:] + rows[:3])]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 1


@pytest.mark.parametrize(
    ("end", "stop_before", "stop_after"), [(None, None, "2020-05-10"), ("2021-01-01",) * 3]
)
def test_notice_is_not_seen_before_it_was_given(end, stop_before, stop_after):
    contract = row("2020-01-01", end, cancelled_at="2020-05-10")
    (before,), (after,) = terms_at("2020-05-10", contract), terms_at("2020-05-11", contract)
    assert before["cancelled_at"] is None
    assert after["cancelled_at"] == at("2020-05-10")
    assert before["stop"] == (stop_before and at(stop_before))
    assert after["stop"] == at(stop_after)


def test_a_contract_without_an_end_is_open():
    (found,) = terms_at("2020-06-01", row("2020-01-01"))
    assert (found["stop"], found["renewal"]) == (None, None)
    assert found["to_age"] < -1_000_000
    assert found["now"]
    assert found["last"]


@pytest.mark.parametrize(
    ("start", "end", "notice", "stop"),
    [
        ("2020-01-01", "2020-02-01", None, None),
        ("2020-01-01", "2020-02-01", "2020-01-10", "2020-02-01"),  # not before the first end
        ("2020-01-01", "2020-02-01", "2020-02-01", "2020-02-01"),
        ("2020-01-01", "2020-02-01", "2020-02-01 00:00:01", "2020-03-01"),
        ("2020-01-01", "2020-02-01", "2020-04-15", "2020-05-01"),
        ("2020-01-31", "2020-02-29", "2020-03-30", "2020-03-31"),  # months end where they end
        ("2020-01-31", "2020-02-29", "2020-04-30", "2020-04-30"),
        ("2020-02-29", "2021-02-28", "2023-03-01", "2024-02-29"),
        ("2020-01-01 09:00", "2021-01-01 09:00", "2022-01-01 10:00", "2023-01-01 09:00"),
        ("2020-01-01", "2020-01-31", "2020-02-15", "2020-03-01"),  # thirty days are no month
        ("2020-01-01", "2020-12-31", "2021-01-01", "2021-12-31"),
        ("2020-01-01 09:00", "2020-01-01 17:00", "2020-01-04", "2020-01-04 17:00"),
    ],
)
def test_a_contract_that_renews_by_itself_stops_at_the_first_end_after_notice(
    start, end, notice, stop
):
    contract = row(start, end, auto_renew=True, cancelled_at=notice)
    assert stops("2025-01-01", contract) == [stop and at(stop)]


@pytest.mark.parametrize(
    ("cutoff", "renewal"),
    [("2020-01-15", "2020-02-01"), ("2020-02-01", "2020-02-01"), ("2020-06-02", "2020-07-01")],
)
def test_its_next_renewal_is_the_first_end_from_the_cutoff_on(cutoff, renewal):
    (found,) = terms_at(cutoff, row("2020-01-01", "2020-02-01", auto_renew=True))
    assert found["renewal"] == at(renewal)


def test_two_contracts_do_not_end_each_other():
    other = row("2020-05-01", "2020-09-01", contract="2")
    assert stops("2020-06-01", YEAR, other) == [at("2021-01-01"), at("2020-09-01")]
    assert stops("2020-06-01", YEAR, other | {"contract_id": "1", "account_id": "b"}) == [
        at("2021-01-01"),
        at("2020-09-01"),
    ]


def test_a_gap_breaks_the_row_of_terms():
    late = row("2021-01-11", "2022-01-11", known_at="2020-12-01")
    first, second = terms_at("2020-12-20", YEAR, late)
    assert not first["followed"]
    assert first["last"]
    assert not second["last"]
    assert second["since"] == at("2021-01-11")


def test_a_renewal_that_was_called_off_before_it_began_follows_nothing():
    called_off = row("2021-01-01", known_at="2020-11-15", cancelled_at="2020-12-10")
    (before, _), (after, _) = (
        terms_at(cutoff, YEAR, called_off) for cutoff in ("2020-12-10", "2020-12-11")
    )
    assert before["followed"]
    assert not after["followed"]
    assert after["last"]


@pytest.mark.parametrize(
    ("cutoff", "now"),
    [
        ("2020-01-01", False),
        ("2020-01-01 00:00:01", True),
        ("2021-01-01", True),
        ("2021-01-01 00:00:01", False),
    ],
)
def test_what_stops_at_the_cutoff_is_in_force_and_what_starts_there_is_not(cutoff, now):
    (found,) = terms_at(cutoff, YEAR)
    assert found["now"] == now
    assert (found["to_age"] < 1 <= found["from_age"]) == now


def test_windows_that_follow_each_other_share_out_the_days_of_a_contract():
    found = terms(table_of(YEAR), CUTOFF, CUTOFF)
    bounds = [400, 366, 200, 3, 0, -5]
    days = [earned_days(found, a, b) for a, b in pairwise(bounds)]
    shares = found.select(**{str(number): column for number, column in enumerate(days)})
    (share,) = shares.to_pyarrow().to_pylist()
    assert list(share.values()) == [0, 166, 197, 3, 0]


def test_a_day_on_which_the_terms_change_belongs_to_the_new_ones():
    noon = row("2020-12-20 12:00", "2021-06-01", known_at="2020-12-01")
    found = terms(table_of(YEAR, noon), CUTOFF, CUTOFF).order_by("start")
    days = found.select(days=earned_days(found, within=31, before=0)).to_pyarrow().to_pylist()
    assert [each["days"] for each in days] == [19, 12]


@st.composite
def contract_books(draw):
    cutoff = draw(st.sampled_from(cases.CUTOFFS))
    rows = st.lists(
        cases.contracts(cutoff),
        min_size=10,
        max_size=40,
        unique_by=lambda row: (row["account_id"], row["contract_id"], row["start"], known_of(row)),
    )
    return cutoff, Book((), None, {"contracts": tuple(draw(rows))})


def known_of(row):
    return known("contracts", row)


several = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def all_terms(book, cutoff):
    found = terms(typed_ledger(book, ibis.duckdb.connect()).contracts, cutoff, cutoff)
    days = {
        "past": earned_days(found, within=100, before=0),
        "ahead": earned_days(found, within=0, before=-200),
    }
    found = found.mutate(last=last_signed(found, cutoff), now=in_force(found, cutoff), **days)
    return found.order_by("account_id", "contract_id", "start").to_pyarrow().to_pylist()


@several
@given(case=contract_books())
def test_terms_and_their_days_agree_with_walking_through_them_day_by_day(case):
    cutoff, book = case
    shown = [
        found
        for found in all_terms(book, Cutoff(cutoff))
        if found["stop"] is None or found["stop"] > found["start"]
    ]
    said = [
        each
        for name in cases.NAMES
        for each in sorted(
            oracle_contracts.terms_of(book, name, cutoff),
            key=lambda one: (one.row["contract_id"], one.start),
        )
    ]
    assert len(shown) == len(said)
    for found, each in zip(shown, said, strict=True):
        assert (found["start"], found["stop"]) == (each.start, each.stop)
        assert (found["since"], found["followed"]) == (each.since, each.follower is not None)
        assert found["now"] == each.holds(cutoff)
        assert found["last"] == each.is_up_for_renewal_of(cutoff)
        assert found["past"] == sum(each.holds(cutoff - day * DAY) for day in range(100))
        assert found["ahead"] == sum(each.holds(cutoff + (day + 1) * DAY) for day in range(200))
        if found["last"]:
            assert found["renewal"] == each.due(cutoff)


@several
@given(case=contract_books())
def test_terms_are_the_same_where_the_future_is_not_in_the_table_yet(case):
    cutoff, book = case
    early = Cutoff(cutoff - 120 * DAY)
    assert all_terms(book, early) == all_terms(book.known_before(early), early)
