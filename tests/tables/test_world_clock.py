"""When things of the synthetic world happen and are written down."""

from __future__ import annotations

import numpy as np

from valuemodel.periods import Cutoff
from valuemodel.tables.world_clock import midnights, office_hours, written_down

ORIGIN = Cutoff.parse("2024-02-28")


def test_office_hours_keep_the_day_and_the_order_of_instants() -> None:
    days = np.sort(np.random.default_rng(1).uniform(0, 40, 500))
    stamps = office_hours(days, ORIGIN)
    assert (np.diff(stamps) >= np.timedelta64(0)).all()
    whole = midnights(np.floor(days).astype(np.int64), ORIGIN)
    within = (stamps - whole) / np.timedelta64(1, "h")
    assert within.min() >= 8
    assert within.max() < 18


def test_midnights_count_calendar_days() -> None:
    found = midnights(np.array([-1, 0, 2]), ORIGIN).astype("datetime64[D]").astype(str)
    assert found.tolist() == ["2024-02-27", "2024-02-28", "2024-03-01"]


def test_nothing_is_known_before_it_happens_and_little_is_late() -> None:
    stamps = office_hours(np.linspace(0, 300, 20_000), ORIGIN)
    known = written_down(stamps, np.random.default_rng(2), late=0.05, days=4.0)
    late = known > stamps
    assert (known >= stamps).all()
    assert 0.04 < late.mean() < 0.06
    assert 3.5 < ((known - stamps)[late] / np.timedelta64(1, "D")).mean() < 4.5
