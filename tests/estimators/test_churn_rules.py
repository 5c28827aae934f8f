"""Each account is judged by one rule of churn, or by none and says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.account_model import AccountModel
from valuemodel.estimators.churn_rules import PARTS, rules_of, speakers, spoken_for
from valuemodel.exceptions import ModelRefused
from valuemodel.explain.contributions import contributions_in_shown_unit


@pytest.fixture(scope="module")
def both(make_contracts, fitted):
    book = make_contracts()
    return book, fitted(book, rule="both")


@pytest.fixture(scope="module")
def contracts(make_contracts, fitted):
    book = make_contracts(rule="contract")
    return book, fitted(book, rule="contract")


@pytest.mark.parametrize("rule", ["inactivity", "contract", "both"])
def test_every_row_has_one_speaker_or_none_and_only_contracts_leave_some_out(rule):
    X = pd.DataFrame({"under_contract": [1.0, 0.0, np.nan]})
    groups = list(speakers(X, PARTS[rule]))
    assert sum(rows.astype(int) for rows, _ in groups).tolist() == [1, 1, 1]
    left_out = sum(rows.sum() for rows, parts in groups if parts == ("value",))
    assert left_out == (2 if rule == "contract" else 0)
    expected = {
        "inactivity": ["inactivity"] * 3,
        "contract": ["contract", "", ""],
        "both": ["contract", "inactivity", "inactivity"],
    }
    assert rules_of(X, rule).tolist() == expected[rule]


def test_without_the_feature_contracts_cannot_be_judged(book, fitted):
    with pytest.raises(ModelRefused, match="churn by contract needs the feature 'under_contract'"):
        fitted(book, rule="both")
    assert spoken_for(book.X, PARTS["inactivity"], "churn").all()


def test_the_inactivity_rule_takes_no_notice_of_contracts(make_contracts, fitted):
    book = make_contracts()
    plain = fitted(book, rule="inactivity")
    assert set(plain.estimators) == {"value", "churn"}
    found = plain.predict(book.X)
    assert (found["churn_6m"] <= found["churn_3m"]).all()


def test_lapses_grow_and_silence_falls_with_the_horizon(both, make_contracts):
    _, model = both
    later = make_contracts(500, 1, seed=3)
    found, under = model.predict(later.X), later.X["under_contract"] == 1.0
    assert (found["churn_6m"] >= found["churn_3m"])[under].all()
    assert (found["churn_6m"] <= found["churn_3m"])[~under].all()
    assert found.notna().all(axis=None)


def test_each_rule_is_learned_from_its_own_rows(both, make_contracts):
    _, model = both
    later = make_contracts(2_000, 1, seed=4)
    found, X = model.predict(later.X)["churn_6m"], later.X
    under, near = X["under_contract"] == 1.0, X["days_to_renewal"] < 180
    unused = X["active_seats"] < 0.3
    assert found[under & near & unused].mean() > 0.45
    assert found[under & near & ~unused].mean() < 0.2
    assert found[under & ~near].mean() < 0.1
    assert found[~under & (X["recency_days"] > 120)].mean() > 0.4
    assert found[~under & (X["recency_days"] < 80)].mean() < 0.2


def test_where_only_contracts_count_the_others_have_no_risk(contracts, make_contracts):
    _, model = contracts
    later = make_contracts(300, 1, seed=5, rule="contract")
    found, under = model.predict(later.X), later.X["under_contract"] == 1.0
    assert set(model.estimators) == {"value", "lapse"}
    assert found.loc[under].notna().all(axis=None)
    assert found.loc[~under, ["churn_3m", "churn_6m"]].isna().all(axis=None)
    assert found.loc[~under, ["value_3m", "value_6m"]].notna().all(axis=None)
    assert model.tags_for(later.X)["no_contract"].tolist() == (~under).tolist()
    assert not model.tags


def test_everybody_under_contract_leaves_nobody_untold(contracts, make_contracts):
    _, model = contracts
    later = make_contracts(40, 1, seed=5, rule="contract")
    X = later.X.assign(under_contract=1.0)
    assert model.tags_for(X) == {}
    assert model.predict(X).notna().all(axis=None)
    nobody = later.X.assign(under_contract=0.0)
    assert model.predict(nobody)["churn_6m"].isna().all()


def test_one_rule_may_fall_back_without_the_other(make_contracts, fitted):
    book = make_contracts()
    under = book.X["under_contract"] == 1.0
    y = book.y.assign(churn_6m=book.y["churn_6m"].mask(under, 0.0))
    model = fitted(replace(book, y=y), rule="both")
    tag = "fallback: lapse by the renewal clock, 0 rows that lapsed, at least 30 are needed"
    assert model.tags == {"6m": tag}
    told = model.tags_for(book.X)
    assert list(told) == [f"6m: {tag}"]
    assert told[f"6m: {tag}"].tolist() == under.tolist()
    found = model.predict(book.X)
    assert (found["churn_6m"] >= found["churn_3m"])[under].all()


def test_a_long_lapse_falls_back_to_a_shorter_window_that_bounds_it_from_below(
    make_contracts, fitted
):
    book = make_contracts()
    y = book.y.assign(churn_6m=np.nan)
    model = fitted(replace(book, y=y), rule="both")
    assert (
        "lapse by the renewal clock over 3m, a lower bound, no complete window"
        in (model.tags["6m"])
    )
    assert "silence by recency over 3m, an upper bound, no complete window" in model.tags["6m"]


@pytest.mark.parametrize("name", ["lightgbm", "past_value"])
@pytest.mark.parametrize("rule", ["both", "contract"])
def test_reasons_add_up_in_every_row_that_has_a_risk(make_contracts, fitted, name, rule):
    book = make_contracts(rule=rule)
    later, model = make_contracts(200, 1, seed=6, rule=rule), fitted(book, name, rule=rule)
    predicted = model.predict(later.X)["churn_3m"].to_numpy()
    told = ~np.isnan(predicted)
    parts = model.link_parts("churn", later.X, "3m")
    np.testing.assert_array_equal(np.isnan(parts.from_link(parts.scores)), ~told)
    own = model.link_parts("churn", later.X[told], "3m")
    split = contributions_in_shown_unit(own, predicted[told])
    total = split.base + split.features.sum(axis=1) + split.rest
    np.testing.assert_allclose(total, predicted[told], atol=1e-12)
    np.testing.assert_allclose(split.rest, 0.0, atol=1e-9)
    assert np.unique(split.base.round(9)).size == (2 if rule == "both" else 1)


@pytest.mark.parametrize("rule", ["both", "contract"])
def test_what_was_learned_survives_as_plain_data(both, contracts, rule):
    book, model = both if rule == "both" else contracts
    again = AccountModel.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict(book.X), model.predict(book.X))
    assert again.parts == model.parts


def test_chunks_of_one_rule_give_the_same_numbers(both):
    book, model = both
    X = book.X.sort_values("under_contract").iloc[::7]
    whole = model.predict(X)
    parts = [model.predict(X.iloc[at : at + 50]) for at in range(0, len(X), 50)]
    pd.testing.assert_frame_equal(pd.concat(parts), whole)
