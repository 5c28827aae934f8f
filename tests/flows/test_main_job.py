"""The main job end to end on the synthetic world, looked at as its three users would."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from valuemodel import cli
from valuemodel.project import Project

TABLES = [
    *("account_facts", "drivers", "importance", "portfolio", "predictions", "recommendations"),
    "white_space",
]


@pytest.fixture
def run_folder(world_project) -> Path:
    return (world_project / "output" / "demo" / "CURRENT").resolve()


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def test_the_run_holds_the_tables_of_the_contract(run_folder):
    for name in TABLES:
        frame = table(run_folder, name)
        assert len(frame)
        assert (run_folder / f"{name}.csv").exists()
    assert (run_folder / "quarantine.parquet").exists()
    manifest = json.loads((run_folder / "manifest.json").read_text(encoding="utf-8"))
    assert {"run_key", "as_of", "files", "accounts", "tiers", "conservation"} <= manifest.keys()
    assert manifest["warnings"] == []
    missing = manifest["missing_parts"]
    assert "winnability_12m" in missing["predictions"]  # that of the near horizon alone is said
    assert not {"wallet_12m", "white_space_3m", "winnability_3m"} & {*missing["predictions"]}
    assert missing["white_space"] == []


def test_every_account_has_one_prediction_and_one_tier(run_folder):
    predictions, recommendations = (
        table(run_folder, name) for name in ("predictions", "recommendations")
    )
    assert predictions["account_id"].is_unique
    assert set(predictions["account_id"]) == set(recommendations["account_id"])
    assert recommendations["tier"].isin(list("ABCD")).all()
    assert (recommendations["tier"] == "A").mean() <= 0.10


def test_sums_of_the_book_and_its_tiers_hold_together(run_folder):
    sums, predictions = table(run_folder, "portfolio"), table(run_folder, "predictions")
    whole, tiers = sums.iloc[0], sums[sums["group"] == "tier"]
    assert whole["accounts"] == tiers["accounts"].sum() == len(predictions)
    assert whole["value"] == pytest.approx(predictions["value_12m"].sum())
    assert whole["value"] == pytest.approx(tiers["value"].sum())
    known = sums.dropna(subset="low")
    assert ((known["low"] <= known["value"]) & (known["value"] <= known["high"])).all()


def test_predictions_are_sane(world_project, run_folder):
    predictions = table(run_folder, "predictions")
    assert np.isfinite(predictions[["value_3m", "value_12m"]]).all(axis=None)
    churn = predictions.set_index("account_id")[["churn_3m", "churn_12m"]]
    assert churn.notna().all(axis=None)
    assert ((churn >= 0) & (churn <= 1)).all(axis=None)
    truth = pd.read_parquet(world_project / "data" / "demo" / "truth.parquet")
    under = truth.set_index("account_id")["lapse_12m"].notna().reindex(churn.index)
    longer = churn["churn_12m"] - churn["churn_3m"]
    assert (longer[under] >= -1e-12).all()  # a hazard: the longer the window, the likelier
    assert (longer[~under] <= 1e-12).all()  # silence: the longer the window, the less likely


def test_drivers_add_up_to_the_predictions(run_folder):
    drivers, predictions = table(run_folder, "drivers"), table(run_folder, "predictions")
    sums = drivers.groupby(["account_id", "head"])["contribution"].sum().unstack("head")
    shown = predictions.set_index("account_id").loc[sums.index]
    scale = shown["value_12m"].abs().mean()
    assert np.abs(sums["value"] - shown["value_12m"]).max() <= 1e-6 * scale
    assert np.abs(sums["churn"] - shown["churn_12m"]).max() <= 1e-6


def test_wallets_hold_what_is_spent_and_white_space_is_what_is_left(run_folder):
    predictions = table(run_folder, "predictions")
    for label in ("3m", "12m"):
        wallet, past = predictions[f"wallet_{label}"], predictions[f"past_value_{label}"]
        assert (wallet >= predictions[f"value_{label}"]).all()
        assert (predictions[f"white_space_{label}"] == wallet - past).all()
        assert (predictions[f"white_space_{label}"] >= 0).all()
    seats = predictions["tags"].str.contains("seats_wallet")
    facts = table(run_folder, "account_facts").set_index("account_id")
    assert 0.1 < seats.mean() < 0.9
    assert (facts.loc[predictions.loc[seats, "account_id"], "addressable_seats"] > 0).all()
    assert predictions["winnability_3m"].between(0, 1).all()


def test_wallets_know_more_of_the_potential_than_past_value(world_project, run_folder):
    truth = pd.read_parquet(world_project / "data" / "demo" / "truth.parquet")
    known = table(run_folder, "predictions").merge(truth, on="account_id")
    rank = known[["wallet_12m", "past_value_12m", "potential"]].corr("spearman")["potential"]
    assert rank["wallet_12m"] > rank["past_value_12m"] + 0.1


def test_white_space_names_products_that_the_account_has_not_bought(world_project, run_folder):
    lacking = table(run_folder, "white_space")
    assert set(lacking["account_id"]) <= set(table(run_folder, "predictions")["account_id"])
    assert lacking.groupby("account_id").size().max() <= 3
    assert (lacking["expected_value"] > 0).all()
    sold = pd.read_parquet(world_project / "data" / "demo" / "transactions.parquet")
    sold = sold[sold["time"].between("2023-07-03", "2025-06-29") & (sold["amount"] > 0)]
    assert lacking.merge(sold, on=["account_id", "product_id"]).empty


def test_predictions_know_more_of_the_truth_than_past_value(world_project, run_folder):
    truth = pd.read_parquet(world_project / "data" / "demo" / "truth.parquet")
    both = table(run_folder, "predictions").merge(truth, on="account_id")
    ours = np.abs(both["value_12m"] - both["expected_value_12m"]).mean()
    past = np.abs(both["past_value_12m"] - both["expected_value_12m"]).mean()
    assert ours < past
    total = both["value_12m"].sum() / both["expected_value_12m"].sum()
    assert 0.8 < total < 1.25


def test_scoring_again_publishes_nothing_new(world_project, run_folder, capsys):
    settings = str(world_project / "valuemodel.toml")
    manifest = (run_folder / "manifest.json").read_bytes()
    arguments = ["score", "--settings", settings, "--as-of", "2025-07-01", "--json"]
    assert cli.run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "already published"
    assert (run_folder / "manifest.json").read_bytes() == manifest


def test_scoring_a_date_before_the_models_data_is_refused(world_project, capsys):
    settings = str(world_project / "valuemodel.toml")
    assert cli.run(["score", "--settings", settings, "--as-of", "2024-01-01"]) == 5
    assert "train --as-of 2024-01-01" in capsys.readouterr().err


def test_without_a_model_scoring_says_what_to_do(own_project, capsys):
    for store in own_project.glob("mlflow.db*"):
        store.unlink()
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["score", "--settings", settings]) == 5
    assert "run 'valuemodel train' first" in capsys.readouterr().err


def test_an_unreachable_tracking_server_is_code_7(own_project, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["score", "--settings", settings]) == 7
    assert "tracking store cannot be used" in capsys.readouterr().err


def test_a_challenger_can_wait_be_promoted_and_be_rolled_back(own_project, capsys):
    settings = ["--settings", str(own_project / "valuemodel.toml"), "--json"]

    def command(*arguments):
        assert cli.run([*arguments, *settings]) == 0
        return json.loads(capsys.readouterr().out)

    before = command("train", "--no-promote", "--as-of", "2025-07-01")
    assert before["promoted"] is False
    assert before["champion"] != before["challenger"]
    after = command("promote", "--force", "--reason", "a test of the way back")
    assert after["champion"] == before["challenger"]
    assert command("rollback", "--reason", "the way back")["champion"] == before["champion"]


def test_a_challenger_is_scored_beside_the_champion_and_never_current(own_project, capsys):
    settings = ["--settings", str(own_project / "valuemodel.toml"), "--as-of", "2025-07-01"]
    current = (own_project / "output" / "demo" / "CURRENT").resolve()
    assert cli.run(["score", "--model", "challenger", "--json", *settings]) == 0
    beside = json.loads(capsys.readouterr().out)
    assert beside["role"] == "challenger"
    assert Path(beside["folder"]).resolve() != current
    assert (own_project / "output" / "demo" / "CURRENT").resolve() == current


def test_promotion_by_force_needs_a_reason(own_project, capsys):
    settings = ["--settings", str(own_project / "valuemodel.toml")]
    assert cli.run(["promote", "--force", *settings]) == 2
    assert "--reason" in capsys.readouterr().err


def test_a_column_that_knows_the_future_is_refused_by_name(own_project, capsys):
    folder = own_project / "data" / "demo"
    sold = pd.read_parquet(folder / "transactions.parquet")
    still_buying = set(sold.loc[sold["time"] >= "2024-07-01", "account_id"])
    accounts = pd.read_parquet(folder / "accounts.parquet")
    status = np.where(accounts["account_id"].isin(still_buying), "active", "closed")
    accounts.assign(status=status).to_parquet(folder / "accounts.parquet", index=False)
    settings = own_project / "valuemodel.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[features]\nextra = { status = "category" }\n', "utf-8")
    arguments = ["--settings", str(settings), "--as-of", "2025-07-01"]
    assert cli.run(["train", *arguments]) == 3
    said = capsys.readouterr().err
    assert "status" in said
    assert "waive" in said


def test_a_column_that_has_dried_up_since_training_is_named(own_project, capsys):
    path = own_project / "data" / "demo" / "accounts.parquet"
    accounts = pd.read_parquet(path)
    accounts.assign(employees=np.nan).to_parquet(path, index=False)
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["score", "--settings", settings, "--as-of", "2025-07-01", "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert len(warnings) == 1
    assert warnings[0].startswith("employees had values in training")


def test_no_customer_gets_into_the_tracking_store(world_project, run_folder):
    accounts = table(run_folder, "account_facts")
    names = accounts["name"].dropna().head(20).tolist() + accounts["account_id"].head(20).tolist()
    stores = [world_project / "mlflow.db"]
    stores += [path for path in (world_project / "mlartifacts").rglob("*") if path.is_file()]
    for store in stores:
        content = store.read_bytes()
        assert not [name for name in names if name.encode() in content], store


def test_tier_a_holds_more_of_the_true_future_than_past_value_would_find(world_project):
    truth = pd.read_parquet(world_project / "data" / "demo" / "truth.parquet")
    with Project.open(world_project / "valuemodel.toml") as project:
        found = load_demo(world_project).found_by_tier_a(project, truth)
    assert found["by past value"] < found["by our tiers"] < found["at best"]


def load_demo(folder: Path):
    spec = importlib.util.spec_from_file_location("demo", folder / "pipelines" / "demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_demo_tells_the_truth_at_the_cutoffs_that_a_backtest_judges(opened, world_project):
    truth = opened.truth
    for until in (None, "2025-07-01"):
        judged = {pd.Timestamp(fold.cutoff.at) for fold in opened.judged(opened.as_of(until))}
        assert judged
        assert judged <= set(truth["cutoff"])
    assert {"expected_value_12m", "silence_12m", "lapse_12m"} <= set(truth.columns)
