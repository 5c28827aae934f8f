"""Small books around a cutoff, drawn so that instants fall on the edges of every window."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.contracts.book import Book, Row, at

CUTOFFS = [
    at("2021-03-01"),
    at("2020-02-29"),
    at("2021-08-31"),
    at("2021-06-15 13:37:00.250"),
]
NAMES = [f"A{number}" for number in range(8)]

names = st.sampled_from(NAMES)
around = st.sampled_from([0, 1, 29, 30, 31, 90, 180, 182, 364, 365, 366, 720, 730, 731])
instants = st.one_of(
    st.tuples(around, st.sampled_from([-1, 0, 1])).map(
        lambda pair: timedelta(days=-pair[0], microseconds=pair[1])
    ),
    st.integers(-900 * 86_400, 420 * 86_400).map(lambda seconds: timedelta(seconds=seconds)),
)
cents = st.integers(-30_000, 90_000).map(lambda number: Decimal(number) / 100)
positive = st.integers(0, 90_000).map(lambda number: Decimal(number) / 100)
counts = st.one_of(st.none(), st.integers(0, 1_000).map(float))
products = st.sampled_from([None, "x", "y", "z"])


def late(time: datetime) -> st.SearchStrategy[datetime | None]:
    """When a row became known: unsaid, or so many days later."""
    return st.one_of(st.none(), st.integers(0, 90).map(lambda days: time + timedelta(days)))


@st.composite
def lines(draw: Any, cutoff: datetime) -> Row:
    time = cutoff + draw(instants)
    costs = st.integers(-100, 60_000).map(lambda number: Decimal(number) / 100)
    return {
        "account_id": draw(names),
        "time": time,
        "known_at": draw(late(time)),
        "amount": draw(cents),
        "cost": draw(st.one_of(st.none(), costs)),
        "order_id": draw(st.sampled_from([None, "1", "2", "3"])),
        "product_id": draw(products),
        "under_contract": draw(st.sampled_from([None, False, False, True])),
    }


@st.composite
def accounts(draw: Any, cutoff: datetime) -> Row:
    texts = st.sampled_from([None, "NA", "b"])
    row = {name: draw(texts) for name in ("industry", "region", "country", "channel")}
    row |= {name: draw(counts) for name in ("employees", "brand_score", "reference_score")}
    row |= {name: draw(counts) for name in ("addressable_seats", "fleet_size")}
    row["account_id"] = draw(names)
    row["valid_from"] = draw(st.one_of(st.none(), instants.map(lambda back: cutoff + back)))
    row["reference_until"] = draw(st.one_of(st.none(), instants.map(lambda back: cutoff - back)))
    return row


@st.composite
def contracts(draw: Any, cutoff: datetime) -> Row:
    start = cutoff + draw(instants)
    terms = st.sampled_from([30, 90, 182, 365, 730]).map(lambda days: start + timedelta(days))
    ends = st.one_of(st.none(), terms, st.just(max(cutoff, start + timedelta(1))))
    early = st.integers(-90, 90).map(lambda days: start + timedelta(days))
    known_at = draw(st.one_of(st.none(), early))
    signed = min(start, known_at or start)
    notice = st.integers(0, 500).map(lambda days: signed + timedelta(days))
    return {
        "account_id": draw(names),
        "contract_id": draw(st.sampled_from(["C1", "C1", "C2"])),
        "start": start,
        "end": draw(ends),
        "known_at": known_at,
        "arr": draw(st.one_of(st.none(), positive)),
        "seats": draw(counts),
        "auto_renew": draw(st.sampled_from([None, False, True])),
        "cancelled_at": draw(st.one_of(st.none(), st.none(), notice)),
    }


@st.composite
def usage(draw: Any, cutoff: datetime) -> Row:
    time = cutoff + draw(instants)
    return {
        "account_id": draw(names),
        "time": time,
        "known_at": draw(late(time)),
        "quantity": float(draw(st.integers(0, 5_000))),
        "product_id": draw(products),
        "users": draw(counts),
    }


@st.composite
def interactions(draw: Any, cutoff: datetime) -> Row:
    time = cutoff + draw(instants)
    return {
        "account_id": draw(names),
        "time": time,
        "known_at": draw(late(time)),
        "kind": draw(st.sampled_from(["meeting", "call", "ticket"])),
        "channel": draw(st.sampled_from([None, "phone", "visit"])),
        "seniority": draw(st.sampled_from([None, "executive", "staff"])),
        "hours": draw(st.one_of(st.none(), st.integers(0, 16).map(lambda half: half / 2))),
        "initiative": draw(st.sampled_from([None, "planned", "ad_hoc", "reactive"])),
        "rating": draw(st.one_of(st.none(), st.integers(0, 10).map(float))),
    }


@st.composite
def opportunities(draw: Any, cutoff: datetime) -> Row:
    time = cutoff + draw(instants)
    return {
        "account_id": draw(names),
        "opportunity_id": draw(st.sampled_from(["D1", "D2"])),
        "time": time,
        "known_at": draw(late(time)),
        "stage": draw(st.sampled_from(["lead", "offer", "offer", "won", "lost"])),
        "value": draw(st.one_of(st.none(), positive)),
        "closed": draw(st.one_of(st.none(), instants.map(lambda back: cutoff - back))),
        "product_id": draw(products),
    }


@st.composite
def costs(draw: Any, cutoff: datetime) -> Row:
    time = cutoff + draw(instants)
    return {
        "account_id": draw(names),
        "time": time,
        "known_at": draw(late(time)),
        "amount": draw(cents),
        "treatment": draw(st.sampled_from(["cogs", "sales_and_marketing", "retention"])),
    }


@st.composite
def projects(draw: Any, cutoff: datetime) -> Row:
    time = cutoff + draw(instants)
    return {
        "account_id": draw(names),
        "project_id": draw(st.sampled_from(["J1", "J2", "J3"])),
        "time": time,
        "known_at": draw(late(time)),
        "amount": draw(st.one_of(st.none(), positive)),
        "name": None,
    }


#: How many rows at the most, and what tells the rows of a table apart.
TABLES = {
    "contracts": (contracts, 16, ("account_id", "contract_id", "start", "known_at")),
    "usage": (usage, 16, None),
    "interactions": (interactions, 16, None),
    "opportunities": (opportunities, 16, ("account_id", "opportunity_id", "time")),
    "costs": (costs, 10, None),
    "projects": (projects, 10, ("account_id", "project_id")),
}


def rows(name: str, cutoff: datetime) -> st.SearchStrategy[list[Row]]:
    """Return rows of one table, no two of them contradicting each other."""
    drawn, most, key = TABLES[name]
    apart = None if key is None else lambda row: tuple(row[column] for column in key)
    return st.lists(drawn(cutoff), max_size=most, unique_by=apart)


@st.composite
def books(draw: Any, cutoff: datetime) -> Book:
    """A book of every table; the first two accounts buy, so that there is something to compare."""
    two = [draw(lines(cutoff)) | {"account_id": name} for name in NAMES[:2]]
    found = [*two, *draw(st.lists(lines(cutoff), max_size=58))]
    listed = draw(
        st.lists(
            accounts(cutoff),
            max_size=8,
            unique_by=lambda row: (row["account_id"], row["valid_from"]),
        )
    )
    others = {name: tuple(draw(rows(name, cutoff))) for name in TABLES}
    there = {name: drawn for name, drawn in others.items() if drawn}  # a file without rows is none
    return Book(tuple(found), tuple(listed) or None, there)
