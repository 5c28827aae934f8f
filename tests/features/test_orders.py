from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from valuemodel.features.orders import growth, ratio, share


def computed(function, *values):
    row = ibis.memtable(pa.table({"one": [1]})).select(
        found=function(*(ibis.literal(value, type="decimal(18, 4)") for value in values))
    )
    return row.to_pyarrow().to_pylist()[0]["found"]


@pytest.mark.parametrize(
    ("function", "part", "whole", "expected"),
    [
        (ratio, 1, 4, 0.25),
        (ratio, 1, -4, -0.25),
        (ratio, 1, 0, None),
        (share, 1, 4, 0.25),
        (share, 1, -4, None),
        (share, 1, 0, None),
        (growth, 3, 1, 0.5),
        (growth, 0, 5, -1.0),
        (growth, -5, 5, -1.0),
        (growth, 0, 0, None),
    ],
)
def test_divisions_are_missing_where_they_mean_nothing(function, part, whole, expected):
    assert computed(function, part, whole) == expected
