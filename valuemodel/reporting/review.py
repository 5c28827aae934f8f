"""The review page: one self-contained HTML file for the people who decide on tiers.

No script, no request to anywhere, no style attribute: a content security policy forbids all of them,
and the style sheet is allowed by its digest alone. Every text is escaped by the template engine and
made visible before (see `valuemodel.reporting.plain_text`).

Why this way: a page that can be mailed, printed and kept is the one that gets read; and a page about
people's accounts must be safe to open whatever their names contain.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from valuemodel.explain.wording import full_money, horizon_words, money, points, share
from valuemodel.reporting.bottom_line import bottom_line
from valuemodel.reporting.charts import decile_chart, group_chart
from valuemodel.reporting.leanings import Leanings, leanings
from valuemodel.reporting.moves import moves
from valuemodel.reporting.plain_text import shortened, title_of, visible
from valuemodel.reporting.review_tables import ReviewHeader, ReviewTables
from valuemodel.reporting.trust import Trust, trust

_NOT_FOR_CSS = re.compile(r"[^A-Za-z0-9 ._:-]")
_LONGEST_FACT = 200

#: What accounts at risk are more likely than not to do, and what the risk is, by rule of churn.
GONE: Mapping[str, tuple[str, str]] = {
    "inactivity": (
        "to buy nothing in the next",
        "The chance that the account buys nothing at all in the next {}.",
    ),
    "contract": (
        "to let their contracts lapse in the next",
        "The chance that on some day of the next {} no contract of the account is in force any more.",
    ),
    "both": (
        "to leave in the next",
        "For an account under contract, the chance that its contracts lapse in the next {}; for any "
        "other, the chance that it buys nothing in all that time.",
    ),
}


def render_review(tables: ReviewTables) -> str:
    """Write the page.

    Parameters
    ----------
    tables : ReviewTables
        The stored tables of one run and what was measured when its model was judged.

    Returns
    -------
    str
        A whole HTML document; encode it as UTF-8.
    """
    header = tables.header
    judged, leaning = trust(tables), leanings(tables)
    style = _style(header, tables.policy.version)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment(header.currency)
        .get_template("review.html.j2")
        .render(
            header=header,
            horizon=horizon_words(header.horizon),
            policy=tables.policy,
            style=Markup(style),  # noqa: S704 - our own file, its one blank filled by safe letters
            csp=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "base-uri 'none'; form-action 'none'",
            line=bottom_line(tables),
            trust=judged,
            deciles=tables.tenths.to_dict("records"),
            moves=moves(tables),
            leaning=leaning,
            charts=_charts(tables, judged, leaning),
            quarantine=tables.quarantine.to_dict("records"),
            comparison=tables.comparison.to_dict("records"),
            facts=list(_facts(tables.manifest)),
            gone=GONE[header.churn_rule],
        )
        .lstrip()
    )


def _environment(currency: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("valuemodel.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": partial(money, currency=currency),
        "full_money": partial(full_money, currency=currency),
        "share": share,
        "points": points,
        "visible": visible,
        "shortened": shortened,
        "title_of": title_of,
    }
    return environment


def _style(header: ReviewHeader, policy_version: str) -> str:
    """Return the style sheet with the line that stands at the foot of every printed page."""
    sheet = files("valuemodel.reporting").joinpath("templates/review.css").read_text("utf-8")
    said = f"{header.project}, as of {header.as_of}, model {header.model_version}"
    foot = _NOT_FOR_CSS.sub("", f"{said}, policy {policy_version}".replace(",", " -"))
    return sheet.replace("FOOT", foot[:160])


def _charts(tables: ReviewTables, judged: Trust, leaning: Leanings) -> dict[str, Markup]:
    """Draw what there is to draw."""
    currency = tables.header.currency
    drawn: dict[str, str] = {}
    if len(tables.tenths):
        drawn["deciles"] = decile_chart(
            tables.tenths, currency=currency, finding=judged.finding, key="deciles"
        )
    titles = {"value": "Effect on expected value", "churn": f"Effect on the {tables.header.risk}"}
    for head, title in titles.items():
        groups = leaning.value if head == "value" else leaning.churn
        if len(groups):
            drawn[head] = group_chart(groups, head=head, currency=currency, title=title, key=head)
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 - drawn and escaped by us


def _facts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the manifest line by line, each with its path."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _facts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(not isinstance(inner, Mapping | list) for inner in value):
            yield path, shortened(", ".join(map(str, value)), _LONGEST_FACT)
        else:
            for number, inner in enumerate(value):
                yield from _facts(inner, f"{path}[{number}]")
    else:
        yield path, shortened(_said(value), _LONGEST_FACT)


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
