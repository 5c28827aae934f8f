"""What the values of a policy may look like."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from valuemodel.tiers.policy.kinds import Day, Days, Fraction, Label, Money, Share, Weight, Words

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (Share, [1e-9, 0.5, 1.0]),
        (Fraction, [0.0, 0.5, 1.0]),
        (Weight, [0.0, 1_000.0]),
        (Money, [0.0, 1e15]),
        (Label, ["A", "high touch", "B+", "1st.", "Gold-2", "ｺﾞｰﾙﾄﾞ", "x" * 32]),
        (Words, ["x", "y" * 400]),
        (Days, [1, 3_660]),
        (Day, [date(2026, 9, 1), "2026-09-01"]),
    ],
)
def test_what_can_be_meant_is_taken(kind: Any, taken: list[Any]) -> None:
    adapter = TypeAdapter(kind)
    shown = [str(adapter.validate_python(one, strict=True)) for one in taken]
    assert shown == [str(one) for one in taken]


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        (Share, [0.0, -0.1, 1.000001, NAN, INF, "0.5"]),
        (Fraction, [-1e-9, 1.000001, NAN, INF]),
        (Weight, [-1.0, 1_000.1, NAN, INF]),
        (Money, [-0.01, NAN, INF, "5"]),
        (Label, ["", " A", "-A", "a/b", "../x", "a\nb", "A\n", "<b>", 'a"b', "a,b", "x" * 33, 7]),
        (Words, ["", "x" * 401]),
        (Days, [0, -1, 3_661, 1.5]),
        (Day, ["", "soon", "2026-13-01", datetime(2026, 9, 1, 5, tzinfo=UTC), 20260901]),
    ],
)
def test_what_cannot_be_meant_is_refused(kind: Any, refused: list[Any]) -> None:
    adapter = TypeAdapter(kind)
    for one in refused:
        with pytest.raises(ValidationError):
            adapter.validate_python(one, strict=True)
