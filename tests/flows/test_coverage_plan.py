"""The coverage plan as its readers meet it: published with the run, replayed by `tier`, told by `explain`."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
import pytest

from valuemodel import cli
from valuemodel.tiers.policy import TierPolicy


def run(capsys, project: Path, *arguments: str) -> dict:
    code = cli.run([*arguments, "--settings", str(project / "valuemodel.toml"), "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


def changed(project: Path, old: str, new: str) -> str:
    """Write another policy beside the project's own."""
    text = (project / "models" / "tiers.toml").read_text(encoding="utf-8")
    assert old in text
    path = project / "models" / "trial.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path)


@pytest.fixture
def published(world_project) -> Path:
    return (world_project / "output" / "demo" / "CURRENT").resolve()


def stored(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def test_the_published_plan_covers_the_whole_account(published):
    """All tables of the world: nothing of the plan is empty but what needs a run before or hours."""
    waiting = {
        "moves",
        "plan_changes",
        "plan_lifecycle",
        "plan_overrides",
        "plan_touches",
        "plan_reassignments",
    }
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    names = {
        name.removesuffix(".parquet") for name in manifest["files"] if name.endswith(".parquet")
    }
    plan = {name for name in names if name.startswith("plan_")}
    assert len(plan) >= 22
    others = {"touch_plan", "follow_ups", "handoffs", "value_after_cost", "tier_probabilities"}
    for name in sorted((plan | others) - waiting):
        assert len(stored(published, name)), name
    recommended = stored(published, "recommendations")
    assert recommended["tier_probability"].notna().mean() > 0.9
    assert recommended["too_close_to_call"].sum() > 0
    assert recommended["tier_by_contract_value"].notna().all()
    assert recommended["what_moves_up"].notna().any()
    assert not recommended["what_moves_up"].dropna().str.contains("because|cause of").any()
    assert stored(published, "touch_plan")["done"].notna().all()


def test_every_sentence_of_the_five_blocks_is_there_for_the_upper_tiers(published):
    plan, recommended = (stored(published, name) for name in ("plan_accounts", "recommendations"))
    upper = recommended.loc[recommended["tier"] != "D", "account_id"]
    assert plan["account_id"].tolist() == sorted(upper)
    for block in ("who", "coverage", "how", "strategy", "evaluate"):
        assert (plan[block].str.len() > 0).all()


def test_replaying_the_policy_in_force_moves_nobody(own_project, capsys):
    before = sorted(path.name for path in (own_project / "output" / "demo" / "runs").iterdir())
    document = run(capsys, own_project, "tier")
    assert document["moves"] == 0
    replay = pd.read_csv(Path(document["folder"]) / "recommendations.csv", dtype=str)
    folder = own_project / "output" / "demo" / "CURRENT"
    assert replay["tier"].tolist() == stored(folder, "recommendations")["tier"].tolist()
    assert (
        sorted(path.name for path in (own_project / "output" / "demo" / "runs").iterdir()) == before
    )


def test_another_number_says_who_would_move_before_anything_is_published(own_project, capsys):
    trial = changed(own_project, "share_of_accounts = 0.10 ", "share_of_accounts = 0.05 ")
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["tier", "--policy", trial, "--settings", settings]) == 0
    said = capsys.readouterr().out
    assert "tier A: 30 accounts" in said
    assert "line drawn by: cap on accounts" in said
    assert "30 accounts move against the published run: A to B: 30" in said
    assert "... and 20 more, in who_moves.csv" in said
    document = run(capsys, own_project, "tier", "--policy", trial)
    moved = pd.read_csv(Path(document["folder"]) / "who_moves.csv")
    assert len(moved) == document["moves"] == 30
    assert set(moved["published_tier"] + moved["tier"]) == {"AB"}


def test_who_carries_too_much_and_what_counts_twice_is_printed(own_project, published, capsys):
    load = stored(published, "plan_owners")
    most = int(load.loc[load["owner"] != "(nobody)", "accounts"].max())
    trial = own_project / "models" / "trial.toml"
    text = (own_project / "models" / "tiers.toml").read_text(encoding="utf-8")
    text += f"\n[coverage]\naccounts_per_owner = {most - 1}\n"
    trial.write_text(text, encoding="utf-8")
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["tier", "--policy", str(trial), "--settings", settings]) == 0
    said = capsys.readouterr().out
    busiest = load.loc[load["accounts"] == most, "owner"].iloc[0]
    assert f"{busiest} has {most:,} accounts, more than the {most - 1:,} that one person" in said
    past = stored(published, "account_facts")["past_value_12m"].sum()
    assert f"the company's total is {past:,.0f} EUR, each account counted once" in said
    assert "the credit of people is never added up to a company total" in said


def override(project: Path, *rows: str) -> None:
    """Let people decide the tiers of some accounts, by the project's own policy."""
    header = "account_id,tier,reason,owner,expires"
    (project / "overrides.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    policy = project / "models" / "tiers.toml"
    text = policy.read_text(encoding="utf-8")
    named = 'overrides = "overrides.csv"\nreview_months'
    policy.write_text(text.replace("review_months", named, 1), encoding="utf-8")


def test_overrides_are_judged_once_the_horizon_of_their_run_has_closed(own_project, capsys):
    recommended = stored(own_project / "output" / "demo" / "CURRENT", "recommendations")
    last = recommended.loc[recommended["tier"] == "D", "account_id"]
    override(own_project, *(f"{one},A,merger,Ito,2026-06-30" for one in last.head(3)))
    run(capsys, own_project, "score", "--as-of", "2025-07-01")
    later = Path(run(capsys, own_project, "score", "--as-of", "2026-07-01")["folder"])
    judged = stored(later, "plan_overrides").set_index("account_id")
    assert judged.index.tolist() == sorted(last.head(3))
    came = stored(later, "account_facts").set_index("account_id")["past_value_12m"]
    assert judged["realised"].tolist() == came[judged.index].tolist()
    closer = judged["closer"].value_counts()
    assert cli.run(["tier", "--settings", str(own_project / "valuemodel.toml")]) == 0
    assert (
        f"Ito: of 3 overrides, the person was closer to what came in {closer.get('override', 0)}, "
        f"the rule in {closer.get('rule', 0)}, both alike in {closer.get('equal', 0)}"
    ) in capsys.readouterr().out


def test_people_and_their_hours_draw_a_line(own_project, capsys):
    text = (own_project / "models" / "tiers.toml").read_text(encoding="utf-8")
    text = text.replace("per_year = 4.0, kinds", "per_year = 4.0, hours = 20.0, kinds")
    text = text.replace("per_year = 12.0, kinds", "per_year = 12.0, hours = 8.0, kinds")
    text = text.replace("per_year = 1.0, kinds", "per_year = 1.0, hours = 24.0, kinds")
    text = text.replace("share_of_accounts = 0.10 ", "heads = 3.0\nshare_of_accounts = 0.10 ")
    trial = own_project / "models" / "trial.toml"
    trial.write_text(text + "\n[capacity]\nproductive_hours = 1667.0\n", encoding="utf-8")
    document = run(capsys, own_project, "tier", "--policy", str(trial))
    assert document["tiers"]["A"] == 25
    lines = pd.read_csv(Path(document["folder"]) / "plan_lines.csv").set_index("tier")
    assert lines.loc["A", "binding_rule"] == "people"
    capacity = pd.read_csv(Path(document["folder"]) / "plan_capacity.csv").set_index("tier")
    assert capacity.loc["A", "hours_needed"] == 25 * 200.0


def test_one_person_sees_the_rows_of_the_accounts_on_both_lines(own_project, published, capsys):
    routing = stored(published, "plan_routing")
    for role in ("owner", "reviewer"):
        name = routing.loc[routing["role"] == role, "person"].iloc[0]
        document = run(capsys, own_project, "tier", "--for", name)
        rows = pd.read_csv(Path(document["folder"]) / "recommendations.csv", dtype=str)
        assert set(rows["account_id"]) == set(routing.loc[routing["person"] == name, "account_id"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "share_of_accounts = 0.10 ",
            "share_of_acounts = 0.10 ",
            "did you mean 'share_of_accounts'?",
        ),
        (
            "share_of_accounts = 0.10 ",
            "least_share_of_value = 0.45\nshare_of_accounts = 0.01 ",
            "contradicts itself",
        ),
        ("review_months = 3", 'review_months = 3\noverrides = "people.csv"', "are not there"),
        ('file = "tiers_success.toml"', 'file = "gone.toml"', "that trial.toml names is not there"),
        ("[stability]", '[play]\nown = "plays/mine.py:play"\n[stability]', "plays/mine.py"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_with_exit_code_2(
    own_project, capsys, old, new, said
):
    trial = changed(own_project, old, new)
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["tier", "--policy", trial, "--settings", settings, "--json"]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert json.loads(captured.out)["error"]["exit_code"] == 2
    assert not (own_project / "output" / "demo" / "replays").exists()


def test_overrides_are_respected_shown_and_make_another_run(own_project, capsys):
    folder = own_project / "output" / "demo" / "CURRENT"
    recommended = stored(folder, "recommendations")
    account = recommended.loc[recommended["tier"] == "D", "account_id"].iloc[0]
    override(own_project, f"{account},A,merger,Ito,2026-06-30")
    document = run(capsys, own_project, "score", "--as-of", "2025-07-01")
    assert document["status"] == "published"  # other overrides are another run
    told = stored(Path(document["folder"]), "recommendations").set_index("account_id").loc[account]
    assert told[["tier", "tier_without_override", "pinned_by", "override_owner"]].tolist() == [
        "A", "D", "override", "Ito"
    ]  # fmt: skip
    assert told["binding_rule"] == "override"
    assert (
        run(capsys, own_project, "score", "--as-of", "2025-07-01")["status"] == "already published"
    )


def test_a_second_run_splits_its_moves_and_counts_states(own_project, capsys):
    document = run(capsys, own_project, "score", "--as-of", "2025-10-01")
    folder = Path(document["folder"])
    moves, recommended = (stored(folder, name) for name in ("moves", "recommendations"))
    assert len(moves) > 0.95 * len(recommended)
    parts = moves[[f"steps_by_{cause}" for cause in ("data", "model", "policy", "override")]]
    assert (parts.sum(axis=1) == moves["steps"]).all()
    assert (moves["steps_by_model"] == 0).all()  # the same model scored both
    assert (moves["steps_by_policy"] == 0).all()
    assert moves["told_apart"].all()
    money = moves["value_before"] + moves["value_by_data"] + moves["value_by_model"]
    assert (money - moves["value"]).abs().max() < 1e-6 * moves["value"].abs().max()
    causes = stored(folder, "plan_causes")
    assert causes["accounts"].sum() == (moves["steps"] != 0.0).sum()
    states = stored(folder, "plan_lifecycle")
    assert states["accounts"].sum() >= len(recommended)
    again = run(capsys, own_project, "tier")
    assert again["moves"] == 0


def test_explain_writes_a_page_about_one_account(world_project, published, capsys):
    recommended = stored(published, "recommendations")
    account = recommended.loc[recommended["tier"] == "A", "account_id"].iloc[0]
    document = run(capsys, world_project, "explain", account)
    text = document["brief"]
    assert account in text.splitlines()[0]
    for heading in (
        "Why this tier",
        "Who covers it",
        "Touches",
        "What it may buy",
        "Relationship",
        "Next",
    ):
        assert f"## {heading}" in text
    assert len(text.splitlines()) <= 60
    assert list(document["plan"]) == ["who", "coverage", "how", "strategy", "evaluate"]
    settings = str(world_project / "valuemodel.toml")
    assert cli.run(["explain", f"{account}9", "--settings", settings]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.fixture(scope="module")
def backtested(world_project, tmp_path_factory) -> tuple[Path, str]:
    """The folder of a backtest of the world, and what was printed."""
    project = tmp_path_factory.mktemp("backtest") / "project"
    shutil.copytree(world_project, project, symlinks=True)
    settings, said = str(project / "valuemodel.toml"), io.StringIO()
    with redirect_stdout(said):
        assert cli.run(["backtest", "--as-of", "2025-07-01", "--settings", settings]) == 0
    return project / "output" / "demo" / "backtests" / "2025-07-01", said.getvalue()


def test_the_backtest_tells_what_the_policy_was_worth(backtested):
    folder, _ = backtested
    policy = stored(folder, "policy")
    overall = policy[policy["cutoff"] == "all"].set_index("tier")
    assert {"by_prediction", "by_past_value", "by_current_tier", "by_contract_value"} <= {*overall}
    assert len(stored(folder, "tier_calibration")) > 0
    assert {*stored(folder, "stability")["way"]} == {"with stability", "without"}
    assert len(stored(folder, "touches")) > 0


def test_the_backtest_tells_errors_by_age(backtested):
    folder, said = backtested
    errors = stored(folder, "error_by_age")
    assert {"before the first order", "0 to 90 days", "over 365 days"} <= {*errors["age"]}
    judged = stored(folder, "backtest").query("target == 'value'")
    assert {*errors["model"]} == {*judged["model"]}
    own = errors.query("horizon == '12m' and metric == 'mae' and model == 'lightgbm'")
    young = own.set_index("age").loc["0 to 90 days"]
    assert "error by age of accounts, value over 12m, with 95 % intervals:" in said
    assert f"  0 to 90 days, {young['accounts']} accounts: mean error " in said
    assert young["low"] <= young["figure"] <= young["high"]
    rows = judged.query("horizon == '12m' and model == 'lightgbm'")
    assert own["accounts"].max() <= rows["account_id"].nunique() <= own["accounts"].sum()
    held = stored(folder, "coverage").query("slice == 'age' and model == 'lightgbm'")
    assert {*own["age"]} == {*held["group"]}


def test_the_shipped_policies_are_read(world_project):
    for name in ("tiers", "tiers_success"):
        policy = TierPolicy.load(world_project / "models" / f"{name}.toml")
        assert policy.objective
