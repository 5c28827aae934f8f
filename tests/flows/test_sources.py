"""One book, kept in four places: whatever it lies in, the command line finds the same figures."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.book import as_csv, clean_rows
from tests.postgres import PASSWORD
from tests.workbook import write_xlsx
from valuemodel import cli, scaffold

ROWS = [row for row in clean_rows(8) if row[0].startswith("C")]
NAMES = sorted({row[0] for row in ROWS})
#: An account a person would find in a spreadsheet: a name, a number, a day.
ACCOUNTS = [
    (name, f"R{n % 4}", 10 * n, datetime(2023, 1, 1 + n % 28))  # noqa: DTZ001
    for n, name in enumerate(NAMES)
]
USAGE = [
    (name, f"2024-{month:02d}-01", f"{month * 1.5:.2f}") for name in NAMES for month in (3, 4, 5)
]
SETTINGS = """
[project]
name = "places"

[tables.transactions]
source = "{transactions}"
[tables.accounts]
source = "{accounts}"
columns = {{ region = "Region", valid_from = "Since", account_id = "Account" }}
[tables.usage]
source = "{usage}"

[features]
extra = {{ Seats = "number" }}

[value]
horizons = ["3 months"]
"""


def in_files(folder):
    names = ("account_id", "time", "amount", "order_id", "line_id", "product_id")
    columns = dict(zip(names, map(list, zip(*ROWS, strict=True)), strict=True))
    columns["amount"] = [Decimal(amount) for amount in columns["amount"]]
    columns["time"] = [datetime.fromisoformat(time) for time in columns["time"]]
    pq.write_table(pa.table(columns), folder / "t.parquet")
    header = ("Account", "Region", "Seats", "Since")
    columns = dict(zip(header, map(list, zip(*ACCOUNTS, strict=True)), strict=True))
    pq.write_table(pa.table(columns), folder / "a.parquet")
    header = ("account_id", "time", "quantity")
    columns = dict(zip(header, map(list, zip(*USAGE, strict=True)), strict=True))
    columns["quantity"] = [float(quantity) for quantity in columns["quantity"]]
    columns["time"] = [datetime.fromisoformat(time) for time in columns["time"]]
    pq.write_table(pa.table(columns), folder / "u.parquet")
    return {"transactions": "t.parquet", "accounts": "a.parquet", "usage": "u.parquet"}


def in_other_places(folder, server):
    values = ", ".join(
        f"('{who}', timestamp '{time}' AT TIME ZONE 'UTC', {amount}, '{order}', {line}, '{product}')"
        for who, time, amount, order, line, product in ROWS
    )
    server.execute(
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.lines (account_id text, time timestamptz, amount numeric(12, 2), "
        "order_id text, line_id bigint, product_id text)",
        f"INSERT INTO crm.lines VALUES {values}",
    )
    table = [("Account", "Region", "Seats", "Since"), *ACCOUNTS]
    write_xlsx(folder / "a.xlsx", {"Accounts": table})
    text = as_csv(USAGE, ("account_id", "time", "quantity"))
    (folder / "u.csv.gz").write_bytes(gzip.compress(text.encode()))
    return {"transactions": server.source("crm.lines"), "accounts": "a.xlsx", "usage": "u.csv.gz"}


def checked(folder, sources, capsys):
    (folder / "valuemodel.toml").write_text(SETTINGS.format(**sources), encoding="utf-8")
    code = cli.run(["check", "--json", "--settings", str(folder / "valuemodel.toml")])
    said = capsys.readouterr().out
    assert code == 0, said
    return json.loads(said)


def without_files(value):
    """Leave out what must differ: which files were read."""
    if isinstance(value, dict):
        return {key: without_files(one) for key, one in value.items() if key != "files"}
    return [without_files(one) for one in value] if isinstance(value, list) else value


def test_a_book_in_four_places_has_the_figures_of_the_same_book_in_files(
    postgres_server, tmp_path, capsys
):
    files, places = tmp_path / "files", tmp_path / "places"
    scaffold.init(files)
    scaffold.init(places)
    expected = checked(files, in_files(files), capsys)
    found = checked(places, in_other_places(places, postgres_server), capsys)
    assert without_files(found) == without_files(expected)
    assert PASSWORD not in json.dumps(found)


@pytest.mark.parametrize("secret", [PASSWORD, "canary-that-is-wrong"])
def test_a_password_is_in_nothing_that_is_written_or_said(
    postgres_server, tmp_path, capsys, monkeypatch, secret
):
    monkeypatch.setenv("PGPASSWORD", secret)
    scaffold.init(tmp_path)
    sources = in_other_places(tmp_path, postgres_server)
    (tmp_path / "valuemodel.toml").write_text(SETTINGS.format(**sources), encoding="utf-8")
    code = cli.run(["check", "--settings", str(tmp_path / "valuemodel.toml")])
    said = capsys.readouterr()
    assert code == (0 if secret == PASSWORD else 2)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    everything = (said.out + said.err).encode() + b"".join(path.read_bytes() for path in written)
    for form in (secret, secret.replace("@", "%40")):
        assert form.encode() not in everything
