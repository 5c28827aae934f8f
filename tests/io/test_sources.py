"""From the settings to a ledger: nothing lost, nothing doubled, the same book every time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.book import as_csv, attempt, clean_rows, truth_of
from tests.faults.company import company, typed, written
from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.io.engine import connect
from valuemodel.io.sources import open_ledger
from valuemodel.settings import EngineSection, Settings
from valuemodel.tables.schemas import TABLES, TRANSACTIONS

ROWS = clean_rows(8)
ALL = {"limits": dict.fromkeys(
    ("ragged_row", "unusable_character", "missing_account", "missing_time", "unreadable_time",
     "impossible_time", "missing_amount", "unreadable_amount", "impossible_amount",
     "conflicting_line", "scale_break"), 1.0)}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


DIRTY = st.tuples(
    st.sampled_from(["a", "b", " ", "", "NA", "007", 'q"', "x,y", "n\nn"]),
    st.sampled_from(["2024-01-01", "2024-06-30 12:00", "", "soon", "2099-01-01", "1901-01-01"]),
    st.sampled_from(["1.5", "-2", "(3)", "", "1,2", "1e99", "0", "nan", "0.00004"]),
    st.sampled_from(["o1", "o2", ""]),
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from(["P", 'P"', ""]),
)


@given(st.lists(DIRTY, max_size=40), st.sets(st.integers(0, 30), max_size=4))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_and_money_are_conserved_whatever_the_file_holds(tmp_path, dirty, torn):
    """Every line of the file is in the ledger or in the quarantine, exactly once."""
    anchors = [(f"z{n}", "2024-02-01", "1", "o", f"z{n}", "P") for n in range(2)]
    lines = as_csv([*dirty, *anchors]).splitlines(keepends=True)
    whole = len(dirty) + len(anchors)
    (tmp_path / "t.csv").write_text("".join(lines) + "one,two\n" * len(torn), encoding="utf-8")
    found = attempt(tmp_path, ALL)
    assert found.word != "refused", found.error
    report = found.tables["report"].transactions
    aside = found.tables["quarantine"]
    assert report.read.rows == whole + len(torn)
    assert report.read.rows == len(found.tables["transactions"]) + len(aside)
    money = sum((row["amount"] for row in found.tables["transactions"]), Decimal(0))
    money += sum((row["amount"] or Decimal(0) for row in aside), Decimal(0))
    assert report.read.amount == money
    places = Counter((row["source_file"], row["source_row"]) for row in aside)
    assert max(places.values(), default=1) == 1


def test_csv_parquet_and_duckdb_give_the_same_ledger(tmp_path):
    import duckdb

    names = ("account_id", "time", "amount", "order_id", "line_id", "product_id")
    table = pa.table({name: [row[n] for row in ROWS] for n, name in enumerate(names)})
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    typed = table.set_column(1, "time", pa.array([at(row[1]) for row in ROWS]))
    typed = typed.set_column(2, "amount", pa.array([float(row[2]) for row in ROWS]))
    pq.write_table(typed, tmp_path / "t.parquet")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as file:
        file.register("book", table)
        file.execute("CREATE TABLE book AS FROM book")
    for source in ("t.csv", "t.parquet", "duckdb:///t.duckdb?table=book"):
        found = attempt(tmp_path, {"source": source})
        assert found.word == "accepted"
        assert found.truth == truth_of(ROWS)


def test_the_order_of_rows_and_files_changes_nothing(tmp_path):
    (tmp_path / "a.csv").write_text(as_csv(ROWS[:300]), encoding="utf-8")
    (tmp_path / "b.csv").write_text(as_csv(ROWS[300:][::-1]), encoding="utf-8")
    found = attempt(tmp_path, {"source": ["b.csv", "a.csv"]})
    assert found.truth == truth_of(ROWS)


def test_the_ledger_has_the_types_of_the_contract_and_lies_in_the_engine(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    connection = connect(EngineSection(), tmp_path / "work")
    document = {
        "project": {"name": "t"},
        "tables": {"transactions": {"source": "t.csv"}},
        "value": {"horizons": ["3 months"]},
    }
    tables = open_ledger(connection, Settings.parse(document), tmp_path)
    schema = tables.ledger.transactions.schema()
    assert {name: str(kind) for name, kind in schema.items()} == TRANSACTIONS.validated()
    (tmp_path / "t.csv").unlink()
    assert tables.ledger.transactions.count().to_pyarrow().as_py() == len(ROWS)
    left = connection.raw_sql("SELECT table_name FROM information_schema.tables").fetchall()
    assert {name for (name,) in left} == {"transactions", "quarantine"}
    assert list((tmp_path / "work" / "spill").iterdir()) == []
    connection.disconnect()


def test_opening_twice_in_one_engine_gives_the_same(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    connection = connect(EngineSection(), tmp_path / "work")
    document = {
        "project": {"name": "t"},
        "tables": {"transactions": {"source": "t.csv"}},
        "value": {"horizons": ["3 months"]},
    }
    settled = Settings.parse(document)
    first, again = (open_ledger(connection, settled, tmp_path) for _ in range(2))
    connection.disconnect()
    assert first.report == again.report


def test_the_declared_end_of_complete_data_wins(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    found = attempt(tmp_path, {"complete_until": "2024-12-01"})
    assert found.tables["report"].complete_until == "2024-12-01"


def test_zones_are_converted_into_the_projects(tmp_path):
    rows = [("a", "2024-07-01 23:30:00", "1"), ("b", "2024-10-27 00:30:00", "1")]
    (tmp_path / "t.csv").write_text(as_csv(rows, ("account_id", "time", "amount")))
    project = {"timezone": "Europe/Berlin"}
    found = attempt(tmp_path, {"timezone": "UTC"}, project=project)
    assert {time for _, time, _ in found.truth} == {at("2024-07-02 01:30"), at("2024-10-27 02:30")}


BOOK = [("a", "1"), ("b", "2"), ("c", "4"), ("d", "8"), ("p", "16")]


def parents(folder, **of):
    sold = [(name, "2024-01-01", amount) for name, amount in BOOK]
    (folder / "t.csv").write_text(as_csv(sold, ("account_id", "time", "amount")))
    known = [(name, of.get(name, ""), f"Name of {name}") for name, _ in BOOK]
    (folder / "a.csv").write_text(as_csv(known, ("account_id", "parent_id", "name")))
    return attempt(folder, {}, project={"level": "parent"}, accounts={"source": "a.csv"})


def test_at_parent_level_totals_reconcile(tmp_path):
    found = parents(tmp_path, a="b", b="p", c="p", d="x")
    sums: Counter[str] = Counter()
    for account, _, amount in found.truth.elements():
        sums[account] += amount
    assert sums == {"p": Decimal(23), "x": Decimal(8)}
    assert sorted((row["account_id"], row["name"]) for row in found.tables["accounts"]) == [
        ("p", "Name of p"),
        ("x", None),
    ]


def test_a_circle_of_parents_is_refused(tmp_path):
    assert "in a circle" in str(parents(tmp_path, a="b", b="a").error)


def test_the_parent_level_needs_accounts(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"need \[tables.accounts\]"):
        attempt(tmp_path, {}, project={"level": "parent"})


def test_accounts_are_one_row_each_or_set_aside(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    names = sorted({row[0] for row in ROWS})
    known = [(name, "north", "2024-01-01") for name in names]
    known += [known[0], (names[1], "south", "2024-01-01"), (names[2], "south", "2024-06-01")]
    (tmp_path / "a.csv").write_text(
        as_csv(known, ("account_id", "region", "valid_from")), encoding="utf-8"
    )
    accounts = {"source": "a.csv", "limits": {"conflicting_account": 0.1}, "coverage": 0.9}
    found = attempt(tmp_path, {}, accounts=accounts)
    assert found.rules == {"conflicting_account": 2}
    assert found.tables["report"].accounts.duplicates.rows == 1
    kept = Counter(row["account_id"] for row in found.tables["accounts"])
    assert kept[names[0]] == 1
    assert names[1] not in kept
    assert kept[names[2]] == 2


def test_accounts_without_dates_conflict_too(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    names = sorted({row[0] for row in ROWS})
    known = [*((name, "north") for name in names), (names[0], "south")]
    (tmp_path / "a.csv").write_text(as_csv(known, ("account_id", "region")), encoding="utf-8")
    found = attempt(tmp_path, {}, accounts={"source": "a.csv"})
    assert isinstance(found.error, DataRefused)
    assert "conflicting_account" in str(found.error)


def test_an_export_that_corrects_a_known_time_keeps_the_first(tmp_path):
    """The same line, exported again later, does not become known later."""
    header = ("account_id", "time", "amount", "order_id", "line_id", "known_at")
    rows = [(*row[:5], "2025-01-02") for row in ROWS]
    later = [(*row[:5], "2025-01-09") for row in ROWS[:5]]
    (tmp_path / "t.csv").write_text(as_csv([*later, *rows], header), encoding="utf-8")
    found = attempt(tmp_path, {})
    assert {row["known_at"] for row in found.tables["transactions"]} == {at("2025-01-02")}


CLEAN = company()


def whole(folder, kind="csv", project=None, value=None, **tables):
    """Open a company whose tables are files of a kind."""
    sections = written(folder, CLEAN | tables, kind)
    transactions = sections.pop("transactions")
    return attempt(folder, transactions, tables=sections, project=project or {}, value=value or {})


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_all_ten_tables_come_in_whole_and_typed(kind, tmp_path):
    found = whole(tmp_path, kind)
    assert (found.word, found.error) == ("accepted", None)
    report, ledger = found.tables["report"], found.tables["ledger"]
    assert [table.name for table in report.tables] == list(TABLES)
    for name, schema in TABLES.items():
        kinds = {part: str(kind) for part, kind in getattr(ledger, name).schema().items()}
        assert kinds == schema.validated()
        rows = typed(name, CLEAN[name]).to_pylist()
        key = lambda row: str(list(row.values()))  # noqa: E731
        assert sorted(found.tables[name], key=key) == sorted(rows, key=key)
    table = next(one for one in report.tables if one.name == "contracts")
    assert table.read.amount == sum(Decimal(row["arr"]) for row in CLEAN["contracts"])


def test_a_book_of_contracts_alone_has_empty_transactions_and_says_what_it_lacks(tmp_path):
    found = attempt(tmp_path, None, tables=written(tmp_path, {"contracts": CLEAN["contracts"]}))
    ledger, report = found.tables["ledger"], found.tables["report"]
    schema = {name: str(kind) for name, kind in ledger.transactions.schema().items()}
    assert schema == TRANSACTIONS.validated()
    assert found.tables["transactions"] == []
    assert report.transactions is None
    assert report.lacks[0] == "no transactions: no features of orders, no churn by inactivity"
    assert report.buying_accounts == 60
    assert report.first == "2023-01-01"
    signed = max(row["known_at"] for row in CLEAN["contracts"])
    cancelled = max(row["cancelled_at"] for row in CLEAN["contracts"])
    assert report.last == max(signed, cancelled)
    assert report.complete_until == str((at(report.last) + timedelta(days=1)).date())


def test_contracts_of_one_account_are_too_few(tmp_path):
    rows = [row for row in CLEAN["contracts"] if row["account_id"] == "C000"]
    found = attempt(tmp_path, None, tables=written(tmp_path, {"contracts": rows}))
    assert "contracts of 1 accounts are too few" in str(found.error)


@pytest.mark.parametrize(
    ("ends", "measure", "until"),
    [
        ({}, "revenue", "2025-01-01"),
        ({"contracts": "2024-08-01"}, "revenue", "2024-08-01"),
        ({"transactions": "2024-07-01", "contracts": "2024-08-01"}, "revenue", "2024-07-01"),
        ({"costs": "2024-06-01"}, "revenue", "2025-01-01"),
        ({"costs": "2024-06-01"}, "contribution", "2024-06-01"),
    ],
)
def test_a_mixed_book_is_complete_as_far_as_all_that_makes_its_value(
    ends, measure, until, tmp_path
):
    names = ("transactions", "contracts", "costs")
    sections = written(tmp_path, {name: CLEAN[name] for name in names})
    for name, end in ends.items():
        sections[name]["complete_until"] = end
    transactions = sections.pop("transactions")
    found = attempt(tmp_path, transactions, tables=sections, value={"measure": measure})
    assert found.tables["report"].complete_until == until


def test_at_parent_level_every_table_speaks_of_parents(tmp_path):
    """Accounts C(2n) and C(2n+1) belong to C(n), and so on up: the top of all is C000."""
    found = whole(tmp_path, project={"level": "parent"})
    for name in TABLES:
        if name != "capability_gaps":
            assert {row["account_id"] for row in found.tables[name]} <= {"C000"}, name
            if name != "accounts":
                assert len(found.tables[name]) == len(CLEAN[name])
    contracts = {row["contract_id"] for row in found.tables["contracts"]}
    assert contracts == {"K0"} | {f"C{n:03d}/K{n}" for n in range(1, 60)}


def test_the_quarantine_is_one_table_for_all(tmp_path):
    spoiled = {
        name: [rows[0] | {"account_id": ""}, *rows[1:]]
        for name, rows in CLEAN.items()
        if name != "capability_gaps"
    }
    sections = written(tmp_path, CLEAN | spoiled)
    for section in sections.values():
        section["limits"] = {"missing_account": 0.1}
    sections["capability_gaps"].pop("limits")
    transactions = sections.pop("transactions")
    found = attempt(tmp_path, transactions, tables=sections)
    aside = {row["table"]: row for row in found.tables["quarantine"]}
    assert set(aside) == set(spoiled)
    assert {row["rule"] for row in aside.values()} == {"missing_account"}
    assert aside["contracts"]["amount"] == Decimal(CLEAN["contracts"][0]["arr"])
    assert aside["interactions"]["kind"] == "meeting"


@pytest.mark.parametrize("basis", ["billed", "booked", "collected"])
def test_the_basis_gives_time_and_amount_and_keeps_what_is_known_honest(basis, tmp_path):
    rows = [
        row | {"booked_at": "2023-01-01", "collected_at": "2024-12-30", "collected": "5"}
        for row in CLEAN["transactions"]
    ]
    found = whole(tmp_path, value={"basis": basis}, transactions=rows)
    kept = found.tables["transactions"]
    assert len(kept) == len(rows)
    times = {"billed": None, "booked": {at("2023-01-01")}, "collected": {at("2024-12-30")}}[basis]
    assert times is None or {row["time"] for row in kept} == times
    total = 3000 if basis == "collected" else sum(Decimal(row["amount"]) for row in rows)
    assert sum(row["amount"] for row in kept) == total
    assert all(row["known_at"] >= row["time"] for row in kept)
