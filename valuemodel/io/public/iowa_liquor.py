"""Iowa liquor sales: what licensed stores ordered from the State, summed per store and day.

The State's Socrata service sums before it sends: 12 million invoice lines become 245 thousand rows in
a few pages. That its address still answers could not be confirmed: in 2026 the State opened a new
portal (data.iowa.gov/catalog) with one data set of lines per year. Where the service is gone, hand
over what the portal or an older export gave: CSV files of lines, their zip, or a folder of either.

Left out on purpose: the cost columns that some copies carry. They come from a price list of 2022.
"""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import pandas as pd

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.archives import extract
from valuemodel.io.public.download import Downloader
from valuemodel.io.public.specification import Expected, PublicSet

URL = "https://data.iowa.gov/resource/m3tr-qhgy.csv"
TABLE = "iowa_liquor/store_day.parquet"
QUERY = {
    "$select": (
        "store,date,count(*) as lines,sum(sale_bottles) as bottles,sum(sale_dollars) as sales"
    ),
    "$where": "date between '2012-01-01T00:00:00' and '2016-12-31T23:59:59'",
    "$group": "store,date",
    "$order": "store,date",
}
#: What a column is called by our query, in exports of the old portal, by its service, in the new one.
NAMES = {
    "store": ("store", "Store Number", "store_no"),
    "date": ("date", "Date", "ordered_on"),
    "bottles": ("bottles", "Bottles Sold", "sale_bottles", "sales_bottles"),
    "sales": ("sales", "Sale (Dollars)", "sale_dollars", "sales_dollars"),
}
TIMES = ["%Y-%m-%dT%H:%M:%S.%g", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%m/%d/%Y"]
_EXPANDED = 20_000_000_000


def fetch(downloader: Downloader, workspace: Path, *, page_rows: int) -> Path:
    """Download the pages of the summed table into a folder, until one is not full."""
    pages = workspace / "pages"
    pages.mkdir()
    for number in range(1_000):
        query = QUERY | {"$limit": str(page_rows), "$offset": str(number * page_rows)}
        page = pages / f"{number:03d}.csv"
        downloader.fetch(f"{URL}?{urlencode(query)}", page, max_bytes=50_000_000)
        with page.open("rb") as lines:
            if sum(1 for _ in lines) - 1 < page_rows:
                break
    return pages


def convert(original: Path, workspace: Path) -> dict[str, pd.DataFrame]:
    """Sum lines, or pages of sums, per store and day up to the end of 2016."""
    given = sorted(original.iterdir()) if original.is_dir() else [original]
    files = [str(part) for path in given for part in _parts(path, workspace)]
    try:
        with duckdb.connect(config={"temp_directory": str(workspace / "spill")}) as engine:
            return {TABLE: _store_days(engine, files)}
    except duckdb.Error as error:
        problem = "the files are not the published lines, as CSV"
        received = str(error).splitlines()[0]
        raise DataRefused(problem, received=received, hint="it is not the published file") from None


def _parts(path: Path, workspace: Path) -> list[Path]:
    if not zipfile.is_zipfile(path):
        return [path]
    into = workspace / f"{path.stem}-parts"
    into.mkdir()
    return extract(path, "*.csv", into, max_bytes=_EXPANDED)


def _store_days(engine: duckdb.DuckDBPyConnection, files: list[str]) -> pd.DataFrame:
    # Every field as text: store numbers are names. Latin-1 reads any byte; what we take is ASCII.
    source = "read_csv($files, all_varchar = true, union_by_name = true, encoding = 'latin-1')"
    given = {"files": files}
    header = engine.execute(f"DESCRIBE SELECT * FROM {source}", given).fetchall()  # noqa: S608
    known = {str(row[0]) for row in header}
    store, date, bottles, sales = (_column(known, what) for what in NAMES)
    lines = "CAST(lines AS BIGINT)" if "lines" in known else "1"
    query = f"""
        SELECT "Store Number", date,
            CAST(sum(lines) AS BIGINT) AS lines,
            CAST(sum(bottles) AS BIGINT) AS bottles,
            CAST(sum(sales) AS DOUBLE) AS sales
        FROM (
            SELECT {store} AS "Store Number",
                strptime({date}, $times) AS date,
                {lines} AS lines,
                CAST({bottles} AS DECIMAL(18, 2)) AS bottles,
                CAST(replace(replace({sales}, '$', ''), ',', '') AS DECIMAL(18, 2)) AS sales
            FROM {source}
        )
        WHERE date >= TIMESTAMP '2012-01-01' AND date < TIMESTAMP '2017-01-01'
        GROUP BY ALL
        ORDER BY "Store Number", date
    """  # noqa: S608 - made of the names above only
    return engine.execute(query, given | {"times": TIMES}).df()


def _column(known: set[str], what: str) -> str:
    found = [f'"{name}"' for name in NAMES[what] if name in known]
    if not found:
        problem = f"the files have no column for {what}"
        hint = f"one of {', '.join(NAMES[what])}"
        raise DataRefused(problem, received=", ".join(sorted(known)[:12]), hint=hint)
    return f"coalesce({', '.join(found)})"


IOWA_LIQUOR = PublicSet(
    name="iowa_liquor",
    title="Iowa liquor sales per store and day, 2012 to 2016, State of Iowa",
    licence="open data of the State of Iowa; CC BY 4.0 on its new portal, else not verified",
    page="https://data.iowa.gov (Iowa Liquor Sales)",
    fetch=partial(fetch, page_rows=50_000),
    convert=convert,
    expected={
        TABLE: Expected(
            columns=("Store Number", "date", "lines", "bottles", "sales"),
            rows=244_644,
            accounts=("Store Number", 1_752),
            period=("date", "2012-01-03", "2016-12-30"),
            total=("sales", 1_367_670_981.44),
            tolerance=0.01,  # the State corrects old invoices now and then
        )
    },
)
