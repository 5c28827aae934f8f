"""Small synthetic books for the tests of estimators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.account_model import AccountModel, fit_account_model
from valuemodel.estimators.churn_rules import Rule
from valuemodel.estimators.definitions import Definition, Recipe, recipes
from valuemodel.periods import Cutoff, Horizon


@dataclass(frozen=True)
class Book:
    """Features, labels and keys, in the shape of `valuemodel.dataset.Dataset`."""

    X: pd.DataFrame
    y: pd.DataFrame
    keys: pd.DataFrame

    def targets(self, target: str) -> pd.DataFrame:
        """The labels of one target, columns named by horizon as estimators take them."""
        chosen = self.y.filter(like=f"{target}_")
        return chosen.rename(columns=lambda name: name.removeprefix(f"{target}_"))


def make_book(accounts: int = 300, cutoffs: int = 10, seed: int = 0) -> Book:
    """Steady accounts of very different size; most of the long silent ones never come back."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(5.0, 1.5, accounts)
    region = rng.choice(["North", "South", "East"], accounts)
    months = pd.date_range("2020-01-01", periods=cutoffs, freq="MS").as_unit("us")
    features, labels, keys = [], [], []
    for number, cutoff in enumerate(months):
        recency = rng.uniform(0.0, 200.0, accounts)
        silent = rng.random(accounts) < np.where(recency > 100.0, 0.6, 0.05)
        growth = np.where(region == "North", 1.5, 1.0) * rng.lognormal(0.0, 0.2, accounts)
        value = np.where(silent, -1.0 * (recency > 150.0), 3.0 * size * growth)
        past = 3.0 * size * rng.lognormal(0.0, 0.2, accounts)
        complete = number < cutoffs - 3
        features.append(
            {
                "recency_days": recency,
                "tenure_days": rng.uniform(200.0, 900.0, accounts),
                "past_value_3m": past,
                "past_value_6m": 2.0 * past,
                "region": region,
                "orders_90d": np.where(recency > 90.0, np.nan, 3.0),
            }
        )
        labels.append(
            {
                "value_3m": value,
                "value_6m": 2.0 * value if complete else np.full(accounts, np.nan),
                "churn_3m": silent.astype(float),
                "churn_6m": silent.astype(float) if complete else np.full(accounts, np.nan),
            }
        )
        keys.append({"account_id": [f"a{i:04d}" for i in range(accounts)], "cutoff": cutoff})
    joined = [
        pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
        for parts in (features, labels, keys)
    ]
    joined[0]["region"] = joined[0]["region"].astype("str")
    return Book(*joined)


def make_contract_book(
    accounts: int = 400, cutoffs: int = 10, seed: int = 0, rule: str = "both"
) -> Book:
    """Half of the accounts are under contract; contracts with a near renewal and no use lapse."""
    rng = np.random.default_rng(seed)
    book = make_book(accounts, cutoffs, seed)
    rows = len(book.X)
    under = rng.random(rows) < 0.5
    days = np.where(under & (rng.random(rows) < 0.9), rng.integers(0, 365, rows), np.nan)
    use = rng.uniform(0.0, 1.0, rows)
    X = book.X.assign(under_contract=under.astype(float), days_to_renewal=days, active_seats=use)
    leaves = rng.random(rows) < np.where(use < 0.3, 0.6, 0.05)
    y = book.y.copy()
    for label, length in (("3m", 91), ("6m", 182)):
        lapsed = (leaves & (days < length)).astype(float)
        inactive = y[f"churn_{label}"] if rule == "both" else np.nan
        labels = pd.Series(np.where(under, lapsed, inactive))
        y[f"churn_{label}"] = labels.where(y[f"value_{label}"].notna())
    if rule == "contract":
        X = X.drop(columns=["recency_days", "orders_90d"])
    return Book(X, y, book.keys)


RECIPES = recipes(
    Definition.parse({"estimator": "past_value"}),
    Definition.parse({"estimator": "future_value", "trees": {"max_rounds": 80}}),
    Definition.parse({"estimator": "churn_risk", "trees": {"max_rounds": 80}}),
)


def fit(
    book: Book,
    name: str = "lightgbm",
    horizons: tuple[str, ...] = ("3m", "6m"),
    rule: Rule = "inactivity",
) -> AccountModel:
    """Fit a recipe as training does."""
    lengths = [Horizon.parse(label) for label in horizons]
    recipe: Recipe = RECIPES[name]
    until = Cutoff.parse("2021-01-01")
    return fit_account_model(
        recipe,
        book,
        horizons=lengths,
        tier_horizon=lengths[-1],
        as_of=until,
        churn_rule=rule,
        n_jobs=1,
    )


@pytest.fixture(scope="session")
def make():
    """Make a book of a size and seed."""
    return make_book


@pytest.fixture(scope="session")
def make_contracts():
    """Make a book in which half of the accounts are under contract."""
    return make_contract_book


@pytest.fixture(scope="session")
def fitted():
    """Fit an account model by its recipe's name."""
    return fit


@pytest.fixture(scope="session")
def book() -> Book:
    """The book that most tests look at."""
    return make_book()


@pytest.fixture(scope="session")
def later() -> Book:
    """Accounts that were not learned from."""
    return make_book(accounts=500, cutoffs=1, seed=7)


@pytest.fixture(scope="session")
def model(book) -> AccountModel:
    """The LightGBM account model, fitted on the book."""
    return fit(book)
