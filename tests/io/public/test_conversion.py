"""Cells become typed columns without losing a digit, or the column is named."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.conversion import read_csv, typed


def test_ids_stay_as_they_are_written(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,name\n007,NA\n1e5,"a, b"\n,None\n', encoding="utf-8")
    found = typed(read_csv(path), {"id": "text", "name": "text"})
    assert found["id"].tolist()[:2] == ["007", "1e5"]
    assert found["id"].isna().tolist() == [False, False, True]
    assert found["name"].tolist() == ["NA", "a, b", "None"]


def test_cells_of_a_workbook_keep_their_kind():
    cells = pd.DataFrame(
        {
            "code": [85048, "79323P"],
            "customer": [13085, ""],
            "at": [datetime.fromisoformat("2009-12-01 07:45")] * 2,
        },
        dtype=object,
    )
    found = typed(cells, {"code": "text", "customer": "integer", "at": "time"})
    assert found["code"].tolist() == ["85048", "79323P"]
    assert found["customer"].tolist() == [13085, pd.NA]
    assert found["at"].tolist() == [pd.Timestamp("2009-12-01 07:45")] * 2
    assert str(found["at"].dtype) == "datetime64[us]"


def test_dates_are_read_in_the_declared_order_only():
    days = pd.DataFrame({"day": ["11/8/2018", "1/31/2019"]})
    found = typed(days, {"day": "time"}, time_format="%m/%d/%Y")["day"]
    assert [day.date().isoformat() for day in found] == ["2018-11-08", "2019-01-31"]
    with pytest.raises(DataRefused, match="day of the original is not time"):
        typed(days, {"day": "time"}, time_format="%d/%m/%Y")


@pytest.mark.parametrize(("kind", "value"), [("number", "12,5"), ("integer", "1.5")])
def test_another_kind_of_value_is_refused(kind, value):
    with pytest.raises(DataRefused, match=f"paid of the original is not {kind}"):
        typed(pd.DataFrame({"paid": ["3", value]}), {"paid": kind})


def test_missing_columns_are_named():
    with pytest.raises(DataRefused, match="lacks the columns paid") as caught:
        typed(pd.DataFrame({"id": ["1"], "Paid": ["2"]}), {"id": "text", "paid": "number"})
    assert "Paid" in caught.value.received


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_names_are_read_in_the_encodings_of_the_originals(encoding, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,city\n1,M\u00fcnchen\n", encoding=encoding)
    assert typed(read_csv(path), {"id": "text", "city": "text"})["city"].tolist() == [
        "M\u00fcnchen"
    ]


@pytest.mark.parametrize("content", [b"", b"id\n\xff\x81\n", b"id\n1\n2,3,4\n"])
def test_what_is_no_csv_is_refused(content, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataRefused, match=r"a\.csv is not the published CSV file"):
        read_csv(path)
