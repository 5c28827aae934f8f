"""Both sheets of the workbook become one table, codes as they are written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.online_retail import KINDS, ONLINE_RETAIL, TABLE
from valuemodel.io.public.registry import provide
from valuemodel.io.public.specification import Expected

PATH = "/static/public/502/online+retail+ii.zip"
SMALL = replace(ONLINE_RETAIL, expected={TABLE: Expected((*KINDS, "sheet"), 4)})
AT = datetime.fromisoformat("2009-12-01 07:45")


@pytest.fixture
def book(workbook):
    header = list(KINDS)
    first = [
        [489434, 85048, "15CM CHRISTMAS GLASS BALL", 12, AT, 6.95, 13085, "United Kingdom"],
        [489434, "79323P", "PINK CHERRY LIGHTS", 12, AT, 6.75, 13085, "United Kingdom"],
        ["C489449", "22087", None, -12, AT, 2.95, None, "NA"],
    ]
    second = [["536365", 21523, "DOORMAT & MORE", 1, AT, 1, 17850, "Channel Islands"]]
    return workbook({"Year 2009-2010": [header, *first], "Year 2010-2011": [header, *second]})


def read(paths):
    return pd.read_parquet(paths[0])


def test_the_zip_becomes_the_table(site, said, zipped, book, tmp_path):
    site.has(PATH, zipped({"online_retail_II.xlsx": book}))
    found = read(provide(SMALL, tmp_path, report=said.append, base_url=site.url))
    assert found["Invoice"].tolist() == ["489434", "489434", "C489449", "536365"]
    assert found["StockCode"].tolist() == ["85048", "79323P", "22087", "21523"]
    assert found["Description"].isna().tolist() == [False, False, True, False]
    assert found["Quantity"].tolist() == [12, 12, -12, 1]
    assert found["InvoiceDate"].tolist() == [pd.Timestamp(AT)] * 4
    assert found["Price"].tolist() == [6.95, 6.75, 2.95, 1.0]
    assert found["Customer ID"].astype("Int64").tolist() == [13085, 13085, pd.NA, 17850]
    assert found["Country"].tolist()[2:] == ["NA", "Channel Islands"]
    assert found["sheet"].tolist() == ["Year 2009-2010"] * 3 + ["Year 2010-2011"]


def test_the_workbook_itself_is_taken_too(said, book, tmp_path):
    original = tmp_path / "online_retail_II.xlsx"
    original.write_bytes(book)
    assert len(read(provide(SMALL, tmp_path / "data", report=said.append, original=original))) == 4


def test_a_book_with_one_sheet_is_refused(site, said, zipped, workbook, tmp_path):
    site.has(PATH, zipped({"online_retail_II.xlsx": workbook({"Year 2009-2010": [list(KINDS)]})}))
    with pytest.raises(DataRefused, match="Year 2010-2011"):
        provide(SMALL, tmp_path, report=said.append, base_url=site.url)
    assert not list(tmp_path.iterdir())


def test_fewer_rows_than_published_are_refused(site, said, zipped, book, tmp_path):
    site.has(PATH, zipped({"online_retail_II.xlsx": book}))
    with pytest.raises(DataRefused, match="rows: 4, published 1,067,371"):
        provide(ONLINE_RETAIL, tmp_path, report=said.append, base_url=site.url)
    assert not list(tmp_path.iterdir())
