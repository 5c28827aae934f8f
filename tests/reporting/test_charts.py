"""Charts: labelled images without script, style attribute or anything from outside."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from valuemodel.reporting.charts import decile_chart, group_chart

NAMESPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = '</svg><script>alert(1)</script>"\u202e'


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


@pytest.fixture(scope="module")
def drawings(example):
    groups = example.importance().query("head == 'churn' and feature == '(all)'")
    hostile = groups.assign(label=[HOSTILE, *groups["label"].iloc[1:]])
    return {
        "deciles": decile_chart(
            example.deciles(), currency="GBP", finding="It finds.", key="deciles"
        ),
        "churn": group_chart(hostile, head="churn", currency="GBP", title="Effect", key="churn"),
    }


@pytest.mark.parametrize("name", ["deciles", "churn"])
def test_a_chart_is_one_labelled_image_without_script_or_style(drawings, name):
    root = parsed(drawings[name])
    assert root.get("role") == "img"
    title, desc = root.find(f"{NAMESPACE}title"), root.find(f"{NAMESPACE}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text
    assert desc.text
    tags = {element.tag.removeprefix(NAMESPACE) for element in root.iter()}
    assert tags <= {"svg", "g", "path", "rect", "line", "text", "title", "desc", "defs", "clipPath"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not {n for n in names if n.startswith("on") or n in ("style", "href", "src")}


def test_ids_of_two_charts_never_meet(drawings):
    ids = [e.get("id") for svg in drawings.values() for e in parsed(svg).iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def test_the_decile_chart_says_groups_sizes_and_money(drawings):
    text = " ".join(parsed(drawings["deciles"]).itertext())
    assert "Top tenth (n 1,203)" in text
    assert "Last tenth" in text
    assert "£2.0k" in text


def test_bars_of_the_decile_chart_are_as_long_as_the_figures(example):
    flat = example.deciles().assign(predicted=50.0, actual=100.0, by_baseline=100.0)
    root = parsed(decile_chart(flat, currency="GBP", finding="Flat.", key="k"))
    bars = [
        e.get("d") for e in root.iter(f"{NAMESPACE}path") if (e.get("d") or "").startswith("M0,")
    ]
    widths = {round(float(d.split("h")[1].split("v")[0])) for d in bars if "h" in d and "v" in d}
    wide = sorted(width for width in widths if width > 1)
    assert wide[-1] == pytest.approx(2 * wide[-2], abs=1)


def test_hostile_labels_are_only_text(drawings):
    text = " ".join(parsed(drawings["churn"]).itertext())
    assert "alert(1)" in text
    assert "\u202e" not in text


def test_small_and_negative_money_can_be_drawn(example):
    table = example.deciles()
    for factor in (1e-3, -1.0, 0.0, 1e6):
        changed = table.assign(
            **{n: table[n] * factor for n in ("predicted", "actual", "by_baseline")}
        )
        assert decile_chart(changed, currency="JPY", finding="All of it.", key="k").startswith(
            "<svg"
        )


def test_the_same_figures_give_the_same_bytes(example, drawings):
    again = decile_chart(example.deciles(), currency="GBP", finding="It finds.", key="deciles")
    assert again == drawings["deciles"]


def test_a_single_group_is_drawn():
    one = pd.DataFrame({"label": ["Who it is"], "mean_abs": [0.0]})
    assert "Who it is" in group_chart(one, head="value", currency="EUR", title="T", key="k")
