"""Accounts without history: their own path, a wide interval that holds, and errors told by age.

The book is the world's. Prospects are listed beside it, with a profile and nothing else; and to see
what becomes of such accounts, it is looked at a year before, as if nobody had noted since when an
account is known: then all who came in that year are listed without history.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from valuemodel import cli, scaffold
from valuemodel.estimators.newcomers import Newcomers
from valuemodel.periods import Cutoff
from valuemodel.project import Project

YEAR_BEFORE, AS_OF = Cutoff.parse("2024-07-01"), Cutoff.parse("2025-07-01")
PROSPECTS = 40


def with_accounts(project: Path, change) -> None:
    path = project / "data" / "demo" / "accounts.parquet"
    change(pd.read_parquet(path)).to_parquet(path)


def with_prospects(accounts: pd.DataFrame) -> pd.DataFrame:
    """List accounts of which nothing is known but their profile."""
    profile = ["industry", "region", "country", "employees"]
    listed = accounts.drop_duplicates("account_id").head(PROSPECTS)[profile]
    listed = listed.assign(account_id=[f"P{at:03}" for at in range(PROSPECTS)], name="Prospect")
    return pd.concat([accounts, listed], ignore_index=True)


def undated(accounts: pd.DataFrame) -> pd.DataFrame:
    """Forget since when each account is known."""
    return accounts.drop_duplicates("account_id", keep="last").assign(valid_from=pd.NaT)


@pytest.fixture(scope="module")
def tables(world_project, tmp_path_factory) -> dict[str, pd.DataFrame]:
    """What a run says of the world's accounts and the prospects beside them."""
    project = tmp_path_factory.mktemp("prospects") / "project"
    shutil.copytree(world_project, project, symlinks=True)
    with_accounts(project, with_prospects)
    settings = str(project / "valuemodel.toml")
    assert cli.run(["score", "--as-of", AS_OF.text, "--settings", settings, "-q"]) == 0
    folder = project / "output" / "demo" / "CURRENT"
    names = ("predictions", "recommendations", "tier_probabilities")
    found = {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}
    return {name: table.set_index("account_id").sort_index() for name, table in found.items()}


def test_a_prospect_has_its_own_path_and_a_wide_interval(tables):
    predictions, recommended = tables["predictions"], tables["recommendations"]
    new = predictions.index.str.startswith("P")
    assert new.sum() == PROSPECTS
    assert predictions.loc[new, "tags"].str.startswith("no_history").all()
    assert not predictions.loc[~new, "tags"].str.contains("no_history").any()
    assert (recommended.loc[new, "path"] == "new account").all()
    assert (recommended.loc[new, "pinned_by"] == "new account").all()
    assert (recommended.loc[new, "tier"] == "D").all()
    for label in ("3m", "12m"):
        value, low, high = (predictions[f"value_{label}{part}"] for part in ("", "_low", "_high"))
        assert ((low <= value) & (value <= high)).all()
        like = ~new & value.between(value[new].min() / 2, value[new].max() * 2 + 1.0)
        assert (high - low)[new].min() > (high - low)[like].median()
        steps = np.diff(predictions.filter(like=f"value_{label}_q").loc[new].to_numpy(), axis=1)
        assert (steps >= 0).all()
        assert (steps.sum(axis=1) > 0).all()


def test_the_chances_of_a_prospect_are_told(tables):
    recommended, chances = tables["recommendations"], tables["tier_probabilities"]
    new = recommended.index.str.startswith("P")
    shown = chances.loc[new].filter(like="probability_")
    np.testing.assert_allclose(shown.sum(axis=1), 1.0)
    assert (recommended.loc[new, "tier_probability"] == shown["probability_D"]).all()
    assert shown["probability_A"].between(0.0, 0.5).all()


def inside_of_those_who_came(settings: Path, cutoff: Cutoff) -> pd.Series:
    """Say of whom a list names without history at the cutoff, and who came in a year, if it was inside.

    No case is less favourable: whoever never comes brings nothing, and is inside.
    """
    with Project.open(settings) as project:
        builder, year = project.builder, project.settings.value.tiering
        past = builder.stack(project.schedule.training(cutoff), labels_until=cutoff)
        listed = builder.newcomers_at(cutoff).keys["account_id"]
        later = builder.at(year.after(cutoff))
    new = Newcomers.learn(past.X, past.y["value_12m"], ["12m"])
    brought = later.X["past_value_12m"].set_axis(later.keys["account_id"]).reindex(listed).dropna()
    found = new.columns(pd.DataFrame({"value_12m": np.zeros(len(brought))}), 0.80)
    low, high = (found[f"value_12m_{part}"].to_numpy() for part in ("low", "high"))
    return brought.between(low, high)


def test_intervals_hold_what_those_who_came_within_the_year_brought(own_project):
    with_accounts(own_project, undated)
    inside = inside_of_those_who_came(own_project / "valuemodel.toml", YEAR_BEFORE)
    assert len(inside) >= 40
    assert 0.80 <= inside.mean() < 1.0


@pytest.mark.slow
def test_intervals_hold_for_resellers_that_came_later(tmp_path, real_data, monkeypatch):
    """The figures of the README."""
    monkeypatch.setenv("VALUEMODEL_DATA", str(real_data))
    scaffold.init(tmp_path / "project")
    settings = tmp_path / "project" / "pipelines" / "adventureworks.toml"
    for cutoff, count, share in (("2019-06-01", 206, 0.917), ("2018-12-01", 216, 0.972)):
        inside = inside_of_those_who_came(settings, Cutoff.parse(cutoff))
        assert len(inside) == count
        assert inside.mean() == pytest.approx(share, abs=0.001)
