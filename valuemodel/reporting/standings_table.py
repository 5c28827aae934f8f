"""The table of figures: every set and candidate in one row each, as text or as Markdown.

Why this way: people paste such a table into a review or a README, and read it there for years, so that
marks and legend are plain characters that stand in the table itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import pandas as pd

HEADINGS: Mapping[str, tuple[str, str]] = {
    "normalised_gini": ("norm. Gini", ".3f"),
    "spearman": ("Spearman", ".3f"),
    "top_decile_of_perfect": ("top 10 % of perfect", ".3f"),
    "decile_mape": ("decile MAPE", ".3f"),
    "bias": ("bias", "+.3f"),
    "mae_to_mean": ("MAE / mean", ".3f"),
    "auc": ("churn AUC", ".3f"),
    "log_loss": ("log loss", ".3f"),
}
"""How each figure is headed and written, in the order of the columns."""

MARKS: Mapping[str, str] = {
    "surely ahead": "++",
    "ahead": "+",
    "level": "=",
    "behind": "-",
    "surely behind": "--",
    "": "",
}

LEGEND = (
    "marks on {challenger}: ++ better than every other candidate beyond noise (paired 95 % intervals), "
    "+ better than every other, = level with the best, - worse than the best other, -- worse than some "
    "other beyond noise"
)

_KEYS = ["set", "cutoff", "horizon"]


def text_table(found: pd.DataFrame) -> str:
    """Lay out standings of several sets, with a column ``set``, for a terminal."""
    return _wide(found).to_string(index=False)


def markdown_table(found: pd.DataFrame, challenger: str) -> str:
    """Lay them out as Markdown, with the legend below.

    Examples
    --------
    >>> rows = {"set": "shop", "cutoff": "2020-01-01", "horizon": "1y", "metric": "spearman"}
    >>> seen = pd.DataFrame(
    ...     [
    ...         rows | {"model": "past_value", "figure": 0.5, "standing": ""},
    ...         rows | {"model": "ours", "figure": 0.75, "standing": "ahead"},
    ...     ]
    ... )
    >>> print(markdown_table(seen, "ours").split("marks")[0])
    | set | cutoff | horizon | model | Spearman |
    |---|---|---|---|---|
    | shop | 2020-01-01 | 1y | past_value | 0.500 |
    | shop | 2020-01-01 | 1y | ours | 0.750 + |
    """
    wide = _wide(found)
    head = [_row(wide.columns), _row(["---"] * len(wide.columns)).replace(" ", "")]
    body = [_row(line) for line in wide.itertuples(index=False)]
    return "\n".join([*head, *body, "", LEGEND.format(challenger=challenger), ""])


def _wide(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per set, cutoff and model, in the given order, figures as marked texts."""
    there = [metric for metric in HEADINGS if (found["metric"] == metric).any()]
    rows = []
    for key, part in found.groupby([*_KEYS, "model"], sort=False):
        cells = {
            name: _cell(name, float(figure), str(standing))
            for name, figure, standing in zip(
                part["metric"], part["figure"], part["standing"], strict=True
            )
        }
        rows.append((*key, *(cells.get(metric, "-") for metric in there)))
    return pd.DataFrame(rows, columns=[*_KEYS, "model", *(HEADINGS[name][0] for name in there)])


def _cell(metric: str, figure: float, standing: str) -> str:
    if math.isnan(figure):
        return "-"
    return f"{figure:{HEADINGS[metric][1]}} {MARKS[standing]}".rstrip()


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
