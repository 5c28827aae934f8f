"""A project finds its own things, wherever it is started from."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from valuemodel.exceptions import SettingsError, UsageError
from valuemodel.periods import Cutoff
from valuemodel.project import Project


def test_the_default_cutoff_is_the_end_of_the_data(opened):
    assert opened.as_of(None) == opened.tables.ledger.complete_until
    assert opened.as_of("2025-07-01") == Cutoff.parse("2025-07-01")


def test_the_fingerprint_follows_the_data_and_what_shapes_it(own_project):
    def fingerprint():
        with Project.open(own_project / "valuemodel.toml") as project:
            return project.fingerprint

    before = fingerprint()
    assert fingerprint() == before
    settings = own_project / "valuemodel.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('folder = "output/demo"', 'folder = "elsewhere"'), "utf-8")
    assert fingerprint() == before
    settings.write_text(text.replace('measure = "revenue"', 'measure = "margin"'), "utf-8")
    assert fingerprint() != before


def test_the_fingerprint_follows_every_table(own_project):
    def fingerprint():
        with Project.open(own_project / "valuemodel.toml") as project:
            files = {file.name for table in project.tables.report.tables for file in table.files}
            return project.fingerprint, files

    before, files = fingerprint()
    assert len(files) >= 2
    for name in sorted(files):
        path = own_project / name
        kept = path.read_bytes()
        rows = pq.read_table(path)
        pq.write_table(rows.take([*range(1, rows.num_rows), 0]), path)
        assert fingerprint()[0] != before, name
        path.write_bytes(kept)
    assert fingerprint()[0] == before


def test_parameters_for_the_store_hold_no_filled_in_secret(own_project, monkeypatch):
    settings = own_project / "valuemodel.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("data/demo/tr", "${ENV:SHOP_FOLDER}/tr"), "utf-8")
    monkeypatch.setenv("SHOP_FOLDER", "s3cret")
    with Project.open(settings) as project:
        parameters = project.parameters
    assert parameters["settings.value.measure"] == "revenue"
    assert parameters["models.future_value.estimator"] == "future_value"
    assert "s3cret" not in str(parameters)


def test_an_unknown_pipeline_and_an_unknown_model_are_named(opened):
    with pytest.raises(UsageError, match="no pipeline 'sing'"):
        opened.pipeline("sing")
    with pytest.raises(UsageError, match="no model 'lightgmb'"):
        opened.candidate("lightgmb")


def test_past_value_cannot_be_left_out_of_the_features(own_project):
    settings = own_project / "valuemodel.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[features]\ngroups = ["profile"]\n', "utf-8")
    with (
        Project.open(settings) as project,
        pytest.raises(SettingsError, match="needs 'monetary'"),
    ):
        project.builder  # noqa: B018 - opening it is the point


def test_closing_leaves_nothing_behind(world_project):
    project = Project.open(world_project / "valuemodel.toml")
    scratch = project.scratch
    assert project.tables.report.buying_accounts > 0
    project.close()
    assert not scratch.exists()


OWN = """
from valuemodel.features import feature


@feature(of="orders", label="Largest order", unit="money", direction="more", actionable="no",
         sentence="Its largest order was worth {value}")
def largest_order(orders):
    return orders.table.value.max()
"""


def with_own(project, text=OWN, reference="features/mine.py:largest_order"):
    """Write a feature into a project and name it in its settings."""
    (project / "features").mkdir(exist_ok=True)
    (project / "features" / "mine.py").write_text(text, "utf-8")
    settings = project / "valuemodel.toml"
    said = settings.read_text(encoding="utf-8")
    if "[features]" not in said:
        settings.write_text(f'{said}\n[features]\nown = ["{reference}"]\n', "utf-8")
    return settings


def test_a_feature_of_the_project_is_one_of_its_features(own_project, monkeypatch, tmp_path):
    settings = with_own(own_project)
    monkeypatch.chdir(tmp_path)
    with Project.open(settings) as project:
        named = {feature.name: feature.group for feature in project.builder.features}
        data = project.builder.at(Cutoff.parse("2025-01-01"))
    assert named["largest_order"] == "own"
    assert data.X.largest_order.max() > 0


def test_the_fingerprint_follows_the_text_of_an_own_feature(own_project):
    def fingerprint(text):
        with Project.open(with_own(own_project, text)) as project:
            return project.fingerprint

    assert fingerprint(OWN) == fingerprint(OWN)
    assert fingerprint(OWN) != fingerprint(OWN.replace("max()", "min()"))


def test_an_own_feature_that_is_not_there_is_named(own_project):
    settings = with_own(own_project, reference="features/mine.py:largest_orders")
    with (
        Project.open(settings) as project,
        pytest.raises(SettingsError, match="did you mean 'largest_order'"),
    ):
        _ = project.builder


def test_what_the_book_has_no_features_for_is_left_out_and_said(own_project):
    settings = own_project / "valuemodel.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text + '\n[features]\ngroups = ["monetary", "recency_frequency"]\n', "utf-8"
    )
    with Project.open(settings) as project:
        found, left_out = project.candidates(["past_value", "arr_rank", "rfm"])
    assert [one.name for one in found] == ["past_value", "rfm"]
    assert left_out == ["arr_rank is left out: the book has no contracts"]


def test_the_champion_is_judged_apart_only_where_it_is_made_otherwise(own_project):
    settings, names = own_project / "valuemodel.toml", ["past_value", "lightgbm"]
    with Project.open(settings) as project:
        same, said = project.standing(names)
        made_by = project.model("champion", project.as_of("2025-07-01"))[0].name
    assert not same
    assert f"is made by the recipe of {made_by}" in said
    with Project.open(settings) as project:
        others = [name for name in names if name != made_by]
        apart, said = project.standing(others)
    assert [one.name for one in apart] == ["champion"]
    assert apart[0].fit.recipe.name == made_by
    assert "fitted anew at every cutoff" in said


def test_a_project_that_was_never_trained_has_no_champion_and_makes_no_store(own_project):
    (own_project / "mlflow.db").unlink()
    with Project.open(own_project / "valuemodel.toml") as project:
        assert project.standing(["past_value"]) == ([], "there is no champion yet")
    assert not (own_project / "mlflow.db").exists()
