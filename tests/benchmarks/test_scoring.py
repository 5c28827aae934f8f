"""Scoring prepared accounts costs little more than the raw LightGBM predictions it contains.

Small by default; ``VALUEMODEL_BENCHMARK=full`` scores a million accounts. Both sides run in turns in one
process on the same rows and threads, so their ratio means something on a busy machine too.
"""

from __future__ import annotations

import os
from time import perf_counter

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.account_model import AccountModel, fit_account_model
from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.periods import Cutoff, Horizon

FULL = os.environ.get("VALUEMODEL_BENCHMARK") == "full"
ACCOUNTS = 1_000_000 if FULL else 50_000
FEATURES, ROUNDS, THREADS, TURNS = 40, 80, 2, 3
LARGEST_RATIO = 2.0


class Book:
    """Many accounts with forty features, one of them a category."""

    def __init__(self, accounts: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        numbers = rng.lognormal(3.0, 1.0, (accounts, FEATURES - 1))
        names = ["past_value_3m", "past_value_6m", "recency_days"]
        names += [f"feature_{i}" for i in range(FEATURES - 1 - len(names))]
        self.X = pd.DataFrame(numbers, columns=names)
        self.X["region"] = pd.Series(rng.choice(["N", "S", "E", "W"], accounts), dtype="str")
        silent = rng.random(accounts) < np.clip(self.X["recency_days"] / 60.0, 0.05, 0.9)
        value = np.where(silent, 0.0, self.X["past_value_3m"] * rng.lognormal(0, 0.5, accounts))
        self.y = pd.DataFrame({"value_3m": value, "value_6m": 2 * value})
        self.y["churn_3m"] = self.y["churn_6m"] = silent.astype(float)
        self.keys = pd.DataFrame({"cutoff": pd.Timestamp("2020-01-01")}, index=self.X.index)


def train() -> AccountModel:
    trees = {"rounds": ROUNDS}
    known = recipes(
        Definition.parse({"estimator": "past_value"}),
        Definition.parse({"estimator": "future_value", "trees": trees}),
        Definition.parse({"estimator": "churn_risk", "trees": trees}),
    )
    lengths = [Horizon.parse("3 months"), Horizon.parse("6 months")]
    return fit_account_model(
        known["lightgbm"],
        Book(20_000, 0),
        horizons=lengths,
        tier_horizon=lengths[-1],
        as_of=Cutoff.parse("2021-01-01"),
        n_jobs=THREADS,
    )


def boosters_of(model: AccountModel) -> list[lgb.Booster]:
    """All trees that a prediction runs through, whichever estimator they belong to."""
    texts = model.to_state()["texts"]
    return [lgb.Booster(model_str=text) for text in texts.values()]


@pytest.mark.slow
def test_scoring_takes_at_most_twice_the_raw_predictions(benchmark):
    model = train()
    X = Book(ACCOUNTS, 1).X
    matrix = model.estimators["value"].encoder_.transform(X)
    boosters = boosters_of(model)
    whole, raw = [], []

    def both() -> None:
        started = perf_counter()
        model.predict(X)
        whole.append(perf_counter() - started)
        started = perf_counter()
        for booster in boosters:
            booster.predict(matrix, raw_score=True, num_threads=THREADS)
        raw.append(perf_counter() - started)

    benchmark.pedantic(both, rounds=TURNS, iterations=1, warmup_rounds=1)
    ratio = float(np.median(np.array(whole) / np.array(raw)))
    benchmark.extra_info.update(
        accounts=ACCOUNTS, boosters=len(boosters), ratio=round(ratio, 2), raw_s=round(min(raw), 2)
    )
    assert ratio < LARGEST_RATIO, f"{ratio:.2f} times the raw predictions"
