"""Values are read by the declared forms only, exactly, and never guessed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.settings import TableSection
from valuemodel.tables.parsing import as_flag, as_number, as_text, as_time


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


ENGINE = ibis.duckdb.connect()
ENGINE.raw_sql("SET TimeZone = 'UTC'")
MONEY = "decimal(18, 4)"


def section(**values):
    return TableSection.model_validate({"source": "t.csv"} | values)


def read(parsed_of, values, kind=None):
    """Return what a parser makes of a column: one dict per row."""
    table = ibis.memtable(pa.table({"x": pa.array(values, type=kind)}))
    parsed = parsed_of(table.x)
    shown = table.select(
        value=parsed.value,
        missing=parsed.missing,
        unreadable=parsed.unreadable,
        impossible=parsed.impossible,
        **parsed.repairs,
    )
    return ENGINE.to_pyarrow(shown).to_pylist()


@given(
    st.lists(
        st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False), min_size=50
    )
)
@settings(max_examples=8, deadline=None, derandomize=True)
def test_money_is_read_from_text_to_the_last_digit(amounts):
    texts = [f"{amount:f}" for amount in amounts]
    rows = read(lambda column: as_number(column, section(), to=MONEY), texts)
    assert [row["value"] for row in rows] == amounts


@given(st.lists(st.text(max_size=8), min_size=50, max_size=200))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_any_text_is_a_number_or_said_to_be_none(texts):
    """Exactly one of: a value, missing, unreadable, impossible."""
    texts = [text.replace("\x00", "") for text in texts]
    for row in read(lambda column: as_number(column, section(thousands=","), to=MONEY), texts):
        states = [row["value"] is not None, row["missing"], row["unreadable"], row["impossible"]]
        assert states.count(True) == 1


def test_a_number_in_floats_keeps_what_four_decimals_hold():
    rows = read(
        lambda column: as_number(column, section(), to=MONEY),
        [0.1 + 0.2, 2.675, None, float("nan"), 1.23456],
        pa.float64(),
    )
    assert [row["value"] for row in rows] == [
        Decimal("0.3000"), Decimal("2.6750"), None, None, Decimal("1.2346"),
    ]  # fmt: skip
    assert [row["missing"] for row in rows] == [False, False, True, False, False]
    assert [row["impossible"] for row in rows] == [False, False, False, True, False]
    assert [row["rounded_to_4_decimals"] for row in rows][-1] is True


def test_only_the_declared_sign_of_money_is_taken():
    rows = read(
        lambda column: as_number(column, section(), currency="GBP", to=MONEY),
        ["£5", "€5", "$5", "GBP 5", "5 USD"],
    )
    assert [row["value"] for row in rows] == [Decimal(5), None, None, Decimal(5), None]


def test_texts_stay_byte_for_byte_and_only_declared_nulls_are_null():
    values = ["007", "1e5", "NA", "None", "null", " a ", "", "12345678901234567890"]
    table = ibis.memtable(pa.table({"x": values}))
    found = ENGINE.to_pyarrow(table.select(x=as_text(table.x, [""])))["x"].to_pylist()
    assert found == ["007", "1e5", "NA", "None", "null", " a ", None, "12345678901234567890"]
    found = ENGINE.to_pyarrow(table.select(x=as_text(table.x, ["NA"])))["x"].to_pylist()
    assert found == ["007", "1e5", None, "None", "null", " a ", "", "12345678901234567890"]


def test_whole_floats_lose_their_point_zero():
    table = ibis.memtable(pa.table({"x": [13085.0, float("nan"), None, -2.0]}))
    found = ENGINE.to_pyarrow(table.select(x=as_text(table.x, [""])))["x"].to_pylist()
    assert found == ["13085", None, None, "-2"]


@pytest.mark.parametrize(
    ("written", "read_as"),
    {
        "2024-05-06": at("2024-05-06"),
        "2024-05-06 07:08": at("2024-05-06 07:08"),
        "2024-05-06T07:08:09": at("2024-05-06 07:08:09"),
        "2024-05-06 07:08:09.25": at("2024-05-06 07:08:09.250000"),
        "2024-05-06T07:08:09Z": at("2024-05-06 09:08:09"),
        "2024-05-06T07:08+02:00": at("2024-05-06 07:08"),
        "2024-05-06 07:08:09-0530": at("2024-05-06 14:38:09"),
        "2024-12-06T07:08:09Z": at("2024-12-06 08:08:09"),
        "06/05/2024": None,
        "2024-5-6": None,
        "2024-05-06 7:08": None,
        " 2024-05-06": None,
        "2024-05-06x": None,
        "2024-W19": None,
    }.items(),
)
def test_without_a_declared_form_times_are_iso(written, read_as):
    row = read(lambda column: as_time(column, section(), "Europe/Berlin"), [written])[0]
    assert row["value"] == read_as
    assert row["unreadable"] == (read_as is None)


def test_a_declared_form_is_the_only_one():
    declared = section(time_format="%d.%m.%Y %H:%M")
    rows = read(
        lambda column: as_time(column, declared, "UTC"),
        ["03.04.2024 05:06", "13.04.2024 05:06", "04.13.2024 05:06", "2024-04-03 05:06", ""],
    )
    assert [row["value"] for row in rows] == [
        at("2024-04-03 05:06"), at("2024-04-13 05:06"), None, None, None,
    ]  # fmt: skip
    assert [row["missing"] for row in rows] == [False] * 4 + [True]


def test_a_declared_form_may_carry_an_offset():
    declared = section(time_format="%Y-%m-%d %H:%M:%S %z")
    row = read(
        lambda column: as_time(column, declared, "Europe/London"), ["2024-07-01 12:00:00 +0200"]
    )[0]
    assert row["value"] == at("2024-07-01 11:00")


@given(st.datetimes(min_value=at("1995-01-01"), max_value=at("2035-01-01")))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_zones_are_converted_as_the_standard_library_does(local):
    """The engine and Python agree on every instant, folds taken as the later one."""
    local = local.replace(microsecond=0, fold=1)
    source, target = "America/New_York", "Europe/London"
    declared = section(timezone=source)
    row = read(lambda column: as_time(column, declared, target), [f"{local:%Y-%m-%d %H:%M:%S}"])[0]
    aware = local.replace(tzinfo=ZoneInfo(source))
    gap = aware.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(source)).replace(
        tzinfo=None
    ) != local.replace(fold=0)
    if not gap:
        expected = aware.astimezone(ZoneInfo(target)).replace(tzinfo=None)
        assert row["value"] == expected.replace(fold=0)
    assert row["time_in_dst_gap"] == gap


def test_gaps_and_overlaps_are_counted_as_repairs():
    declared = section(timezone="Europe/London")
    rows = read(
        lambda column: as_time(column, declared, "UTC"),
        ["2024-03-31 01:30:00", "2024-10-27 01:30:00", "2024-06-01 01:30:00"],
    )
    assert [row["time_in_dst_gap"] for row in rows] == [True, False, False]
    assert [row["time_in_dst_overlap"] for row in rows] == [False, True, False]
    assert [row["value"] for row in rows] == [
        at("2024-03-31 01:30"), at("2024-10-27 01:30"), at("2024-06-01 00:30"),
    ]  # fmt: skip


def test_typed_times_are_taken_as_they_are():
    aware = pa.timestamp("us", tz="UTC")
    zone = "Asia/Tokyo"
    noon = at("2024-01-01 12:00")
    assert read(lambda c: as_time(c, section(), zone), [noon], pa.timestamp("ns"))[0][
        "value"
    ] == at("2024-01-01 12:00")
    assert read(lambda c: as_time(c, section(), zone), [noon], aware)[0]["value"] == at(
        "2024-01-01 21:00"
    )
    assert read(lambda c: as_time(c, section(), zone), [date(2024, 1, 1)], pa.date32())[0][
        "value"
    ] == at("2024-01-01")


def test_flags_are_the_usual_words_and_nothing_else():
    rows = read(lambda column: as_flag(column, section()), ["true", "No", "1", "", "maybe"])
    assert [row["value"] for row in rows] == [True, False, True, None, None]
    assert [row["unreadable"] for row in rows] == [False] * 4 + [True]
