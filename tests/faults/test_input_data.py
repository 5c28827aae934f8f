"""Group A of the faults: bad input data. One catalogue; every fault has the outcome it must have.

A fault may be accepted (it was none, or the settings declare it), repaired and counted, quarantined
under a rule, or refused with the fix. In no case may the ledger hold a line that is not true.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.book import (
    HEADER,
    Outcome,
    Row,
    as_csv,
    attempt,
    changed,
    clean_rows,
    truth_of,
)
from tests.workbook import ERROR, write_xlsx
from valuemodel.exceptions import SettingsError

ROWS = clean_rows(8)
TEXT = as_csv(ROWS)
BY = {"account_id": 0, "time": 1, "amount": 2}


@dataclass(frozen=True)
class Fault:
    """One fault: how the file is written, how it is declared, and what must come of it.

    ``because`` must stand in the message, the rules or the repairs. ``lost`` lines of the truth may
    be missing from the ledger, all others must be there.
    """

    name: str
    write: Callable[[Path], None]
    outcome: str
    because: str = ""
    lost: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    truth: list[Row] | None = None
    columns: dict[str, str] = field(default_factory=dict)


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "t.csv").write_bytes(content.encode(encoding))

    return write


def files(**contents: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        for name, content in contents.items():
            (folder / f"{name}.csv").write_text(content, encoding="utf-8")

    return write


def parquet(columns: dict[str, list[Any]], name: str = "t.parquet") -> Callable[[Path], None]:
    return lambda folder: pq.write_table(pa.table(columns), folder / name)


def every(step: int, rows: list[Row] = ROWS, **values: Any) -> list[Row]:
    """Change every so-many-th row; a value may be a function of the old one."""
    out = []
    for place, row in enumerate(rows):
        new = {
            name: value(row[HEADER.index(name)]) if callable(value) else value
            for name, value in values.items()
        }
        out.append(changed(row, **new) if place % step == 0 else row)
    return out


def first(count: int, **values: Any) -> list[Row]:
    """Change the first rows."""
    return [*every(1, ROWS[:count], **values), *ROWS[count:]]


def edited(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """Change lines of the text; line 0 is the header."""
    return text("\n".join(change(TEXT.splitlines())) + "\n")


def replaced(place: int, line: str) -> Callable[[Path], None]:
    return edited(lambda lines: [*lines[:place], line, *lines[place + 1 :]])


def columns_of(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(HEADER)}


def slow_change(text_value: str) -> str:
    return f"{float(text_value) * 100:.2f}"


GERMAN = {"decimal": ",", "thousands": "."}
PLAIN = [changed(row, account_id=f"{1000 + place % 50}") for place, row in enumerate(ROWS)]
ZEROS = [changed(row, account_id=f"{place % 50:05d}") for place, row in enumerate(ROWS)]
SOME = 6  # of 616 rows: just under the usual limit of one in a hundred


def german(value: str) -> str:
    whole = f"{float(value):,.2f}"
    return whole.replace(",", "_").replace(".", ",").replace("_", ".")


A1 = [
    Fault("ids of all odd kinds", text(TEXT), "accepted"),
    Fault("ids with zeros in Parquet", parquet(columns_of(ZEROS)), "accepted", truth=ZEROS),
    Fault(
        "whole-number ids in Parquet",
        parquet(columns_of(PLAIN) | {"account_id": [int(row[0]) for row in PLAIN]}),
        "accepted",
        truth=PLAIN,
    ),
    Fault(
        "ids that pandas made floats",
        parquet(columns_of(PLAIN) | {"account_id": [float(row[0]) for row in PLAIN]}),
        "repaired",
        "whole_float_made_text",
        truth=PLAIN,
    ),
    Fault(
        "float ids with fractions",
        parquet(columns_of(PLAIN) | {"account_id": [int(row[0]) + 0.5 for row in PLAIN]}),
        "refused",
        "export the column as text",
    ),
    Fault(
        "float ids that lost digits",
        parquet(columns_of(PLAIN) | {"account_id": [1e19 + int(row[0]) for row in PLAIN]}),
        "refused",
        "export the column as text",
    ),
]

A3 = [
    Fault("null words are texts", text(TEXT), "accepted"),
    Fault(
        "NA declared as null",
        text(TEXT),
        "quarantined",
        "missing_account",
        lost=8,
        settings={"null_values": ["", "NA"], "limits": {"missing_account": 0.02}},
    ),
]

A4 = [
    Fault(
        "exact duplicates with a line id",
        text(as_csv([*ROWS, *ROWS[:50]])),
        "repaired",
        "exact_duplicate",
    ),
    Fault(
        "overlap of two exports",
        files(t=as_csv(ROWS[:400]), u=as_csv(ROWS[300:])),
        "repaired",
        "exact_duplicate",
        settings={"source": ["t.csv", "u.csv"]},
    ),
    Fault(
        "the same line with another amount",
        text(as_csv([*ROWS, *every(1, ROWS[:3], amount="1.23")])),
        "quarantined",
        "conflicting_line",
        lost=3,
    ),
    Fault(
        "many lines with another amount",
        text(as_csv([*ROWS, *every(1, ROWS[:90], amount="1.23")])),
        "refused",
        "conflicting_line",
    ),
]

A5 = [
    Fault(
        "one file in cents",
        files(t=as_csv(ROWS[:300]), u=as_csv(every(1, ROWS[300:], amount=slow_change))),
        "refused",
        "unit of money",
        settings={"source": "?.csv"},
    ),
    Fault(
        "a foreign currency without a rate",
        text(as_csv([(*row, "EUR" if row[4] != "9" else "USD") for row in ROWS], (*HEADER, "cur"))),
        "refused",
        "currency_without_rate",
        columns={"currency": "cur"},
    ),
    Fault(
        "a missing currency",
        text(as_csv([(*row, "EUR" if row[4] != "9" else "") for row in ROWS], (*HEADER, "cur"))),
        "refused",
        "missing_currency",
        columns={"currency": "cur"},
    ),
    Fault(
        "a missing currency within its limit",
        text(as_csv([(*row, "EUR" if row[4] != "9" else "") for row in ROWS], (*HEADER, "cur"))),
        "quarantined",
        "missing_currency",
        lost=1,
        settings={"limits": {"missing_currency": 0.01}},
        columns={"currency": "cur"},
    ),
]


def forms(
    name: str, read: dict[str, str | None], *, rest: Callable[[str], str] = str, **settings: Any
) -> Fault:
    """Write one number per row in some form: read as declared or set aside, never as another."""
    rows = [changed(row, amount=form) for row, form in zip(ROWS, read, strict=False)]
    truth = [
        changed(row, amount=number or "0") for row, number in zip(ROWS, read.values(), strict=False)
    ]
    lost = [row for row, number in zip(truth, read.values(), strict=True) if number is None]
    limits = {"unreadable_amount": 0.1, "impossible_amount": 0.1}
    return Fault(
        name,
        text(as_csv([*rows, *every(1, ROWS[len(rows) :], amount=rest)])),
        "quarantined",
        "_amount",
        lost=len(lost),
        settings=settings | {"limits": limits},
        truth=[*truth, *ROWS[len(rows) :]],
    )


ANYHOW = {
    "(300)": "-300", "€50": "50", "50 €": "50", "EUR 50": "50", "(€5)": "-5", "€(5)": "-5",
    "\u221250": "-50", "50-": "-50", " 50 ": "50", "1e2": "100", "+7": "7", "$50": None,
    "1_000": None, "0x10": None, "--5": None, "-(5)": None, "fifty": None, "#N/A": None,
    "NULL": None, "\u0661\u0662": None, "50%": None, "1 2": None, "1,2,3": None, "-": None,
    "()": None, "€": None, "e5": None, "1e": None, "1,20.5": None, "12,34,567": None,
}  # fmt: skip
A6 = [
    forms(
        "numbers, a point declared",
        ANYHOW | {"1,200": None, "1.234,56": None, "1\u00a0200": None, "1.5": "1.5", ".5": "0.5"},
    ),
    forms(
        "numbers, thousands commas declared",
        ANYHOW | {"1,200": "1200", "1,200,300.5": "1200300.5", "(1,200)": "-1200", "1,20": None},
        thousands=",",
    ),
    forms(
        "numbers, German declared",
        ANYHOW | {"1.234,56": "1234.56", "1.200": "1200", "1.20": None, "0,5": "0.5", "1,5": "1.5"},
        rest=german,
        **GERMAN,
    ),
    forms(
        "numbers, spaces declared",
        ANYHOW | {"1\u00a0200": "1200", "1 200,5": "1200.5", "1\u202f200": "1200", "12 00": None},
        rest=lambda value: value.replace(".", ","),
        thousands=" ",
        decimal=",",
    ),
    Fault(
        "a whole file in German",
        text(as_csv(every(1, amount=german))),
        "accepted",
        settings=GERMAN,
    ),
    Fault(
        "a whole file in German, undeclared",
        text(as_csv(every(1, amount=german))),
        "refused",
        "declare decimal, thousands",
    ),
]

A10 = [
    Fault(
        f"a row of {day}",
        text(as_csv(first(1, time=day))),
        "quarantined",
        rule,
        lost=1,
    )
    for day, rule in {
        "2099-01-01": "impossible_time",
        "9999-12-31": "impossible_time",
        "2025-01-16 00:00:00": "impossible_time",
        "1900-01-01": "impossible_time",
        "1970-01-01": "impossible_time",
        "0001-01-01": "impossible_time",
        "45000": "unreadable_time",
        "0000-00-00": "unreadable_time",
        "2024-02-30": "unreadable_time",
        "2024-13-01": "unreadable_time",
        "2024-01-01 25:00": "unreadable_time",
    }.items()
]

A11 = [
    Fault(
        f"a time written {day!r}",
        text(as_csv(first(1, time=day))),
        "quarantined",
        "unreadable_time",
        lost=1,
    )
    for day in ("03/04/2024", "13/04/2024", "24-04-03", "20240403", "3.4.2024", "Apr 3 2024")
] + [
    Fault(
        "two-digit years under a four-digit form",
        text(as_csv(every(1, time=lambda old: f"{old[8:10]}/{old[5:7]}/{old[2:4]}"))),
        "refused",
        "impossible_time",
        settings={"time_format": "%d/%m/%Y"},
    ),
    Fault(
        "a declared form",
        text(as_csv(every(1, time=lambda old: f"{old[8:10]}/{old[5:7]}/{old[:4]} {old[11:]}"))),
        "accepted",
        settings={"time_format": "%d/%m/%Y %H:%M:%S"},
    ),
    Fault(
        "month and day swapped against the declared form",
        text(as_csv(every(1, time=lambda old: f"{old[5:7]}/{old[8:10]}/{old[:4]} {old[11:]}"))),
        "refused",
        "unreadable_time",
        settings={"time_format": "%d/%m/%Y %H:%M:%S"},
    ),
]

A12 = [
    Fault(
        f"rows without {name}",
        text(as_csv(first(SOME, **{name: ""}))),
        "quarantined",
        rule,
        lost=SOME,
    )
    for name, rule in (
        ("account_id", "missing_account"),
        ("time", "missing_time"),
        ("amount", "missing_amount"),
    )
] + [
    Fault(
        f"{share} in ten rows without an account",
        text(as_csv(first(62 * share, account_id=""))),
        outcome,
        "missing_account",
        lost=62 * share,
        settings={"limits": {"missing_account": 0.3}},
    )
    for share, outcome in ((2, "quarantined"), (4, "refused"))
]


def header(change: Callable[[list[str]], list[str]]) -> str:
    return as_csv(ROWS, change(list(HEADER)))


A13 = [
    Fault("no account column", text(header(lambda h: ["x", *h[1:]])), "refused", "account_id"),
    Fault(
        "a renamed column",
        text(header(lambda h: ["acount_id", *h[1:]])),
        "refused",
        "did you mean 'acount_id'",
        columns={"account_id": "account_id"},
    ),
    Fault(
        "columns in another order",
        text(as_csv([row[::-1] for row in ROWS], HEADER[::-1])),
        "accepted",
    ),
    Fault(
        "a header twice", text(header(lambda h: [*h[:5], "amount"])), "refused", "more than once"
    ),
    Fault("headers equal but for case", text(header(lambda h: [*h[:5], "AMOUNT"])), "refused"),
    Fault("a byte order mark", text("\ufeff" + TEXT), "repaired", "byte_order_mark_removed"),
    Fault("a mangled mark", text("ï»¿" + TEXT), "repaired", "byte_order_mark_removed"),
    Fault(
        "an extra column", text(as_csv([(*r, "z") for r in ROWS], (*HEADER, "more"))), "accepted"
    ),
    Fault(
        "a column without a name",
        text(as_csv([("1", *r) for r in ROWS], ("", *HEADER))),
        "accepted",
    ),
    Fault("no header at all", text("\n".join(TEXT.splitlines()[1:])), "refused", "no column for"),
    Fault("another delimiter", text(as_csv(ROWS, delimiter=";")), "refused", "no column for"),
    Fault(
        "a declared delimiter",
        text(as_csv(ROWS, delimiter=";")),
        "accepted",
        settings={"delimiter": ";"},
    ),
]

A15 = [
    Fault("an empty file", text(""), "refused", "empty"),
    Fault("a header only", text(as_csv([])), "refused", "no rows"),
    Fault("one account", text(as_csv([ROWS[0]])), "refused", "at least 2 accounts"),
    Fault("two accounts", text(as_csv([ROWS[0], ROWS[8]])), "accepted", truth=[ROWS[0], ROWS[8]]),
    Fault("no such file", lambda folder: None, "refused", "no file matches"),
]

NO_NUMBERS = ("inf", "-Infinity", "nan", "NaN", "nan(0x7ff)", "1e308", "-1e308", "1e400", "1e-310")
A17 = [forms("numbers beyond all money", dict.fromkeys((*NO_NUMBERS, "100000000000000")))]
A17 += [
    Fault(
        f"a float column with {value}",
        parquet(columns_of(ROWS) | {"amount": [value, *(float(row[2]) for row in ROWS[1:])]}),
        "quarantined",
        "impossible_amount",
        lost=1,
    )
    for value in (float("nan"), float("inf"), float("-inf"), 1e300, 5e-324)
]

A18 = [
    Fault("cp1252 undeclared", text(TEXT, "cp1252"), "refused", "encoding"),
    Fault("cp1252 declared", text(TEXT, "cp1252"), "accepted", settings={"encoding": "cp1252"}),
    Fault("latin-1 declared", text(TEXT.replace("€", "ÿ"), "latin-1"), "accepted",
          settings={"encoding": "latin-1"},
          truth=[changed(row, account_id=row[0].replace("€", "ÿ")) for row in ROWS]),
    Fault("UTF-16 undeclared", text(TEXT, "utf-16"), "refused", "utf-16"),
    Fault("UTF-16 declared", text(TEXT, "utf-16"), "accepted", settings={"encoding": "utf-16"}),
    Fault("Windows newlines", text(TEXT.replace("\n", "\r\n")), "accepted"),
    Fault("old Macintosh newlines", text(TEXT.replace("\n", "\r")), "accepted"),
    Fault(
        "mixed newlines",
        text(TEXT.replace("\n", "\r\n", 50)),
        "repaired",
        "mixed_newlines_made_one",
    ),
    Fault("no newline at the end", text(TEXT.removesuffix("\n")), "accepted"),
    Fault("empty lines", edited(lambda lines: [*lines[:9], "", "", *lines[9:]]), "accepted"),
    Fault("a NUL in an id", replaced(1, 'a\x00b,2024-01-01,1,O1,1,P1'), "quarantined",
          "unusable_character", lost=1),
    Fault("a newline in a field", text(as_csv(first(3, product_id="P\n1"))), "accepted"),
    Fault("a quote in a field", text(as_csv(first(3, product_id='P"1'))), "accepted"),
    Fault("a field too many", replaced(5, TEXT.splitlines()[5] + ",x"), "quarantined",
          "ragged_row", lost=1),
    Fault("a field too few", replaced(5, "C,2024-01-01,1"), "quarantined", "ragged_row", lost=1),
    Fault("an unquoted comma", replaced(5, "Smith, Ltd,2024-01-01,1,O5,5,P1"), "quarantined",
          "ragged_row", lost=1),
    Fault("a quote never closed", replaced(5, 'C,2024-01-01,1,O5,5,"P1'), "refused", "quote"),
    Fault("many ragged rows", edited(lambda lines: [*lines[:99], *(x + ",," for x in lines[99:])]),
          "refused", "ragged_row"),
]  # fmt: skip

A19 = [
    Fault(
        "a huge field",
        text(as_csv([*ROWS, changed(ROWS[0], product_id="x" * 50_000)])),
        "refused",
        "max_field_bytes",
        settings={"max_field_bytes": 10_000},
    ),
    Fault(
        "very many columns",
        text(as_csv([["1"] * 3_000], [f"c{number}" for number in range(3_000)])),
        "refused",
        "max_columns",
    ),
]


def packed(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "t.csv.gz").write_bytes(content) and None


def workbook(rows: list[Any] | str) -> Callable[[Path], None]:
    return lambda folder: write_xlsx(folder / "t.xlsx", {"Sheet1": rows}) and None


GZIP, EXCEL = {"source": "t.csv.gz"}, {"source": "t.xlsx"}
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ALL1048576"><v>1</v></c></row>'
CELLS = [
    (who, datetime.fromisoformat(time), float(amount), order, int(line), product)
    for who, time, amount, order, line, product in ROWS
]
A20 = [
    Fault("a gzipped file", packed(gzip.compress(TEXT.encode())), "accepted", settings=GZIP),
    Fault(
        "a gzip bomb",
        packed(gzip.compress(TEXT.encode() + b"\n" * 70_000_000)),
        "refused",
        "max_expansion",
        settings=GZIP,
    ),
    Fault(
        "a gzipped file beyond the cap",
        packed(gzip.compress(TEXT.encode())),
        "refused",
        "max_bytes",
        settings=GZIP | {"max_bytes": 10_000},
    ),
    Fault(
        "a gzipped file cut off",
        packed(gzip.compress(TEXT.encode())[:-100]),
        "refused",
        "cut off",
        settings=GZIP,
    ),
    Fault("an Excel export", workbook([HEADER, *CELLS]), "accepted", settings=EXCEL),
    Fault(
        "an Excel export with errors and gaps",
        workbook([HEADER, *CELLS[:9], [], (*CELLS[9][:5], ERROR), [], *CELLS[10:], []]),
        "repaired",
        "empty_rows_dropped error_cells_made_null",
        settings=EXCEL,
    ),
    Fault(
        "titles above an Excel export",
        workbook([["Sales"], [], HEADER, *CELLS]),
        "refused",
        "first row does not name the columns",
        settings=EXCEL,
    ),
    Fault("two Excel cells far apart", workbook(FAR), "refused", "max_bytes", settings=EXCEL),
    Fault(
        "an Excel bomb",
        workbook([["account_id"], *[["x" * 30_000]] * 2_500]),
        "refused",
        "max_expansion",
        settings=EXCEL,
    ),
]

CATALOGUE = {
    "A1": A1, "A3": A3, "A4": A4, "A5": A5, "A6": A6, "A10": A10, "A11": A11, "A12": A12,
    "A13": A13, "A15": A15, "A17": A17, "A18": A18, "A19": A19,
    "A20": A20,
}  # fmt: skip
FAULTS = [(group, fault) for group, faults in CATALOGUE.items() for fault in faults]


@pytest.mark.parametrize(
    ("group", "fault"), FAULTS, ids=[f"{group} {fault.name}" for group, fault in FAULTS]
)
def test_every_fault_has_its_outcome_and_none_is_silent(group, fault, tmp_path):
    fault.write(tmp_path)
    source = "t.parquet" if (tmp_path / "t.parquet").exists() else "t.csv"
    settings = {"source": source, "columns": fault.columns} | fault.settings
    found = attempt(tmp_path, settings)
    assert found.word == fault.outcome, (found.error, found.rules, found.repairs)
    assert fault.because in said(found)
    if fault.outcome != "refused":
        truth = truth_of(ROWS if fault.truth is None else fault.truth)
        assert not found.truth - truth, "the ledger holds lines that are not true"
        assert sum((truth - found.truth).values()) == fault.lost


def said(found: Outcome) -> str:
    """Return everything that was said about what happened."""
    return " ".join([str(found.error or ""), *found.rules, *sorted(found.repairs)])


def test_the_catalogue_has_no_fault_twice():
    names = [f"{group} {fault.name}" for group, fault in FAULTS]
    assert max(Counter(names).values()) == 1


def test_a_refusal_names_file_column_rows_count_and_fix(tmp_path):
    """A person must be able to go to the row without searching."""
    rows = [changed(row, time="13/04/2024") if n in (4, 7) else row for n, row in enumerate(ROWS)]
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    message = str(attempt(tmp_path, {"limits": {"unreadable_time": 0.0}}).error)
    for part in ("t.csv", "'time'", "data rows 5, 8", "2 rows", "'13/04/2024'", "time_format"):
        assert part in message


@pytest.mark.parametrize(
    ("share", "spoil", "repair"),
    [
        *((share, lambda name: name.lstrip("0"), "leading zeros") for share in (0, 1, 5, 50, 100)),
        (5, lambda name: f"{name}.0", "a trailing '.0'"),
        (5, lambda name: f"{name} ", "spaces around the id"),
        (5, str.lower, "upper and lower case"),
    ],
)
def test_ids_that_differ_between_tables_are_refused_with_the_repair(spoil, repair, share, tmp_path):
    """A2: the tables mean the same accounts, or the run stops and says what differs."""
    names = [f"00{number}A" for number in range(100)]
    rows = [(name, "2024-01-01", "1", name, name, "P") for name in names]
    known = [[spoil(name) if place < share else name] for place, name in enumerate(names)]
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    (tmp_path / "a.csv").write_text(as_csv(known, ["account_id"]), encoding="utf-8")
    found = attempt(tmp_path, {}, accounts={"source": "a.csv"})
    if share <= 1:
        assert found.word == "accepted"
        assert any("no row in accounts" in warning for warning in found.warnings) == (share == 1)
    else:
        assert found.word == "refused"
        assert f"{repair} differ" in str(found.error)
        assert found.error is not None
        assert found.error.received.count("'") == 10


@pytest.mark.parametrize("policy", ["net", "gross"])
def test_refunds_stay_in_the_data_and_are_summed(policy, tmp_path):
    """A7: a refund is a line like any other; the policy is stated, the money identity holds."""
    rows = every(7, amount="-99.99")
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    found = attempt(tmp_path, {}, value={"refunds": policy})
    assert found.truth == truth_of(rows)
    negative = [Decimal(row[2]) for row in rows if row[2].startswith("-")]
    report = found.tables["report"]
    assert (report.refunds.rows, report.refunds.amount) == (len(negative), sum(negative))
    assert report.refund_policy == policy


def test_one_row_of_2099_does_not_move_the_end_of_the_data(tmp_path):
    """A10: the latest date is that of the latest possible row."""
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    clean = attempt(tmp_path, {}).tables["report"]
    (tmp_path / "t.csv").write_text(as_csv(first(1, time="2099-01-01")), encoding="utf-8")
    spoiled = attempt(tmp_path, {}).tables["report"]
    assert spoiled.complete_until == clean.complete_until


@pytest.mark.parametrize("factor", [100, 1000, 0.01, 0.001])
def test_a_month_in_another_unit_of_money_is_refused_unless_waived(factor, tmp_path):
    """A5: cents and thousands are found; the settings can say that it is meant."""
    rows = [
        (row[0], f"2024-{place % 12 + 1:02d}-03", row[2], *row[3:])
        for place, row in enumerate(clean_rows(10))
    ]
    rows = [
        changed(row, amount=f"{float(row[2]) * factor:.4f}") if row[1] == "2024-05-03" else row
        for row in rows
    ]
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    refused = attempt(tmp_path, {})
    assert refused.word == "refused"
    assert "2024-05" in str(refused.error)
    waived = attempt(tmp_path, {"limits": {"scale_break": 1.0}})
    assert waived.truth == truth_of(rows)
    assert any("2024-05" in warning for warning in waived.warnings)


def test_a_limit_for_no_rule_is_a_mistake_in_the_settings(tmp_path):
    """A typo in a limit must not loosen or tighten anything."""
    (tmp_path / "t.csv").write_text(TEXT, encoding="utf-8")
    with pytest.raises(SettingsError, match="did you mean 'missing_account'"):
        attempt(tmp_path, {"limits": {"missing_acount": 0.5}})


def test_caps_hold_before_memory_grows(tmp_path):
    """A19: a single line of half a gigabyte costs a few pieces of it."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from valuemodel.exceptions import DataRefused\n"
        "from valuemodel.io.csv_file import inspect_csv\n"
        "from valuemodel.settings import TableSection\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    inspect_csv(Path(sys.argv[1]), TableSection(source='t.csv'), 't.csv')\n"
        "except DataRefused:\n"
        "    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)\n"
    )
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write(b"account_id,time,amount\n")
        file.truncate(1 << 29)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 100
