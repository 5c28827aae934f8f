from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.tiers.labels.layers import LAYER_COLUMNS, layers
from valuemodel.tiers.policy.labels import LabelsSection

SERVE = {
    "play": "account plan with the customer",
    "team": "key accounts",
    "incentive": "growth of the account",
    "resources": "a visit a month",
}


def section_of(**said: dict) -> LabelsSection:
    return LabelsSection.model_validate({"layers": said})


def test_every_account_of_a_class_has_the_words_of_its_layer():
    classes = pd.Series(["serve", "not now", "serve"], index=[7, 3, 5])
    found = layers(classes, section_of(serve=SERVE))
    assert tuple(found) == LAYER_COLUMNS
    assert found.loc[7].tolist() == found.loc[5].tolist() == list(SERVE.values())
    assert found.loc[3].isna().all()


def test_what_the_company_does_not_say_is_missing():
    found = layers(pd.Series(["serve", "attacking"]), section_of(attacking={"team": "hunters"}))
    assert found["layer_team"].isna().tolist() == [True, False]
    assert found[["layer_play", "layer_incentive", "layer_resources"]].isna().all(axis=None)


@pytest.mark.parametrize("classes", [["serve", "potential"], []], ids=["two", "nobody"])
def test_without_layers_the_columns_are_there_and_empty(classes):
    found = layers(pd.Series(classes, dtype="str"), LabelsSection())
    assert found.dtypes.astype(str).to_dict() == dict.fromkeys(LAYER_COLUMNS, "str")
    assert len(found) == len(classes)
    assert found.isna().all(axis=None)
