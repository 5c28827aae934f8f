"""The table can be pasted anywhere and still says what its marks mean."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from valuemodel.evaluation.standings import SHOWN
from valuemodel.reporting.standings_table import (
    HEADINGS,
    LEGEND,
    MARKS,
    markdown_table,
    text_table,
)


@pytest.fixture
def found() -> pd.DataFrame:
    keys = {"set": "shop", "cutoff": "2020-01-01", "horizon": "6m"}
    rows = [
        ("past_value", "spearman", 0.5, ""),
        ("past_value", "bias", -0.25, ""),
        ("past_value", "auc", math.nan, ""),
        ("ours", "spearman", 0.625, "surely ahead"),
        ("ours", "bias", 0.5, "behind"),
        ("ours", "auc", math.nan, ""),
    ]
    names = ["model", "metric", "figure", "standing"]
    return pd.DataFrame(rows, columns=names).assign(**keys)


def test_every_figure_that_is_compared_has_its_heading():
    assert list(HEADINGS) == [metric for metrics in SHOWN.values() for metric in metrics]


def test_markdown_has_one_row_per_candidate_with_marks_where_they_belong(found):
    lines = markdown_table(found, "ours").splitlines()
    assert lines[0] == ("| set | cutoff | horizon | model | Spearman | bias | churn AUC |")
    assert lines[2] == "| shop | 2020-01-01 | 6m | past_value | 0.500 | -0.250 | - |"
    assert lines[3] == "| shop | 2020-01-01 | 6m | ours | 0.625 ++ | +0.500 - | - |"
    assert lines[-1] == LEGEND.format(challenger="ours")


def test_the_text_says_the_same(found):
    rows = text_table(found).splitlines()
    assert " ".join(rows[2].split()) == "shop 2020-01-01 6m ours 0.625 ++ +0.500 - -"


def test_every_mark_is_explained():
    assert all(f" {mark} " in LEGEND for mark in MARKS.values() if mark)
