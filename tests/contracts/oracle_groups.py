"""Usage, interactions, opportunities, projects and peers once more, in plain Python loops over rows.

From their written definition; it shares no code with the package. Windows are compared as instants,
money and hours are added as fractions, medians are looked up in sorted lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.contracts import oracle
from tests.contracts.book import Book, Row
from tests.contracts.oracle_contracts import terms_of
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings

Number = float | None
DAY = timedelta(days=1)


class Records:
    """What was known of one table at the cutoff: of the whole book, and of one account."""

    def __init__(self, book: Book, name: str, cutoff: datetime, account: str) -> None:
        self.cutoff = cutoff
        self.all = book.known_before(Cutoff(cutoff)).tables.get(name, ())
        self.rows = [row for row in self.all if row["account_id"] == account]

    def days_ago(self, row: Row) -> int:
        """Count whole days before the cutoff, the last 24 hours being 1."""
        return -((row["time"] - self.cutoff) // DAY)

    def within(self, days: int, before: int = 0) -> list[Row]:
        """Return the rows of [cutoff - days, cutoff - before)."""
        since, until = self.cutoff - days * DAY, self.cutoff - before * DAY
        return [row for row in self.rows if since <= row["time"] < until]

    def reaching(self, days: int, value: Any) -> Any:
        """Return the value where the records of the book begin by the window's first day."""
        oldest = min((row["time"] for row in self.all), default=self.cutoff)
        return value if oldest < self.cutoff - (days - 1) * DAY else None


def features(book: Book, settings: Settings, cutoff: datetime, account: str) -> dict[str, Any]:
    """Return the features of one account, by name; None where a feature is missing."""
    said = {}
    for name, define in (
        ("usage", usage),
        ("interactions", interactions),
        ("opportunities", opportunities),
        ("projects", projects),
    ):
        said |= define(Records(book, name, cutoff, account))
    said |= of_seats(book, cutoff, account)
    return said | peers(book, settings, cutoff, account)


def total(numbers: Iterable[Any]) -> Fraction:
    """Add up what is known."""
    return sum((Fraction(number) for number in numbers if number is not None), Fraction(0))


def divided(part: Any, whole: Any) -> Number:
    """Divide, or say that it cannot be done."""
    return float(Fraction(part) / Fraction(whole)) if whole and whole > 0 else None


def growth(now: Number | Fraction, then: Number | Fraction) -> Number:
    """Return the change against the sum of both sizes."""
    if now is None or then is None or not abs(now) + abs(then):
        return None
    return float((now - then) / (abs(now) + abs(then)))


def usage(known: Records) -> dict[str, Any]:
    """Return the features of use but for the seats."""
    known.rows = [row for row in known.rows if row["quantity"] > 0]
    said: dict[str, Any] = {}

    def put(name: str, days: int, value: Any) -> None:
        said[name] = known.reaching(days, value)

    def quantity(days: int, before: int = 0) -> Fraction:
        return total(row["quantity"] for row in known.within(days, before))

    for days in (30, 90, 365):
        put(f"usage_quantity_{days}d", days, float(quantity(days)))
    for days in (30, 90):
        put(f"usage_days_{days}d", days, len({known.days_ago(row) for row in known.within(days)}))
        put(f"users_{days}d", days, most_users(known, days))
        put(f"usage_growth_{days}d", 2 * days, growth(quantity(days), quantity(2 * days, days)))
    for days in (90, 365):
        used = {row["product_id"] for row in known.within(days)} - {None}
        put(f"products_used_{days}d", days, len(used))
    for weeks in (13, 52):
        active = sum(bool(known.within(7 * w + 7, 7 * w)) for w in range(weeks))
        put(f"usage_active_weeks_{weeks}", 7 * weeks, active / weeks)
    put("users_growth_90d", 180, growth(most_users(known, 90), most_users(known, 180, 90)))
    put("usage_recency_days", 0, min(map(known.days_ago, known.rows), default=None))
    return said


def most_users(known: Records, days: int, before: int = 0) -> Number:
    """Return the most users of a row; none without use, unknown if no row says."""
    rows = known.within(days, before)
    said = [row["users"] for row in rows if row["users"] is not None]
    return max(said, default=None if rows else 0.0)


def of_seats(book: Book, cutoff: datetime, account: str) -> dict[str, Any]:
    """Return what is used of the seats that the contracts in force at the cutoff give."""
    known = Records(book, "usage", cutoff, account)
    known.rows = [row for row in known.rows if row["quantity"] > 0]
    terms = terms_of(book, account, cutoff)
    held = [one.row["seats"] for one in terms if one.holds(cutoff) and one.row["seats"] is not None]
    seats = sum(held) if held else None
    said: dict[str, Any] = {}
    for days in (30, 90):
        users = most_users(known, days)
        share = None if users is None or not seats else users / seats
        said[f"seats_used_share_{days}d"] = known.reaching(days, share)
    users = most_users(known, 90)
    above = None if users is None or seats is None else users - seats
    said["seats_idle_90d"] = known.reaching(90, None if above is None else max(-above, 0))
    said["users_above_seats_90d"] = known.reaching(90, None if above is None else max(above, 0))
    return said


def interactions(known: Records) -> dict[str, Any]:
    """Return the features of contacts, with both parts of closeness."""
    year = known.within(365)
    ours = [row for row in known.rows if row["initiative"] in ("planned", "ad_hoc")]
    of = {name: [row for row in year if row["initiative"] == name] for name in INITIATIVES}
    said: dict[str, Any] = {
        "contact_recency_days": min(map(known.days_ago, known.rows), default=None),
        "own_contact_recency_days": min(map(known.days_ago, ours), default=None),
        "contact_hours_365d": float(total(row["hours"] for row in year)),
        "reactive_share_365d": divided(len(of["reactive"]), sum(map(len, of.values()))),
        "contact_kinds_365d": len(different(year, "kind")),
        "contact_channels_365d": len(different(year, "channel")),
        "contact_seniorities_365d": len(different(year, "seniority")),
        "closeness_automatic": automatic(known),
        "closeness_manual": manual(year),
    }
    parts = [said["closeness_automatic"], said["closeness_manual"]]
    said["closeness"] = fmean(part for part in parts if part is not None)
    for days in (90, 365):
        said[f"contacts_{days}d"] = len(known.within(days))
        for name in INITIATIVES:
            found = [row for row in known.within(days) if row["initiative"] == name]
            said[f"contacts_{name}_{days}d"] = len(found)
    endless = ("contact_recency_days", "own_contact_recency_days", "closeness_manual")
    for name in said.keys() - {*endless}:
        said[name] = known.reaching(90 if name.endswith("_90d") else 365, said[name])
    return said


INITIATIVES = ("planned", "ad_hoc", "reactive")


def different(rows: list[Row], column: str) -> set[str]:
    """Return the different texts of a column."""
    return {row[column] for row in rows} - {None}


def automatic(known: Records) -> float:
    """Redo the points of closeness by hand."""
    year = known.within(365)
    if not year:
        return 0.0
    last = min(map(known.days_ago, year))
    said = [row["initiative"] for row in year if row["initiative"]]
    ours = sum(one != "reactive" for one in said) / len(said) if said else 0
    return (
        30 * 90 / (90 + last)
        + 30 * len(year) / (len(year) + 12)
        + 15 * min(len(different(year, "seniority")) / 3, 1)
        + 10 * min(len(different(year, "channel")) / 3, 1)
        + 15 * ours
    )


def manual(year: list[Row]) -> Number:
    """Return the latest rating; the mean of those of the same instant."""
    rated = [row for row in year if row["rating"] is not None]
    if not rated:
        return None
    newest = max(row["time"] for row in rated)
    return 10 * fmean(row["rating"] for row in rated if row["time"] == newest)


def opportunities(known: Records) -> dict[str, Any]:
    """Return the features of the pipeline."""
    changes: dict[str, list[Row]] = defaultdict(list)
    for row in known.rows:
        changes[row["opportunity_id"]].append(row)
    for rows in changes.values():
        rows.sort(key=_in_time)
    now = {name: rows[-1] for name, rows in changes.items()}
    ended = {"won": [], "lost": []}
    for name, row in now.items():
        if row["stage"] in ended:
            first = next(one for one in changes[name] if one["stage"] == row["stage"])
            ended[row["stage"]].append((known.cutoff - first["time"], row["value"]))
    pending = {name: row for name, row in now.items() if row["stage"] not in ended}
    said = pipeline(known.cutoff, list(pending.values()))
    won = [value for age, value in ended["won"] if age <= 365 * DAY]
    lost = [value for age, value in ended["lost"] if age <= 365 * DAY]
    said["won_value_365d"] = known.reaching(365, float(total(won)))
    said["won_count_365d"] = known.reaching(365, len(won))
    said["lost_count_365d"] = known.reaching(365, len(lost))
    wins, losses = (sum(age <= 730 * DAY for age, _ in ended[way]) for way in ("won", "lost"))
    said["win_share_730d"] = known.reaching(730, divided(wins, wins + losses))
    said["pipeline_change_days"] = min(map(known.days_ago, known.rows), default=None)
    opened = {name: changes[name][0] for name in pending}
    said["pipeline_age_days"] = max(map(known.days_ago, opened.values()), default=None)
    valued = [
        (row["value"], opened[name]["value"])
        for name, row in pending.items()
        if None not in (row["value"], opened[name]["value"])
    ]
    said["pipeline_growth"] = growth(
        total(now for now, _ in valued), total(old for _, old in valued)
    )
    said["pipeline_put_off"] = sum(times_put_off(changes[name]) for name in pending)
    return said


def _in_time(row: Row) -> tuple[Any, ...]:
    known = max(row["time"], row["known_at"] or row["time"])
    content = (row[name] for name in ("closed", "stage", "value", "product_id"))
    return row["time"], known, *((value is not None, value) for value in content)


def times_put_off(rows: list[Row]) -> int:
    """Count the changes to a later expected close."""
    dates = [row["closed"] for row in rows]
    pairs = pairwise(dates)
    return sum(None not in pair and pair[1] > pair[0] for pair in pairs)


def pipeline(cutoff: datetime, pending: list[Row]) -> dict[str, Any]:
    """Return value and count of open opportunities, by their expected close."""

    def between(since: datetime, until: datetime) -> Callable[[datetime | None], bool]:
        return lambda closed: closed is not None and since <= closed < until

    later = [cutoff + relativedelta(months=months) for months in (3, 12, 36)]
    bands: dict[str, Callable[[datetime | None], bool]] = {
        "": lambda closed: True,
        "_3m": between(cutoff, later[0]),
        "_3m_12m": between(later[0], later[1]),
        "_1y_3y": between(later[1], later[2]),
        "_overdue": between(datetime.fromisoformat("0001-01-01"), cutoff),
        "_undated": lambda closed: closed is None,
    }
    said: dict[str, Any] = {}
    for name, holds in bands.items():
        rows = [row for row in pending if holds(row["closed"])]
        said[f"pipeline_value{name}"] = float(total(row["value"] for row in rows))
        said[f"pipeline_count{name}"] = len(rows)
    return said


def projects(known: Records) -> dict[str, Any]:
    """Return the features of projects."""
    amounts = [row["amount"] for row in known.within(730) if row["amount"] is not None]
    return {
        "projects_365d": known.reaching(365, len(known.within(365))),
        "projects_730d": known.reaching(730, len(known.within(730))),
        "project_recency_days": min(map(known.days_ago, known.rows), default=None),
        "project_value_730d": known.reaching(730, float(total(amounts))),
        "top_project_share_730d": known.reaching(
            730, divided(max(amounts, default=0), total(amounts))
        ),
    }


def peers(book: Book, settings: Settings, cutoff: datetime, account: str) -> dict[str, Any]:
    """Compare an account that has traded or is listed with the active ones of its industry."""
    names = ("transactions", "contracts", "costs", "accounts")
    tables = book.known_before(Cutoff(cutoff)).tables
    everybody = {row["account_id"] for name in names for row in tables.get(name, ())}
    known = {name: oracle.Account(name, book, cutoff, settings.value) for name in everybody}
    if account not in known:
        return dict.fromkeys(OF_PEERS)
    active = [name for name, one in known.items() if was_active(one, book)]
    industry = {name: known[name].profile.get("industry") for name in known}
    own = [name for name in active if industry[name] == industry[account]]
    group = own if industry[account] is not None and len(own) >= 20 else active
    bought = {name: {row["product_id"] for row in products(known[name])} for name in known}
    of_group = [product for name in group for product in bought[name]]
    common = {one for one in of_group if 10 * of_group.count(one) >= 3 * len(group)}
    values = {name: float(known[name].value(365)) for name in {*group, account}}
    below = sum(values[name] < values[account] for name in group)
    return {
        "peer_products_owned": len(common & bought[account]),
        "peer_products_lacking": len(common - bought[account]),
        "peer_products_share": divided(len(common & bought[account]), len(common)),
        "value_against_peers_365d": growth(
            values[account], median(values[name] for name in group) if group else None
        ),
        "value_rank_in_peers_365d": divided(below, len(group) - 1) if account in group else None,
    }


OF_PEERS = (
    "peer_products_owned",
    "peer_products_lacking",
    "peer_products_share",
    "value_against_peers_365d",
    "value_rank_in_peers_365d",
)


def products(known: oracle.Account) -> list[Row]:
    """Return the lines of two years that name a product that was bought."""
    lines = known.within(known.back(730))
    return [row for row in lines if row["amount"] > 0 and row["product_id"] is not None]


def was_active(known: oracle.Account, book: Book) -> bool:
    """Whether something was bought, or a day was under contract, in the last two years."""
    if any(row["amount"] > 0 for row in known.within(known.back(730))):
        return True
    return any(
        known.age(max(one.start, known.back(730))) > known.age(one.stop or known.cutoff)
        for one in terms_of(book, known.name, known.cutoff)
        if one.start < known.cutoff and (one.stop is None or one.stop > known.back(730))
    )
