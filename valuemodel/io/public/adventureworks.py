"""AdventureWorks reseller sales: three CSV files of a Microsoft course, pinned to commits.

The repository MicrosoftLearning/PL-300-Microsoft-Power-BI-Data-Analyst holds the tables as its lab
prepares them: the costs missing on 76 lines of July 2017 are already filled with standard cost x
quantity, and "Ware House" is already spelt "Warehouse". Its column names are changed to those of the
source database here, so that files prepared either way look alike.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.archives import extract
from valuemodel.io.public.conversion import Kind, read_csv, typed
from valuemodel.io.public.download import Downloader
from valuemodel.io.public.specification import Expected, PublicSet

_COURSE = (
    "https://raw.githubusercontent.com/MicrosoftLearning/PL-300-Microsoft-Power-BI-Data-Analyst"
)
URLS = {
    "Sales.csv": f"{_COURSE}/cbcb4b97366fce40e63a7da5d7a7898b4aaa39cc/Allfiles/Resources/Sales.csv",
    "Reseller.csv": (
        f"{_COURSE}/0efc725e37ea99f3ad3968a9ee7eabec75d065fb/Allfiles/Resources/Reseller.csv"
    ),
    "Product.csv": (
        f"{_COURSE}/0efc725e37ea99f3ad3968a9ee7eabec75d065fb/Allfiles/Resources/Product.csv"
    ),
}
NAMES = {
    "Quantity": "OrderQuantity",
    "Unit Price": "UnitPrice",
    "Cost": "TotalProductCost",
    "Sales": "SalesAmount",
    "Business Type": "BusinessType",
    "Reseller": "ResellerName",
    "State-Province": "StateProvinceName",
    "Country-Region": "Country_Region",
    "Standard Cost": "StandardCost",
    "Category": "EnglishProductCategoryName",
}
SALES: dict[str, Kind] = {
    "SalesOrderNumber": "text",
    "OrderDate": "time",
    "ProductKey": "integer",
    "ResellerKey": "integer",
    "EmployeeKey": "integer",
    "SalesTerritoryKey": "integer",
    "OrderQuantity": "integer",
    "UnitPrice": "number",
    "TotalProductCost": "number",
    "SalesAmount": "number",
}
RESELLERS: dict[str, Kind] = {
    "ResellerKey": "integer",
    "BusinessType": "text",
    "ResellerName": "text",
    "City": "text",
    "StateProvinceName": "text",
    "Country_Region": "text",
}
PRODUCTS: dict[str, Kind] = {
    "ProductKey": "integer",
    "Product": "text",
    "StandardCost": "number",
    "Color": "text",
    "Subcategory": "text",
    "EnglishProductCategoryName": "text",
}
FOLDER = "adventureworks_reseller"


def fetch(downloader: Downloader, workspace: Path) -> Path:
    """Download the three files (about 5 MB) into a folder."""
    folder = workspace / "course"
    folder.mkdir()
    for name, url in URLS.items():
        downloader.fetch(url, folder / name, max_bytes=50_000_000)
    return folder


def convert(original: Path, workspace: Path) -> dict[str, pd.DataFrame]:
    """Read the folder, or a zip, that holds Sales.csv, Reseller.csv and Product.csv."""
    sales, resellers, products = (
        read_csv(_file(original, name, workspace)).rename(columns=NAMES) for name in URLS
    )
    lines = typed(sales, SALES, time_format="%m/%d/%Y %I:%M:%S %p")
    catalogue = typed(products, PRODUCTS)
    costs = catalogue[["ProductKey", "StandardCost"]].drop_duplicates("ProductKey")
    return {
        f"{FOLDER}/reseller_sales.parquet": lines.merge(costs, on="ProductKey", how="left"),
        f"{FOLDER}/resellers.parquet": typed(resellers, RESELLERS).sort_values("ResellerKey"),
        f"{FOLDER}/product.parquet": catalogue,
    }


def _file(original: Path, name: str, workspace: Path) -> Path:
    if original.is_file() and zipfile.is_zipfile(original):
        into = workspace / Path(name).stem
        into.mkdir()
        return extract(original, name, into, max_bytes=100_000_000)[0]
    if not (original / name).is_file():
        problem = f"there is no {name} in the original"
        hint = f"hand over the folder that holds {', '.join(URLS)}"
        raise DataRefused(problem, received=str(original), hint=hint)
    return original / name


ADVENTUREWORKS = PublicSet(
    name="adventureworks",
    title="AdventureWorks reseller sales, Microsoft course PL-300 (synthetic)",
    licence="MIT",
    page="https://github.com/MicrosoftLearning/PL-300-Microsoft-Power-BI-Data-Analyst",
    fetch=fetch,
    convert=convert,
    expected={
        f"{FOLDER}/reseller_sales.parquet": Expected(
            columns=(*SALES, "StandardCost"),
            rows=57_851,
            accounts=("ResellerKey", 632),
            period=("OrderDate", "2017-07-01", "2020-05-31"),
            total=("SalesAmount", 77_548_570.20),
        ),
        f"{FOLDER}/resellers.parquet": Expected(
            columns=tuple(RESELLERS), rows=701, accounts=("ResellerKey", 701)
        ),
        f"{FOLDER}/product.parquet": Expected(columns=tuple(PRODUCTS), rows=397),
    },
)
