"""Spark builds what the embedded engine builds: every feature, label and fact, from the same tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import missing
from tests.contracts.harness import EXTRA, random_book
from tests.contracts.raw_files import FromFiles
from valuemodel.io.spark import connect_spark
from valuemodel.periods import Cutoff
from valuemodel.project import Project
from valuemodel.settings import Settings, SparkSection

pytestmark = [
    pytest.mark.slow,
    # Py4J leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CUTOFF = Cutoff.parse("2021-06-15 13:37:00.25")


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """An engine of two threads on this machine, for all tests here."""
    if shutil.which("java") is None:
        missing("Spark needs Java")
    backend, end = connect_spark(SparkSection(), tmp_path_factory.mktemp("spark"))
    yield backend
    end()


@pytest.fixture(scope="module")
def projects(spark, tmp_path_factory):
    """The same files opened twice: by the embedded engine, and with ``engine.name = "spark"``."""
    folder, book = tmp_path_factory.mktemp("files"), random_book(seed=2, accounts=24, lines=800)
    files = FromFiles(folder, measure="contribution", discount_rate=0.1)
    connection, _ = files(book, 1)
    connection.disconnect()
    said = files.settings(book).model_dump(mode="python", exclude_unset=True, by_alias=True)
    said |= {"features": {"extra": EXTRA}}
    said["value"] |= {"horizons": ["1 month", "26 weeks", "1 year"]}
    root = folder / "0"
    opened = [
        Project(Settings.parse(said | {"engine": engine}), root)
        for engine in ({"threads": 1}, {"name": "spark"})
    ]
    yield opened
    for project in opened:
        project.close()


@pytest.fixture(scope="module")
def built(projects):
    """Features and labels by each engine, and the facts."""
    return [
        (
            project.builder.at(CUTOFF, labels_until=project.tables.ledger.complete_until),
            project.builder.facts_at(CUTOFF),
        )
        for project in projects
    ]


def test_the_ledger_exercises_every_feature_of_every_group(built):
    (dataset, _), _ = built
    groups = {feature.group for feature in dataset.features}
    assert {"contracts", "usage", "interactions", "opportunities", "projects", "peers"} <= groups
    assert [name for name in dataset.X if dataset.X[name].isna().all()] == []


def test_every_feature_and_label_is_that_of_the_embedded_engine(built):
    (here, _), (there, _) = built
    assert here.keys.equals(there.keys)
    differing = []
    for one, other in ((here.X, there.X), (here.y, there.y)):
        assert list(one) == list(other)
        differing += [name for name in one if not _alike(one[name], other[name])]
    assert differing == []


def test_every_fact_is_that_of_the_embedded_engine(built):
    (_, here), (_, there) = built
    pd.testing.assert_frame_equal(here, there, check_exact=False, rtol=1e-11)


@pytest.mark.parametrize("name", ["touches_at", "projects_at", "credit_at", "capability_gaps_at"])
def test_every_table_beside_the_facts_is_that_of_the_embedded_engine(projects, name):
    here, there = (getattr(project.builder, name)(CUTOFF) for project in projects)
    assert len(here) > 0
    pd.testing.assert_frame_equal(here, there, check_exact=False, rtol=1e-11)


def _alike(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype == "float64":
        return bool(np.allclose(one, other, rtol=1e-11, atol=1e-11, equal_nan=True))
    return one.equals(other)


def test_counting_and_joining_bits_mean_the_same_on_both_engines(spark, tmp_path):
    rows = pa.table(
        {
            "account": ["a", "a", "b"],
            "age": pa.array([3, 40, None], pa.int64()),
            "mask": pa.array([1, 4, None], pa.int64()),
        }
    )
    path = str(tmp_path / "rows.parquet")
    pq.write_table(rows, path)
    answers = []
    for engine in (ibis.duckdb.connect(), spark):
        table = engine.read_parquet(path, table_name="rows")
        lately = table.group_by("account").aggregate(
            count=table.count(where=table.age <= 30), all=table.count(), bits=table["mask"].bit_or()
        )
        answers.append(engine.to_pyarrow(lately.order_by("account")).to_pylist())
    expected = {"account": "b", "count": 0, "all": 1, "bits": None}
    assert answers[0] == answers[1]
    assert answers[1][1] == expected


def test_a_session_that_is_there_is_used_and_left_as_it_was(spark, tmp_path):
    session = spark._session
    session.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        again, end = connect_spark(SparkSection(), tmp_path)
        assert again._session is session
        assert session.conf.get("spark.sql.session.timeZone") == "UTC"
        end()
        assert session.conf.get("spark.sql.session.timeZone") == "America/New_York"
        assert session.range(3).count() == 3
    finally:
        session.conf.set("spark.sql.session.timeZone", "UTC")


TRY = """
import pathlib, sys
from valuemodel.exceptions import UsageError
from valuemodel.io.spark import connect_spark
from valuemodel.settings import SparkSection
try:
    connect_spark(SparkSection(), pathlib.Path("."))
except UsageError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("", "Java 17 or newer"),
        ("import sys; sys.modules['pyspark'] = None", "pip install 'valuemodel[spark]'"),
    ],
)
def test_what_spark_lacks_is_said(tmp_path, before, said):
    bare = {"PATH": "/nowhere", "JAVA_HOME": "/nowhere", "HOME": str(tmp_path)}
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{TRY}"],
        env=kept | bare,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
