"""The course files become the tables of the source database."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused, OutOfReach
from valuemodel.io.public.adventureworks import ADVENTUREWORKS, FOLDER, NAMES, URLS
from valuemodel.io.public.registry import provide

FILES = {
    "Sales.csv": '"SalesOrderNumber","OrderDate","ProductKey","ResellerKey","EmployeeKey",'
    '"SalesTerritoryKey","Quantity","Unit Price","Sales","Cost"\n'
    '"SO43659","7/1/2017 12:00:00 AM","349","676","285","5","3","2024.99","6074.97","5694.2700"\n'
    '"SO69565","5/31/2020 12:00:00 AM","210","8","285","5","1","4.77","4.77","2.9700"\n',
    "Reseller.csv": '"ResellerKey","Business Type","Reseller","City","State-Province",'
    '"Country-Region"\n"676","Warehouse","Consolidated Messenger","München","Hessen","Germany"\n'
    '"8","Value Added Reseller","Bikes, etc.","Miami","Florida","United States"\n',
    "Product.csv": '"ProductKey","Product","Standard Cost","Color","Subcategory","Category"\n'
    '"210","HL Road Frame - Black, 58","868.6300","Black","Road Frames","Components"\n'
    '"349","Mountain-100 Black, 42","1898.0900","NA","Mountain Bikes","Bikes"\n',
}


def expect_two_rows(public):
    expected = {
        path: replace(table, rows=2, accounts=None, total=None)
        for path, table in public.expected.items()
    }
    return replace(public, expected=expected)


SMALL = expect_two_rows(ADVENTUREWORKS)


@pytest.fixture
def course(site):
    for name, url in URLS.items():
        site.has(urlsplit(url).path, FILES[name].encode())
    return site


def test_the_files_become_the_tables(course, said, tmp_path):
    paths = provide(SMALL, tmp_path, report=said.append, base_url=course.url)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == list(SMALL.expected)
    sales, resellers, products = map(pd.read_parquet, paths)
    assert sales["OrderDate"].dt.strftime("%Y-%m-%d").tolist() == ["2017-07-01", "2020-05-31"]
    assert sales["SalesAmount"].tolist() == [6074.97, 4.77]
    assert sales["TotalProductCost"].tolist() == [5694.27, 2.97]
    assert sales["StandardCost"].tolist() == [1898.09, 868.63]
    assert resellers["ResellerName"].tolist() == ["Bikes, etc.", "Consolidated Messenger"]
    assert resellers["City"].tolist() == ["Miami", "München"]
    assert products["Color"].tolist() == ["Black", "NA"]


def test_a_file_that_is_gone_leaves_nothing(course, said, tmp_path):
    course.pages.pop(urlsplit(URLS["Product.csv"]).path)
    with pytest.raises(OutOfReach, match="404"):
        provide(SMALL, tmp_path, report=said.append, base_url=course.url)
    assert not list(tmp_path.iterdir())


def test_a_folder_and_a_zip_of_the_files_are_taken(said, zipped, tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert len(provide(SMALL, tmp_path / "a", report=said.append, original=folder)) == 3
    archive = tmp_path / "course.zip"
    archive.write_bytes(
        zipped({f"Resources/{name}": text.encode() for name, text in FILES.items()})
    )
    assert len(provide(SMALL, tmp_path / "b", report=said.append, original=archive)) == 3


def test_a_folder_without_one_of_them_is_refused(said, tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "Sales.csv").write_text(FILES["Sales.csv"], encoding="utf-8")
    with pytest.raises(DataRefused, match=r"no Reseller\.csv"):
        provide(SMALL, tmp_path / "data", report=said.append, original=folder)


@pytest.mark.real_data
def test_the_layout_is_that_of_the_data_folder(real_data):
    for path, expected in ADVENTUREWORKS.expected.items():
        assert expected.differences(pd.read_parquet(real_data / path)) == []
    assert all(path.startswith(FOLDER) for path in ADVENTUREWORKS.expected)


@pytest.mark.real_data
def test_published_rows_in_the_form_of_the_course_pass(real_data, said, tmp_path):
    course = {new: old for old, new in NAMES.items()}
    originals = zip(URLS, ADVENTUREWORKS.expected, strict=True)
    tables = {name: pd.read_parquet(real_data / path) for name, path in originals}
    sales = tables["Sales.csv"]
    dates = sales["OrderDate"].map(lambda day: f"{day.month}/{day.day}/{day.year} 12:00:00 AM")
    costs = sales["TotalProductCost"].fillna(sales["StandardCost"] * sales["OrderQuantity"])
    tables["Sales.csv"] = sales.assign(OrderDate=dates, TotalProductCost=costs).drop(
        columns="StandardCost"
    )
    for name, table in tables.items():
        table.rename(columns=course).to_csv(tmp_path / name, index=False)
    written = provide(ADVENTUREWORKS, tmp_path / "data", report=said.append, original=tmp_path)
    found = pd.read_parquet(written[0])
    pd.testing.assert_frame_equal(
        found[sales.columns.drop("TotalProductCost")],
        sales.drop(columns="TotalProductCost"),
        check_dtype=False,
    )
    assert found["TotalProductCost"].notna().all()
