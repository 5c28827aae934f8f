"""Rules follow from the declaration of a column, and what they look for is what others can read."""

from __future__ import annotations

import re

import ibis
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon
from valuemodel.tables.record_rules import ACROSS, HORIZON, column_rules, record_rules, rules_of
from valuemodel.tables.rules import ACCOUNT_RULES, TRANSACTION_RULES
from valuemodel.tables.schemas import TABLES, Column


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (Column("account_id", "text", "", required=True), ["missing_account"]),
        (Column("channel", "text", ""), []),
        (Column("stage", "text", "", required=True), ["missing_stage"]),
        (Column("closed", "time", ""), ["unreadable_closed", "impossible_closed"]),
        (Column("arr", "money", ""), ["unreadable_arr", "impossible_arr"]),
        (Column("auto_renew", "flag", ""), ["unreadable_auto_renew"]),
        (Column("kind", "text", "", choices=("a", "b")), ["unknown_kind"]),
    ],
    ids=lambda value: value.name if isinstance(value, Column) else "",
)
def test_a_declaration_makes_the_rules(column, names):
    assert [rule.name for rule in column_rules(column)] == names


def test_bounds_and_choices_stand_in_the_sentence():
    share = column_rules(Column("share", "number", "", least=0.0, most=1.0))[-1]
    assert share.sentence == "share is infinite, not a number, or below 0 or above 1"
    kind = column_rules(Column("kind", "text", "", choices=("a", "b")))[0]
    assert (kind.sentence, kind.choices) == ("kind is none of a, b", ("a", "b"))


def test_every_table_has_its_rules_and_each_rule_over_columns_is_among_them():
    assert (rules_of("transactions"), rules_of("accounts")) == (TRANSACTION_RULES, ACCOUNT_RULES)
    for name, schema in TABLES.items():
        if name not in ("transactions", "accounts"):
            assert rules_of(name) == record_rules(schema)
            assert {rule for rule, _ in ACROSS.get(name, ())} <= set(rules_of(name))


UNITS = ["day", "days", "week", "Weeks", "month", "months", "y", "YEARS", "moons", ""]


@given(st.builds("{}{}{}".format, st.integers(-1, 200_000), st.sampled_from(["", " "]),
                 st.sampled_from(UNITS)))  # fmt: skip
@example("012 months")
@example("0 months")
@example("12 months or so")
def test_a_gaps_horizon_is_one_that_horizons_can_be_read_from(text):
    try:
        Horizon.parse(text)
        readable = True
    except UsageError:
        readable = False
    assert bool(re.search(HORIZON, text)) == readable


def test_the_engine_reads_the_horizon_alike():
    texts = ibis.memtable(pa.table({"text": ["12 Months", "0 months", "soon", " 3y "]}))
    found = texts.text.re_search(HORIZON).to_pyarrow().to_pylist()
    assert found == [True, False, False, True]
