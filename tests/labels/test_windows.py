from __future__ import annotations

from valuemodel.labels.windows import windows_from
from valuemodel.periods import Cutoff, Horizon


def test_a_window_is_complete_when_it_ends_by_the_instant_until_which_all_is_known():
    cutoff = Cutoff.parse("2020-08-31")
    horizons = [Horizon.parse(text) for text in ("3 months", "6 months")]
    complete = {
        until: [window.complete for window in windows_from(cutoff, horizons, Cutoff.parse(until))]
        for until in ("2020-11-29", "2020-11-30", "2021-02-27", "2021-02-28")
    }
    assert list(complete.values()) == [[False, False], [True, False], [True, False], [True, True]]
