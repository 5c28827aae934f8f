"""UCI Online Retail II: one zip with one workbook of two sheets.

The address is that of the UCI repository's own download button. Both sheets are kept in full, with
their name in the column ``sheet``: they overlap, and dropping the overlap is the settings' decision.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from valuemodel.io.public.archives import extract, is_workbook, read_sheets, require_excel
from valuemodel.io.public.conversion import Kind, typed
from valuemodel.io.public.download import Downloader
from valuemodel.io.public.specification import Expected, PublicSet

URL = "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip"
SHEETS = ("Year 2009-2010", "Year 2010-2011")
TABLE = "online_retail_II/online_retail_II.parquet"
KINDS: dict[str, Kind] = {
    "Invoice": "text",
    "StockCode": "text",
    "Description": "text",
    "Quantity": "integer",
    "InvoiceDate": "time",
    "Price": "number",
    "Customer ID": "integer",
    "Country": "text",
}


def fetch(downloader: Downloader, workspace: Path) -> Path:
    """Download the zip (about 46 MB), after checking that it can be read here."""
    require_excel()
    return downloader.fetch(URL, workspace / "online_retail_ii.zip", max_bytes=200_000_000)


def convert(original: Path, workspace: Path) -> dict[str, pd.DataFrame]:
    """Stack both sheets of the zip or of the workbook itself."""
    workbook = original
    if not is_workbook(original):
        workbook = extract(original, "*.xlsx", workspace, max_bytes=400_000_000)[0]
    sheets = zip(SHEETS, read_sheets(workbook, SHEETS), strict=True)
    stacked = [typed(cells, KINDS).assign(sheet=name) for name, cells in sheets]
    return {TABLE: pd.concat(stacked, ignore_index=True)}


ONLINE_RETAIL = PublicSet(
    name="online_retail",
    title="Online Retail II, D. Chen (2019), UCI Machine Learning Repository, id 502",
    licence="CC BY 4.0",
    page="https://archive.ics.uci.edu/dataset/502/online+retail+ii",
    fetch=fetch,
    convert=convert,
    expected={
        TABLE: Expected(
            columns=(*KINDS, "sheet"),
            rows=525_461 + 541_910,
            accounts=("Customer ID", 5_942),
            period=("InvoiceDate", "2009-12-01", "2011-12-09"),
        )
    },
)
