"""Definitions are strict: every mistake at once, with the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from valuemodel.estimators import (
    FutureValueRegressor,
    LapseClassifier,
    RenewalClockClassifier,
    WalletRegressor,
)
from valuemodel.estimators.definitions import (
    Definition,
    EstimatorSection,
    estimator_from_state,
    recipe_named,
    recipes,
)
from valuemodel.estimators.outlook.winnability import TREES
from valuemodel.exceptions import ModelRefused, SettingsError, UsageError

MODELS = Path(__file__).parents[2] / "models"


def test_the_shipped_definitions_build_the_three_account_models():
    files = [
        Definition.load(MODELS / f"{n}.toml") for n in ("baseline", "future_value", "churn_risk")
    ]
    known = recipes(*files)
    baselines = ["past_value", "average_retention", "rfm", "arr_rank", "buy_till_you_die"]
    assert list(known) == [*baselines, "lightgbm"]
    assert [known[name].value.estimator for name in baselines] == baselines
    assert known["buy_till_you_die"].churn.estimator == "buy_till_you_die_silence"
    assert known["lightgbm"].value.estimator == "future_value"
    assert known["lightgbm"].fallback_churn.estimator == "recency_silence"
    assert known["lightgbm"].lapse.estimator == "lapse_risk"
    assert known["lightgbm"].lapse.trees == known["lightgbm"].churn.trees
    assert known["past_value"].lapse.estimator == "renewal_clock"
    built = known["lightgbm"].value.build(n_jobs=1)
    assert isinstance(built, FutureValueRegressor)
    assert built.scale_features == ("past_value_*", "btyd_value_*")


def test_definitions_of_before_know_contracts_too():
    trees = {"rounds": 7}
    old = [
        Definition.parse({"estimator": "past_value"}),
        Definition.parse({"estimator": "future_value"}),
        Definition.parse({"estimator": "churn_risk", "trees": trees, "seed": 3}),
    ]
    known = recipes(*old)["lightgbm"]
    assert known.lapse.trees.rounds == 7
    built = known.lapse.build(n_jobs=1)
    assert isinstance(built, LapseClassifier)
    assert built.random_state == 3
    assert isinstance(known.fallback_lapse.build(), RenewalClockClassifier)


def test_all_mistakes_are_told_at_once_with_the_nearest_name():
    document = {"estimator": "futur_value", "trees": {"num_leafs": 3, "l2": -1.0}}
    with pytest.raises(SettingsError) as refused:
        Definition.parse(document, "models/future_value.toml")
    told = "\n".join(refused.value.details)
    assert "trees.num_leafs: unknown key; did you mean 'num_leaves'?" in told
    assert "trees.l2" in told
    assert "estimator" in told


def test_an_option_that_an_estimator_does_not_have_is_an_error():
    with pytest.raises(SettingsError, match="past_value has no bins"):
        Definition.parse({"estimator": "past_value", "bins": 4})


def test_a_definition_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        Definition.load(tmp_path / "nowhere.toml")


def test_an_unknown_recipe_names_the_nearest():
    one = EstimatorSection(estimator="past_value")
    known = recipes(*(Definition.parse({"estimator": "past_value"}),) * 3)
    assert known["lightgbm"].value.estimator == one.estimator
    with pytest.raises(UsageError, match="did you mean 'lightgbm'"):
        recipe_named(known, "lightgmb")


def test_a_stored_class_that_is_not_ours_is_refused():
    with pytest.raises(ModelRefused, match="does not know"):
        estimator_from_state({"kind": "os.system", "json": {}, "arrays": {}, "texts": {}})


def test_the_shipped_wallet_builds_the_outlook_of_the_learned_model_alone():
    names = ("baseline", "future_value", "churn_risk", "wallet")
    known = recipes(*(Definition.load(MODELS / f"{name}.toml") for name in names))
    wallet, grown = known["lightgbm"].wallet, known["lightgbm"].winnability
    assert wallet.build(n_jobs=1).get_params() == WalletRegressor(n_jobs=1).get_params()
    assert grown.build(n_jobs=1).trees == TREES
    for name in set(known) - {"lightgbm"}:
        assert known[name].wallet is None
        assert known[name].winnability.estimator == "recency_silence"


def test_levels_of_a_wallet_lie_between_0_and_1():
    with pytest.raises(SettingsError, match="quantile"):
        Definition.parse({"estimator": "wallet", "quantile": 1.0})
    with pytest.raises(SettingsError, match="wallet has no trees"):
        Definition.parse({"estimator": "wallet", "trees": {}})
