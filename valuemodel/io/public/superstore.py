"""Tableau's Sample Superstore: the sheet ``Orders`` of a workbook, or the same as CSV.

Tableau offers one address and replaces what lies there: later editions have 10,194 orders and other
years. Only the edition of 9,994 orders from 2016 to 2019 is accepted, since the settings' dates are
meant for it; an edition kept elsewhere can be handed over, as workbook or CSV.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from valuemodel.io.public.archives import read_sheets, require_excel
from valuemodel.io.public.conversion import Kind, read_csv, typed
from valuemodel.io.public.download import Downloader
from valuemodel.io.public.specification import Expected, PublicSet

URL = "https://public.tableau.com/app/sample-data/sample_-_superstore.xls"
TABLE = "superstore/orders.parquet"
KINDS: dict[str, Kind] = {
    "Order ID": "text",
    "Order Date": "time",
    "Ship Date": "time",
    "Ship Mode": "text",
    "Customer ID": "text",
    "Customer Name": "text",
    "Segment": "text",
    "City": "text",
    "State": "text",
    "Region": "text",
    "Product ID": "text",
    "Category": "text",
    "Sub-Category": "text",
    "Product Name": "text",
    "Sales": "number",
    "Quantity": "integer",
    "Discount": "number",
    "Profit": "number",
}
#: Later editions name some columns otherwise.
NAMES = {"State/Province": "State"}


def fetch(downloader: Downloader, workspace: Path) -> Path:
    """Download the workbook (about 3 MB), after checking that it can be read here."""
    require_excel()
    return downloader.fetch(URL, workspace / "superstore.xls", max_bytes=50_000_000)


def convert(original: Path, _workspace: Path) -> dict[str, pd.DataFrame]:
    """Read the orders from the workbook or the CSV file."""
    if original.suffix.lower() == ".csv":
        orders = read_csv(original)
    else:
        (orders,) = read_sheets(original, ["Orders"])
    return {TABLE: typed(orders.rename(columns=NAMES), KINDS, time_format="%m/%d/%Y")}


SUPERSTORE = PublicSet(
    name="superstore",
    title="Sample Superstore, Tableau (synthetic)",
    licence="free sample of Tableau",
    page="https://public.tableau.com/app/learn/sample-data",
    fetch=fetch,
    convert=convert,
    expected={
        TABLE: Expected(
            columns=tuple(KINDS),
            rows=9_994,
            accounts=("Customer ID", 793),
            period=("Order Date", "2016-01-03", "2019-12-30"),
            total=("Sales", 2_297_200.86),
        )
    },
)
