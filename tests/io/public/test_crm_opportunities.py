"""The four files of the zip become tables, with every spelling and every gap as published."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.crm_opportunities import CRM_OPPORTUNITIES, KINDS
from valuemodel.io.public.registry import provide

PATH = "/CRM+Sales+Opportunities/CRM+Sales+Opportunities.zip"
FILES = {
    "sales_pipeline.csv": "opportunity_id,sales_agent,product,account,deal_stage,engage_date,"
    "close_date,close_value\n"
    "Z063OYW0,Darcel Schlecht,GTXPro,Isdom,Won,2016-10-25,2017-03-11,4514\n"
    "EI4ZC3R8,Anna Snelling,MG Special,Isdom,Lost,2016-12-01,2017-12-31,0\n"
    "HAXMC4IX,James Ascencio,MG Advanced,,Engaging,2016-11-03,,\n"
    "UP409DSB,Maureen Marcano,MG Advanced,Ganjaflex,Prospecting,,,\n",
    "accounts.csv": "account,sector,year_established,revenue,employees,office_location,"
    "subsidiary_of\n"
    "Isdom,medical,2002,3178.24,4540,United States,\n"
    "Bluth Company,technolgy,1993,1242.32,3027,Philipines,Acme Corporation\n",
    "products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\nGTK 500,GTK,26768\n",
    "sales_teams.csv": "sales_agent,manager,regional_office\n"
    "Anna Snelling,Dustin Brinkmann,Central\nWilburn Farren,Rocco Neubert,East\n",
}
ROWS = {"sales_pipeline": 4, "accounts": 2, "products": 2, "sales_teams": 2}
SMALL = replace(
    CRM_OPPORTUNITIES,
    expected={
        path: replace(table, rows=rows, accounts=None, total=None, period=None)
        for (path, table), rows in zip(
            CRM_OPPORTUNITIES.expected.items(), ROWS.values(), strict=True
        )
    },
)


@pytest.fixture
def archive(zipped):
    beside = {"data_dictionary.csv": b"Table,Field\n", "__MACOSX/._accounts.csv": b"\x00"}
    return zipped({name: text.encode() for name, text in FILES.items()} | beside)


def test_the_zip_becomes_the_tables(site, said, archive, tmp_path):
    site.has(PATH, archive)
    paths = provide(SMALL, tmp_path, report=said.append, base_url=site.url)
    assert [path.stem for path in paths] == list(KINDS)
    pipeline, accounts, products, teams = map(pd.read_parquet, paths)
    assert pipeline["close_value"].tolist()[:2] == [4514.0, 0.0]
    assert pipeline["engage_date"].dt.strftime("%Y-%m-%d").tolist()[0] == "2016-10-25"
    assert accounts["employees"].tolist() == [4540, 3027]
    assert products["sales_price"].sum() == 31_589
    assert teams["regional_office"].tolist() == ["Central", "East"]


def test_spellings_and_gaps_stay_as_published(said, archive, tmp_path):
    original = tmp_path / "CRM+Sales+Opportunities.zip"
    original.write_bytes(archive)
    paths = provide(SMALL, tmp_path / "data", report=said.append, original=original)
    pipeline, accounts, *_ = map(pd.read_parquet, paths)
    assert pipeline["product"].tolist()[0] == "GTXPro"
    assert pipeline["account"].isna().tolist() == [False, False, True, False]
    assert pipeline["engage_date"].isna().tolist() == [False, False, False, True]
    assert pipeline["close_date"].isna().tolist() == [False, False, True, True]
    assert accounts["sector"].tolist() == ["medical", "technolgy"]
    assert accounts["office_location"].tolist() == ["United States", "Philipines"]
    assert accounts["subsidiary_of"].isna().tolist() == [True, False]


def test_a_folder_of_the_files_is_taken_and_one_without_them_is_refused(said, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert len(provide(SMALL, tmp_path / "data", report=said.append, original=folder)) == 4
    (folder / "products.csv").unlink()
    with pytest.raises(DataRefused, match=r"no products\.csv") as refused:
        provide(SMALL, tmp_path / "other", report=said.append, original=folder)
    assert "sales_teams.csv" in refused.value.hint
    assert not (tmp_path / "other" / "crm_opportunities").exists()


def test_a_page_in_place_of_the_zip_is_refused(site, said, tmp_path):
    site.has(PATH, b"<html>please sign in</html>")
    with pytest.raises(DataRefused, match=r"no sales_pipeline\.csv"):
        provide(SMALL, tmp_path, report=said.append, base_url=site.url)
    assert not list(tmp_path.iterdir())


def test_other_counts_are_refused_with_the_published_ones(site, said, archive, tmp_path):
    site.has(PATH, archive)
    with pytest.raises(DataRefused) as refused:
        provide(CRM_OPPORTUNITIES, tmp_path, report=said.append, base_url=site.url)
    assert any("rows: 4, published 8,800" in line for line in refused.value.details)
    assert any("sum of close_value: 4,514.0" in line for line in refused.value.details)


@pytest.mark.real_data
def test_the_layout_is_that_of_the_data_folder(real_data):
    for path, expected in CRM_OPPORTUNITIES.expected.items():
        assert expected.differences(pd.read_parquet(real_data / path)) == []


@pytest.mark.real_data
def test_published_rows_in_the_form_of_the_zip_pass(real_data, site, said, zipped, tmp_path):
    tables = {path: pd.read_parquet(real_data / path) for path in CRM_OPPORTUNITIES.expected}
    files = {
        f"{name}.csv": table.to_csv(index=False).encode()
        for name, table in zip(KINDS, tables.values(), strict=True)
    }
    site.has(PATH, zipped(files))
    written = provide(CRM_OPPORTUNITIES, tmp_path, report=said.append, base_url=site.url)
    for path, table in zip(written, tables.values(), strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(path), table, check_dtype=False)
