"""The backtest of a user: every baseline, the champion, declared slices, and the gate on no signal."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from valuemodel import cli
from valuemodel.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def judged(own_project, capsys):
    """The world's backtest after the challenger's definition was changed."""
    settings = own_project / "valuemodel.toml"
    text = settings.read_text(encoding="utf-8")
    sliced = text.replace("[backtest]\n", '[backtest]\nslices = ["region"]\n')
    assert sliced != text
    settings.write_text(sliced, "utf-8")
    with Project.open(settings) as project:
        champion = project.model("champion", project.as_of("2025-07-01"))[0].name
    changed = own_project / "models" / "future_value.toml"
    said = changed.read_text(encoding="utf-8")
    changed.write_text(said.replace("seed = 0", "seed = 1"), "utf-8")
    asked = ["--as-of", "2025-07-01", "--permutations", "20"]
    code = cli.run(["backtest", "--settings", str(settings), "--json", *asked])
    out = capsys.readouterr()
    assert code == 0, out.err
    return json.loads(out.out), champion


def test_a_backtest_has_every_baseline_the_champion_slices_and_the_gate(judged):
    document, champion = judged
    table = pd.read_parquet(Path(document["folder"]) / "backtest.parquet")
    models = {"past_value", "average_retention", "rfm", "arr_rank", "buy_till_you_die", "lightgbm"}
    apart = {"champion"} if champion == "lightgbm" else set()
    assert set(table["model"]) == models | apart
    assert document["gate"]["against"] == ["past_value", *sorted(apart)]
    assert f"version {'2' if apart else '1'}," in document["champion"]
    slices = pd.read_csv(Path(document["folder"]) / "slices.csv")
    assert set(slices["slice"]) == {"region"}
    assert set(slices["model"]) == set(table["model"])
    assert {one["slice"] for one in document["gate"]["slices"]} == {"region"}
    null = document["permutations"]
    assert (null["trials"], null["promotions"], null["retrained_promoted"]) == (20, 0, False)
