"""Maven's CRM sales opportunities: four CSV files in one zip.

The same four files go round as copies (Kaggle's, for one), so a zip or a folder of them can be
handed over. The spellings of the original ("technolgy", "GTXPro" beside "GTX Pro", "Philipines") are
kept: ids and texts stay as they are written, byte for byte.
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

URL = "https://maven-datasets.s3.amazonaws.com/CRM+Sales+Opportunities/CRM+Sales+Opportunities.zip"
FOLDER = "crm_opportunities"
#: The columns of each file, by its name without ``.csv``.
KINDS: dict[str, dict[str, Kind]] = {
    "sales_pipeline": {
        "opportunity_id": "text",
        "sales_agent": "text",
        "product": "text",
        "account": "text",
        "deal_stage": "text",
        "engage_date": "time",
        "close_date": "time",
        "close_value": "number",
    },
    "accounts": {
        "account": "text",
        "sector": "text",
        "year_established": "integer",
        "revenue": "number",
        "employees": "integer",
        "office_location": "text",
        "subsidiary_of": "text",
    },
    "products": {"product": "text", "series": "text", "sales_price": "integer"},
    "sales_teams": {"sales_agent": "text", "manager": "text", "regional_office": "text"},
}


def fetch(downloader: Downloader, workspace: Path) -> Path:
    """Download the zip (well under a megabyte)."""
    return downloader.fetch(URL, workspace / "opportunities.zip", max_bytes=20_000_000)


def convert(original: Path, workspace: Path) -> dict[str, pd.DataFrame]:
    """Read the four files from the zip, or from the folder that holds them."""
    return {
        f"{FOLDER}/{name}.parquet": typed(
            read_csv(_file(original, f"{name}.csv", workspace)), kinds, time_format="%Y-%m-%d"
        )
        for name, kinds in KINDS.items()
    }


def _file(original: Path, name: str, workspace: Path) -> Path:
    if original.is_file():
        if not zipfile.is_zipfile(original):
            raise _lacking(original, name)
        into = workspace / Path(name).stem
        into.mkdir()
        return extract(original, name, into, max_bytes=50_000_000)[0]
    if not (original / name).is_file():
        raise _lacking(original, name)
    return original / name


def _lacking(original: Path, name: str) -> DataRefused:
    problem = f"there is no {name} in the original"
    files = ", ".join(f"{each}.csv" for each in KINDS)
    hint = f"hand over the zip, or the folder, that holds {files}"
    return DataRefused(problem, received=str(original), hint=hint)


CRM_OPPORTUNITIES = PublicSet(
    name="crm_opportunities",
    title="CRM Sales Opportunities, Maven Analytics (synthetic)",
    licence="public domain, as its page is quoted; not verified",
    page="https://mavenanalytics.io/data-playground/crm-sales-opportunities",
    fetch=fetch,
    convert=convert,
    expected={
        f"{FOLDER}/sales_pipeline.parquet": Expected(
            columns=tuple(KINDS["sales_pipeline"]),
            rows=8_800,
            accounts=("account", 85),
            period=("close_date", "2017-03-01", "2017-12-31"),
            total=("close_value", 10_005_534.00),
        ),
        f"{FOLDER}/accounts.parquet": Expected(
            columns=tuple(KINDS["accounts"]), rows=85, accounts=("account", 85)
        ),
        f"{FOLDER}/products.parquet": Expected(
            columns=tuple(KINDS["products"]), rows=7, accounts=("product", 7)
        ),
        f"{FOLDER}/sales_teams.parquet": Expected(
            columns=tuple(KINDS["sales_teams"]), rows=35, accounts=("sales_agent", 35)
        ),
    },
)
