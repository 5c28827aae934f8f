"""The CDNOW text is read by its columns, and only when it is the published one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.cdnow import CDNOW, TABLE, convert
from valuemodel.io.public.registry import provide
from valuemodel.io.public.specification import Expected

TEXT = (
    b" 00001 19970101  1   11.77\r\n"
    b" 00002 19970112  1   12.00\r\n"
    b" 00002 19970112 99 1286.01\r\n"
    b" 23570 19980630  5    0.00\r\n"
)
SMALL = replace(
    CDNOW,
    convert=partial(convert, sha256=hashlib.sha256(TEXT).hexdigest()),
    expected={
        TABLE: Expected(
            ("customer_id", "date", "number_of_cds", "dollar_value"),
            4,
            total=("dollar_value", 1309.78),
        )
    },
)
PATH = "/datasets/CDNOW_master.zip"


def test_the_zip_becomes_the_table(site, said, zipped, tmp_path):
    site.has(PATH, zipped({"CDNOW_master.txt": TEXT, "read_me_CDNOW_master.txt": b"about"}))
    (table,) = provide(SMALL, tmp_path, report=said.append, base_url=site.url)
    assert table == tmp_path / TABLE
    found = pd.read_parquet(table)
    assert found["customer_id"].tolist() == [1, 2, 2, 23570]
    assert found["number_of_cds"].tolist() == [1, 1, 99, 5]
    assert found["dollar_value"].tolist() == [11.77, 12.0, 1286.01, 0.0]
    assert found["date"].max() == pd.Timestamp("1998-06-30")


def test_the_bare_text_is_taken_too(said, tmp_path):
    original = tmp_path / "CDNOW_master.txt"
    original.write_bytes(TEXT)
    assert provide(SMALL, tmp_path / "data", report=said.append, original=original)


@pytest.mark.parametrize("damage", [TEXT.replace(b"\r\n", b"\n"), TEXT[:-1], b"<html></html>"])
def test_another_text_is_refused(damage, site, said, zipped, tmp_path):
    site.has(PATH, zipped({"CDNOW_master.txt": damage}))
    with pytest.raises(DataRefused, match="not the published CDNOW_master"):
        provide(SMALL, tmp_path, report=said.append, base_url=site.url)
    assert not list(tmp_path.iterdir())


@pytest.mark.real_data
def test_the_published_rows_in_the_published_form_have_the_published_digest(
    real_data, site, said, zipped, tmp_path
):
    rows = pd.read_parquet(real_data / TABLE)
    lines = (
        f" {row.customer_id:05d} {row.date:%Y%m%d} {row.number_of_cds:>2} {row.dollar_value:>7.2f}\r\n"
        for row in rows.itertuples()
    )
    site.has(PATH, zipped({"CDNOW_master.txt": "".join(lines).encode()}))
    (table,) = provide(CDNOW, tmp_path, report=said.append, base_url=site.url)
    pd.testing.assert_frame_equal(pd.read_parquet(table), rows, check_dtype=False)
