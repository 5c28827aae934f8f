"""Pages of sums, and lines of any portal, become one row per store and day."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.iowa_liquor import IOWA_LIQUOR, TABLE, fetch
from valuemodel.io.public.registry import provide
from valuemodel.io.public.specification import Expected

COLUMNS = ("Store Number", "date", "lines", "bottles", "sales")
SMALL = replace(
    IOWA_LIQUOR,
    fetch=partial(fetch, page_rows=2),
    expected={TABLE: Expected(COLUMNS, 3, total=("sales", 16_081.03))},
)
HEADER = '"store","date","lines","bottles","sales"\n'
ROWS = [
    '"0106","2012-01-05T00:00:00.000","73","1099","15631.03"\n',
    '"2106","2012-01-05T00:00:00.000","1","6","50"\n',
    '"2106","2016-12-30T00:00:00.000","2","9","400.00"\n',
]
EXPORT = """Invoice/Item Number,Date,Store Number,City,Bottles Sold,Sale (Dollars)
S1,01/05/2012,0106,DUBUQUE,1099,"$15,631.03"
S2,01/05/2012,2106,CEDAR FALLS,6,$50.00
S3,12/30/2016,2106,CEDAR FALLS,4,$300.00
S4,12/30/2016,2106,CEDAR FALLS,5,$100.00
S5,01/02/2017,2106,CEDAR FALLS,5,$100.00
"""


def read(paths):
    return pd.read_parquet(paths[0])


@pytest.fixture
def service(site):
    """A Socrata service of three rows, two to a page."""

    def respond(handler):
        offset = int(handler.path.partition("%24offset=")[2])
        body = (HEADER + "".join(ROWS[offset : offset + 2])).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    site.pages["/resource/m3tr-qhgy.csv"] = respond
    return site


def test_the_pages_become_the_table(service, said, tmp_path):
    found = read(provide(SMALL, tmp_path, report=said.append, base_url=service.url))
    assert found["Store Number"].tolist() == ["0106", "2106", "2106"]
    assert found["date"].dt.strftime("%Y-%m-%d").tolist() == ["2012-01-05"] * 2 + ["2016-12-30"]
    assert found["lines"].tolist() == [73, 1, 2]
    assert found["bottles"].tolist() == [1099, 6, 9]
    assert found["sales"].tolist() == [15_631.03, 50.0, 400.0]


def test_the_service_is_asked_for_sums_in_a_stable_order(service, said, tmp_path):
    provide(SMALL, tmp_path, report=said.append, base_url=service.url)
    assert len(service.asked) == 2
    for number, asked in enumerate(service.asked):
        assert "sum(sale_dollars) as sales" in asked
        assert "$group=store,date&$order=store,date" in asked
        assert asked.endswith(f"$limit=2&$offset={2 * number}")


def test_a_page_that_is_missing_leaves_nothing(service, said, tmp_path):
    first = service.pages["/resource/m3tr-qhgy.csv"]

    def once(handler):
        service.pages.clear()
        first(handler)

    service.pages["/resource/m3tr-qhgy.csv"] = once
    with pytest.raises(Exception, match="404"):
        provide(SMALL, tmp_path, report=said.append, base_url=service.url)
    assert not list(tmp_path.iterdir())


def test_an_export_of_lines_gives_the_same_but_for_how_lines_count(said, tmp_path):
    original = tmp_path / "Iowa_Liquor_Sales.csv"
    original.write_text(EXPORT, encoding="utf-8")
    found = read(provide(SMALL, tmp_path / "data", report=said.append, original=original))
    assert found["sales"].tolist() == [15_631.03, 50.0, 400.0]
    assert found["lines"].tolist() == [1, 1, 2]


def test_a_folder_of_zipped_years_of_the_new_portal_is_taken(said, zipped, tmp_path):
    header = "invoice_id,ordered_on,store_no,store_name,sales_bottles,sales_dollars\n"
    folder = tmp_path / "years"
    folder.mkdir()
    first = [
        header + "S1,2012-01-05,0106,CAF\u00c9,1099,15631.03\n",
        header + "S2,2012-01-05,2106,B,6,50\n",
    ]
    parts = {f"rows_part_{n}.csv": part.encode("latin-1") for n, part in enumerate(first)}
    (folder / "2012.zip").write_bytes(zipped(parts))
    last = (header + "S3,2016-12-30,2106,B,9,400\n").encode()
    (folder / "2016.zip").write_bytes(zipped({"rows_part_0.csv": last}))
    found = read(provide(SMALL, tmp_path / "data", report=said.append, original=folder))
    assert found["sales"].tolist() == [15_631.03, 50.0, 400.0]


@pytest.mark.parametrize(
    ("content", "said_so"),
    [
        (b"<html><body>moved</body></html>\n", "no column for store"),
        (EXPORT.replace("$50.00", "fifty").encode(), "not the published lines"),
        (EXPORT.replace("01/05/2012", "5.1.2012").encode(), "not the published lines"),
        (EXPORT.replace("$50.00", "$51.00").encode(), "sum of sales: 16,082.03"),
    ],
)
def test_other_content_is_refused(content, said_so, said, tmp_path):
    original = tmp_path / "lines.csv"
    original.write_bytes(content)
    with pytest.raises(DataRefused, match=said_so):
        provide(SMALL, tmp_path / "data", report=said.append, original=original)
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.real_data
def test_published_rows_pass(real_data, said, tmp_path):
    rows = pd.read_parquet(real_data / TABLE)[list(COLUMNS)]
    original = tmp_path / "pages.csv"
    days = rows["date"].dt.strftime("%Y-%m-%dT00:00:00.000")
    rows.assign(store=rows["Store Number"], date=days).drop(columns="Store Number").to_csv(
        original, index=False
    )
    (table,) = provide(IOWA_LIQUOR, tmp_path / "data", report=said.append, original=original)
    ordered = rows.sort_values(["Store Number", "date"], ignore_index=True)
    pd.testing.assert_frame_equal(pd.read_parquet(table), ordered, check_dtype=False)
