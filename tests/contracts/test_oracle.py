"""Every feature and label agrees with a second implementation that shares no code with the first."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts import oracle
from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

LABELS = ["1m", "26w", "1y"]
SETTINGS = settings_for()
CUTOFFS = [
    at("2021-03-01"),
    at("2020-02-29"),
    at("2021-08-31"),
    at("2021-06-15 13:37:00.250"),
]
NAMES = [f"A{number}" for number in range(8)]

around = st.sampled_from([0, 1, 29, 30, 31, 90, 180, 182, 364, 365, 366, 720, 730, 731])
instants = st.one_of(
    st.tuples(around, st.sampled_from([-1, 0, 1])).map(
        lambda pair: timedelta(days=-pair[0], microseconds=pair[1])
    ),
    st.integers(-900 * 86_400, 420 * 86_400).map(lambda seconds: timedelta(seconds=seconds)),
)
cents = st.integers(-30_000, 90_000).map(lambda number: Decimal(number) / 100)


@st.composite
def lines(draw, cutoff):
    time = cutoff + draw(instants)
    amount = draw(cents)
    return {
        "account_id": draw(st.sampled_from(NAMES)),
        "time": time,
        "known_at": draw(
            st.one_of(st.none(), st.integers(0, 90).map(lambda d: time + timedelta(d)))
        ),
        "amount": amount,
        "cost": draw(
            st.one_of(st.none(), st.integers(-100, 60_000).map(lambda n: Decimal(n) / 100))
        ),
        "order_id": draw(st.sampled_from([None, "1", "2", "3"])),
        "product_id": draw(st.sampled_from([None, "x", "y", "z"])),
    }


@st.composite
def accounts(draw, cutoff):
    numbers = st.one_of(st.none(), st.integers(0, 1000).map(float))
    texts = st.sampled_from([None, "NA", "b"])
    row = {name: draw(texts) for name in ("industry", "region", "country", "channel")}
    row |= {name: draw(numbers) for name in ("employees", "brand_score", "reference_score")}
    row |= {name: draw(numbers) for name in ("addressable_seats", "fleet_size")}
    row["account_id"] = draw(st.sampled_from(NAMES))
    row["valid_from"] = draw(st.one_of(st.none(), instants.map(lambda back: cutoff + back)))
    row["reference_until"] = draw(st.one_of(st.none(), instants.map(lambda back: cutoff - back)))
    return row


@st.composite
def cases(draw):
    cutoff = draw(st.sampled_from(CUTOFFS))
    two = [draw(lines(cutoff)) | {"account_id": name} for name in NAMES[:2]]
    found = [*two, *draw(st.lists(lines(cutoff), max_size=58))]
    listed = draw(st.lists(accounts(cutoff), max_size=8, unique_by=_version))
    return cutoff, Book(tuple(found), tuple(listed) or None)


def _version(row):
    return row["account_id"], row["valid_from"]


def _agrees(mine, theirs):
    if mine is None:
        return theirs is None or theirs != theirs  # noqa: PLR0124 - only NaN differs from itself
    if isinstance(mine, str):
        return mine == theirs
    return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9)


def _account(book, name, cutoff):
    return oracle.Account(name, list(book.lines), list(book.accounts or ()), cutoff)


def test_the_oracle_covers_the_whole_catalog():
    book = Book(({"account_id": "a", "time": at("2020-01-01"), "known_at": None, "amount": 1},))
    names = {feature.name for feature in builder_for(book, SETTINGS).features}
    assert names == set(oracle.definitions(LABELS))


@pytest.mark.slow
# No shrinking: it takes minutes, and the message names account, feature and both values.
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(case=cases())
def test_every_feature_and_label_agrees_with_the_oracle(make_ledger, case):
    cutoff, book = case
    until = cutoff + timedelta(days=380)
    builder = builder_for(book, SETTINGS, make_ledger)
    data = builder.at(Cutoff(cutoff), labels_until=Cutoff(until))
    seen = {name: _account(book, name, cutoff) for name in NAMES}
    members = [name for name, account in seen.items() if account.visible]
    assert data.keys.account_id.to_list() == members
    wrong = [
        (member, name, expected, value)
        for row, member in enumerate(members)
        for name, define in oracle.definitions(LABELS).items()
        if not _agrees(expected := define(seen[member]), value := data.X[name].iat[row])
    ]
    assert wrong == []
    complete = min(until, builder.ledger.complete_until.at)
    for row, member in enumerate(members):
        own = [line for line in book.lines if line["account_id"] == member]
        for label in LABELS:
            value, churn = oracle.future(own, cutoff, label, until)
            is_complete = cutoff + oracle.step(label) <= complete
            assert _agrees(value if is_complete else None, data.y[f"value_{label}"].iat[row])
            assert _agrees(churn if is_complete else None, data.y[f"churn_{label}"].iat[row])
