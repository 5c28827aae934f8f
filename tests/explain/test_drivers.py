"""The drivers table: rows add up to the predictions, groups are exact, chunks do not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.dataset import Dataset
from valuemodel.estimators.link import LinkParts, sigmoid
from valuemodel.explain import drivers as module
from valuemodel.explain.drivers import (
    DRIVER_COLUMNS,
    IMPORTANCE_COLUMNS,
    explain_accounts,
)
from valuemodel.features.catalog import Feature

ACCOUNTS, FEATURES = 60, 14


class LinearScores:
    """Two heads whose scores are linear in the features."""

    def __init__(self, features: int = FEATURES) -> None:
        draw = np.random.default_rng(1)
        self.feature_names = [f"f{number}" for number in range(features)]
        self.weights = draw.normal(0, 0.3, (3, features))

    def link_parts(self, head, X, horizon):
        assert horizon == "6m"
        values = X[self.feature_names].to_numpy()
        if head == "churn":
            return LinkParts(np.array([-1.0]), values[None] * self.weights[2][None, None], churn)
        return LinkParts(np.array([0.2, 4.0]), values[None] * self.weights[:2, None], value)

    def shown(self, X, head):
        parts = self.link_parts(head, X, "6m")
        return parts.from_link(parts.scores)


def churn(scores):
    return sigmoid(scores[0])


def value(scores):
    return sigmoid(scores[0]) * np.exp(scores[1])


@pytest.fixture
def dataset():
    features = tuple(
        Feature(f"f{n}", f"Fact {n}", "number", "more", "no", "Fact is {value}", f"group{n % 3}")
        for n in range(FEATURES)
    )
    X = pd.DataFrame(
        np.random.default_rng(2).normal(size=(ACCOUNTS, FEATURES)),
        columns=[feature.name for feature in features],
    )
    keys = pd.DataFrame(
        {
            "account_id": [f"a{number:03}" for number in range(ACCOUNTS)],
            "cutoff": pd.Timestamp("2011-06-09"),
        }
    )
    return Dataset(X, None, keys, features)


def explained(dataset, model):
    shown = {head: model.shown(dataset.X, head) for head in ("value", "churn")}
    return explain_accounts(
        lambda head, X: model.link_parts(head, X, "6m"),
        dataset,
        shown,
        names=model.feature_names,
        horizon="6m",
        currency="GBP",
    ), shown


def test_the_rows_of_every_account_add_up_to_its_prediction(dataset):
    found, shown = explained(dataset, LinearScores())
    sums = found.drivers.groupby(["head", "account_id"])["contribution"].sum()
    for head, predictions in shown.items():
        expected = pd.Series(predictions, index=dataset.keys["account_id"])
        assert np.max(np.abs(sums[head] - expected)) <= 1e-9 * np.max(np.abs(predictions))


def test_columns_and_kinds_of_rows_are_those_of_the_contract(dataset):
    found, _ = explained(dataset, LinearScores())
    table = found.drivers
    assert list(table.columns) == list(DRIVER_COLUMNS)
    assert list(found.importance.columns) == list(IMPORTANCE_COLUMNS)
    one = table[(table["account_id"] == "a000") & (table["head"] == "value")]
    assert one["feature"].iloc[0] == "(base)"
    assert one["rank"].dropna().tolist() == list(range(9))
    sizes = one["contribution"].abs().iloc[1:9].tolist()
    assert sizes == sorted(sizes, reverse=True)
    assert one["shown_value"].iloc[1] != ""
    assert set(one["group"].iloc[9:]) <= {"group0", "group1", "group2"}
    assert set(one["feature"].iloc[9:]) == {"(other)"}


def test_sums_per_group_are_exact_in_the_importance_table(dataset):
    found, _ = explained(dataset, LinearScores())
    kept = found.drivers[~found.drivers["feature"].isin(["(base)", "(rest)"])]
    per_account = kept.groupby(["head", "group", "account_id"])["contribution"].sum().abs()
    by_hand = per_account.groupby(["head", "group"]).sum() / ACCOUNTS
    whole = found.importance[found.importance["feature"] == "(all)"]
    stored = whole.set_index(["head", "group"])["mean_abs"]
    assert stored.to_dict() == pytest.approx(by_hand.to_dict())
    assert (found.importance["accounts"] == ACCOUNTS).all()


def test_chunks_give_the_same_table(dataset, monkeypatch):
    whole, _ = explained(dataset, LinearScores())
    monkeypatch.setattr(module, "_CHUNK", 7)
    chunked, _ = explained(dataset, LinearScores())
    pd.testing.assert_frame_equal(whole.drivers, chunked.drivers)
    pd.testing.assert_frame_equal(whole.importance, chunked.importance)


def test_the_features_may_stand_in_another_order_than_in_the_dataset(dataset):
    model = LinearScores()
    straight, _ = explained(dataset, model)
    model.feature_names = model.feature_names[::-1]
    model.weights = model.weights[:, ::-1]
    turned, _ = explained(dataset, model)
    columns = ["account_id", "head", "feature", "contribution"]
    order = ["account_id", "head", "rank"]
    left = straight.drivers.dropna(subset="rank").sort_values(order)[columns]
    right = turned.drivers.dropna(subset="rank").sort_values(order)[columns]
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


def test_nothing_to_explain_gives_empty_tables(dataset):
    none = Dataset(dataset.X.iloc[:0], None, dataset.keys.iloc[:0], dataset.features)
    found, _ = explained(none, LinearScores())
    assert found.drivers.empty
    assert list(found.drivers.columns) == list(DRIVER_COLUMNS)
    assert (found.importance["mean_abs"] == 0).all()


def test_accounts_without_a_risk_are_passed_over_and_the_others_stay_the_same(dataset):
    model = LinearScores()
    whole, shown = explained(dataset, model)
    gaps = shown | {"churn": np.where(np.arange(ACCOUNTS) % 3 == 0, np.nan, shown["churn"])}
    some = explain_accounts(
        lambda head, X: model.link_parts(head, X, "6m"),
        dataset,
        gaps,
        names=model.feature_names,
        horizon="6m",
        currency="GBP",
    )
    told = {f"a{number:03}" for number in range(ACCOUNTS) if number % 3}
    expected = whole.drivers[
        (whole.drivers["head"] == "value") | whole.drivers["account_id"].isin(told)
    ]
    pd.testing.assert_frame_equal(some.drivers, expected.reset_index(drop=True))
    counted = some.importance.groupby("head")["accounts"].first()
    assert counted.to_dict() == {"churn": len(told), "value": ACCOUNTS}
