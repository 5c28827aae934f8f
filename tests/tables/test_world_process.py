"""The law of the synthetic world agrees with a slow, independent solution of its equations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from valuemodel.tables.world_process import (
    ACTIVE,
    ARCHETYPES,
    GONE,
    KAPPA,
    REFUND_LAG,
    STATES,
    Archetype,
    PurchaseProcess,
)


def one_account(kind: int, **values: float) -> PurchaseProcess:
    names = ("born", "rate", "growth", "drift", "season", "peak", "leave")
    return PurchaseProcess(
        archetype=np.array([kind]), **{name: np.array([values[name]]) for name in names}
    )


def oracle(kind: Archetype, state: int, years: float, **at: float) -> tuple[float, float, float]:
    """Solve the law for one account as the textbook writes it: orders, pending, silence."""
    hazard = {
        (0, 1): 5.0, (0, 4): 0.3 * at["leave"], (1, 2): kind.sleep, (1, 3): kind.win,
        (2, 1): kind.wake, (3, 1): kind.finish,
        **{(s, 4): kind.leave * at["leave"] for s in (1, 2, 3)},
    }  # fmt: skip

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        trend = at["drift"] * t + at["growth"] * (1 - np.exp(-KAPPA * (t - at["born"]))) / KAPPA
        season = 1 + at["season"] * np.cos(2 * np.pi * (t - at["peak"]))
        speed = at["rate"] * np.exp(trend) * season
        buys = speed * np.array([0.0, kind.active, 0.0, kind.project, 0.0])
        change = np.zeros(12)
        for (come, go), rate in hazard.items():
            for shift in (0, 5):
                change[shift + come] -= rate * y[shift + come]
                change[shift + go] += rate * y[shift + come]
        change[5:10] -= buys * y[5:10]
        change[10] = buys @ y[:5]
        change[11] = change[10] - y[11] / REFUND_LAG
        return change

    start = np.zeros(12)
    start[[state, 5 + state]] = 1.0
    solved = solve_ivp(slope, (2.0, 2.0 + years), start, rtol=1e-7, atol=1e-9, max_step=0.05)
    end = solved.y[:, -1]
    return end[10], end[11], end[5:10].sum()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    kind=st.integers(0, len(ARCHETYPES) - 1),
    state=st.integers(0, len(STATES) - 1),
    rate=st.floats(0.2, 60.0),
    growth=st.floats(-0.8, 0.7),
    season=st.floats(0.0, 0.9),
    years=st.floats(0.1, 1.2),
    born=st.floats(-5.0, 1.9),
)
def test_the_outlook_solves_the_equations_of_the_law(
    kind: int, state: int, rate: float, growth: float, season: float, years: float, born: float
) -> None:
    at = {"rate": rate, "growth": growth, "season": season, "born": born}
    at |= {"drift": 0.1, "peak": 0.4, "leave": 1.3}
    ahead = one_account(kind, **at).outlook(np.array([state]), 2.0, [2.0 + years])
    orders, pending, silence = oracle(ARCHETYPES[kind], state, years, **at)
    assert ahead.orders.item() == pytest.approx(orders, rel=1e-3, abs=1e-4)
    assert ahead.pending.item() == pytest.approx(pending, rel=1e-2, abs=1e-3)
    assert ahead.silence.item() == pytest.approx(silence, abs=1e-3)


def many(count: int, kind: int = 3) -> PurchaseProcess:
    zero, one = np.zeros(count), np.ones(count)
    return PurchaseProcess(
        archetype=np.full(count, kind),
        born=np.where(np.arange(count) % 2, 0.5, -1.0),
        rate=3 * one,
        growth=zero,
        drift=zero,
        season=0.5 * one,
        peak=zero,
        leave=one,
    )


def test_paths_have_no_gaps_from_joining_to_the_end() -> None:
    process = many(500)
    paths = process.walk(5.0, np.random.default_rng(1))
    order = np.lexsort((paths.begin, paths.account))
    account, begin, end = paths.account[order], paths.begin[order], paths.end[order]
    first = np.r_[True, account[1:] != account[:-1]]
    np.testing.assert_array_equal(begin[first], np.maximum(process.born, 0.0))
    np.testing.assert_array_equal(begin[~first], end[:-1][~first[1:]])
    np.testing.assert_array_equal(end[np.r_[first[1:], True]], 5.0)


def test_nobody_is_anywhere_before_joining_and_the_gone_stay_gone() -> None:
    paths = many(500).walk(5.0, np.random.default_rng(1))
    early, middle, late = (paths.at(time, 500) for time in (0.2, 2.0, 4.9))
    np.testing.assert_array_equal(early == -1, np.arange(500) % 2 == 1)
    assert (late[middle == GONE] == GONE).all()
    assert (middle == GONE).any()
    assert (middle >= 0).all()


def test_orders_fall_only_where_the_path_buys_and_as_often_as_expected() -> None:
    process = many(4_000)
    rng = np.random.default_rng(2)
    paths = process.walk(2.0, rng)
    account, time = process.orders(paths, rng)
    now = paths.at(1.0, 4_000)
    ahead = process.outlook(now, 1.0, [2.0])
    counts = np.bincount(account[time >= 1.0], minlength=4_000)
    error = counts - ahead.orders[:, 0]
    assert abs(error.sum()) < 3.5 * np.sqrt((error**2).sum())
    assert not np.isin(account[time > 1.0], np.flatnonzero(now == GONE)).any()


def test_accounts_that_are_not_there_have_no_outlook() -> None:
    ahead = many(2).outlook(np.array([ACTIVE, -1]), 0.2, [0.4, 0.6])
    assert np.isnan(ahead.silence).tolist() == [[False, False], [True, True]]
    assert ahead.orders[0, 0] < ahead.orders[0, 1]


def test_shares_of_archetypes_make_a_whole() -> None:
    assert sum(kind.share for kind in ARCHETYPES) == pytest.approx(1.0)
