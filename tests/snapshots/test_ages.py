from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from tests.contracts.harness import at
from valuemodel.periods import Cutoff
from valuemodel.snapshots.ages import age_in_days


@pytest.mark.parametrize(
    ("cutoff", "time", "age"),
    [
        ("2021-03-01", "2021-02-28 23:59:59.999999", 1),
        ("2021-03-01", "2021-02-28", 1),
        ("2021-03-01", "2021-02-27 23:59:59.999999", 2),
        ("2020-03-01", "2020-02-28", 2),
        ("2021-03-01 12:00", "2021-03-01 00:00", 1),
        ("2021-03-01 12:00", "2021-02-28 12:00", 1),
        ("2021-03-01 12:00", "2021-02-28 11:59:59.999999", 2),
        ("2021-03-01 00:00:00.000001", "2021-03-01", 1),
        ("2021-03-01", "1969-12-31 10:00", 18_688),
        ("2021-03-01", "2021-03-01", 0),
        ("2021-03-01 12:00", "2021-03-02 11:59", 0),
        ("2021-03-01 12:00", "2021-03-02 12:00", -1),
    ],
)
def test_an_age_counts_days_that_begin_at_the_cutoffs_time_of_day(cutoff, time, age):
    table = ibis.memtable(pa.table({"time": pa.array([at(time)], pa.timestamp("us"))}))
    assert age_in_days(table.time, Cutoff.parse(cutoff)).to_pyarrow().to_pylist() == [age]
