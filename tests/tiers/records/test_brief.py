from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.coverage.projects import project_routes
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.records.brief import BriefTables, brief
from valuemodel.tiers.records.record import account_plan

YEAR = Horizon.parse("1 year")
POLICY = TierPolicy.parse({"version": "1"})
IDS = ["acme-1", "acme-2"]
TOLD = pd.DataFrame(
    {
        "account_id": IDS,
        "as_of": pd.Timestamp("2026-01-01"),
        "tier": ["A", "D"],
        "previous_tier": ["B", None],
        "tier_probability": [0.62, None],
        "too_close_to_call": pd.array([True, None], dtype="boolean"),
        "tier_since": [pd.Timestamp("2025-10-01"), pd.NaT],
        "move_reason": ["up from B: predicted value +12%", None],
        **{
            f"reason_{way}_{at}": [f"{way} {at}", None]
            for way in ("up", "down")
            for at in (1, 2, 3)
        },
        "override_reason": ["a reference", None],
        "override_owner": ["Eve", None],
        "what_moves_up": ["more contacts", None],
        "play": ["4 x visit a year", None],
        "review_date": pd.Timestamp("2026-04-01"),
        "model_version": "7",
        "policy_version": "2026-1",
    }
)
PREDICTED = pd.DataFrame(
    {
        "account_id": IDS,
        "value_1y": [84_357.6, None],
        "value_1y_low": [20_152.0, None],
        "value_1y_high": [166_558.0, None],
        "past_value_1y": [51_646.0, None],
        "churn_1y": [0.053, None],
        "white_space_1y": [32_712.0, None],
    }
)
FACTS = pd.DataFrame(
    {
        "account_id": IDS,
        "name": ["Acme", None],
        "owner": ["Ada", None],
        "reviewer": ["Max", None],
        "closeness": [57.0, None],
        "closeness_automatic": [84.0, None],
        "last_contact": [pd.Timestamp("2025-12-24 10:00"), pd.NaT],
        "renewal_date": [pd.Timestamp("2026-03-06"), pd.NaT],
        "pipeline_3m": [1_200.0, None],
    }
)
FRAME = account_frame(TOLD, PREDICTED, FACTS, YEAR)


def many(columns: dict, count: int = 7) -> pd.DataFrame:
    return pd.DataFrame({"account_id": ["acme-1"] * count, **columns})


EVERYTHING = BriefTables(
    FRAME,
    touch_plan=many(
        {
            "touch": [f"touch {at}" for at in range(7)],
            "planned": 2.0,
            "done": 1.0,
            "overdue": [True, *[False] * 6],
        }
    ),
    follow_ups=many({"due": pd.Timestamp("2026-01-05"), "reason": "they asked"}),
    white_space=many(
        {"product_id": "P1", "rank": [float(at) for at in range(7)], "expected_value": 704.3}
    ),
    projects=project_routes(
        many(
            {
                "project_id": [f"p{at}" for at in range(7)],
                "name": "Roll-out",
                "time": pd.Timestamp("2025-05-01"),
                "amount": 9_000.0,
                "closeness_before": 40.0,
                "closeness_after": 46.0,
            }
        ),
        POLICY,
    ),
    plan=account_plan(FRAME, POLICY),
    horizon=YEAR,
    currency="EUR",
)


def test_the_page_says_what_the_plan_says() -> None:
    page = brief("acme-1", EVERYTHING).splitlines()
    for line in (
        "# Acme (acme-1)",
        "As of 2026-01-01, model 7, policy 2026-1.",
        "Tier **A** since 2025-10-01, before: B; chance to belong there: 62 %, too close to call.",
        "Predicted value of the next 1 year: 84,358 EUR (80 %: 20,152 EUR to 166,558 EUR); "
        "value of the past 1 year: 51,646 EUR; risk of leaving: 5.3 %.",
        "- what changed: up from B: predicted value +12%",
        "- decided by Eve: a reference",
        "- up: up 1",
        "- down: down 3",
        "- owner: Ada",
        "- reviewer: Max",
        "- play: 4 x visit a year",
        "- touch 0: 1 of 2 done, overdue",
        "- touch 1: 1 of 2 done",
        "- last contact: 2025-12-24",
        "- strategy: moves it up: more contacts; needs 1,200 within 3 months",
        "- white space: 32,712 EUR",
        "- product P1: 704 EUR to be expected",
        "- closeness: 57 (automatic 84, manual not known)",
        "- project Roll-out of 2025-05-01, 9,000 EUR: closeness +6",
        "- follow-up due 2026-01-05: they asked",
        "- renewal: 2026-03-06",
        "- tier reviewed: 2026-04-01",
    ):
        assert line in page


def test_the_page_stays_one_page() -> None:
    page = brief("acme-1", EVERYTHING).splitlines()
    assert len(page) <= 60
    assert page.count("- and 2 more") == 4


def test_an_account_of_which_nothing_is_known_has_every_section() -> None:
    page = brief("acme-2", BriefTables(FRAME))
    assert page.count("\n## ") == 6
    for line in (
        "# acme-2",
        "Tier **D**, before: not known; chance to belong there: not known.",
        "- what changed: not known",
        "- reasons: not known",
        "- nobody owns it",
        "- pipeline: not known",
        "- planned contacts in the past year: not known",
    ):
        assert line in page.splitlines()


def test_tables_without_rows_of_the_account_say_so() -> None:
    page = brief("acme-2", EVERYTHING).splitlines()
    for line in (
        "nothing is planned",
        "no product stands out",
        "no projects",
        "no follow-up is due",
    ):
        assert f"- {line}" in page


def test_drivers_stand_in_where_no_reasons_were_written() -> None:
    drivers = pd.DataFrame(
        {
            "account_id": "acme-2",
            "head": ["value", "value", "value", "churn", "value", "value"],
            "horizon": ["1y", "1y", "1y", "1y", "3m", "1y"],
            "driver": ["past_value", "recency", "(base)", "usage", "usage", "order_size"],
            "contribution": [900.0, -50.4, 5.0, 0.1, 7.0, 20.0],
            "rank": pd.array([1, 2, 0, 1, 1, None], dtype="Int64"),
        }
    )
    page = brief("acme-2", BriefTables(FRAME, drivers, horizon=YEAR, currency="EUR"))
    told = [line for line in page.splitlines() if line.startswith(("- up", "- down"))]
    assert told == ["- up: past value, 900 EUR", "- down: recency, -50 EUR"]
    with_reasons = brief("acme-1", BriefTables(FRAME, drivers.assign(account_id="acme-1")))
    assert "past value, 900" not in with_reasons


def test_names_of_others_are_made_safe() -> None:
    hostile = FRAME.assign(name="Ac\u202eme\n# <script>[x](y)\x07", owner="*Ada*")
    page = brief("acme-1", BriefTables(hostile)).splitlines()
    assert page[0] == "# Ac\ufffdme # \\<script\\>\\[x\\](y)\ufffd (acme-1)"
    assert "- owner: \\*Ada\\*" in page


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("acme-3", "did you mean 'acme-2' or 'acme-1'?"),
        ("ACME-1", "look the id up in the recommendations"),
        ("", "look the id up in the recommendations"),
        ("zzz", "look the id up in the recommendations"),
    ],
)
def test_an_unknown_account_is_told_with_the_nearest_ids(asked, hint) -> None:
    with pytest.raises(UsageError, match="no such account") as caught:
        brief(asked, BriefTables(FRAME))
    assert caught.value.hint == hint


def test_a_typo_in_front_finds_the_id_by_its_end_in_a_large_book() -> None:
    ids = [f"B{at:05d}" for at in range(5_000)] + ["Q04711"]
    large = pd.DataFrame({"account_id": ids})
    with pytest.raises(UsageError) as caught:
        brief("X04711", BriefTables(large))
    assert "'Q04711'" in caught.value.hint
