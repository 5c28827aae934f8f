"""Real accounts, with the future left in the file: trained and scored as a scheduler would have.

The truths are taken from the files by SQL of this test's own, not by the package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from valuemodel import cli, scaffold
from valuemodel.metrics.churn import brier
from valuemodel.metrics.value import bias, decile_mape, mae, normalised_gini

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@dataclass(frozen=True)
class Book:
    """A data set, the date it is scored at, and how its truth is found in the raw file."""

    settings: str
    as_of: str
    horizon: str
    truth: str


ONLINE_RETAIL = Book(
    "online_retail",
    "2011-06-09",
    "6m",
    """
    SELECT "Customer ID"::BIGINT::VARCHAR AS account_id, sum(Quantity * Price) AS value,
           max(Quantity * Price > 0)::INT AS bought
    FROM '{data}/online_retail_II/online_retail_II.parquet'
    WHERE "Customer ID" IS NOT NULL
      AND InvoiceDate >= '2011-06-09' AND InvoiceDate < '2011-12-09'
      AND StockCode NOT IN ('POST', 'DOT', 'C2', 'C3', 'AMAZONFEE', 'BANK CHARGES', 'CRUK',
                            'ADJUST', 'ADJUST2', 'B', 'S', 'TEST001', 'TEST002')
      AND StockCode NOT LIKE 'gift!_0001!_%' ESCAPE '!'
    GROUP BY 1
    """,
)
IOWA = Book(
    "iowa_liquor",
    "2016-01-01",
    "12m",
    """
    SELECT "Store Number"::VARCHAR AS account_id, sum(sales) AS value,
           max(sales > 0)::INT AS bought
    FROM '{data}/iowa_liquor/store_day.parquet'
    WHERE date >= '2016-01-01' AND date < '2017-01-01' GROUP BY 1
    """,
)
CDNOW = Book(
    "cdnow",
    "1997-10-01",
    "39w",
    """
    SELECT customer_id::VARCHAR AS account_id, sum(dollar_value) AS value,
           max(dollar_value > 0)::INT AS bought
    FROM '{data}/cdnow/master.parquet'
    WHERE date >= '1997-10-01' AND date < '1998-07-01' GROUP BY 1
    """,
)


def run(project: Path, book: Book, capsys, command: str, *more: str) -> dict:
    settings = str(project / "pipelines" / f"{book.settings}.toml")
    arguments = [command, "--settings", settings, "--as-of", book.as_of, "--json", *more]
    code = cli.run(arguments)
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


def beside_truth(document: dict, book: Book, real_data: Path) -> pd.DataFrame:
    predictions = pd.read_parquet(Path(document["folder"]) / "predictions.parquet")
    truth = duckdb.sql(book.truth.format(data=real_data)).df()
    table = predictions.merge(truth, on="account_id", how="left")
    table["value"] = table["value"].fillna(0.0).astype(float)
    table["silent"] = 1.0 - table["bought"].fillna(0).astype(float)
    return table


@pytest.fixture
def project(tmp_path, monkeypatch, real_data):
    folder = tmp_path / "project"
    scaffold.init(folder)
    for settings in (folder / "pipelines").glob("*.toml"):
        once = settings.read_text("utf-8").replace("[output]\n", "[output]\nreason_refits = 1\n")
        settings.write_text(once, "utf-8")
    monkeypatch.setenv("VALUEMODEL_DATA", str(real_data))
    return folder


def test_the_iowa_stores_are_scored_better_than_by_past_value(project, real_data, capsys):
    trained = run(project, IOWA, capsys, "train")
    assert trained["promoted"] is True, trained["gate"]["reasons"]
    document = run(project, IOWA, capsys, "score")
    assert (document["model_name"], document["role"]) == ("lightgbm", "champion")
    table = beside_truth(document, IOWA, real_data)
    assert table["account_id"].is_unique
    y, ours, past = table["value"], table["value_12m"], table["past_value_12m"]
    assert normalised_gini(y, ours) > normalised_gini(y, past)
    assert mae(y, ours) < mae(y, past)
    assert abs(bias(y, ours)) < 0.1
    assert brier(table["silent"], table["churn_12m"]) < 0.02
    recommendations = pd.read_parquet(Path(document["folder"]) / "recommendations.parquet")
    assert (recommendations["tier"] == "A").mean() <= 0.10
    # Transactions only: the whole plan all the same, what it lacks missing and not guessed.
    replay = run(project, IOWA, capsys, "tier")
    assert replay["moves"] == 0
    lines = pd.read_csv(Path(replay["folder"]) / "plan_lines.csv").set_index("tier")
    assert lines.loc["A", "binding_rule"] in {"value", "accounts"}
    queue = recommendations.sort_values(["tier", "queue_rank"])
    assert queue.groupby("tier")["rank"].apply(lambda one: one.is_monotonic_increasing).all()
    assert recommendations["tier_probability"].between(0, 1).all()
    value = pd.read_csv(Path(replay["folder"]) / "plan_value.csv")
    assert value["contribution"].isna().all()
    page = Path(run(project, IOWA, capsys, "review")["page"]).read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")


def test_online_retail_keeps_past_value_for_its_money_and_shows_a_better_ranking(
    project, real_data, capsys
):
    """Two years with one Christmas: the ranking is better, the total is not to be trusted."""
    trained = run(project, ONLINE_RETAIL, capsys, "train")
    assert trained["promoted"] is False
    assert any("mae" in reason for reason in trained["gate"]["reasons"])
    champion = run(project, ONLINE_RETAIL, capsys, "score")
    assert champion["model_name"] == "past_value"
    assert champion["data"]["transactions"]["excluded"]
    challenger = run(project, ONLINE_RETAIL, capsys, "score", "--model", "challenger")
    assert challenger["role"] == "challenger"
    assert champion["folder"] != challenger["folder"]
    current = project / "output" / "online_retail" / "CURRENT"
    assert current.resolve() == Path(champion["folder"]).resolve()
    table = beside_truth(challenger, ONLINE_RETAIL, real_data)
    y, ours, past = table["value"], table["value_6m"], table["past_value_6m"]
    assert normalised_gini(y, ours) > normalised_gini(y, past) + 0.02
    assert decile_mape(y, ours) < decile_mape(y, past)
    rate = table["silent"].mean()
    assert brier(table["silent"], table["churn_6m"]) < rate * (1 - rate)


def test_too_short_a_history_is_stretched_and_tagged_and_past_value_stays_champion(
    project, real_data, capsys
):
    assert run(project, CDNOW, capsys, "train")["promoted"] is False
    document = run(project, CDNOW, capsys, "score")
    table = beside_truth(document, CDNOW, real_data)
    assert document["model_name"] == "past_value"
    assert len(table) == 23_570
    assert table["tags"].str.contains("39w: ").all()
    assert np.array_equal(table["value_39w"], table["past_value_39w"])
    assert table["churn_39w"].between(0, 1).all()
    # The challenger, which nothing could judge yet, learned over 13 weeks and stretched by the law.
    waiting = beside_truth(
        run(project, CDNOW, capsys, "score", "--model", "challenger"), CDNOW, real_data
    )
    assert waiting["tags"].str.contains("39w: stretched: learned over 13w").all()
    y, ours, past = waiting["value"], waiting["value_39w"], waiting["past_value_39w"]
    assert normalised_gini(y, ours) > normalised_gini(y, past) + 0.01
    assert mae(y, ours) < 0.6 * mae(y, past)
    assert abs(bias(y, ours)) < 0.2 < bias(y, past)


def test_on_data_without_signal_past_value_stays_champion(project, capsys):
    book = Book("superstore", "2019-01-01", "12m", "")
    assert run(project, book, capsys, "train")["promoted"] is False


def test_the_future_in_the_file_changes_nothing(project, real_data, tmp_path, monkeypatch, capsys):
    whole = run_scores(project, CDNOW, capsys)
    cut = tmp_path / "cut"
    (cut / "cdnow").mkdir(parents=True)
    duckdb.sql(
        f"COPY (SELECT * FROM '{real_data}/cdnow/master.parquet' WHERE date < '1997-10-01') "
        f"TO '{cut}/cdnow/master.parquet'"
    )
    other = tmp_path / "other"
    scaffold.init(other)
    monkeypatch.setenv("VALUEMODEL_DATA", str(cut))
    pd.testing.assert_frame_equal(whole, run_scores(other, CDNOW, capsys), check_exact=True)


def run_scores(project, book, capsys):
    run(project, book, capsys, "train")
    folder = Path(run(project, book, capsys, "score")["folder"])
    return pd.read_parquet(folder / "predictions.parquet")
