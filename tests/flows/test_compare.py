"""Several books side by side, through the command line, from a project as `init` lays it out."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from valuemodel import cli, scaffold
from valuemodel.evaluation.standings import SHOWN
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world import make_world, write_world

SETTINGS = """
[project]
name = "{name}"
[tables.transactions]
source = "data/{data}/transactions.parquet"
[value]
horizons = ["6 months"]
[features]
groups = ["monetary", "recency_frequency"]
[backtest]
step = "3 months"
snapshots = 3
cutoffs = [{cutoff}]
truth = "data/{data}/truth_by_cutoff.parquet"
[output]
folder = "output/{name}"
"""


def declare(project: Path, name: str, data: str, cutoff: str) -> str:
    path = project / "pipelines" / f"{name}.toml"
    path.write_text(SETTINGS.format(name=name, data=data, cutoff=cutoff), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with two small books, and the settings of a third whose data are not there."""
    folder = tmp_path_factory.mktemp("compare") / "project"
    scaffold.init(folder)
    for path in (folder / "pipelines").glob("*.toml"):
        path.unlink()
    half = Horizon.parse("6 months")
    for seed, name in enumerate(("north", "south")):
        as_of = Cutoff.parse("2024-01-01")
        history = Horizon.parse("2 years")
        world = make_world(150, as_of=as_of, horizons=[half], seed=seed, history=history)
        write_world(world, folder / "data" / name)
        told = world.truth_at(as_of).assign(cutoff=pd.Timestamp(as_of.at))
        told.to_parquet(folder / "data" / name / "truth_by_cutoff.parquet", index=False)
    declare(folder, "north", "north", '"2024-01-01"')
    declare(folder, "south", "south", '"2023-10-01", "2024-01-01"')
    declare(folder, "west", "west", '"2024-01-01"')
    return folder


@pytest.fixture(scope="module")
def compared(project) -> dict:
    """What the command prints as JSON, once for all tests, run where a user would stand."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(project)
        assert cli.run(["compare", "--json"]) == 0
    return json.loads(said.getvalue())


def test_all_settings_with_cutoffs_and_data_are_judged_and_the_others_named(compared):
    figures = pd.DataFrame(compared["figures"])
    judged = figures.groupby("set")["cutoff"].unique().map(list).to_dict()
    assert judged == {"north": ["2024-01-01"], "south": ["2023-10-01", "2024-01-01"]}
    assert compared["left_out"] == {"west": "data/west/transactions.parquet"}
    assert {"past_value", "lightgbm"} <= set(figures["model"])
    assert set(figures["metric"]) == {name for names in SHOWN.values() for name in names}


def test_the_figures_are_those_of_the_backtest_each_with_its_interval(project, compared):
    figures = pd.DataFrame(compared["figures"]).query("set == 'north'")
    (folder,) = (project / "output" / "north" / "backtests").iterdir()
    metrics = pd.read_parquet(folder / "metrics.parquet").set_index("metric")
    for row in figures.to_dict("records"):
        assert row["figure"] == pytest.approx(metrics.loc[row["metric"], row["model"]])
        assert row["low"] <= row["high"]
    told = pd.read_csv(project / "output" / "comparison" / "comparison.csv")
    assert len(told) == len(compared["figures"])


def test_the_page_has_a_row_per_candidate_and_cutoff(project, compared):
    page = Path(compared["page"])
    assert page == project / "output" / "comparison" / "comparison.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith(("| north", "| south"))]
    figures = pd.DataFrame(compared["figures"])
    assert len(rows) == len(figures.drop_duplicates(["set", "cutoff", "model"]))
    assert lines[-1].startswith("marks on lightgbm: ++ better than every other candidate")


def test_settings_are_named_one_by_one_and_the_page_goes_where_it_is_wanted(
    project, compared, capsys
):
    own = project / "pipelines" / "backtest.py"
    text = own.read_text(encoding="utf-8")
    page = project / "pages" / "north.md"
    settings = str(project / "pipelines" / "north.toml")
    west = str(project / "pipelines" / "west.toml")
    own.write_text(
        '"""Ours."""\nfrom valuemodel.project import Result\n'
        f"def run(project):\n    return Result((), {{'folder': {str(judged(project))!r}}})\n",
        encoding="utf-8",
    )
    arguments = ["compare", "--settings", settings, "--settings", west, "--markdown", str(page)]
    assert cli.run(arguments) == 0
    own.write_text(text, encoding="utf-8")
    said = capsys.readouterr().out
    assert "past_value" in said
    assert "left out: west, which lacks data/west/transactions.parquet" in said
    assert page.read_text(encoding="utf-8").startswith("| set | cutoff | horizon | model |")


def judged(project: Path) -> Path:
    (folder,) = (project / "output" / "north" / "backtests").iterdir()
    return folder


def test_the_backtest_sets_estimates_beside_true_values_and_tiers_beside_past_value(
    project, compared
):
    folder = judged(project)
    tenths, figures = (pd.read_csv(folder / f"{name}.csv") for name in ("truth", "truth_figures"))
    ours = tenths.query("target == 'value' and model == 'lightgbm'")
    assert ours["decile"].tolist() == list(range(1, 11))
    assert ours["expectation"].iloc[0] > ours["expectation"].iloc[-1]
    by_model = figures.query("target == 'value'").set_index("model")
    assert (by_model["skill"] <= by_model["skill_at_best"] + 0.05).all()
    assert by_model["correlation"].between(0, 1).all()
    policy = pd.read_csv(folder / "policy.csv")
    assert policy["cutoff"].tolist() == ["2024-01-01"] * 4 + ["all"] * 4
    top = policy[policy["tier"] == "A"]
    assert (top["by_prediction"] <= top["at_best"] + 1e-9).all()


def test_where_no_data_are_there_it_is_refused(project, capsys):
    west = str(project / "pipelines" / "west.toml")
    assert cli.run(["compare", "--settings", west, "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["received"] == "west lacks data/west/transactions.parquet"


def test_settings_that_are_not_there_are_code_2(tmp_path, capsys):
    assert cli.run(["compare", "--settings", str(tmp_path / "no.toml")]) == 2
    assert "no.toml" in capsys.readouterr().err
