"""Wins and losses are told in plain words, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.reporting.trust import trust


@pytest.fixture(scope="module")
def tables(example):
    return example.tables(300)


def test_wins_and_losses_are_both_told(tables):
    found = trust(tables)
    verdicts = [line.verdict for line in found.judgements]
    assert verdicts == ["better", "better", "no clear difference", "better", "worse"]
    assert "74% of what a perfect choice would have held" in found.verdict
    assert "a list by past value held 69%" in found.verdict
    assert "clearly better on 3 and clearly worse on 1" in found.verdict
    assert found.judgements[0].interval == "+1.1 to +9.4 points"
    assert found.judgements[2].difference == "-£12"


def test_more_of_an_error_is_worse_and_unknown_intervals_decide_nothing(example):
    rows = example.comparison().assign(low=1.0, high=2.0)
    sides = {
        line.measure.words: line.verdict
        for line in trust(example.tables(60, comparison=rows)).judgements
    }
    assert sides["Average miss per account"] == "worse"
    assert sides["Order of the whole book"] == "better"
    unknown = example.comparison().assign(low=np.nan, high=np.nan)
    found = trust(example.tables(60, comparison=unknown)).judgements
    assert {line.verdict for line in found} == {"no clear difference"}
    assert {line.interval for line in found} == {"not known"}


def test_other_candidates_are_left_to_the_appendix(example):
    rows = pd.concat(
        [example.comparison().assign(model="average_retention", low=-9.0), example.comparison()]
    )
    for champion in ("lightgbm", "past_value"):
        header = example.header(model_name=champion)
        found = trust(example.tables(60, comparison=rows, header=header)).judgements
        assert [line.verdict for line in found].count("better") == 3
        assert len(found) == 5


def test_where_past_value_is_champion_the_page_says_what_that_means(example):
    found = trust(example.tables(60, header=example.header(model_name="past_value")))
    assert "No model has beaten simply looking at the past 6 months" in found.verdict
    assert "clearly better on 3 of 5 measures but clearly worse on 1: error of the" in found.verdict
    assert "no account moves because of a model" in found.verdict
    assert len(found.judgements) == 5


def test_where_nothing_could_be_tested_the_page_says_so(example):
    untested = example.comparison().iloc[:0]
    baseline = example.header(model_name="past_value")
    found = trust(example.tables(60, header=baseline, comparison=untested))
    assert "No model could yet be tested" in found.verdict
    assert "no account moves because of a model" in found.verdict
    found = trust(example.tables(60, comparison=untested))
    assert "has not been tested" in found.verdict


def test_the_decile_sentence_gives_money_and_the_whole_ratio(tables):
    said = trust(tables).finding
    assert (
        "The top tenth brought £6.2k per account; a top tenth by past value brought £5.8k" in said
    )
    ratio = (tables.deciles["predicted"].sum() / tables.deciles["actual"].sum() * 100).round()
    assert said.endswith(f"{ratio:.0f}% of what came.")


def test_amounts_that_are_far_off_are_called_an_order_and_no_budget(example):
    low = example.deciles().assign(predicted=example.deciles()["actual"] * 0.63)
    said = trust(example.tables(60, deciles=low)).finding
    assert "63% of what came. Read the amounts as an order, not as a budget." in said
