"""An error tells a person what to do, a scheduler what happened, and a program both."""

from __future__ import annotations

import json

import pytest

from valuemodel import exceptions
from valuemodel.exceptions import DataRefused, SettingsError, UsageError, ValueModelError, nearest

CODES = {
    "ValueModelError": 1,
    "UsageError": 2,
    "SettingsError": 2,
    "DataRefused": 3,
    "GateRefused": 4,
    "ModelRefused": 5,
    "LockHeld": 6,
    "OutOfReach": 7,
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_every_error_has_the_exit_code_that_schedulers_know(name, code):
    assert getattr(exceptions, name).exit_code == code


def test_no_error_class_is_missing_from_the_table_of_exit_codes():
    own = {
        name
        for name, thing in vars(exceptions).items()
        if isinstance(thing, type) and issubclass(thing, ValueModelError)
    }
    assert own == set(CODES)


def test_settings_errors_are_usage_errors():
    assert issubclass(SettingsError, UsageError)


def test_the_message_has_problem_details_received_and_hint():
    error = DataRefused("no rows", received="0", hint="look", details=["a.csv", "b.csv"])
    assert str(error) == "no rows\n  - a.csv\n  - b.csv\n  received: 0\n  hint: look"


def test_the_document_is_json_and_complete():
    error = DataRefused("no rows", received="0", hint="look", details=["a.csv"])
    document = json.loads(json.dumps(error.as_document()))["error"]
    assert document == {
        "type": "DataRefused",
        "exit_code": 3,
        "problem": "no rows",
        "received": "0",
        "hint": "look",
        "details": ["a.csv"],
    }


def test_nearest_names_the_likely_one_and_stays_silent_otherwise():
    assert nearest("horizen", ["horizons"]) == "did you mean 'horizons'?"
    assert nearest("x", ["horizons"]) == ""
