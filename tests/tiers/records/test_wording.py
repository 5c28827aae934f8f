from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.records.wording import NOT_KNOWN, day, missing, number, percent, shown

QUICK = settings(max_examples=50, deadline=None, derandomize=True)


@QUICK
@given(st.text(max_size=40))
def test_nothing_hidden_and_no_markup_is_left_in_text_of_others(text) -> None:
    seen = shown(text)
    kinds = {unicodedata.category(letter) for letter in seen}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    unescaped = seen.replace("\\\\", "")
    for letter in "<>*[]|`":
        assert unescaped.count(letter) == unescaped.count(f"\\{letter}")


def test_a_long_text_is_cut() -> None:
    assert shown("a" * 1_000) == "a" * 399 + "…"


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_what_is_missing_says_so_in_every_form(nothing) -> None:
    assert missing(nothing)
    assert {form(nothing) for form in (shown, number, percent, day)} == {NOT_KNOWN}


def test_figures_are_short() -> None:
    assert [number(value) for value in (0, 12.345, 123_456.7)] == ["0", "12.35", "123,456.7"]
    assert [number(value, 0) for value in (-0.4, 1_500.0, 100.0)] == ["0", "1,500", "100"]
    assert percent(0.12345) == "12.3 %"
    assert day("2026-01-05T23:59:59") == "2026-01-05"
