"""Charts as static SVG: drawn by Altair through vl-convert, no script, no style attribute.

Each chart says what it shows in its title, what it finds in one sentence, and has a table beside it
with the same figures. Fill and outline differ in lightness too, so that colour is never alone.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import pandas as pd
import vl_convert

from valuemodel.explain.wording import money, points
from valuemodel.reporting.plain_text import shortened, visible

UP, DOWN = "#0072B2", "#D55E00"
INK, GREY, PALE = "#1b1b1b", "#767676", "#cfe3f1"

_SVG = "http://www.w3.org/2000/svg"
_WIDTH = 300
_TENTHS = ("Top tenth", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "Last tenth")


def decile_chart(deciles: pd.DataFrame, *, currency: str, finding: str, key: str) -> str:
    """Draw predicted and actual money per account by tenths, with past value's tick.

    Parameters
    ----------
    deciles : DataFrame
        As `valuemodel.evaluation.deciles.decile_comparison` gives it.
    currency : str
        The project's currency.
    finding : str
        What the chart finds, in one sentence.
    key : str
        A name for the ids in the page, unique there.

    Returns
    -------
    str
        An SVG element.
    """
    table = deciles.assign(
        tenth=[
            f"{_TENTHS[int(row['decile']) - 1]} (n {int(row['accounts']):,})"
            for row in deciles.to_dict("records")
        ]
    )
    bars = table.melt(["tenth", "decile"], ["predicted", "actual"], "kind", "amount")
    bars["kind"] = bars["kind"].map({"predicted": "Predicted", "actual": "What came"})
    kinds = ["Predicted", "What came"]
    y = alt.Y("tenth:N", sort=None, title=None)
    x = alt.X("amount:Q", title="Money per account", axis=_money_axis(bars["amount"], currency))
    drawn = (
        alt.Chart(bars)
        .mark_bar(stroke=UP, strokeWidth=1)
        .encode(
            y=y,
            x=x,
            yOffset=alt.YOffset("kind:N", sort=kinds),
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[PALE, UP]), legend=None),
        )
    )
    ticks = (
        alt.Chart(table)
        .mark_tick(color=INK, thickness=3, size=26, opacity=1)
        .encode(y=y, x=alt.X("by_baseline:Q"))
    )
    chart = alt.layer(drawn, ticks).properties(width=_WIDTH, height=alt.Step(15))
    return _svg(chart, "Money per account by tenths of the book", finding, key)


def group_chart(groups: pd.DataFrame, *, head: str, currency: str, title: str, key: str) -> str:
    """Draw how much a head leans on each group of features.

    Parameters
    ----------
    groups : DataFrame
        ``label`` and ``mean_abs`` (money or probability), largest first.
    head : {"value", "churn"}
        Which unit the bars have.
    currency : str
        The project's currency.
    title, key : str
        The title, and a name for the ids in the page.

    Returns
    -------
    str
        An SVG element.
    """
    said = [_said(size, head, currency) for size in groups["mean_abs"]]
    table = groups.assign(label=[shortened(text, 34) for text in groups["label"]], said=said)
    longest = max(float(table["mean_abs"].max()), 1e-12)
    base = alt.Chart(table).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=230)),
        x=alt.X("mean_abs:Q", axis=None, scale=alt.Scale(domain=[0, longest * 1.35])),
    )
    bars = base.mark_bar(color=UP if head == "value" else DOWN)
    names = base.mark_text(align="left", dx=4, color=INK).encode(text="said:N")
    chart = alt.layer(bars, names).properties(width=200, height=alt.Step(26))
    lead = f"{table['label'].iloc[0]}: {said[0]} on average" if len(table) else "nothing to show"
    return _svg(chart, title, lead, key)


def _said(size: float, head: str, currency: str) -> str:
    return money(size, currency) if head == "value" else points(size)


def _money_axis(amounts: pd.Series[float], currency: str) -> alt.Axis:
    """Label the axis as money is said everywhere else on the page."""
    top = float(amounts.max()) if len(amounts) else 1.0
    low = min(float(amounts.min()) if len(amounts) else 0.0, 0.0)
    step = _round_step((top - low) / 5)
    ticks = [step * number for number in range(int(low // step), int(top // step) + 2)]
    said = {f"{tick:g}": money(tick, currency) for tick in ticks}
    cases = "".join(
        f"format(datum.value, '.12~g') == '{tick}' ? '{said[tick]}' : " for tick in said
    )
    return alt.Axis(values=ticks, labelExpr=f"{cases}''", grid=True)


def _round_step(rough: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** len(str(int(max(rough, 1.0)))) / 10.0
    return next((power * factor for factor in (1, 2, 5) if power * factor >= rough), 10.0 * power)


def _svg(chart: Any, title: str, finding: str, key: str) -> str:
    """Render, and turn the drawing into one labelled image for people who cannot see it."""
    styled = (
        chart.configure(
            font="sans-serif",
            background="transparent",
            padding={"left": 20, "right": 12, "top": 4, "bottom": 4},
        )
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, titleFontSize=12, labelColor=INK, titleColor=INK)
        .configure_axisY(domain=False, ticks=False, labelLimit=230)
        .configure_text(fontSize=12)
    )
    drawn = ET.fromstring(vl_convert.vegalite_to_svg(styled.to_json()))  # noqa: S314 - our own drawing
    for element in drawn.iter():
        for name in [name for name in element.attrib if name.startswith("aria") or name == "role"]:
            del element.attrib[name]
        for name, value in element.attrib.items():
            element.set(name, value.replace("clip", f"{key}-clip"))
    labels = {"title": f"{title}.", "desc": visible(finding)}
    for place, (tag, text) in enumerate(labels.items()):
        label = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{key}-{tag}"})
        label.text = text
        drawn.insert(place, label)
    drawn.set("role", "img")
    drawn.set("aria-labelledby", f"{key}-title {key}-desc")
    del drawn.attrib["height"]
    ET.register_namespace("", _SVG)
    return ET.tostring(drawn, encoding="unicode")
