"""All transaction features of one cutoff against one plain GROUP BY over the same Parquet file.

``VALUEMODEL_BENCHMARK=full`` takes 20 million rows of 1 million accounts, otherwise a twentieth.
Both run in turn in one child process, so that load and memory weigh on both alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

FULL = os.environ.get("VALUEMODEL_BENCHMARK") == "full"
LINES = 20_000_000 if FULL else 1_000_000
ACCOUNTS = LINES // 20
ROOT = Path(__file__).parents[2]

#: Three lines per order, five years, 500 products, one row group after another in no order of time.
MAKE = """
copy (
  with orders as (
    select i, 'A' || lpad((hash(i) % {accounts})::varchar, 7, '0') as account_id,
      timestamp '2020-01-01' + to_seconds((hash(i + 7) % (1826 * 86400))::bigint) as time
    from range({orders}) t(i)
  )
  select account_id, time, time + interval 1 hour as known_at, 'O' || i as order_id,
    'P' || (hash(i * 3 + l) % 500) as product_id,
    ((hash(i * 5 + l) % 1000000)::bigint / 100.0 - 200)::decimal(18, 4) as amount,
    ((hash(i * 5 + l) % 600000)::bigint / 100.0)::decimal(18, 4) as cost
  from orders, range(3) lines(l) order by i
) to '{path}' (format parquet)
"""

CHILD = """
import json, resource, sys, time
import ibis
from tests.contracts.harness import settings_for
from valuemodel.dataset import DatasetBuilder
from valuemodel.periods import Cutoff
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import TRANSACTIONS

source, target, spill = sys.argv[1:]
connection = ibis.duckdb.connect(
    threads=2, memory_limit="3GB", temp_directory=spill, preserve_insertion_order=False
)
connection.raw_sql("set enable_progress_bar = false")
cutoff = Cutoff.parse("2025-01-01")
lines = connection.read_parquet(source)
kinds = TRANSACTIONS.validated()
absent = {name: ibis.null() for name in kinds if name not in lines.columns}
ledger = Ledger(lines.mutate(**absent).cast(kinds), None, Cutoff.parse("2020-01-01"), cutoff)
settings = settings_for(["3 months", "6 months", "1 year"], features={"extra": {}})
features = DatasetBuilder(connection, ledger, settings).features_at(cutoff)
plain = lines.group_by("account_id").aggregate(
    total=lines.amount.sum(), count=lines.count(), low=lines.amount.min(), high=lines.amount.max()
)


def timed(work):
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def aggregate():
    connection.raw_sql(f"create or replace table plain as {connection.compile(plain)}")


rounds = [
    (*timed(aggregate), *timed(lambda: connection.to_parquet(features, target)))
    for _ in range(3)
]
best = [min(column) for column in zip(*rounds)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([*best, peak]))
"""


def measured(source: Path, folder: Path) -> dict[str, float]:
    """Run both in turn, three times; take the best of each."""
    options = [str(source), str(folder / "features.parquet"), str(folder / "spill")]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
    )
    plain, plain_processor, features, features_processor, peak = json.loads(run.stdout)
    return {
        "lines": LINES,
        "plain_seconds": plain,
        "features_seconds": features,
        "ratio": features / plain,
        "processor_ratio": features_processor / plain_processor,
        "peak_gigabytes": peak / 1e9,
    }


@pytest.mark.slow
def test_all_features_cost_at_most_ten_plain_aggregations(benchmark, tmp_path):
    source = tmp_path / "lines.parquet"
    make = MAKE.format(orders=LINES // 3, accounts=ACCOUNTS, path=source)
    duckdb.connect(config={"memory_limit": "3GB", "threads": 2}).execute(make)
    figures = benchmark.pedantic(measured, args=(source, tmp_path), rounds=1, iterations=1)
    benchmark.extra_info.update(figures)
    print(json.dumps(figures))  # noqa: T201 - the figures are the point
    written = duckdb.sql(f"select count(*) from '{tmp_path / 'features.parquet'}'").fetchall()
    assert written[0][0] > 0.99 * ACCOUNTS
    assert figures["peak_gigabytes"] < 4
    # Processor time, because it holds on a busy machine too. In small runs fixed costs (planning,
    # opening files) weigh more than rows.
    assert figures["processor_ratio"] < (10 if FULL else 40)
