"""One page about one account, to prepare a talk with and to follow up on (S40).

The page says why the account is in its tier, what changed, who covers it, what was planned and done, what it
may still buy, how close it is, and what is due next. It is Markdown, short enough to be printed.

Why this way: the page is put together from the stored tables of a run, so it says what the plan says, to the
letter. Every section is there on every page, and says so where nothing is known: whoever prepares a talk
must see what is missing. Text that others wrote is made safe to look at: what is invisible or turns the
direction of reading is replaced by a visible sign, and nothing of it becomes markup.
"""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.records.wording import NEEDS, NOT_KNOWN, day, missing, number, percent, shown

#: At most so many rows of a table.
_MOST = 5

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class BriefTables:
    """The tables of a run that a brief is put together from.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    drivers : pandas.DataFrame, optional
        The stored ``drivers``; told where the recommendations have no reasons in words.
    touch_plan : pandas.DataFrame, optional
        ``account_id, touch, planned, done`` and, if known, ``overdue``.
    follow_ups : pandas.DataFrame, optional
        ``account_id, due`` and, if known, ``reason``.
    white_space : pandas.DataFrame, optional
        The stored ``white_space``.
    projects : pandas.DataFrame, optional
        Of `valuemodel.tiers.coverage.projects.project_routes`.
    plan : pandas.DataFrame, optional
        Of `valuemodel.tiers.records.record.account_plan`; its strategy stands for pipeline and levers.
    horizon : Horizon, optional
        The tier horizon, which predicted and past value are of.
    currency : str
        What stands behind amounts.
    """

    frame: pd.DataFrame
    drivers: pd.DataFrame | None = None
    touch_plan: pd.DataFrame | None = None
    follow_ups: pd.DataFrame | None = None
    white_space: pd.DataFrame | None = None
    projects: pd.DataFrame | None = None
    plan: pd.DataFrame | None = None
    horizon: Horizon | None = None
    currency: str = ""

    def money(self, amount: object) -> str:
        """Say an amount in whole numbers."""
        said = number(amount, 0)
        return said if said == NOT_KNOWN else f"{said} {self.currency}".rstrip()

    def rows(self, name: str, account_id: str) -> pd.DataFrame | None:
        """Return the rows of one account; None where the run has no such table."""
        table = getattr(self, name)
        return None if table is None else table[table["account_id"] == account_id]


def brief(account_id: str, tables: BriefTables) -> str:
    """Write the page of one account.

    Parameters
    ----------
    account_id : str
        The account, byte for byte.
    tables : BriefTables
        The tables of the run.

    Returns
    -------
    str
        Markdown of at most 60 lines.

    Raises
    ------
    UsageError
        If there is no such account; the message names those with the nearest ids.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["acme-1"], "tier": ["A"], "previous_tier": ["B"]})
    >>> facts = pd.DataFrame({"account_id": ["acme-1"], "name": ["Acme"], "owner": ["Ada"]})
    >>> frame = account_frame(told, told[["account_id"]], facts, Horizon.parse("1 year"))
    >>> for line in brief("acme-1", BriefTables(frame)).splitlines()[:4]:
    ...     print(line or "-")
    # Acme (acme-1)
    -
    As of not known, model not known, policy not known.
    Tier **A**, before: B; chance to belong there: not known.
    >>> brief("acme-2", BriefTables(frame))
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.UsageError: there is no such account in this run
      received: 'acme-2'
      hint: did you mean 'acme-1'?
    """
    found = tables.frame[tables.frame["account_id"] == account_id]
    if found.empty:
        hint = _nearest_ids(account_id, tables.frame["account_id"].astype("str").tolist())
        problem = "there is no such account in this run"
        raise UsageError(problem, received=repr(account_id), hint=hint)
    row = {str(name): value for name, value in found.iloc[0].items()}
    sections = {
        "Why this tier": _why(row, tables),
        "Who covers it": _covers(row),
        "Touches": _touches(row, tables),
        "What it may buy": _buys(row, tables),
        "Relationship": _relationship(row, tables),
        "Next": _next(row, tables),
    }
    lines = [*_head(row, tables)]
    for title, said in sections.items():
        lines += ["", f"## {title}", *(f"- {line}" for line in said)]
    return "\n".join(lines) + "\n"


def _head(row: Row, tables: BriefTables) -> Iterator[str]:
    name = row.get("name")
    account = shown(row["account_id"])
    yield f"# {account}" if missing(name) else f"# {shown(name)} ({account})"
    yield ""
    versions = (f"{of} {shown(row.get(f'{of}_version'))}" for of in ("model", "policy"))
    yield f"As of {day(row.get('as_of'))}, {', '.join(versions)}."
    close, since = row.get("too_close_to_call"), row.get("tier_since")
    yield (
        f"Tier **{shown(row.get('tier'))}**{'' if missing(since) else f' since {day(since)}'}, "
        f"before: {shown(row.get('previous_tier'))}; "
        f"chance to belong there: {percent(row.get('tier_probability'))}"
        f"{', too close to call' if not missing(close) and close else ''}."
    )
    ahead = f" of the next {tables.horizon}" if tables.horizon else ""
    behind = f" of the past {tables.horizon}" if tables.horizon else ""
    between = [tables.money(row.get(end)) for end in ("low", "high")]
    yield (
        f"Predicted value{ahead}: {tables.money(row.get('value'))} (80 %: {' to '.join(between)}); "
        f"value{behind}: {tables.money(row.get('past'))}; "
        f"risk of leaving: {percent(row.get('churn'))}."
    )


def _why(row: Row, tables: BriefTables) -> Iterator[str]:
    yield f"what changed: {shown(row.get('move_reason'))}"
    decided = row.get("override_reason")
    if not missing(decided):
        who = row.get("override_owner")
        yield f"decided by {'people' if missing(who) else shown(who)}: {shown(decided)}"
    reasons = [
        f"{way}: {shown(text)}"
        for way in ("up", "down")
        for place in (1, 2, 3)
        if not missing(text := row.get(f"reason_{way}_{place}"))
    ]
    yield from reasons or _driven(row, tables)


def _driven(row: Row, tables: BriefTables) -> Iterator[str]:
    """Say the largest drivers of the predicted value, where no reasons were written."""
    drivers = tables.rows("drivers", str(row["account_id"]))
    if drivers is None or drivers.empty:
        yield f"reasons: {NOT_KNOWN}"
        return
    ranked = (drivers["rank"] > 0).fillna(value=False).astype(bool)
    told = drivers[ranked & (drivers["head"] == "value")]
    if tables.horizon is not None:
        told = told[told["horizon"] == tables.horizon.label]
    told = told.sort_values(["contribution", "driver"], ascending=[False, True])
    up, down = told[told["contribution"] > 0.0], told[told["contribution"] < 0.0].iloc[::-1]
    for way, rows in (("up", up.head(3)), ("down", down.head(3))):
        for driver, amount in rows[["driver", "contribution"]].itertuples(index=False):
            yield f"{way}: {shown(str(driver).replace('_', ' '))}, {tables.money(amount)}"


def _covers(row: Row) -> Iterator[str]:
    owner = row.get("owner")
    yield "nobody owns it" if missing(owner) else f"owner: {shown(owner)}"
    yield f"reviewer: {shown(row.get('reviewer'))}"
    yield f"play: {shown(row.get('play'))}"


def _touches(row: Row, tables: BriefTables) -> Iterator[str]:
    plan = tables.rows("touch_plan", str(row["account_id"]))
    if plan is None:
        yield f"planned contacts in the past year: {number(row.get('planned_12m'))}"
    else:
        yield from _listed(plan.sort_values("touch"), _touch, "nothing is planned")
    yield f"last contact: {day(row.get('last_contact'))}"


def _touch(touch: Row) -> str:
    late = touch.get("overdue")
    said = f"{shown(touch['touch'])}: {number(touch['done'])} of {number(touch['planned'])} done"
    return said if missing(late) or not late else f"{said}, overdue"


def _buys(row: Row, tables: BriefTables) -> Iterator[str]:
    plan = tables.rows("plan", str(row["account_id"]))
    if plan is not None and not plan.empty:
        yield f"strategy: {shown(plan['strategy'].iloc[0])}"
    else:
        needs = [
            f"{tables.money(row[column])} {when}"
            for column, when in NEEDS.items()
            if not missing(row.get(column))
        ]
        yield f"pipeline: {', '.join(needs) or NOT_KNOWN}"
        yield f"what would move it up: {shown(row.get('what_moves_up'))}"
    yield f"white space: {tables.money(row.get('white_space'))}"
    products = tables.rows("white_space", str(row["account_id"]))
    if products is not None:
        ranked = products.sort_values(["rank", "product_id"])
        yield from _listed(ranked, lambda one: _product(one, tables), "no product stands out")


def _product(product: Row, tables: BriefTables) -> str:
    expected = tables.money(product["expected_value"])
    return f"product {shown(product['product_id'])}: {expected} to be expected"


def _relationship(row: Row, tables: BriefTables) -> Iterator[str]:
    parts = (f"{part} {number(row.get(f'closeness_{part}'))}" for part in ("automatic", "manual"))
    yield f"closeness: {number(row.get('closeness'))} ({', '.join(parts)})"
    projects = tables.rows("projects", str(row["account_id"]))
    if projects is not None:
        latest = projects.sort_values(["time", "project_id"], ascending=[False, True])
        yield from _listed(latest, lambda one: _project(one, tables), "no projects")


def _project(project: Row, tables: BriefTables) -> str:
    name = project["project_id"] if missing(project["name"]) else project["name"]
    said = f"project {shown(name)} of {day(project['time'])}, {tables.money(project['amount'])}"
    change = project["contribution"]
    return said if missing(change) else f"{said}: closeness {change:+.3g}"


def _next(row: Row, tables: BriefTables) -> Iterator[str]:
    due = tables.rows("follow_ups", str(row["account_id"]))
    if due is not None:
        yield from _listed(due.sort_values("due"), _follow_up, "no follow-up is due")
    yield f"renewal: {day(row.get('renewal_date'))}"
    yield f"tier reviewed: {day(row.get('review_date'))}"


def _follow_up(one: Row) -> str:
    why = one.get("reason")
    said = f"follow-up due {day(one['due'])}"
    return said if missing(why) else f"{said}: {shown(why)}"


def _listed(table: pd.DataFrame, say: Callable[[Row], str], none: str) -> Iterator[str]:
    """Say the first rows of a table, and how many more there are."""
    for row in table.head(_MOST).to_dict("records"):
        yield say({str(name): value for name, value in row.items()})
    if table.empty:
        yield none
    elif len(table) > _MOST:
        yield f"and {len(table) - _MOST:,} more"


def _nearest_ids(account_id: str, ids: Iterable[str]) -> str:
    """Name the ids that are nearest to a mistyped one, among those that begin or end like it."""
    ordered = sorted(ids)
    at, half = bisect.bisect(ordered, account_id), max(len(account_id) // 2, 1)
    around = ordered[max(at - 200, 0) : at + 200]
    ending = [one for one in ordered if one.endswith(account_id[-half:])][:200]
    found = difflib.get_close_matches(account_id, dict.fromkeys([*around, *ending]), n=3)
    if not found:
        return "look the id up in the recommendations"
    return f"did you mean {' or '.join(repr(one) for one in found)}?"
