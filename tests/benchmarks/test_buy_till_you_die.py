"""BG/NBD learns from millions of customers in seconds, and forecasts them in less than one.

Small by default; ``VALUEMODEL_BENCHMARK=full`` takes two million customers. Beside it, on the same
distinct rows, a plain Nelder-Mead search over the likelihood as the paper writes it, which is what
packages do that have no gradients: the ratio of the two means something on a busy machine too. Each
run is a process of its own, so that the peak of its memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("VALUEMODEL_BENCHMARK") == "full"
CUSTOMERS = 2_000_000 if FULL else 100_000
#: Processor time that the plain search takes, as a multiple of the whole fit with its compression.
LEAST_RATIO = 5.0 if FULL else 8.0

CHILD = """
import json, sys, time

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD
from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows

customers = int(sys.argv[1])
TRUE = {"r": 0.2426, "alpha": 30.9, "a": 0.793, "b": 2.426}  # of CDNOW, in days
WEEKS = 52


def simulate(count, rng):
    "Nine months of a shop whose customers came within three and a half, day by day."
    age = rng.integers(180, 287, count).astype(float)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"], count)
    leave = rng.beta(TRUE["a"], TRUE["b"], count)
    clock, x, recency = np.zeros(count), np.zeros(count), np.zeros(count)
    there = np.arange(count)
    while len(there):
        clock[there] += rng.exponential(1 / rate[there])
        there = there[clock[there] < age[there]]
        x[there] += 1
        recency[there] = np.ceil(clock[there])
        there = there[rng.random(len(there)) >= leave[there]]
    return pd.DataFrame({"frequency": x, "recency": np.minimum(recency, age), "T": age})


def plain(x, recency, age, weights):
    "The likelihood of Fader, Hardie and Lee 2005, by Nelder-Mead."

    def loss(logs):
        r, alpha, a, b = np.exp(logs)
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        second = betaln(a, b + x) - betaln(a, b)
        third = -(r + x) * np.log(alpha + age)
        last = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
        last = np.where(x > 0, last, -np.inf)
        return -(weights @ (first + second + np.logaddexp(third, last))) / weights.sum()

    options = {"xatol": 1e-6, "fatol": 1e-10, "maxiter": 4_000, "maxfev": 4_000}
    found = minimize(loss, np.zeros(4), method="Nelder-Mead", options=options)
    return np.exp(found.x)


def timed(work):
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - processor


def peak():
    "In gigabytes, of this program alone: ru_maxrss would keep that of the process that started it."
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


X = simulate(customers, np.random.default_rng(0))
before = peak()
model, fit_wall, fit = timed(lambda: BetaGeoNBD().fit(X))
ahead, predict_wall, predict = timed(lambda: model.expected_purchases(X, 7 * WEEKS))
memory = peak()
rows = distinct_rows(tuple(X[name].to_numpy() for name in ("frequency", "recency", "T")))
years = rows.columns[2].mean()
scaled = rows.columns[0], rows.columns[1] / years, rows.columns[2] / years
other, _, nelder = timed(lambda: plain(*scaled, rows.weights))
print(
    json.dumps(
        {
            "customers": customers,
            "distinct": len(rows.weights),
            "fit_seconds": fit_wall,
            "predict_seconds": predict_wall,
            "processor_seconds": {"fit": fit, "predict": predict, "nelder_mead": nelder},
            "ratio": nelder / fit,
            "peak_gigabytes": memory,
            "peak_before": before,
            "found": list(model.parameters_.values()),
            "errors": list(model.standard_errors_.values()),
            "true": list(TRUE.values()),
            "plain": [float(v) for v in other * np.array([1, years, 1, 1])],
            "total": float(ahead.sum()),
        }
    )
)
"""


def measured() -> dict[str, float | list[float]]:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, str(CUSTOMERS)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
    )
    found: dict[str, float | list[float]] = json.loads(run.stdout)
    return found


@pytest.mark.slow
def test_a_fit_costs_a_fraction_of_a_plain_search(benchmark):
    figures = benchmark.pedantic(measured, rounds=1, iterations=1)
    benchmark.extra_info.update(figures)
    print(json.dumps(figures))  # noqa: T201 - the figures are the point
    assert figures["ratio"] > LEAST_RATIO
    assert figures["found"] == pytest.approx(figures["plain"], rel=2e-3)
    for found, true, error in zip(
        figures["found"], figures["true"], figures["errors"], strict=True
    ):
        assert abs(found - true) < 5 * error + 0.03 * true  # days are whole, the law's are not
    assert figures["distinct"] < figures["customers"]
    assert figures["peak_gigabytes"] < 1.0
