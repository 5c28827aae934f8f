"""Group A of the faults, in the other tables: each is repaired, quarantined or refused, none silent.

The ledger may hold of each table only rows that are true: those that were not spoiled, or those that
a repair restores.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.book import Outcome, attempt
from tests.faults.company import Row, changed, company, typed, written
from valuemodel.exceptions import SettingsError
from valuemodel.tables.record_rules import rules_of
from valuemodel.tables.schemas import TABLES, Column

CLEAN = company()
#: The tables that are judged by their schema.
OTHERS = [name for name in TABLES if name not in ("transactions", "accounts")]


@dataclass(frozen=True)
class Fault:
    """One fault of a table: its rows, and what must come of it.

    ``because`` must stand in the message, the rules or the repairs; ``lost`` true rows may be missing.
    """

    table: str
    name: str
    rows: list[Row]
    outcome: str
    because: str
    lost: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    truth: list[Row] | None = None

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"


def one(table: str, **values: str) -> list[Row]:
    return changed(CLEAN[table], 1, **values)


def spoiled(table: str, name: str, rule: str, **values: str) -> Fault:
    """Spoil one row: it is set aside under the rule (whose limit is raised for small tables)."""
    return Fault(table, name, one(table, **values), "quarantined", rule, 1, {"limits": {rule: 0.1}})


def wrong(column: Column) -> list[tuple[str, str]]:
    """Return the texts that a column must not hold, each with the rule that must find it."""
    name = column.name
    unreadable, impossible = f"unreadable_{name}", f"impossible_{name}"
    number = column.kind in ("number", "money")
    asked = {
        ("", "missing_account" if name == "account_id" else f"missing_{name}"): column.required,
        ("03/04/2024", unreadable): column.kind == "time",
        ("45000", unreadable): column.kind == "time",
        ("2024-02-30", unreadable): column.kind == "time",
        ("1901-01-01", impossible): column.kind == "time",
        ("2025-01-17", impossible): column.past,
        ("1,5", unreadable): number,
        ("1e99", impossible): number,
        ("-1", impossible): column.least is not None,
        (f"{(column.most or 0) + 0.5}", impossible): column.most is not None,
        ("perhaps", unreadable): column.kind == "flag",
        ("other", f"unknown_{name}"): bool(column.choices),
        ("a\x00b", "unusable_character"): column.kind == "text",
    }
    return [fault for fault, there in asked.items() if there]


ACROSS = [
    spoiled("contracts", "ends before it begins", "end_before_start", end="2022-12-31"),
    spoiled("contracts", "ends when it begins", "end_before_start", end="2023-01-01"),
    spoiled(
        "contracts", "cancelled before it is signed", "cancelled_before_start",
        cancelled_at="2022-11-01",
    ),
    Fault(
        "contracts", "signed ahead and cancelled before it begins",
        one("contracts", cancelled_at="2022-12-31"), "accepted", "",
        truth=one("contracts", cancelled_at="2022-12-31"),
    ),
    spoiled("capability_gaps", "about nothing", "missing_subject", segment=""),
    spoiled("capability_gaps", "by an unknown time", "unreadable_horizon", horizon="soon"),
    spoiled("capability_gaps", "in no time", "unreadable_horizon", horizon="0 months"),
    Fault(
        "credit", "credited to two people in full", one("credit", share="0.71"), "accepted", "",
        truth=one("credit", share="0.71"),
    ),
    Fault(
        "contracts", "an end in 9999", one("contracts", end="9999-12-31"), "repaired",
        "far_end_taken_as_none", truth=one("contracts", end=""),
    ),
    Fault(
        "contracts", "a start known later", one("contracts", known_at="2023-02-01"), "accepted", "",
        truth=one("contracts", known_at="2023-02-01"),
    ),
    Fault(
        "contracts", "an end far ahead", one("contracts", end="2035-01-01"), "accepted", "",
        truth=one("contracts", end="2035-01-01"),
    ),
    Fault(
        "opportunities", "to be closed far ahead", one("opportunities", closed="2035-01-01"),
        "accepted", "", truth=one("opportunities", closed="2035-01-01"),
    ),
    Fault(
        "usage", "known before it happened", one("usage", known_at="2022-12-01"), "repaired",
        "known_at_moved_to_time",
    ),
    Fault(
        "costs", "a treatment in other letters", one("costs", treatment="COGS "), "repaired",
        "respelled_treatment",
    ),
    Fault(
        "interactions", "an initiative with a space", changed(CLEAN["interactions"], 2,
        initiative="Ad hoc"), "repaired", "respelled_initiative",
        truth=changed(CLEAN["interactions"], 2, initiative="ad_hoc"),
    ),
    Fault(
        "costs", "a credit note", one("costs", amount="-5.00"), "accepted", "",
        truth=one("costs", amount="-5.00"),
    ),
]  # fmt: skip


def of_keys() -> list[Fault]:
    """Repeat and contradict rows of each table that has a key."""
    found = []
    content = {
        "contracts": "seats", "opportunities": "stage", "projects": "name", "credit": "share",
        "capability_gaps": "gap",
    }  # fmt: skip
    for table, part in content.items():
        rows = CLEAN[table]
        again = [*rows, *rows[: len(rows) // 2]]
        found.append(Fault(table, "repeated rows", again, "repaired", "exact_duplicate"))
        other = [*rows, rows[0] | {part: "0.1"}]
        limits = {"limits": {"conflicting_row": 0.2}}
        name = "a row that contradicts another"
        found.append(Fault(table, name, other, "quarantined", "conflicting_row", 1, limits))
        many = [*rows, *(row | {part: "0.1"} for row in rows)]
        name = "many rows that contradict others"
        found.append(Fault(table, name, many, "refused", "conflicting_row"))
    return found


def of_money() -> list[Fault]:
    found = []
    for table in ("contracts", "opportunities", "costs", "projects"):
        money = TABLES[table].money
        rows = [row | {"currency": "EUR"} for row in CLEAN[table]]
        found += [
            Fault(table, "a currency without a rate", changed(rows, 1, currency="CHF"), "refused",
                  "currency_without_rate"),
            Fault(table, "no currency", changed(rows, 1, currency=""), "refused",
                  "missing_currency"),
            Fault(table, "a declared currency", changed(rows, 1, currency="usd", **{money: "10"}),
                  "repaired", "converted_currency", settings={"rates": {"USD": 0.5}},
                  truth=changed(CLEAN[table], 1, **{money: "5"})),
            Fault(table, "an amount in brackets", changed(CLEAN[table], 1, **{money: "€ 7.00"}),
                  "repaired", "respelled_number", truth=changed(CLEAN[table], 1, **{money: "7.00"})),
        ]  # fmt: skip
    found.append(
        Fault("contracts", "no currency and no money", changed([row | {"currency": "EUR"} for row in
              CLEAN["contracts"]], 1, currency="", arr=""), "accepted", "",
              truth=one("contracts", arr=""))
    )  # fmt: skip
    cents = [
        row | {"time": f"2024-{n % 12 + 1:02d}-03", "amount": f"{9 + n % 7}{'00' * (n % 12 == 4)}"}
        for n, row in enumerate(CLEAN["costs"])
    ]
    found.append(Fault("costs", "a month in cents", cents, "refused", "unit of money"))
    return found


def of_columns_gone() -> list[Fault]:
    """Leave out all columns that a table must have: each is named in the refusal."""
    found = []
    for table in OTHERS:
        needed = [column.name for column in TABLES[table].columns if column.required]
        needed += ["arr"] if table == "contracts" else []
        rows = [
            {"x": "1"} | {k: v for k, v in row.items() if k not in needed} for row in CLEAN[table]
        ]
        because = f"{table} has no column for {', '.join(needed)}"
        found.append(Fault(table, "required columns gone", rows, "refused", because))
    return found


FAULTS = [*ACROSS, *of_keys(), *of_money(), *of_columns_gone()]


def opened(tmp_path, table: str, rows: list[Row], **declared: Any) -> Outcome:
    """Open a book of contracts and the table."""
    sections = written(tmp_path, {"contracts": CLEAN["contracts"]} | {table: rows})
    sections[table] |= declared
    return attempt(tmp_path, None, tables=sections)


def held(table: str, rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """Return the rows without `known_at`, which a repair may fill."""
    names = [name for name in TABLES[table].names if name != "known_at"]
    return Counter(tuple(row[name] for name in names) for row in rows)


def truth_of(table: str, rows: list[Row]) -> Counter[tuple[Any, ...]]:
    return held(table, typed(table, rows).to_pylist())


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_every_fault_has_its_outcome_and_none_is_silent(fault, tmp_path):
    found = opened(tmp_path, fault.table, fault.rows, **fault.settings)
    assert found.word == fault.outcome, (found.error, found.rules, found.repairs)
    assert fault.because in " ".join([str(found.error or ""), *found.rules, *found.repairs])
    if fault.outcome != "refused":
        truth = truth_of(fault.table, CLEAN[fault.table] if fault.truth is None else fault.truth)
        ledger = held(fault.table, found.tables[fault.table])
        assert not ledger - truth, "the ledger holds rows that are not true"
        assert sum((truth - ledger).values()) == fault.lost


@pytest.mark.parametrize("table", OTHERS)
def test_every_column_is_judged_as_it_is_declared(table, tmp_path):
    """One row for every wrong value of every column: each is found by its rule, all others pass."""
    faults = [
        (column.name, text, rule)
        for column in TABLES[table].columns
        for text, rule in wrong(column)
    ]
    assert len(faults) < len(CLEAN[table])
    bad = [row | {part: text} for row, (part, text, _) in zip(CLEAN[table], faults, strict=False)]
    rows = [*bad, *CLEAN[table][len(bad) :]]
    found = opened(tmp_path, table, rows, limits={rule: 1.0 for _, _, rule in faults})
    assert found.word == "quarantined", found.error
    aside = {row["source_row"]: row["rule"] for row in found.tables["quarantine"]}
    assert aside == {place: rule for place, (_, _, rule) in enumerate(faults, start=1)}
    assert held(table, found.tables[table]) == truth_of(table, CLEAN[table][len(bad) :])


def test_the_catalogue_has_no_fault_twice_and_names_every_rule():
    assert max(Counter(map(str, FAULTS)).values()) == 1
    named = {fault.because for fault in FAULTS}
    elsewhere = {"ragged_row", "scale_break"}  # of the file, and "unit of money" in its sentence
    for table in OTHERS:
        judged = {rule for column in TABLES[table].columns for _, rule in wrong(column)}
        assert {rule.name for rule in rules_of(table)} - judged - named - elsewhere == set()


@pytest.mark.parametrize(
    ("table", "part"), [(table, part) for table in OTHERS for part in TABLES[table].ids]
)
def test_float_ids_that_lost_digits_are_refused(table, part, tmp_path):
    rows = typed(table, CLEAN[table])
    place = rows.column_names.index(part)
    pq.write_table(
        rows.set_column(place, part, pa.array([0.5] * len(rows))), tmp_path / "f.parquet"
    )
    sections = written(tmp_path, {"contracts": CLEAN["contracts"]})
    found = attempt(tmp_path, None, tables=sections | {table: {"source": "f.parquet"}})
    assert found.word == "refused"
    assert f"{part!r} holds ids as floats" in str(found.error)


def test_an_unknown_word_is_refused_with_the_nearest(tmp_path):
    rows = changed(CLEAN["costs"], 90, treatment="retenton")
    message = str(opened(tmp_path, "costs", rows).error)
    for part in (
        "unknown_treatment",
        "'retenton'",
        "did you mean 'retention'",
        "90 rows",
        "costs.csv",
    ):
        assert part in message


def test_a_limit_for_no_rule_is_a_mistake_in_the_settings(tmp_path):
    with pytest.raises(SettingsError, match="did you mean 'conflicting_row'"):
        opened(tmp_path, "projects", CLEAN["projects"], limits={"conflicting_rows": 0.5})


TEXTS = st.sampled_from(["a", "b", "", "NA", 'q"', "x,y", "n\nn", "a\x00"])
TIMES = st.sampled_from(["2024-01-01", "2024-06-30 12:00", "", "soon", "2099-01-01", "9999-12-31"])
MONEY = st.sampled_from(["1.5", "-2", "(3)", "", "1,2", "1e99", "0", "nan", "0.00004", "€4"])
FLAGS = st.sampled_from(["yes", "no", "", "perhaps"])
KINDS = {"text": TEXTS, "time": TIMES, "money": MONEY, "number": MONEY, "flag": FLAGS}


def dirty(table: str) -> st.SearchStrategy[list[Row]]:
    columns = {column.name: KINDS[column.kind] for column in TABLES[table].columns}
    return st.lists(st.fixed_dictionaries(columns), max_size=25)


@pytest.mark.parametrize("table", ["contracts", "opportunities", "credit"])
@given(data=st.data())
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_and_money_are_conserved_whatever_the_file_holds(table, tmp_path, data):
    """Every row of the file is in the ledger or in the quarantine, exactly once."""
    rows = [*CLEAN[table][:2], *data.draw(dirty(table))]
    limits = dict.fromkeys((rule.name for rule in rules_of(table)), 1.0)
    found = opened(tmp_path, table, rows, limits=limits)
    assert found.word != "refused", found.error
    report, kept = found.tables["report"].others[table], found.tables[table]
    aside = [row for row in found.tables["quarantine"] if row["table"] == table]
    assert report.read.rows == len(rows) == len(kept) + len(aside)
    money = TABLES[table].money
    if money:
        sums = sum((row[money] or Decimal(0) for row in kept), Decimal(0))
        sums += sum((row["amount"] or Decimal(0) for row in aside), Decimal(0))
        assert report.read.amount == sums
    places = Counter((row["source_file"], row["source_row"]) for row in aside)
    assert max(places.values(), default=1) == 1
