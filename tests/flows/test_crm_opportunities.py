"""A pipeline with one row per opportunity, in its final stage: the whole job, and no look ahead.

The truths are taken from the file by SQL of this test's own, not by the package.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from valuemodel import cli, scaffold
from valuemodel.io.engine import connect
from valuemodel.io.sources import open_ledger
from valuemodel.metrics.value import bias, mae, normalised_gini
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.snapshots.as_of import snapshot
from valuemodel.snapshots.pipeline import still_open

pytestmark = pytest.mark.real_data

AS_OF = "2017-10-01"
PIPELINE = "crm_opportunities/sales_pipeline.parquet"
ACCOUNTS = "crm_opportunities/accounts.parquet"


def asked(sql: str, folder: Path) -> list[tuple]:
    return duckdb.sql(sql.format(data=folder)).fetchall()


def laid_out(folder: Path) -> Path:
    """Lay out a project whose reasons are refitted once, and return its settings."""
    scaffold.init(folder)
    settings = folder / "pipelines" / "crm_opportunities.toml"
    text = settings.read_text("utf-8").replace("[output]\n", "[output]\nreason_refits = 1\n")
    settings.write_text(text, "utf-8")
    return settings


def run(settings: Path, capsys, command: str, *more: str) -> dict:
    code = cli.run([command, "--settings", str(settings), "--json", *more])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


def predictions(folder: str) -> pd.DataFrame:
    return pd.read_parquet(Path(folder) / "predictions.parquet")


def rewound(real_data: Path, folder: Path) -> Path:
    """Write the file as it stood before the cutoff: what closed later is open, what came is absent."""
    (folder / "crm_opportunities").mkdir(parents=True)
    duckdb.sql(
        f"""
        COPY (
          SELECT opportunity_id, sales_agent, product, account,
                 CASE WHEN close_date >= '{AS_OF}' THEN 'Engaging' ELSE deal_stage END AS deal_stage,
                 engage_date,
                 CASE WHEN close_date < '{AS_OF}' THEN close_date END AS close_date,
                 CASE WHEN close_date < '{AS_OF}' THEN close_value END AS close_value
          FROM '{real_data / PIPELINE}' WHERE engage_date IS NULL OR engage_date < '{AS_OF}'
        ) TO '{folder / PIPELINE}'
        """
    )
    duckdb.sql(f"COPY (FROM '{real_data / ACCOUNTS}') TO '{folder / ACCOUNTS}'")
    return folder


@pytest.fixture
def settings(tmp_path, monkeypatch, real_data):
    monkeypatch.setenv("VALUEMODEL_DATA", str(real_data))
    return laid_out(tmp_path / "project")


def test_won_deals_are_sales_and_only_what_has_ended_is_in_the_pipeline(
    settings, tmp_path, real_data
):
    declared = Settings.load(settings)
    connection = connect(declared.engine, tmp_path / "engine")
    try:
        tables = open_ledger(connection, declared, settings.parent.parent)
        report = tables.report
        counts = dict(
            asked(
                "SELECT deal_stage, count(*) FROM '{data}/" + PIPELINE + "' GROUP BY 1", real_data
            )
        )
        ((won,),) = asked(
            "SELECT sum(close_value)::DECIMAL(18, 2) FROM '{data}/" + PIPELINE + "' "
            "WHERE deal_stage = 'Won'",
            real_data,
        )
        assert report.transactions.accepted.rows == counts["Won"]
        assert report.transactions.accepted.amount == won
        ended = report.others["opportunities"]
        assert ended.accepted.rows == counts["Won"] + counts["Lost"]
        assert not ended.quarantined
        assert report.coverage == 1.0
        assert any("85 buying accounts" in line for line in report.warnings)

        seen = snapshot(tables.ledger, declared.value, Cutoff.parse(AS_OF))
        found = seen.events("opportunities").group_by("stage").aggregate(rows=lambda t: t.count())
        ((had_won, had_lost),) = asked(
            "SELECT count(*) FILTER (deal_stage = 'Won'), count(*) FILTER (deal_stage = 'Lost') "
            "FROM '{data}/" + PIPELINE + f"' WHERE close_date < '{AS_OF}'",
            real_data,
        )
        rows = {row["stage"]: row["rows"] for row in found.to_pyarrow().to_pylist()}
        assert rows == {"Won": had_won, "Lost": had_lost}
        assert still_open(seen).count().to_pyarrow().as_py() == 0
    finally:
        connection.disconnect()


@pytest.mark.slow
def test_the_whole_job_runs_and_the_next_quarter_is_told_no_worse_than_by_past_value(
    settings, real_data, capsys
):
    # Whether 85 accounts are enough to promote on is for the gate to say; either champion must do.
    run(settings, capsys, "train", "--as-of", AS_OF)
    first = run(settings, capsys, "score", "--as-of", AS_OF)
    table = predictions(first["folder"]).merge(
        duckdb.sql(
            f"SELECT account AS account_id, sum(close_value) AS value FROM '{real_data / PIPELINE}' "
            f"WHERE deal_stage = 'Won' AND close_date >= '{AS_OF}' GROUP BY 1"
        ).df(),
        on="account_id",
        how="left",
        validate="one_to_one",
    )
    assert len(table) == 85
    y = table["value"].fillna(0.0).astype(float)
    ours, past = table["value_3m"], table["past_value_3m"]
    assert normalised_gini(y, ours) >= normalised_gini(y, past)
    assert mae(y, ours) <= mae(y, past)
    assert abs(bias(y, ours)) < 0.15
    # Nobody was ever silent for three months, so there is nothing to learn silence from.
    assert table["tags"].str.contains("3m: fallback: silence by recency").all()
    assert table["churn_3m"].between(0, 1).all()

    page = Path(run(settings, capsys, "review", "--as-of", AS_OF)["page"])
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    second = run(settings, capsys, "score")
    assert second["as_of"] == "2018-01-01"
    before, now = (
        pd.read_parquet(Path(document["folder"]) / "recommendations.parquet").set_index(
            "account_id"
        )
        for document in (first, second)
    )
    assert now["previous_tier"].equals(before["tier"].loc[now.index].rename("previous_tier"))

    # The whole plan, of a book with deals and accounts and little else; replayed, nobody moves.
    moves = pd.read_parquet(Path(second["folder"]) / "moves.parquet")
    parts = moves[[name for name in moves if name.startswith("steps_by_")]]
    assert (parts.sum(axis=1) == moves["steps"]).all()
    replay = run(settings, capsys, "tier")
    assert replay["moves"] == 0
    plan = Path(replay["folder"])
    assert len(pd.read_csv(plan / "plan_quadrants.csv")) > 5
    assert pd.read_csv(plan / "plan_owners.csv")["accounts"].sum() == 85
    account = now.index[now["tier"] == "A"][0]
    assert "the book names no owners" in pd.read_csv(plan / "plan_accounts.csv")["coverage"][0]
    assert account in run(settings, capsys, "explain", account)["brief"]


@pytest.mark.slow
def test_the_file_as_it_stood_then_gives_the_same_predictions(
    settings, tmp_path, real_data, monkeypatch, capsys
):
    """What closed later was open then: neither its end nor that it was still open may be seen."""

    def scored(of: Path) -> pd.DataFrame:
        run(of, capsys, "train", "--as-of", AS_OF)
        return predictions(run(of, capsys, "score", "--as-of", AS_OF)["folder"])

    whole = scored(settings)
    monkeypatch.setenv("VALUEMODEL_DATA", str(rewound(real_data, tmp_path / "then")))
    then = scored(laid_out(tmp_path / "other"))
    pd.testing.assert_frame_equal(whole, then, check_exact=True)
