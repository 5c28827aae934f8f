"""The orders come from the workbook or the CSV, and another edition is refused by its figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.registry import provide
from valuemodel.io.public.specification import Expected
from valuemodel.io.public.superstore import KINDS, SUPERSTORE, TABLE

PATH = "/app/sample-data/sample_-_superstore.xls"
SMALL = replace(SUPERSTORE, expected={TABLE: Expected(tuple(KINDS), 1, total=("Sales", 261.96))})
ROW: dict[str, object] = {
    "Row ID": 1,
    "Order ID": "CA-2018-152156",
    "Order Date": datetime.fromisoformat("2018-11-08"),
    "Ship Date": datetime.fromisoformat("2018-11-11"),
    "Ship Mode": "Second Class",
    "Customer ID": "CG-12520",
    "Customer Name": "Claire Gute",
    "Segment": "Consumer",
    "Country/Region": "United States",
    "City": "Henderson",
    "State/Province": "Kentucky",
    "Postal Code": 42420,
    "Region": "South",
    "Product ID": "FUR-BO-10001798",
    "Category": "Furniture",
    "Sub-Category": "Bookcases",
    "Product Name": "Bush Somerset Collection Bookcase \u2013 é",
    "Sales": 261.96,
    "Quantity": 2,
    "Discount": 0,
    "Profit": 41.9136,
}


@pytest.fixture
def book(workbook):
    return workbook({"Orders": [list(ROW), list(ROW.values())], "People": [["Person"]]})


def test_the_workbook_becomes_the_table(site, said, book, tmp_path):
    site.has(PATH, book)
    (path,) = provide(SMALL, tmp_path, report=said.append, base_url=site.url)
    (row,) = pd.read_parquet(path).to_dict("records")
    assert row["Order Date"] == pd.Timestamp("2018-11-08")
    assert (row["State"], row["Sales"], row["Quantity"]) == ("Kentucky", 261.96, 2)
    assert row["Product Name"] == ROW["Product Name"]


def test_a_csv_in_the_american_way_is_taken_too(said, tmp_path):
    original = tmp_path / "Sample - Superstore.csv"
    days = {"Order Date": "11/8/2018", "Ship Date": "11/11/2018"}
    pd.DataFrame([ROW | days]).to_csv(original, index=False, encoding="cp1252")
    (path,) = provide(SMALL, tmp_path / "data", report=said.append, original=original)
    (row,) = pd.read_parquet(path).to_dict("records")
    assert row["Ship Date"] == pd.Timestamp("2018-11-11")
    assert row["Product Name"] == ROW["Product Name"]


def test_another_edition_is_refused_by_its_figures(site, said, book, tmp_path):
    site.has(PATH, book)
    with pytest.raises(DataRefused) as caught:
        provide(SUPERSTORE, tmp_path, report=said.append, base_url=site.url)
    assert any("rows: 1, published 9,994" in line for line in caught.value.details)
    assert "--from FILE" in caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.real_data
def test_published_rows_in_the_american_way_pass(real_data, said, tmp_path):
    rows = pd.read_parquet(real_data / TABLE)
    days = {name: rows[name].dt.strftime("%m/%d/%Y") for name in ("Order Date", "Ship Date")}
    original = tmp_path / "Sample - Superstore.csv"
    # The folder's copy took UTF-8 for Latin-1; written back so, the file is UTF-8 with its mark.
    rows.assign(**days).to_csv(original, index=False, encoding="latin-1")
    (table,) = provide(SUPERSTORE, tmp_path / "data", report=said.append, original=original)
    found = pd.read_parquet(table)
    others = [name for name in KINDS if name not in ("Product Name", "Customer Name")]
    pd.testing.assert_frame_equal(found[others], rows[others], check_dtype=False)
    assert found["Product Name"].str.contains("5 3/6\u201d x 11\u201d").any()
    assert "Roy Franz\u00f6sisch" in set(found["Customer Name"])
