from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.io.own_features import load_own_features, own_digests

GOOD = """
from valuemodel.features import feature

@feature(of="orders", label="Orders ever", unit="orders", direction="more", actionable="yes",
         sentence="Ordered {value} times")
def orders_ever(orders):
    return orders.table.count()

def plain(orders):
    return orders.table.count()
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "features").mkdir(parents=True)
    (folder / "features" / "loyalty.py").write_text(GOOD, encoding="utf-8")
    return folder


def test_a_feature_is_found_whatever_the_working_directory(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (found,) = load_own_features(["features/loyalty.py:orders_ever"], project)
    assert (found.source, found.definition.feature.name) == ("orders", "orders_ever")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("features/loyalti.py:orders_ever", "there is no such file; did you mean 'loyalty.py'?"),
        ("nowhere/loyalty.py:orders_ever", "there is no such file; looked for"),
        (
            "features/loyalty.py:order_ever",
            "the file has no order_ever; did you mean 'orders_ever'",
        ),
        ("features/loyalty.py:plain", "it is not a feature; @feature(...) is missing"),
        ("../loyalty.py:orders_ever", "the file lies outside the project"),
        ("/loyalty.py:orders_ever", "the file lies outside the project"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(project, reference, said):
    (project.parent / "loyalty.py").write_text(GOOD, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_own_features([reference], project)
    (line,) = caught.value.details
    assert line.startswith(f"features.own {reference}: {said}")


def test_a_link_out_of_the_project_is_outside_of_it(project):
    (project.parent / "elsewhere.py").write_text(GOOD, encoding="utf-8")
    (project / "features" / "link.py").symlink_to(project.parent / "elsewhere.py")
    with pytest.raises(SettingsError, match="outside the project"):
        load_own_features(["features/link.py:orders_ever"], project)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def (", "the file failed: SyntaxError"),
        ("import no_such_module_of_ours", "the file failed: ModuleNotFoundError"),
        (GOOD.replace('"orders",\n', '"orders",').replace('unit="orders"', 'unit="x"'), "unit:"),
    ],
)
def test_a_file_that_fails_is_told_with_its_failure(project, text, said):
    (project / "features" / "loyalty.py").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_own_features(["features/loyalty.py:orders_ever"], project)
    assert said in caught.value.details[0]


def test_all_mistakes_are_told_at_once(project):
    wrong = ["features/loyalty.py:plain", "features/no.py:x", "features/loyalty.py:orders_ever"]
    with pytest.raises(SettingsError) as caught:
        load_own_features(wrong, project)
    assert len(caught.value.details) == 2


def test_a_changed_file_has_another_digest_and_no_path_of_the_host(project):
    references = ["features/loyalty.py:orders_ever", "features/loyalty.py:plain"]
    (before,) = own_digests(references, project)
    assert before.startswith("features/loyalty.py ")
    (project / "features" / "loyalty.py").write_text(GOOD + "\n#", encoding="utf-8")
    assert own_digests(references, project) != [before]
    assert own_digests([], project) == []
