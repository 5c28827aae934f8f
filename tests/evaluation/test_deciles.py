"""Tenths are cut within each fold, and say what came and what past value would have found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.deciles import DECILE_COLUMNS, decile_comparison


def backtest(accounts: int, folds: int) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    parts = []
    for fold in range(folds):
        truth = draw.lognormal(3 + fold, 1, accounts)
        for model, noise in (("lightgbm", 0.1), ("past_value", 1.5)):
            predicted = truth * draw.lognormal(0, noise, accounts)
            rows = {"y_true": truth, "y_pred": predicted}
            parts.append(
                pd.DataFrame(rows).assign(fold=fold, model=model, target="value", horizon="6m")
            )
    return pd.concat(parts, ignore_index=True)


def test_money_is_conserved_and_a_better_order_finds_more_of_it_first():
    table = backtest(accounts=205, folds=3)
    found = decile_comparison(table, model="lightgbm", baseline="past_value", horizon="6m")
    assert list(found.columns) == list(DECILE_COLUMNS)
    ours = table[table["model"] == "lightgbm"]
    assert found["accounts"].sum() == len(ours)
    assert (found["accounts"] * found["actual"]).sum() == pytest.approx(ours["y_true"].sum())
    assert (found["accounts"] * found["predicted"]).sum() == pytest.approx(ours["y_pred"].sum())
    assert (found["accounts"] * found["by_baseline"]).sum() == pytest.approx(ours["y_true"].sum())
    assert found["actual"].iloc[0] > found["by_baseline"].iloc[0]
    assert found["accounts"].max() - found["accounts"].min() <= 3


def test_nothing_judged_gives_an_empty_table():
    found = decile_comparison(
        backtest(20, 1), model="lightgbm", baseline="past_value", horizon="9y"
    )
    assert found.empty
    assert list(found.columns) == list(DECILE_COLUMNS)
