"""Group H of the faults: what can be wrong with tiers, and what must come of it.

One catalogue; the tests that inject each fault stand where its part is tested, and the pointers are checked.
A fault is *prevented* where it cannot happen, *refused* where it is met with an error that says what to do,
*flagged* where it is told beside the result, *absorbed* where it changes nothing. In no case is it silent.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTCOMES = ("prevented", "refused", "flagged", "absorbed")

#: Id, what is injected, what comes of it, and the tests that inject it.
CATALOGUE = (
    (
        "H1",
        "ties at a line",
        "absorbed",
        (
            "tests/tiers/test_assignment.py"
            "::test_a_thousand_equal_accounts_fill_the_tiers_to_the_brim_and_stay_where_they_are",
            "tests/tiers/test_assignment.py::test_the_order_of_rows_does_not_matter",
        ),
    ),
    (
        "H2",
        "an empty tier, overlapping or unordered lines, a policy that contradicts itself",
        "refused",
        (
            "tests/tiers/policy/test_tier_policy.py"
            "::test_a_policy_that_cannot_be_meant_is_refused_by_file_and_key",
            "tests/tiers/policy/test_tier_policy.py"
            "::test_every_section_refuses_what_it_cannot_mean",
            "tests/tiers/test_lines.py"
            "::test_a_policy_that_cannot_be_met_on_this_book_is_refused_with_its_numbers",
            "tests/flows/test_coverage_plan.py"
            "::test_a_policy_that_cannot_be_meant_is_refused_with_exit_code_2",
        ),
    ),
    (
        "H3",
        "flapping near a line from month to month",
        "prevented",
        (
            "tests/tiers/test_stability.py"
            "::test_two_years_of_noise_flap_far_less_with_a_band_and_a_minimum_stay",
            "tests/tiers/test_stability.py::test_no_more_accounts_move_than_the_budget_allows",
        ),
    ),
    (
        "H4",
        "overrides, protected accounts, contract minimums",
        "flagged",
        (
            "tests/tiers/test_overrides.py"
            "::test_an_override_is_respected_and_shown_with_who_why_and_until_when",
            "tests/tiers/test_overrides.py"
            "::test_every_override_holds_and_tiers_overflow_by_no_other_account",
            "tests/tiers/test_decision.py"
            "::test_a_protected_account_never_falls_below_its_tier_and_may_rise",
            "tests/flows/test_coverage_plan.py"
            "::test_overrides_are_respected_shown_and_make_another_run",
        ),
    ),
    (
        "H5",
        "accounts without history",
        "flagged",
        (
            "tests/tiers/test_decision.py::test_accounts_without_history_take_their_own_path",
            "tests/flows/test_newcomers.py::test_a_prospect_has_its_own_path_and_a_wide_interval",
            "tests/flows/test_newcomers.py"
            "::test_intervals_hold_what_those_who_came_within_the_year_brought",
            "tests/flows/test_coverage_plan.py::test_the_backtest_tells_errors_by_age",
        ),
    ),
    (
        "H6",
        "a better value that lowers a tier",
        "prevented",
        (
            "tests/tiers/test_assignment.py::test_an_account_whose_value_rises_never_falls",
            "tests/tiers/test_score.py::test_a_better_part_never_lowers_a_tier",
            "tests/tiers/test_stability.py"
            "::test_an_account_whose_value_rises_never_falls_whatever_keeps_others",
        ),
    ),
    (
        "H7",
        "accounts that merge, split or change their parent",
        "flagged",
        (
            "tests/tiers/test_account_changes.py"
            "::test_a_merger_a_split_and_a_new_owner_are_listed_with_both_sides",
            "tests/tiers/test_account_changes.py::test_the_money_of_both_runs_is_conserved",
            "tests/tiers/test_stability.py::test_a_declared_event_moves_an_account_between_reviews",
        ),
    ),
    (
        "H8",
        "all money in another unit",
        "absorbed",
        (
            "tests/tiers/test_assignment.py::test_the_unit_of_money_does_not_matter",
            "tests/tiers/test_score.py::test_scaling_all_money_changes_no_tier",
            "tests/tiers/test_stability.py"
            "::test_scaling_money_and_shuffling_rows_changes_nothing_with_a_history",
        ),
    ),
)


@pytest.mark.parametrize(
    ("fault", "what", "outcome", "tests"), CATALOGUE, ids=lambda one: str(one)[:3]
)
def test_every_fault_is_injected_somewhere(fault, what, outcome, tests):
    assert what
    assert outcome in OUTCOMES, fault
    for pointer in tests:
        path, name = pointer.split("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        named = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in named, pointer


def test_the_catalogue_is_whole_and_nothing_is_silent(capsys):
    assert [fault for fault, *_ in CATALOGUE] == [f"H{number}" for number in range(1, 9)]
    counts = Counter(outcome for _, _, outcome, _ in CATALOGUE)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    with capsys.disabled():
        print(f"\ngroup H: {len(CATALOGUE)} faults, {told}, {counts['silent']} silent")  # noqa: T201 - the table is the point
    assert counts["silent"] == 0
