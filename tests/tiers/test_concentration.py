from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tiers.concentration import concentration, gini, share_of_top

BOOK = pd.DataFrame(
    {"value": [60.0, 25.0, 10.0, 5.0, -10.0], "past": [10.0, 50.0, 20.0, 20.0, np.nan]}
)


def test_concentration_is_measured_on_past_and_on_predicted_value() -> None:
    table = concentration(BOOK).set_index("value")
    assert table.loc["past", "share_of_top"] == pytest.approx(0.5)
    assert table.loc["predicted", "share_of_top"] == pytest.approx(0.6)
    assert table.loc["predicted", "gini"] > table.loc["past", "gini"]
    assert concentration(BOOK, top=0.4)["share_of_top"].tolist() == pytest.approx([0.7, 0.85])


def test_a_book_without_value_has_none() -> None:
    table = concentration(BOOK.assign(value=0.0, past=-1.0))
    assert table[["share_of_top", "gini"]].isna().all(axis=None)


def test_gini_is_half_the_mean_difference_over_the_mean() -> None:
    values = np.random.default_rng(1).lognormal(1.0, 1.0, 300)
    pairs = np.abs(values[:, None] - values[None, :]).mean() / (2.0 * values.mean())
    assert gini(values) == pytest.approx(pairs)
    assert gini(values * 3.7) == pytest.approx(pairs)
    assert share_of_top(values, 1.0) == pytest.approx(1.0)
