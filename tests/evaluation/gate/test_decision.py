"""A decision says in words what it rests on, and survives as a document."""

from __future__ import annotations

import json

import pytest

from valuemodel.evaluation.bootstrap import Estimate
from valuemodel.evaluation.gate.decision import Check, Figure, GateDecision, GateRule


def decision(*checks: Check, folds: int = 2) -> GateDecision:
    nothing = Estimate(1.0, float("nan"), float("nan"))
    figure = Figure("past_value", "churn", "brier", nothing, nothing, nothing, rule="contract")
    return GateDecision(
        challenger="new",
        against=("past_value", "champion"),
        horizon="6m",
        rule=GateRule(),
        folds=folds,
        accounts=300,
        checks=checks,
        figures=(figure,),
        warnings=("the total is off",),
    )


GOOD, BAD = Check("it ranks", True, "it ranks well"), Check("it is better", False, "it is not")


@pytest.mark.parametrize(
    ("checks", "verdict", "reasons"),
    [
        ((GOOD,), "new may be promoted: better than past_value and champion", ["it ranks well"]),
        ((GOOD, BAD), "new is not better than past_value and champion", ["it is not"]),
    ],
)
def test_the_note_on_the_run_is_the_verdict_with_every_reason_and_warning(checks, verdict, reasons):
    found = decision(*checks)
    lines = found.note.splitlines()
    assert lines[0].startswith(verdict)
    assert lines[1:] == [*(f"- {one}" for one in reasons), "- warning: the total is off"]


def test_without_a_fold_nothing_could_be_judged():
    assert decision(BAD, folds=0).verdict == "new could not be judged: not promoted"


def test_the_document_is_json_without_numbers_that_are_none():
    document = json.loads(json.dumps(decision(GOOD).as_document(), allow_nan=False))
    assert document["passed"] is True
    assert document["note"].startswith("new may be promoted")
    assert document["figures"][0]["rule"] == "contract"
    assert document["figures"][0]["difference"]["low"] is None
