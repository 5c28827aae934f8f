"""The drivers table: rows add up to the predictions, groups are exact, chunks do not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.estimators.conftest import fit, make_book
from valuemodel.dataset import Dataset
from valuemodel.estimators.link import LinkParts, sigmoid
from valuemodel.explain import drivers as module
from valuemodel.explain.contributions import (
    average_parts,
    centred,
    contributions_in_shown_unit,
)
from valuemodel.explain.drivers import DRIVER_COLUMNS, explain_accounts
from valuemodel.explain.families import LAW
from valuemodel.explain.importance import CALIBRATION, IMPORTANCE_TYPES
from valuemodel.features.catalog import Feature
from valuemodel.features.registry import catalog
from valuemodel.periods import Horizon

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
    assert list(found.importance.columns) == list(IMPORTANCE_TYPES)
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


def test_parts_are_told_from_the_average_of_the_book(dataset):
    """What all accounts have in common is nobody's reason, whoever of them is explained."""
    model, some = LinearScores(), slice(0, 20)
    few = Dataset(dataset.X[some], None, dataset.keys[some], dataset.features)
    shifted = few.X + 5.0
    shown = {"value": model.shown(shifted, "value")}
    found = explain_accounts(
        lambda head, X: model.link_parts(head, X, "6m"),
        Dataset(shifted, None, few.keys, few.features),
        shown,
        names=model.feature_names,
        horizon="6m",
        currency="GBP",
        book=dataset.X + 5.0,
    )
    sums = found.drivers.groupby("account_id")["contribution"].sum().to_numpy()
    assert np.max(np.abs(sums - shown["value"])) <= 1e-9 * np.max(shown["value"])
    base = found.drivers[found.drivers["feature"] == "(base)"]["contribution"].to_numpy()
    average = model.shown(pd.DataFrame([dataset.X.mean() + 5.0]), "value")[0]
    assert base == pytest.approx(np.full(20, average))


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


class Blend(LinearScores):
    """Windows of one measure with opposite parts, a law's forecasts, and a calibration."""

    names = ("past_value_6m", "past_value_365d", "recency_days", "purchase_days_total")

    def link_parts(self, head, X, horizon=None):
        draw = np.random.default_rng(len(X))
        inner = draw.normal(0, 0.2, (2, len(X), 6))
        size = np.linspace(-1.0, 1.0, len(X))
        inner[0, :, 0], inner[0, :, 1], inner[0, :, 4] = 1.5 * size, -size, 0.8 * size
        derived = ("btyd_value_6m", "btyd_alive")
        return LinkParts(
            np.array([3.0, 1.0]),
            inner,
            lambda scores: np.exp(scores[0]) + 4 * scores[1],
            derived,
            lambda predicted: np.interp(predicted, [0.0, 20.0, 60.0], [5.0, 20.0, 90.0]),
        )

    def shown(self, X, head):
        parts = self.link_parts(head, X)
        return parts.calibrate(parts.from_link(parts.scores))


@pytest.fixture
def book():
    known = {one.name: one for one in catalog([Horizon.parse("6 months")]).features}
    facts = {"past_value_6m": 8000.0, "past_value_365d": 9000.0, "recency_days": 19.0}
    X = pd.DataFrame([facts | {"purchase_days_total": 24.0}] * 30)
    keys = pd.DataFrame({"account_id": [f"a{n:03}" for n in range(30)], "cutoff": "2020-01-01"})
    return Dataset(X, None, keys, tuple(known[name] for name in Blend.names))


def of_blend(book):
    model = Blend()
    shown = {"value": model.shown(book.X, "value")}
    found = explain_accounts(
        model.link_parts, book, shown, names=Blend.names, horizon="6m", currency="GBP"
    )
    return found, shown["value"]


def test_groups_and_calibration_of_a_blend_add_up_for_every_account(book):
    found, shown = of_blend(book)
    sums = found.drivers.groupby("account_id")["contribution"].sum().to_numpy()
    assert np.max(np.abs(sums - shown)) <= 1e-6 * np.max(np.abs(shown))
    closing = found.drivers[found.drivers["group"] == CALIBRATION]
    assert len(closing)
    assert closing["rank"].isna().all()
    assert "(rest)" not in set(found.drivers["group"])


def test_windows_of_one_measure_are_one_driver_with_its_net_effect(book):
    found, _ = of_blend(book)
    lines = found.drivers[found.drivers["driver"] == "past_value"]
    assert len(lines) == 30
    assert (lines["members"] == 2).all()
    assert set(lines["feature"]) == {"past_value_6m"}  # the one whose part has the sign of the sum
    parts = Blend().link_parts("value", book.X)
    parts = centred(parts, average_parts(parts))
    split = contributions_in_shown_unit(parts, of_blend(book)[1])
    np.testing.assert_allclose(lines["contribution"], split.features[:, :2].sum(axis=1))


def test_the_law_is_a_group_of_its_own_and_told_by_what_it_reads(book):
    found, _ = of_blend(book)
    law = found.drivers[found.drivers["group"] == LAW]
    assert set(law["shown_value"].dropna()) == {"24 purchase days, the last 19 days ago"}
    whole = found.importance[found.importance["feature"] == "(all)"].set_index("group")["label"]
    assert whole[LAW] == "What its rhythm of buying lets expect"
    assert whole[CALIBRATION] == "Bringing the level to what came on later dates"


@pytest.mark.parametrize("name", ["lightgbm", "past_value"])
@pytest.mark.parametrize("head", ["value", "churn"])
def test_every_account_of_a_fitted_model_adds_up(name, head):
    model, X = fit(make_book(200), name), make_book(300, cutoffs=1, seed=7).X
    known = {one.name: one for one in catalog([Horizon.parse(h) for h in ("3m", "6m")]).features}
    keys = pd.DataFrame({"account_id": [f"a{n}" for n in range(len(X))], "cutoff": "2020-01-01"})
    dataset = Dataset(X, None, keys, tuple(known[feature] for feature in X.columns))
    shown = model.predict(X)[f"{head}_6m"].to_numpy()
    found = explain_accounts(
        model.link_parts, dataset, {head: shown}, names=list(X), horizon="6m", currency="EUR"
    )
    sums = found.drivers.groupby("account_id", sort=False)["contribution"].sum().to_numpy()
    assert np.max(np.abs(sums - shown)) <= 1e-6 * max(np.max(np.abs(shown)), 1.0)
