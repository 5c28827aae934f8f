"""Every feature and label agrees with a second implementation that shares no code with the first."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.contracts import oracle, oracle_contracts, oracle_groups
from tests.contracts.cases import CUTOFFS, NAMES, books
from tests.contracts.harness import builder_for, random_book, settings_for
from valuemodel.periods import Cutoff

#: Each says the features of some groups: `features(book, settings, cutoff, account)`.
ORACLES = (oracle, oracle_contracts, oracle_groups)
SETTINGS = settings_for()
#: What the account lacks is missing from the catalog, whatever the oracles say.
LACKING = [(), ("contracts",), ("accounts", "usage", "opportunities"), ("transactions",)]


MEASURES = [
    {},
    {"measure": "margin", "refunds": "gross"},
    {"measure": "contribution", "subtract": ["cogs", "retention"]},
    {"discount_rate": 0.08},
    {"measure": "contribution", "discount_rate": 0.5},
]


@st.composite
def cases(draw):
    cutoff = draw(st.sampled_from(CUTOFFS))
    book = draw(books(cutoff)).without(*draw(st.sampled_from(LACKING)))
    signed = {row["account_id"] for row in book.others.get("contracts") or ()}
    assume(book.lines or len(signed) > 1)  # less is refused, as it should be
    return cutoff, book, draw(st.sampled_from(MEASURES))


def _features(book, said, cutoff, name):
    """Join what the oracles say; no two may speak of the same feature."""
    parts = [one.features(book, said, cutoff, name) for one in ORACLES]
    found = {feature: value for part in parts for feature, value in part.items()}
    assert len(found) == sum(map(len, parts))
    return found


def _agrees(mine, theirs):
    if mine is None:
        return theirs is None or theirs != theirs  # noqa: PLR0124 - only NaN differs from itself
    if isinstance(mine, str):
        return mine == theirs
    return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9)


def test_the_oracles_cover_the_whole_catalog():
    book, cutoff = random_book(seed=1), CUTOFFS[0]
    builder = builder_for(book, SETTINGS)
    said = _features(book, builder.settings, cutoff, "A05")
    assert {feature.name for feature in builder.features} == set(said)


@pytest.mark.slow
# No shrinking: it takes minutes, and the message names account, feature and both values.
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(case=cases())
def test_every_feature_and_label_agrees_with_the_oracles(make_ledger, case):
    cutoff, book, measure = case
    until = cutoff + timedelta(days=380)
    said_of_value = settings_for(value=measure, tables={"costs": {"source": "costs.csv"}})
    builder = builder_for(book, said_of_value, make_ledger)
    data = builder.at(Cutoff(cutoff), labels_until=Cutoff(until))
    known = {name: oracle.Account(name, book, cutoff, builder.settings.value) for name in NAMES}
    members = [name for name, account in known.items() if account.seen]
    assert data.keys.account_id.to_list() == members
    wrong = []
    for row, member in enumerate(members):
        said = _features(book, builder.settings, cutoff, member)
        said |= _labels(builder, book, cutoff, until, member)
        shown = data.X.iloc[row].to_dict() | data.y.iloc[row].to_dict()
        shown.pop("winnability_1m", None)  # its oracle stands in tests/labels/test_expansion.py
        assert shown.keys() <= said.keys()
        wrong += [
            (member, name, said[name], value)
            for name, value in shown.items()
            if not _agrees(said[name], value)
        ]
    assert wrong == []


def _labels(builder, book, cutoff, until, member):
    """Return the labels of one account; those of windows that are not complete are missing."""
    asked = (book, builder.settings, cutoff, until, member)
    said = oracle.labels(*asked) | oracle_contracts.labels(*asked)
    complete = min(until, builder.ledger.complete_until.at)
    return {
        name: value if cutoff + oracle.step(name.split("_")[1]) <= complete else None
        for name, value in said.items()
    }
