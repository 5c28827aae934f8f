"""Only a model that is better out of time is promoted; luck, noise and a better constant are not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.gate.gate import GateRule, decide
from valuemodel.exceptions import SettingsError
from valuemodel.sections import parse_section

QUICK = GateRule(draws=200)


def book(seed: int, accounts: int = 300) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Accounts of a lasting size; what each will be worth, and what it was worth."""
    generator = np.random.default_rng(seed)
    size = generator.lognormal(3, 1.2, accounts)

    def year() -> np.ndarray:
        return size * generator.lognormal(0, 0.5, accounts) * (generator.random(accounts) < 0.8)

    return generator, size, np.stack([year(), year(), year()])


def judge(tidy, truth, challenger, past, rule=QUICK, seed=0):
    table = tidy([(truth, {"challenger": challenger, "past_value": past})])
    return decide(table, "challenger", ["past_value"], horizon="6m", rule=rule, seed=seed)


def test_a_model_that_knows_the_lasting_size_is_promoted_with_figures_and_reasons(tidy):
    _, size, (truth, past, _) = book(1)
    decision = judge(tidy, truth, 0.9 * size, past)
    assert decision.passed
    assert decision.verdict == "challenger may be promoted: better than past_value"
    gini = next(one for one in decision.figures if one.metric == "normalised_gini")
    assert gini.difference.low > 0
    assert gini.challenger.value > gini.standing.value
    assert len(decision.reasons) == len(decision.checks)


def test_the_decision_is_a_json_document_without_numbers_that_are_none(tidy):
    document = judge(tidy, np.zeros(60), np.arange(60.0), np.ones(60)).as_document()
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text)["passed"] is False
    assert document["rule"] == QUICK.model_dump()
    assert '"low": null' in text


def test_a_copy_of_the_standing_model_is_not_promoted(tidy):
    _, _, (truth, past, _) = book(2)
    decision = judge(tidy, truth, past, past)
    assert [check.part for check in decision.checks if not check.passed] == ["it is better"]


def test_a_constant_beats_past_value_in_error_where_there_is_no_signal_and_stays_out(tidy):
    generator, _, (truth, past, _) = book(3)
    truth = generator.permutation(truth)
    decision = judge(tidy, truth, np.full(truth.size, np.median(truth)), past)
    money = next(one for one in decision.figures if one.metric == "mae")
    assert money.difference.high < 0
    assert not decision.passed
    assert any("normalised Gini" in reason for reason in decision.reasons)


def test_a_model_that_ranks_alike_with_money_that_can_be_believed_is_promoted(tidy):
    _, _, (truth, past, _) = book(4, accounts=1_000)
    inflated = 3 * past
    decision = judge(tidy, truth, past, inflated)
    assert decision.passed


def test_a_better_ranking_that_promises_twice_the_money_stays_out_and_is_warned_about(tidy):
    _, size, (truth, past, _) = book(5)
    decision = judge(tidy, truth, 3 * size, past)
    gini = next(one for one in decision.figures if one.metric == "normalised_gini")
    assert gini.difference.low > 0
    failed = [check.part for check in decision.checks if not check.passed]
    assert failed == ["its mae is not surely worse"]
    assert any("of the truths" in warning for warning in decision.warnings)


def test_a_worse_churn_risk_keeps_a_better_value_out(tidy):
    generator, size, (truth, past, _) = book(6)
    value = tidy([(truth, {"challenger": 0.9 * size, "past_value": past})])
    gone = (generator.random(truth.size) < 0.2) * 1.0
    risks = {"challenger": np.full(gone.size, 0.9), "past_value": np.full(gone.size, 0.2)}
    table = pd.concat([value, tidy([(gone, risks)], target="churn")], ignore_index=True)
    decision = decide(table, "challenger", ["past_value"], horizon="6m", rule=QUICK)
    assert [check.part for check in decision.checks if not check.passed] == [
        "its brier is not surely worse"
    ]


def test_the_challenger_must_beat_every_standing_model(tidy):
    _, size, (truth, past, _) = book(7)
    table = tidy([(truth, {"new": 0.9 * size, "champion": 0.9 * size, "past_value": past})])
    alone = decide(table, "new", ["past_value"], horizon="6m", rule=QUICK)
    both = decide(table, "new", ["champion", "past_value"], horizon="6m", rule=QUICK)
    assert alone.passed
    assert not both.passed
    assert (
        both.verdict
        == "new is not better than champion and past_value in all that it must: not promoted"
    )


def test_too_small_a_book_or_another_horizon_decides_nothing(tidy):
    _, size, (truth, past, _) = book(8, accounts=40)
    decision = judge(tidy, truth, 0.9 * size, past)
    assert decision.reasons[0].startswith("40 accounts were judged: fewer than the 50")
    other = tidy([(truth, {"challenger": size, "past_value": past})])
    unjudged = decide(other, "challenger", ["past_value"], horizon="1y", rule=QUICK)
    assert not unjudged.passed
    assert (unjudged.folds, unjudged.accounts) == (0, 0)


def test_the_rule_is_strict_about_its_keys():
    with pytest.raises(SettingsError, match="unknown key; did you mean 'minimum_gini'"):
        parse_section(GateRule, {"minimun_gini": 0.1}, "the gate")
    with pytest.raises(SettingsError, match="money"):
        parse_section(GateRule, {"money": "mape"}, "the gate")


def no_signal(generator, size, years):
    """The labels are permuted; the challenger knows what there was to know before."""
    return generator.permutation(years[0]), 0.9 * size, years[1]


def better_constant(generator, size, years):
    """No signal, and a challenger with the smaller error."""
    noise = generator.normal(0, 1, size.size)
    return generator.permutation(years[0]), np.median(years[0]) + noise, years[1]


def noisy_copy(generator, size, years):
    """The standing model with a little noise."""
    return years[0], years[1] * generator.lognormal(0, 0.02, size.size), years[1]


def equal_rival(generator, size, years):
    """A challenger that is exactly as good as the standing model: another year's value."""
    return years[0], years[2], years[1]


@pytest.mark.parametrize("null", [no_signal, better_constant, noisy_copy, equal_rival])
def test_at_most_one_in_twenty_null_challengers_is_promoted(tidy, null):
    trials, promoted = 200, 0
    for seed in range(trials):
        truth, challenger, past = null(*book(seed, accounts=150))
        promoted += judge(tidy, truth, challenger, past, GateRule(draws=100), seed).passed
    assert promoted <= 0.05 * trials


def test_permuted_labels_have_no_gini_and_no_promotion(tidy):
    """Twenty permutations: the mean Gini is 0 within its interval, and none is promoted."""
    ginis = []
    for seed in range(20):
        generator, size, years = book(seed)
        decision = judge(tidy, *no_signal(generator, size, years), seed=seed)
        figure = next(one for one in decision.figures if one.metric == "normalised_gini")
        ginis.append(figure.challenger.value)
        assert not decision.passed
        assert "not better than past_value" in decision.verdict
    half = 1.96 * np.std(ginis, ddof=1) / len(ginis) ** 0.5
    assert abs(np.mean(ginis)) <= half + 0.01
    assert half < 0.06


@pytest.mark.parametrize(("noise", "least"), [(0.5, 0.95), (0.8, 0.5)])
def test_a_better_model_is_found_often_enough(tidy, noise, least):
    """Power: standing value = size with noise; the challenger is the size itself."""
    found = 0
    for seed in range(30):
        generator, size, (truth, _, _) = book(seed)
        standing = size * generator.lognormal(0, noise, size.size)
        found += judge(tidy, truth, 0.9 * size, standing, GateRule(draws=100), seed).passed
    assert found / 30 >= least
