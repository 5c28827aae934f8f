from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.accounts import FACT_TEXTS
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.labels import CLASSES, COHORTS, LabelsSection


def refused(said: str, **labels) -> pytest.ExceptionInfo[SettingsError]:
    with pytest.raises(SettingsError, match=said) as found:
        TierPolicy.parse({"version": "1", "labels": labels})
    return found


def steps(*shares: float, name: str = "g{at}") -> dict:
    told = [{"name": name.format(at=at), "top_share": one} for at, one in enumerate(shares)]
    return {"serve": told}


def test_a_policy_without_labels_serves_attacks_and_develops_by_default():
    section = TierPolicy.parse({"version": "1"}).labels
    assert [rule.name for rule in section.classes] == ["serve", "attacking", "potential"]
    assert (section.layers, section.grades) == ({}, {})


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_can_have_rules_a_layer_and_grades(name):
    section = LabelsSection.model_validate(
        {
            "classes": [{"name": name}],
            "layers": {name: {"team": "ours"}},
            "grades": {name: [{"name": "gold", "top_share": 1.0}]},
        }
    )
    assert section.layers[name].team == section.layers[name].model_dump()["team"] == "ours"
    assert section.grades[name][0].name == "gold"


def test_a_class_that_there_is_not_is_refused():
    refused("labels.classes.0.name", classes=[{"name": "milk"}])
    refused("labels.layers.milk", layers={"milk": {}})


@pytest.mark.parametrize("section", ["layers", "grades"])
def test_what_is_said_of_a_class_that_no_rule_gives_is_refused(section):
    said = {"layers": {}, "grades": []}[section]
    told = {"classes": [{"name": "serve", "buying": True}], section: {"attacking": said}}
    refused(f"{section} names the class 'attacking', which no rule gives", **told)
    left = {**told, section: {"not now": said, "serve": said}}
    assert set(getattr(LabelsSection.model_validate(left), section)) == {"not now", "serve"}


@pytest.mark.parametrize("words", ["", "x" * 401, 7])
def test_what_is_said_of_a_class_is_a_sentence(words):
    refused("labels.layers.serve.team", layers={"serve": {"team": words}})


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.2)])
def test_grades_must_reach_further_from_one_to_the_next(shares):
    refused("the grades of serve must reach further", grades=steps(*shares))


def test_grades_need_a_name_each():
    refused("the grades of serve need a name each: gold, gold", grades=steps(0.2, 0.5, name="gold"))


@pytest.mark.parametrize("name", ["first_year", "first_quarter", "size", *FACT_TEXTS])
def test_cohorts_are_made_of_time_of_size_or_of_any_text_fact(name):
    assert LabelsSection.model_validate({"cohorts": [name]}).cohorts == [name]
    assert name in COHORTS


def test_a_cohort_that_there_is_not_is_refused_with_the_nearest_name():
    refused("no cohort 'industri'; did you mean 'industry'", cohorts=["industri"])
    refused("no cohort 'zzz'; there are first_year, first_quarter, size", cohorts=["zzz"])


@pytest.mark.parametrize(
    "bands", [[5.0, 2.0], [2.0, 2.0], [0.0, 2.0], [-1.0], [2.0, float("inf")], [float("nan")]]
)
def test_the_borders_of_size_are_numbers_above_nothing_that_rise(bands):
    refused("size_bands", size_bands=bands)


def test_all_mistakes_are_told_at_once():
    found = refused("grades", grades=steps(0.5, 0.2), cohorts=["x", "y"], size_bands=[2.0, 1.0])
    for said in ("must reach further", "no cohort 'x'", "no cohort 'y'", "size_bands must rise"):
        assert said in str(found.value)
