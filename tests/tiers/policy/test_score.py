"""What accounts may be ranked by."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.sections import parse_section
from valuemodel.tiers.policy.score import ScoreSection

OWNED = {"owner": "Ito", "decided": date(2026, 9, 1)}


def section_of(**said: Any) -> ScoreSection:
    return parse_section(ScoreSection, said, "[score]")


def test_by_default_the_score_is_predicted_value_in_money() -> None:
    section = section_of()
    assert section.in_money
    assert (section.potential, section.industries) == ("value", None)
    assert section.shares == {
        "revenue": 0.0,
        "potential": 1.0,
        "demonstration": 0.0,
        "winnability": 0.0,
    }


def test_only_the_proportions_of_weights_matter() -> None:
    weights = {"revenue": 1.0, "potential": 5.0, "demonstration": 2.0, "winnability": 2.0}
    section = section_of(weights=weights)
    assert not section.in_money
    assert section.shares == {part: pytest.approx(weight / 10) for part, weight in weights.items()}
    thrice = section_of(weights={part: 3 * weight for part, weight in weights.items()})
    assert thrice.shares == pytest.approx(section.shares)


def test_potential_alone_is_money_whatever_its_weight_or_source() -> None:
    assert section_of(weights={"potential": 7.0}, potential="white_space").in_money
    assert not section_of(weights={"potential": 0.0, "revenue": 1.0}).in_money


def test_the_companys_own_weights_of_industries_have_an_owner_and_a_date() -> None:
    section = section_of(industries={**OWNED, "weights": {"toys": 1.2, "steel": 0.0}})
    assert section.industries is not None
    assert section.industries.decided == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"weights": {"potential": 0.0}}, "weights: all weights are 0"),
        ({"weights": {"brand": 1.0}}, "weights.brand: unknown key"),
        ({"weights": {"revenue": -1.0}}, "weights.revenue: Input should be greater"),
        ({"weights": {"revenue": float("nan")}}, "weights.revenue: Input should be a finite"),
        ({"demonstration": {"brand": 0.0, "reference": 0.0}}, "weighs neither brand nor reference"),
        ({"normalise": "z"}, "normalise: Input should be 'rank' or 'capped_share'"),
        ({"cap": 0.0}, "cap: Input should be greater than 0"),
        ({"revenue": "value"}, "revenue: Input should be 'past_value' or 'arr'"),
        ({"potential": "past_value"}, "potential: Input should be 'value', 'wallet'"),
        ({"industries": {**OWNED, "weights": {}}}, "industries.weights: "),
        ({"industries": {"owner": "Ito", "weights": {"x": 1.0}}}, "industries.decided: Field"),
        ({"industries": {"decided": date(2026, 9, 1), "weights": {"x": 1.0}}}, "industries.owner"),
    ],
)
def test_a_score_that_cannot_be_meant_is_refused(said: dict[str, Any], mistake: str) -> None:
    with pytest.raises(SettingsError) as caught:
        section_of(**said)
    assert len(caught.value.details) == 1
    assert mistake in caught.value.details[0]
