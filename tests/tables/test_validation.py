"""Exclusions come first, the first failed rule gives the name, float ids must be whole."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.settings import TransactionsSection
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.schemas import TRANSACTIONS
from valuemodel.tables.validation import REPAIR, RULE, check_float_ids, judge_texts, start


def raw(**columns):
    size = len(next(iter(columns.values())))
    table = pa.table(columns | {FILE: ["t.csv"] * size, ROW: list(range(1, size + 1))})
    return RawTable("transactions", ibis.memtable(table), None, ())


def rules_of(source, section, names=("account_id",)):
    rows = start(source, section, {name: name for name in names}, "UTC")
    judge_texts(rows, [TRANSACTIONS[name] for name in names])
    rows.rule(rows.columns["account_id"].isnull(), "missing_account")
    found = rows.judged().table.order_by(ROW).to_pyarrow()
    return found[RULE].to_pylist()


def excluding(*when):
    exclude = [{"reason": "not a customer", "when": list(when)}]
    return TransactionsSection.model_validate({"source": "t.csv", "exclude": exclude})


SOURCE = raw(
    account_id=["a", None, "c", None],
    kind=["sale", "test", "test", None],
    day=["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
)


@pytest.mark.parametrize(
    ("when", "rules"),
    [
        ({"column": "kind", "equals": "test"}, [None, "excluded 0", "excluded 0", "missing_account"]),
        ({"column": "kind", "one_of": ["sale"]}, ["excluded 0", "missing_account", None, "missing_account"]),
        ({"column": "kind", "starts_with": "te"}, [None, "excluded 0", "excluded 0", "missing_account"]),
        ({"column": "day", "before": "2024-02-01"}, ["excluded 0", "missing_account", None, "missing_account"]),
        ({"column": "day", "from": "2024-03-01"}, [None, "missing_account", "excluded 0", "excluded 0"]),
    ],
)  # fmt: skip
def test_of_an_excluded_row_nothing_is_asked(when, rules):
    assert rules_of(SOURCE, excluding(when)) == rules


def test_all_conditions_of_an_exclusion_must_hold():
    both = ({"column": "kind", "equals": "test"}, {"column": "day", "from": "2024-03-01"})
    assert rules_of(SOURCE, excluding(*both)) == [
        None, "missing_account", "excluded 0", "missing_account",
    ]  # fmt: skip


def test_an_exclusion_on_a_column_that_is_not_there_is_a_mistake():
    with pytest.raises(SettingsError, match="did you mean 'kind'"):
        rules_of(SOURCE, excluding({"column": "knid", "equals": "x"}))


def test_a_row_has_the_first_rule_that_fails():
    source = raw(account_id=["a\x00", None, "b"])
    assert rules_of(source, TransactionsSection(source="t.csv")) == [
        "unusable_character", "missing_account", None,
    ]  # fmt: skip


def test_float_ids_are_made_text_and_counted():
    source = raw(account_id=[1.0, 2.0, None])
    rows = start(source, TransactionsSection(source="t.csv"), {"account_id": "account_id"}, "UTC")
    judge_texts(rows, [TRANSACTIONS["account_id"]])
    rows.rule(rows.columns["account_id"].isnull(), "missing_account")
    found = rows.judged()
    assert found.repairs == ("whole_float_made_text",)
    table = found.table.order_by(ROW).to_pyarrow()
    assert table["account_id"].to_pylist() == ["1", "2", None]
    assert table[f"{REPAIR}whole_float_made_text"].to_pylist() == [True, True, False]


@pytest.mark.parametrize("damaged", [1.5, 2.0**53, float("inf")])
def test_float_ids_that_are_no_whole_numbers_are_refused(damaged):
    with pytest.raises(DataRefused, match="export the column as text"):
        check_float_ids(raw(x=[1.0, damaged]), {"account_id": "x"}, ("account_id",))


def test_whole_float_ids_pass():
    check_float_ids(raw(x=[1.0, None]), {"account_id": "x"}, ("account_id", "order_id"))
