"""Scoring: every account once, all columns of the contract, and nothing published that is no number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel import scoring
from valuemodel.dataset import Dataset
from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.intervals.ranges import Ranges
from valuemodel.estimators.newcomers import Newcomers
from valuemodel.exceptions import DataRefused, ModelRefused
from valuemodel.features.catalog import Feature
from valuemodel.scoring import (
    check_predictions,
    prediction_columns,
    score_accounts,
)
from valuemodel.settings import ValueSection

VALUE = ValueSection.model_validate({"horizons": ["3 months", "6 months"]})
NAMES = ["past_value_3m", "past_value_6m", "lumpiness_730d", "orders_total"]


class Halves:
    """Expects half of past value, and silence where that is little."""

    ranges = Ranges()
    newcomers = Newcomers()

    def __init__(self, tags=(), share=0.5):
        self.tags = tags
        self.share = share

    def tags_for(self, X):
        return {tag: np.ones(len(X), dtype=bool) for tag in self.tags}

    def predict(self, X):
        past = X[["past_value_3m", "past_value_6m"]]
        value = (past * self.share).set_axis(["value_3m", "value_6m"], axis=1)
        churn = (1 / (1 + past)).set_axis(["churn_3m", "churn_6m"], axis=1)
        return pd.concat([value, churn], axis=1)


class Refuses:
    def tags_for(self, X):
        return {}

    def predict(self, X):
        raise ModelRefused("the features are not those that the model has learned from")


def snapshot(accounts=5):
    number = np.arange(accounts, dtype=float)
    X = pd.DataFrame(
        {
            "past_value_3m": number * 10,
            "past_value_6m": number * 25,
            "lumpiness_730d": np.where(number % 2 == 0, 0.8, 0.1),
            "orders_total": number,
        }
    )
    keys = pd.DataFrame(
        {"account_id": [f"a{n:03.0f}" for n in number], "cutoff": pd.Timestamp("2011-06-09")}
    )
    features = tuple(Feature(name, name, "number", "more", "no", "{value}") for name in NAMES)
    return Dataset(X, None, keys, features)


def unseen(*accounts):
    """Accounts of which nothing but the profile is known."""
    X = pd.DataFrame({name: [np.nan] * len(accounts) for name in NAMES})
    keys = pd.DataFrame({"account_id": accounts, "cutoff": pd.Timestamp("2011-06-09")})
    return Dataset(X, None, keys, snapshot(1).features)


def facts_of(dataset, *more):
    return pd.DataFrame({"account_id": [*more, *dataset.keys["account_id"]], "owner": "Khan"})


def scored(dataset=None, model=None, **arguments):
    dataset = snapshot() if dataset is None else dataset
    found = {"facts": facts_of(dataset), "value": VALUE, "model_version": "3"} | arguments
    return score_accounts(model or Halves(), dataset, **found)


def test_all_columns_of_the_contract_are_there_and_absent_parts_are_null():
    table = scored().predictions
    assert list(table.columns) == prediction_columns(VALUE)
    assert table["value_6m"].tolist() == [0.0, 12.5, 25.0, 37.5, 50.0]
    assert table["past_value_3m"].tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]
    for absent in ("value_6m_low", "value_3m_q95", "wallet_6m", "previous_champion_value_6m"):
        assert table[absent].isna().all()
        assert table[absent].dtype == "float64"
    assert (table["model_version"] == "3").all()
    assert (table["as_of"] == pd.Timestamp("2011-06-09")).all()


class Sure(Halves):
    """Has intervals for the longer horizon, learned from predictions up to 40."""

    ranges = Ranges(
        {
            "6m": ConformalIntervals.learn(
                np.arange(80.0) / 2, np.arange(80.0) / 2 + np.arange(80) % 9
            )
        }
    )


def test_intervals_fill_their_columns_and_say_where_an_account_is_beyond_them():
    table = scored(model=Sure(), value=VALUE.model_copy(update={"interval": 0.90})).predictions
    assert table["value_3m_low"].isna().all()
    assert (table["value_6m_low"] <= table["value_6m"]).all()
    assert (table["value_6m"] <= table["value_6m_high"]).all()
    assert (np.diff(table.filter(like="value_6m_q").to_numpy(), axis=1) >= 0).all()
    assert table["tags"].str.contains("outside_range").tolist() == [False] * 4 + [True]
    narrower = scored(model=Sure()).predictions
    assert (narrower["value_6m_high"] <= table["value_6m_high"]).all()


def test_chunks_give_the_same_bytes(monkeypatch):
    whole = scored(snapshot(50)).predictions
    monkeypatch.setattr(scoring, "CHUNK", 7)
    pd.testing.assert_frame_equal(whole, scored(snapshot(50)).predictions, check_exact=True)


def test_accounts_without_history_are_listed_with_no_value_and_no_risk():
    dataset = snapshot(2)
    found = scored(dataset, facts=facts_of(dataset, "new"), newcomers=unseen("new"))
    line = found.predictions.set_index("account_id").loc["new"]
    assert (line["value_6m"], line["past_value_3m"], line["tags"]) == (0.0, 0.0, "no_history")
    assert np.isnan(line["churn_6m"])
    assert found.account_facts["account_id"].tolist() == ["a000", "a001", "new"]


def test_a_model_that_has_seen_newcomers_says_what_their_profile_lets_expect():
    class KnowsThem(Halves):
        newcomers = Newcomers(30)

        def predict(self, X):
            return super().predict(X.fillna({"past_value_3m": 40.0, "past_value_6m": 90.0}))

    dataset = snapshot(2)
    found = scored(dataset, KnowsThem(), facts=facts_of(dataset, "new"), newcomers=unseen("new"))
    line = found.predictions.set_index("account_id").loc["new"]
    assert (line["value_6m"], line["past_value_6m"]) == (45.0, 0.0)
    assert line["tags"] == "no_history;by_profile"
    assert np.isnan(line["churn_6m"])


def test_an_account_without_history_gets_the_interval_of_first_windows():
    windows = ConformalIntervals.learn(np.zeros(99), np.arange(99.0))

    class SawFirstWindows(Sure):
        newcomers = Newcomers(0, Ranges({"6m": windows}))

    dataset = snapshot(2)
    found = scored(
        dataset, SawFirstWindows(), facts=facts_of(dataset, "new"), newcomers=unseen("new")
    )
    table = found.predictions.set_index("account_id")
    line = table.loc["new"]
    assert (line["value_6m"], line["value_6m_low"], line["tags"]) == (0.0, 0.0, "no_history")
    assert line["value_6m_high"] == pytest.approx(89.0)
    assert line["value_6m_q50"] == pytest.approx(49.0)
    assert np.isnan(line["value_3m_high"])
    assert line["value_6m_high"] > table.loc["a001", "value_6m_high"]


def test_accounts_outside_the_population_are_not_scored():
    dataset = snapshot(2)
    found = scored(dataset, facts=facts_of(dataset, "dormant"))
    assert found.predictions["account_id"].tolist() == ["a000", "a001"]
    assert found.account_facts["account_id"].tolist() == ["a000", "a001"]


def test_tags_say_what_stands_in_for_a_model_and_what_to_mind():
    common = "3m: fallback: past value, no complete window"
    tags = scored(model=Halves(tags=[common])).predictions["tags"].tolist()
    assert tags == [
        f"{common};lumpy;few_orders",
        f"{common};few_orders",
        f"{common};lumpy;few_orders",
        common,
        f"{common};lumpy",
    ]


def test_the_previous_champion_stands_beside_or_is_null_where_it_cannot_read_the_features():
    table = scored(previous=Halves(share=0.1)).predictions
    assert table["previous_champion_value_6m"].tolist() == pytest.approx([0, 2.5, 5, 7.5, 10])
    assert table["previous_champion_churn_6m"].notna().all()
    assert scored(previous=Refuses()).predictions["previous_champion_value_6m"].isna().all()


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("value_6m", np.nan), ("value_3m", np.inf), ("value_6m", -np.inf),
        ("churn_6m", 1.0001), ("churn_3m", -1e-9), ("churn_6m", np.nan),
    ],
)  # fmt: skip
def test_a_prediction_that_is_no_number_is_refused_with_its_account(column, wrong):
    class Faulty(Halves):
        def predict(self, X):
            table = super().predict(X)
            table.loc[table.index[2], column] = wrong
            return table

    with pytest.raises(ModelRefused, match=rf"{column}: .* 1 accounts, first 'a002'"):
        scored(model=Faulty())


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(), st.floats(), st.floats(), st.floats()), min_size=1, max_size=5)
)
def test_what_passes_the_check_is_always_fit_to_publish(rows):
    table = pd.DataFrame(rows, columns=["value_6m", "value_6m_low", "value_6m_high", "churn_6m"])
    account = pd.Series([f"a{n}" for n in range(len(rows))], dtype="str")
    try:
        check_predictions(table, account, ["6m"])
    except ModelRefused:
        return
    assert np.isfinite(table["value_6m"]).all()
    assert table["churn_6m"].isna().all() or table["churn_6m"].between(0, 1).all()
    low, high = table["value_6m_low"], table["value_6m_high"]
    assert (low.isna() | (low <= table["value_6m"])).all()
    assert (high.isna() | (high >= table["value_6m"])).all()


def test_a_horizon_without_a_churn_model_stays_null():
    class ValueOnly(Halves):
        def predict(self, X):
            return super().predict(X).drop(columns="churn_3m")

    table = scored(model=ValueOnly()).predictions
    assert table["churn_3m"].isna().all()
    assert table["churn_6m"].notna().all()


def test_an_account_twice_or_unknown_to_the_facts_is_refused():
    dataset = snapshot(2)
    with pytest.raises(DataRefused, match="more than once"):
        scored(dataset, newcomers=unseen("a001"))
    with pytest.raises(DataRefused, match="facts lack"):
        scored(dataset, facts=facts_of(dataset).iloc[:1])


def test_negative_expected_value_is_a_finding_and_no_fault():
    table = scored(model=Halves(share=-0.5)).predictions
    assert (table["value_6m"] <= 0).all()
    assert table["tags"].str.contains("loss_making").tolist() == [False, True, True, True, True]


class ContractsOnly(Halves):
    """Gives a risk to accounts under contract, and says so of the others."""

    def tags_for(self, X):
        return {"no_contract": X["under_contract"].to_numpy() == 0}

    def predict(self, X):
        table = super().predict(X)
        table.loc[X["under_contract"] == 0, ["churn_3m", "churn_6m"]] = np.nan
        return table


def half_under_contract(accounts=4):
    dataset = snapshot(accounts)
    under = (np.arange(accounts) % 2).astype(float)
    return replace(dataset, X=dataset.X.assign(under_contract=under, orders_total=9.0))


def test_accounts_without_a_contract_have_no_risk_and_say_so():
    table = scored(half_under_contract(), ContractsOnly()).predictions
    assert table["churn_6m"].isna().tolist() == [True, False, True, False]
    assert table["tags"].tolist() == [
        "no_contract;lumpy",
        "under_contract",
        "no_contract;lumpy",
        "under_contract",
    ]


def test_a_risk_that_is_missing_without_a_tag_or_there_with_one_is_refused():
    class Untold(ContractsOnly):
        def tags_for(self, X):
            return {}

    class Contradicts(ContractsOnly):
        def predict(self, X):
            return Halves.predict(self, X).assign(churn_6m=0.5)

    with pytest.raises(
        ModelRefused, match=r"churn_6m: no probability for 2 accounts, first 'a000'"
    ):
        scored(half_under_contract(), Untold())
    with pytest.raises(ModelRefused, match=r"a risk without a contract for 2 accounts"):
        scored(half_under_contract(), Contradicts())


class Outlook(Halves):
    """Says what could come, too: a wallet of twice the value, and a chance for the near horizon."""

    def __init__(self, winnability=0.4, times=4.0, more=0.0):
        super().__init__(["seats_wallet"])
        self.winnability = winnability
        self.times, self.more = times, more

    def predict(self, X):
        found = super().predict(X)
        wallets = found[["value_3m", "value_6m"]].to_numpy() * self.times + self.more
        found = found.assign(winnability_3m=self.winnability)
        return found.assign(wallet_3m=wallets[:, 0], wallet_6m=wallets[:, 1])


def test_white_space_is_the_wallet_less_what_is_spent_already():
    table = scored(
        model=Outlook(), newcomers=unseen("a999"), facts=facts_of(snapshot(), "a999")
    ).predictions
    known = table[table["account_id"] != "a999"]
    for label in ("3m", "6m"):
        past = known[f"past_value_{label}"]
        assert known[f"wallet_{label}"].tolist() == (2 * past).tolist()
        assert known[f"white_space_{label}"].tolist() == past.tolist()
    assert known["winnability_3m"].eq(0.4).all()
    assert table["winnability_6m"].isna().all()
    nobody = table.set_index("account_id").loc["a999"]
    assert nobody[["wallet_3m", "white_space_6m", "winnability_3m"]].isna().all()
    assert known["tags"].str.contains("seats_wallet").all()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Outlook(winnability=1.5), "winnability_3m: no probability for 5 accounts"),
        (Outlook(winnability=[0.5, np.nan, 0.1, 0.2, 0.3]), "winnability_3m: no probability for 1"),
        (Outlook(times=0.5), "wallet_3m: less than the predicted value for 4 accounts"),
        (Outlook(times=1.5), "white_space_6m: less than what is spent already for 4 accounts"),
        (Outlook(more=np.inf), "wallet_3m: no finite number for 5 accounts"),
    ],
)
def test_an_outlook_that_cannot_be_is_refused(model, said):
    with pytest.raises(ModelRefused) as refused:
        scored(model=model)
    assert any(line.startswith(said) for line in refused.value.details)
