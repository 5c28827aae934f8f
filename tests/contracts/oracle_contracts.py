"""Contracts once more, from their written definition: row by row, and day by day.

A day counts for a contract that is in force at the day's last instant. Ends of terms are found by
walking from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.contracts.book import Book, Row, known
from tests.contracts.oracle import divided, growth, step
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings

DAY = timedelta(days=1)
Number = float | None


@dataclass
class Terms:
    """What one row of a contract came to: from when to when it holds, and what it belongs to."""

    row: Row
    stop: datetime | None
    before: Terms | None = None
    follower: Terms | None = None

    @property
    def start(self) -> datetime:
        """From when."""
        return self.row["start"]

    @property
    def follows_at_once(self) -> bool:
        """Whether it took over from other terms of its contract."""
        return self.before is not None and self.before.follower is self

    @property
    def since(self) -> datetime:
        """Since when the contract runs without a gap."""
        return self.before.since if self.before and self.follows_at_once else self.start

    def holds(self, instant: datetime) -> bool:
        """Whether it is in force just before an instant."""
        return self.start < instant and (self.stop is None or self.stop >= instant)

    def is_up_for_renewal_of(self, cutoff: datetime) -> bool:
        """Whether its end is where a contract in force at the cutoff may stop."""
        runs = self.stop is None or self.stop >= cutoff
        return self.follower is None and self.since < cutoff and runs

    def due(self, cutoff: datetime) -> datetime | None:
        """When, if it is."""
        if renews(self.row):
            ends = next(end for end in ends_of(self.row) if end >= cutoff)
            return ends if self.stop is None else min(ends, self.stop)
        return self.stop


def renews(row: Row) -> bool:
    """Whether it goes on after its end."""
    return bool(row["auto_renew"]) and row["end"] is not None


def ends_of(row: Row) -> Iterable[datetime]:
    """Walk through the ends of its terms: by the calendar if a term is so many months."""
    start, end = row["start"], row["end"]
    months = 12 * (end.year - start.year) + end.month - start.month
    if months > 0 and start + relativedelta(months=months) == end:
        for number in count(1):
            yield start + relativedelta(months=months * number)
    days = max((end.date() - start.date()).days, 1)
    for number in count():
        yield end + number * days * DAY


def stop_of(row: Row, following: datetime | None) -> datetime | None:
    """Return when the terms of a row stop."""
    stop = row["end"] or row["cancelled_at"]
    if renews(row):
        notice = row["cancelled_at"]
        stop = next(end for end in ends_of(row) if end >= notice) if notice else None
    found = [instant for instant in (stop, following) if instant is not None]
    return min(found, default=None)


def terms_of(book: Book, account: str, instant: datetime) -> list[Terms]:
    """Return the terms of an account that hold at all, as they were known at an instant."""
    rows = book.known_before(Cutoff(instant)).tables.get("contracts", ())
    contracts: dict[str, dict[datetime, list[Row]]] = {}
    for row in rows:
        if row["account_id"] == account:
            starts = contracts.setdefault(row["contract_id"], {})
            starts.setdefault(row["start"], []).append(row)
    found: list[Terms] = []
    for starts in contracts.values():
        chosen = [_that_holds(starts[start]) for start in sorted(starts)]
        next_starts = [*(row["start"] for row in chosen[1:]), None]
        own = [Terms(row, stop_of(row, at)) for row, at in zip(chosen, next_starts, strict=True)]
        own = [terms for terms in own if terms.stop is None or terms.stop > terms.start]
        for earlier, later in pairwise(own):
            later.before = earlier
            earlier.follower = later if earlier.stop == later.start else None
        found += own
    return found


def _that_holds(rows: list[Row]) -> Row:
    """Return the row known last; of several the first by content, what is missing before all."""

    def content(row: Row) -> list[tuple[bool, Any]]:
        said = [row["arr"], renews(row), row["cancelled_at"], row["end"], row["seats"]]
        return [(value is not None, value or 0) for value in said]

    latest = max(known("contracts", row) for row in rows)
    return min((row for row in rows if known("contracts", row) == latest), key=content)


def total(terms: Iterable[Terms], column: str) -> Decimal | float | None:
    """Add up: nothing is 0, and what nobody said is unknown."""
    found = list(terms)
    said = [each.row[column] for each in found if each.row[column] is not None]
    return sum(said) if said or not found else None


def earned(terms: list[Terms], first: datetime, days: int) -> Number:
    """Add up what is earned on so many days from an instant on."""
    per_day = [[each for each in terms if each.holds(first + (n + 1) * DAY)] for n in range(days)]
    held = [total(each, "arr") for each in per_day if each]
    known_sums = [value for value in held if value is not None]
    return float(sum(known_sums)) / 365 if known_sums or not held else None


def price(rows: list[Row]) -> Number:
    """Return the arr of a seat over the rows."""
    return divided(sum(row["arr"] for row in rows), sum(row["seats"] for row in rows))


def priced(row: Row) -> bool:
    """Whether a row says what a seat costs."""
    return row["arr"] is not None and row["seats"] is not None


def change(now: Any, then: Any) -> Number:
    """Return the growth of two figures, where both are known."""
    return None if now is None or then is None else growth(now, then)


def days_until(instant: datetime, cutoff: datetime) -> int:
    """Count the whole days from the cutoff to an instant."""
    return (instant - cutoff) // DAY


def features(book: Book, settings: Settings, cutoff: datetime, account: str) -> dict[str, Any]:
    """Return the features of one account, by name; None where a feature is missing."""
    if "contracts" not in book.tables:
        return {}
    terms = terms_of(book, account, cutoff)
    now = [each for each in terms if each.holds(cutoff)]
    last = [each for each in terms if each.is_up_for_renewal_of(cutoff)]
    due = [days_until(at, cutoff) for each in last if (at := each.due(cutoff)) is not None]
    with_end = [each.row for each in now if each.row["end"]]
    term_days = [(row["end"].date() - row["start"].date()).days for row in with_end]
    found = {
        "under_contract": float(bool(now)),
        "contracts_in_force": len(now),
        "arr": total(now, "arr"),
        "seats_owned": total(now, "seats"),
        "price_per_seat": price([each.row for each in now if priced(each.row)]),
        "term_days_mean": divided(sum(term_days), len(term_days)),
        "auto_renew_share": divided(sum(renews(each.row) for each in last), len(last)),
        "notice_share": divided(sum(bool(each.row["cancelled_at"]) for each in last), len(last)),
        "days_to_renewal": min(due, default=None),
        "days_to_last_renewal": max(due, default=None),
        "arr_signed": total(
            (e for e in terms if e.start >= cutoff and (not e.before or e.before.start < cutoff)),
            "arr",
        ),
    }
    for horizon in settings.value.ordered:
        days = (cutoff + step(horizon.label) - cutoff).days
        found[f"committed_{horizon.label}"] = earned(terms, cutoff, days)
        end = cutoff + step(horizon.label)
        soon = [each for each in last if (at := each.due(cutoff)) is not None and at < end]
        of_all = total(last, "arr")
        share = divided(total(soon, "arr") or 0, of_all) if of_all else None
        found[f"arr_due_share_{horizon.label}"] = share
    return found | _so_far(terms, cutoff) | _changes(terms, cutoff) | _unknown(book, cutoff)


def _so_far(terms: list[Terms], cutoff: datetime) -> dict[str, Any]:
    begun = [each for each in terms if each.start < cutoff]
    ended = [each.stop for each in terms if each.stop and each.stop < cutoff and not each.follower]
    renewed = [
        e for e in begun if e.before and e.before.row["end"] and e.start >= e.before.row["end"]
    ]
    since = [each.since for each in terms if each.holds(cutoff)]
    return {
        "contract_tenure_days": max((-days_until(e.start, cutoff) for e in begun), default=None),
        "unbroken_days": max((-days_until(instant, cutoff) for instant in since), default=None),
        "renewals_total": len(renewed),
        "days_since_contract_end": min((-days_until(at, cutoff) for at in ended), default=None),
        "contracts_ended_365d": sum(at >= cutoff - 365 * DAY for at in ended),
    }


def _changes(terms: list[Terms], cutoff: datetime) -> dict[str, Any]:
    year_ago = cutoff - 365 * DAY
    now, then = ([e for e in terms if e.holds(at)] for at in (cutoff, year_ago))
    changed = [
        (each.before.row, each.row)
        for each in now
        if each.before and priced(each.row) and priced(each.before.row)
    ]
    return {
        "arr_growth_365d": change(total(now, "arr"), total(then, "arr")),
        "seats_growth_365d": change(total(now, "seats"), total(then, "seats")),
        "price_change": change(
            price([row for _, row in changed]), price([row for row, _ in changed])
        ),
    }


#: How many days back the records of contracts must go for a feature to be known.
REACH = {"arr_growth_365d": 366, "seats_growth_365d": 366, "contracts_ended_365d": 365}


def _unknown(book: Book, cutoff: datetime) -> dict[str, None]:
    """Return the features whose first day lies before any contract of the book began."""
    accounts = {row["account_id"] for row in book.tables["contracts"]}
    starts = [each.start for name in accounts for each in terms_of(book, name, cutoff)]
    reached = {name: cutoff - (days - 1) * DAY for name, days in REACH.items()}
    return {name: None for name, day in reached.items() if not any(at < day for at in starts)}


def lapses(terms: list[Terms], cutoff: datetime, days: int, grace: int = 0) -> bool:
    """Whether some day of the window lies in a gap of more than so many days of grace."""

    def covered(day: int) -> bool:
        return any(each.holds(cutoff + (day + 1) * DAY) for each in terms)

    def gap_around(day: int) -> int:
        """Count the days of the gap that the day lies in, up to one more than is allowed."""
        length = 1
        for direction in (-1, 1):
            at = day + direction
            while length <= grace and not covered(at):
                length += 1
                at += direction
        return length

    return any(not covered(day) and gap_around(day) > grace for day in range(days))


def labels(
    book: Book, settings: Settings, cutoff: datetime, until: datetime, account: str
) -> dict[str, Any]:
    """Return churn by contract, where the account falls under that rule; None without a label."""
    rule = settings.churn_rule
    holds = any(each.holds(cutoff) for each in terms_of(book, account, cutoff))
    if rule == "inactivity" or (rule == "both" and not holds):
        return {}
    found: dict[str, Any] = {}
    terms = terms_of(book, account, until)
    grace = settings.churn.grace
    late = 0 if grace is None else (cutoff + step(grace.label) - cutoff).days
    for horizon in settings.value.ordered:
        days = (cutoff + step(horizon.label) - cutoff).days
        said = float(lapses(terms, cutoff, days, late)) if holds else None
        found[f"churn_{horizon.label}"] = said
    return found
