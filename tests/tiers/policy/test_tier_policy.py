from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.periods import Cutoff
from valuemodel.tiers.policy import TierPolicy

HERE = Path(__file__).parents[3]


def policy_of(*tiers: dict[str, Any], **more: Any) -> TierPolicy:
    return TierPolicy.parse({"version": "1", "tiers": list(tiers), **more}, "tiers.toml")


def tier(name: str, value: float | None = None, accounts: float | None = None) -> dict[str, Any]:
    given = {"name": name, "share_of_value": value, "share_of_accounts": accounts}
    return {key: found for key, found in given.items() if found is not None}


def test_the_policy_of_the_project_is_the_default_ladder() -> None:
    policy = TierPolicy.load(HERE / "models" / "tiers.toml")
    default = TierPolicy.parse({"version": "1"})
    shares = [(t.name, t.share_of_value, t.share_of_accounts) for t in policy.tiers]
    assert shares == [(t.name, t.share_of_value, t.share_of_accounts) for t in default.tiers]
    assert shares[0] == ("A", 0.50, 0.10)
    assert policy.review_date(Cutoff.parse("2011-11-30")) == Cutoff.parse("2012-02-29")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "version: Field required"),
        ({"version": 3}, "version: Input should be a valid string, received 3"),
        ({"version": ""}, "version: String should have at least 1 character"),
        ({"version": "1", "revew_months": 3}, "revew_months: unknown key; did you mean"),
        ({"version": "1", "review_months": 0}, "review_months: Input should be greater"),
        ({"version": "1", "tiers": [tier("A")]}, "tiers: List should have at least 2 items"),
        ({"version": "1", "tiers": [tier("", 0.5), tier("B")]}, "tiers.0.name: String should"),
        ({"version": "1", "tiers": [tier("../x", 0.5), tier("B")]}, "tiers.0.name: String should"),
        ({"version": "1", "tiers": [tier("A", 0.0), tier("B")]}, "tiers.0.share_of_value: "),
        ({"version": "1", "tiers": [tier("A", 1.5), tier("B")]}, "tiers.0.share_of_value: "),
        ({"version": "1", "tiers": [tier("A", float("nan")), tier("B")]}, "tiers.0.share_of_value"),
        ({"version": "1", "tiers": [tier("A", 0.5, 1.1), tier("B")]}, "tiers.0.share_of_accounts"),
        ({"version": "1", "tiers": [tier("A"), tier("B")]}, "A says nowhere how far it reaches"),
        ({"version": "1", "tiers": [tier("A", 0.5), tier("a")]}, "the name 'A' repeats"),
        ({"version": "1", "tiers": [tier("A", 0.5), tier("B", 1.0)]}, "B takes the rest"),
        (
            {"version": "1", "tiers": [tier("A", 0.5), tier("B", 0.4), tier("C")]},
            "tiers: B.share_of_value = 0.4 must be above A.share_of_value = 0.5",
        ),
        (
            {"version": "1", "tiers": [tier("A", 0.5, 0.3), tier("B", 0.8, 0.3), tier("C")]},
            "tiers: B.share_of_accounts = 0.3 must be above A.share_of_accounts = 0.3",
        ),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_by_file_and_key(
    document: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        TierPolicy.parse(document, "tiers.toml")
    assert caught.value.problem == "tiers.toml has 1 mistake"
    assert said in caught.value.details[0]
    assert caught.value.exit_code == 2


def test_all_mistakes_are_listed_at_once() -> None:
    touches = [{"name": "call", "per_year": 0, "hour": 2}]
    document = {"tiers": [{"name": 7, "touches": touches}, {"name": "B", "share": 1}]}
    with pytest.raises(SettingsError) as caught:
        TierPolicy.parse(document, "tiers.toml")
    assert [line.split(":")[0] for line in caught.value.details] == [
        "tiers.0.name",
        "tiers.0.touches.0.hour",
        "tiers.0.touches.0.per_year",
        "tiers.1.share",
        "version",
    ]


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no tier policy"):
        TierPolicy.load(tmp_path / "tiers.toml")
    (tmp_path / "tiers.toml").write_text("version = 1-")
    with pytest.raises(SettingsError, match=r"tiers\.toml is not a valid TOML file"):
        TierPolicy.load(tmp_path / "tiers.toml")


def test_the_digest_is_of_what_is_said_not_of_how(tmp_path: Path) -> None:
    plain, spaced, other = (tmp_path / f"{name}.toml" for name in "abc")
    plain.write_text('version = "1"\nreview_months = 3\n')
    spaced.write_text('# why\nreview_months   = 3\nversion = "1"')
    other.write_text('version = "1"\nreview_months = 6\n')
    one, two, three = (TierPolicy.load(path).digest for path in (plain, spaced, other))
    assert one == two != three


def test_touches_fill_play_and_hours_only_as_far_as_declared() -> None:
    review = {"name": "business review", "per_year": 4, "hours": 6.0}
    check = {"name": "health check", "per_year": 1}
    first, second, rest = policy_of(
        {**tier("A", 0.5), "touches": [review]},
        {**tier("B", 0.8), "touches": [review, check]},
        tier("C"),
    ).tiers
    assert (first.hours, first.play) == (24.0, "4 x business review a year")
    assert (second.hours, second.play) == (None, "4 x business review, 1 x health check a year")
    assert (rest.hours, rest.play) == (None, None)
    assert policy_of(tier("A", 0.5), tier("B")).review_date(Cutoff.parse("2011-01-01")) is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"capacity": {}}, "capacity.productive_hours: Field required"),
        (
            {"capacity": {"productive_hours": 0.0}},
            "capacity.productive_hours: Input should be greater",
        ),
        ({"stability": {"bnd": 0.1}}, "stability.bnd: unknown key; did you mean 'band'?"),
        ({"stability": {"band": 1.0}}, "stability.band: Input should be less than 1"),
        ({"stability": {"events": ["sunday"]}}, "stability.events.0: Input should be"),
        ({"stability": {"review_only": True}}, "review_only needs review_months"),
        ({"protected": [{"tier": "A", "reason": "x"}]}, "say whom it protects"),
        (
            {"protected": [{"tier": "AA", "reason": "x", "arr_at_least": 1.0}]},
            "protected.0.tier names the tier 'AA'; did you mean 'A'?",
        ),
        ({"new_accounts": {"tier": "Z"}}, "new_accounts.tier names the tier 'Z'; the tiers are"),
        ({"segments": {"by": "industry"}}, "segments.lines: Field required"),
        (
            {"segments": {"by": "industry", "lines": {"x": {"Q": {"top_share": 0.1}}}}},
            "segments.lines.x names the tier 'Q'",
        ),
        ({"uncertainty": {"close_call": 0.0}}, "uncertainty.close_call: Input should be greater"),
        ({"queue": {"order": "alphabet"}}, "queue.order: Input should be 'renewal'"),
        ({"cost": {"subtract": ["rent"]}}, "cost.subtract.0: Input should be 'cogs'"),
        ({"labels": {"size_bands": [5.0, 1.0]}}, "size_bands must rise"),
        (
            {
                "labels": {
                    "grades": {
                        "serve": [{"name": "g", "top_share": 1.0}, {"name": "s", "top_share": 0.5}]
                    }
                }
            },
            "must reach further from one to the next",
        ),
        ({"labels": {"classes": [{"name": "friends"}]}}, "labels.classes.0.name: Input should be"),
        ({"compensation": {"pay": {"big": {}}}}, "compensation.pay.big"),
        ({"coverage": {"accounts_per_owner": 0}}, "coverage.accounts_per_owner: Input should be"),
        ({"play": {"own": "plays/esp.txt"}}, "play.own: String should match pattern"),
        (
            {"second": [{"name": "success", "file": "../x.toml"}]},
            "second.0.file: String should match",
        ),
        ({"optimise": {"coverage": {"A": 1.0}}}, "optimise.coverage: "),
        ({"objective": ""}, "objective: String should have at least 1 character"),
    ],
)
def test_every_section_refuses_what_it_cannot_mean(more: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        TierPolicy.parse({"version": "1", **more}, "tiers.toml")
    assert said in str(caught.value)


def test_a_policy_survives_being_stored_in_a_manifest() -> None:
    policy = TierPolicy.parse(
        {
            "version": "1",
            "score": {
                "industries": {"owner": "Ito", "decided": "2026-09-01", "weights": {"x": 2.0}}
            },
            "protected": [{"tier": "B", "reason": "x", "arr_at_least": 1.0, "until": "2027-01-01"}],
        }
    )
    again = TierPolicy.parse(policy.model_dump(mode="json", exclude_none=True))
    assert again == policy
    assert again.digest == policy.digest
