"""Calendar arithmetic that two people would do alike with a wall calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon, helper_horizons, rolling_cutoffs

units = st.sampled_from(["day", "week", "month", "year"])
horizons = st.builds(Horizon, st.integers(1, 60), units)
instants = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1)).map(Cutoff)  # noqa: DTZ001

# cutoff, horizon, end of the window: month ends, leap days, year ends, weeks.
CALENDAR = [
    ("2011-01-31", "1 month", "2011-02-28"),
    ("2012-01-31", "1 month", "2012-02-29"),
    ("2012-02-29", "1 year", "2013-02-28"),
    ("2012-02-29", "4 years", "2016-02-29"),
    ("2011-12-31", "2 months", "2012-02-29"),
    ("2011-12-09", "1 day", "2011-12-10"),
    ("2012-02-28", "1 day", "2012-02-29"),
    ("1997-10-01", "39 weeks", "1998-07-01"),
    ("2011-06-09", "6 months", "2011-12-09"),
    ("2015-03-31", "6 months", "2015-09-30"),
    ("2016-01-01", "12 months", "2017-01-01"),
    ("2016-08-31", "18 months", "2018-02-28"),
]


@pytest.mark.parametrize(("start", "length", "end"), CALENDAR)
def test_windows_end_where_the_calendar_says(start, length, end):
    assert Horizon.parse(length).after(Cutoff.parse(start)) == Cutoff.parse(end)


@pytest.mark.parametrize(
    ("text", "label"),
    [("6 months", "6m"), ("39w", "39w"), (" 1 Year ", "1y"), ("90 days", "90d"), ("1 day", "1d")],
)
def test_horizons_are_read_and_labelled(text, label):
    horizon = Horizon.parse(text)
    assert horizon.label == label
    assert Horizon.parse(str(horizon)) == horizon == Horizon.parse(horizon.label)


@pytest.mark.parametrize(
    "text", ["", "6", "months", "0 months", "-3 months", "6 moons", "1.5 years"]
)
def test_a_horizon_that_is_none_is_refused_with_what_was_received(text):
    with pytest.raises(UsageError, match="positive number of days") as caught:
        Horizon.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["", "tomorrow", "09/06/2011", "2011-13-01", "2011-02-30"])
def test_a_cutoff_that_is_no_iso_date_is_refused(text):
    with pytest.raises(UsageError, match="ISO date"):
        Cutoff.parse(text)


def test_a_cutoff_has_no_time_zone_of_its_own():
    with pytest.raises(UsageError, match="naive instant"):
        Cutoff(datetime(2011, 6, 9, tzinfo=UTC))


@given(instants, horizons)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_window_always_has_a_positive_length_and_order_is_by_length(cutoff, horizon):
    assert horizon.before(cutoff) < cutoff < horizon.after(cutoff)
    assert Horizon(horizon.count + 1, horizon.unit) > horizon


@given(instants, instants, horizons, horizons, st.integers(1, 30))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_rolling_cutoffs_have_complete_windows_in_order_inside_the_span(
    first, as_of, horizon, step, limit
):
    cutoffs = rolling_cutoffs(first, as_of, horizon, step, limit)
    assert len(cutoffs) <= limit
    assert cutoffs == sorted(set(cutoffs))
    assert all(cutoff >= first and horizon.after(cutoff) <= as_of for cutoff in cutoffs)


def test_helper_horizons_are_shorter_and_new():
    found = helper_horizons([Horizon.parse("3 months"), Horizon.parse("1 year")])
    assert [horizon.label for horizon in found] == ["1m", "6m"]
