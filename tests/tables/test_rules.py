"""The catalogue of rules can be read, limited and trusted."""

from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.tables.record_rules import rules_of
from valuemodel.tables.rules import (
    ACCOUNT_RULES,
    NOT_COLLECTED_YET,
    TRANSACTION_RULES,
    limits_of,
)
from valuemodel.tables.schemas import TABLES


@pytest.mark.parametrize("table", TABLES)
def test_every_rule_has_one_name_a_sentence_and_a_fix(table):
    rules = rules_of(table)
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.sentence
        assert rule.fix
        assert 0 <= rule.limit <= 0.01 or rule is NOT_COLLECTED_YET


def test_money_of_unknown_worth_is_not_tolerated_unless_said():
    limits = limits_of(TRANSACTION_RULES, {}, "transactions")
    assert limits["missing_currency"] == limits["currency_without_rate"] == 0
    declared = limits_of(TRANSACTION_RULES, {"missing_currency": 0.5}, "transactions")
    assert declared["missing_currency"] == 0.5


def test_a_limit_for_no_rule_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'unreadable_time'"):
        limits_of(ACCOUNT_RULES, {"unreadable_tine": 0.1}, "accounts")
