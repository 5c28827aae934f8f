"""A book of contracts alone, or of transactions alone: sensible results, and what it lacks is said."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from valuemodel import cli, scaffold

pytestmark = [pytest.mark.slow]

ACCOUNTS = 250


@pytest.fixture(scope="module", params=["contracts", "transactions"])
def demo(request, tmp_path_factory) -> tuple[str, Path, str]:
    """The name of the book, the folder of its project, and what the demo said of it."""
    folder = tmp_path_factory.mktemp(request.param) / "project"
    scaffold.init(folder)
    settings = str(folder / "valuemodel.toml")
    arguments = ["demo", "--book", request.param, "--accounts", str(ACCOUNTS), "--json"]
    said = StringIO()
    with redirect_stdout(said):
        code = cli.run([*arguments, "--settings", settings])
    assert code == 0, said.getvalue()
    return request.param, folder, said.getvalue()


def test_the_demo_makes_just_that_book(demo):
    book, folder, _ = demo
    names = {path.stem for path in (folder / "data" / f"demo_{book}").iterdir()}
    assert ("transactions" in names) == (book == "transactions")
    assert ("contracts" in names) == (book == "contracts")
    assert not (folder / "data" / "demo").exists()
    assert not (folder / "output" / "demo").exists()


def test_what_the_book_lacks_is_said(demo):
    book, _, said = demo
    lacks = " ".join(json.loads(said)["check"]["lacks"])
    assert ("no contracts: " in lacks) == (book == "transactions")
    assert ("no transactions: " in lacks) == (book == "contracts")


def test_every_account_is_predicted_and_none_absurdly(demo):
    book, folder, _ = demo
    run = (folder / "output" / f"demo_{book}" / "CURRENT").resolve()
    predictions = pd.read_parquet(run / "predictions.parquet").set_index("account_id")
    truth = pd.read_parquet(folder / "data" / f"demo_{book}" / "truth.parquet")
    truth = truth.set_index("account_id").loc[predictions.index]
    assert len(predictions) == ACCOUNTS
    ours = predictions["value_12m"]
    assert 0.7 < ours.sum() / truth["expected_value_12m"].sum() < 1.35
    past = predictions["past_value_12m"].astype(float)
    found = truth["expected_value_12m"].corr(ours, method="spearman")
    assert found > truth["expected_value_12m"].corr(past, method="spearman") - 0.02
    if book == "contracts":
        risk = predictions["churn_12m"].dropna()
        assert truth.loc[risk.index, "lapse_12m"].corr(risk, method="spearman") > 0.3
        under = truth["lapse_12m"].notna()
        assert predictions.loc[~under, "churn_12m"].isna().all()


def test_the_figures_of_the_demo_are_ordered_as_they_must_be(demo):
    book, _, said = demo
    found = json.loads(said)
    value = found["true_value_in_tier_a"]
    assert value["by our tiers"] <= value["at best"]
    assert value["by past value"] <= value["at best"]
    lapse = found["true_lapse"]
    assert bool(lapse) == (book == "contracts")
    if lapse:
        riskiest = lapse["in the riskiest tenth"]
        assert lapse["on average"] < lapse["in the tenth we call riskiest"] <= riskiest
