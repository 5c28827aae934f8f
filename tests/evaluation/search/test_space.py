"""A space holds only what a definition could say, and always what it says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from valuemodel.estimators.definitions import Definition
from valuemodel.evaluation.search.findings import TARGETS
from valuemodel.evaluation.search.space import SearchSpace
from valuemodel.exceptions import SettingsError

ROOT = Path(__file__).parents[3]


def space_of(search, **others) -> SearchSpace:
    document = {"estimator": "future_value", "search": search} | others
    return SearchSpace.of("future_value", Definition.parse(document))


def mistakes_of(search, **others) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        space_of(search, **others)
    return refused.value.details


class Lowest:
    """A trial that always answers with the low end, or the last choice."""

    def suggest_int(self, name, low, high, *, log=False):
        return low

    def suggest_float(self, name, low, high, *, log=False):
        return low

    def suggest_categorical(self, name, choices):
        return choices[-1]


@pytest.mark.parametrize("name", TARGETS)
def test_the_shipped_definitions_say_what_may_be_searched(name):
    space = SearchSpace.of(name, Definition.load(ROOT / "models" / f"{name}.toml"))
    assert "trees.learning_rate" in space.options
    assert space.changed(space.current).trees == space.definition.trees


def test_numbers_whole_numbers_and_choices_are_asked_for_as_they_are_written():
    patterns = [["past_value_*", "btyd_value_*"], ["past_*", "money_*"]]
    search = {
        "trees": {"l2": {"low": 0.5, "high": 3.0}, "num_leaves": {"low": 2, "high": 31}},
        "scale_features": {"choices": patterns},
    }
    space = space_of(search)
    asked = space.asked(Lowest())
    assert asked == {"trees.l2": 0.5, "trees.num_leaves": 2, "scale_features": patterns[1]}
    changed = space.changed(asked)
    assert (changed.trees.l2, changed.trees.num_leaves) == (0.5, 2)
    assert changed.scale_features == patterns[1]
    assert space.first_trial == {"trees.l2": 1.0, "trees.num_leaves": 15, "scale_features": 0}


def test_a_value_other_than_that_in_force_has_three_digits():
    class Odd(Lowest):
        def suggest_float(self, name, low, high, *, log=False):
            return 0.0412345678

    space = space_of({"trees": {"learning_rate": {"low": 0.01, "high": 0.1, "log": True}}})
    assert space.asked(Odd()) == {"trees.learning_rate": 0.0412}
    exact = space_of(
        {"trees": {"learning_rate": {"low": 0.01, "high": 0.1}}},
        trees={"learning_rate": 0.0412345678},
    )
    assert exact.asked(Odd()) == {"trees.learning_rate": 0.0412345678}


def test_every_mistake_is_told_at_once_and_with_its_path():
    said = mistakes_of(
        {
            "trees": {
                "num_leafs": {"low": 2, "high": 8},
                "l2": {"low": 3.0, "high": 1.0},
                "row_share": {"low": 0.5, "high": 1.5},
                "rounds": {"low": 10.5, "high": 90.5},
                "learning_rate": {"low": 0.1, "high": 0.2},
                "patience": {"low": 0, "high": 9, "log": True},
            },
            "seed": {"low": 0, "high": 9},
            "bins": {"low": 2, "high": 9},
            "scale_features": 3,
        }
    )
    assert [line.split(":")[0] for line in said] == sorted(line.split(":")[0] for line in said)
    joined = "\n".join(said)
    for words in (
        "trees.num_leafs: unknown key; did you mean 'num_leaves'?",
        "trees.l2: low must be below high",
        "trees.row_share: Input should be less than or equal to 1",
        "trees.rounds: Input should be a valid integer",
        "trees.learning_rate: the value in force, 0.03, must be among those to search",
        "trees.patience: log needs a low above 0",
        "seed: is not searched",
        "future_value has no bins",
        "scale_features: high: Field required",
    ):
        assert words in joined


def test_a_section_that_is_not_there_cannot_be_searched():
    assert any("lapse" in line for line in mistakes_of({"lapse": {"bins": {"low": 2, "high": 9}}}))


def test_a_choice_must_be_one_that_the_definition_can_read():
    said = mistakes_of({"scale_features": {"choices": [["past_value_*"], "all"]}})
    assert "scale_features" in said[0]
    assert mistakes_of({"scale_features": {"choices": [["a"], ["b"]]}}) == (
        "scale_features: the value in force, ['past_value_*', 'btyd_value_*'], must be among those to search",
    )


def test_without_a_section_there_is_nothing_to_search():
    assert space_of({}).options == {}
