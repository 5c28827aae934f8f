"""Money in another unit: a file or a month in cents or thousands is refused, or warned of.

Why this way: such a feed passes every rule for single rows, so it is looked for in all rows that did.
"""

from __future__ import annotations

import ibis

from valuemodel.exceptions import DataRefused
from valuemodel.io.sifting import Sifted
from valuemodel.settings import TableSection
from valuemodel.tables.raw import FILE
from valuemodel.tables.rules import SCALE_BREAK, limits_of
from valuemodel.tables.scale import ScaleBreak, amount_histogram, scale_breaks
from valuemodel.tables.schemas import TABLES


def check_units(sifted: Sifted, section: TableSection) -> list[str]:
    """Refuse amounts in another unit of money; where the settings accept them, say so.

    Parameters
    ----------
    sifted : Sifted
        A table with money.
    section : TableSection
        Its limits.

    Returns
    -------
    list of str
        A sentence for each file or month; empty where all is well.

    Raises
    ------
    DataRefused
        If more rows are in another unit than ``limits.scale_break`` allows.
    """
    rows, name, money = sifted.passed, sifted.raw.name, sifted.judged.money
    months = rows[TABLES[name].event].truncate("M").strftime("%Y-%m")
    whole = ibis.literal("all")
    found = scale_breaks(amount_histogram(rows, whole, months, money).to_pyarrow().to_pandas())
    if len(sifted.raw.files) > 1:
        by_file = amount_histogram(rows, whole, rows[FILE], money)
        found += scale_breaks(by_file.to_pyarrow().to_pandas(), fewest_groups=2)
    if not found:
        return []
    shown = [_described(one, name, money) for one in found]
    share = max(one.rows for one in found) / max(sifted.report.accepted.rows, 1)
    if share > limits_of(sifted.judged.rules, section.limits, name)[SCALE_BREAK.name]:
        problem = f"{name}: {SCALE_BREAK.sentence}"
        raise DataRefused(problem, details=shown, hint=SCALE_BREAK.fix)
    return shown


def _described(found: ScaleBreak, table: str, money: str) -> str:
    times = f"about {found.factor:g} times the others ({found.rows:,} rows)"
    return f"{table}, {found.group}: {money} is {times}"
