"""What is under contract, and until when: the renewal clock.

What is in force now says what an account brings; when it is up for renewal, and whether notice was
given, says when it may stop. A contract is *up for renewal* where its signed terms end: the last of
those that follow each other without a gap, so that one that is already renewed is asked again only
when the renewal ends. Contracts that renew by themselves are up at the next end of a term.

Why this way: an account without a contract has 0 under contract, but what nobody wrote down (a contract
without an arr) is missing, not 0: a model must not take a gap in the records for a loss.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import as_number, growth, ratio, share
from valuemodel.features.terms import Contracts
from valuemodel.periods import Horizon
from valuemodel.snapshots.ages import age_in_days
from valuemodel.snapshots.entries import DAYS_PER_YEAR

_YEAR = Horizon(365, "day")
#: What held 365 days ago is known only if the records begin before that.
_BEFORE_YEAR = Horizon(366, "day")


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Contracts], ...]:
    """Return the features of contracts, with what is up for renewal in each horizon."""
    return (
        *_in_force(),
        *_clock(),
        *(one for horizon in horizons for one in _ahead(horizon)),
        *_so_far(),
        *_changes(),
    )


def _in_force() -> tuple[Definition[Contracts], ...]:
    return (
        Definition(
            Feature(
                "under_contract",
                "Under contract",
                "yes_no",
                "more",
                "indirect",
                "Under contract: {value}",
            ),
            lambda terms: as_number(terms.table.count(where=terms.table.now) > 0),
            empty=0.0,
        ),
        Definition(
            Feature(
                "contracts_in_force",
                "Contracts in force",
                "contracts",
                "more",
                "indirect",
                "Has {value} in force",
            ),
            lambda terms: terms.table.count(where=terms.table.now),
            empty=0,
        ),
        Definition(
            Feature(
                "arr",
                "Under contract, per year",
                "money",
                "more",
                "yes",
                "{value} a year under contract",
            ),
            lambda terms: as_number(terms.total("arr", terms.table.now)),
            empty=0.0,
        ),
        Definition(
            Feature(
                "seats_owned",
                "Seats under contract",
                "seats",
                "more",
                "yes",
                "Owns {value}",
            ),
            lambda terms: as_number(terms.total("seats", terms.table.now)),
            empty=0.0,
        ),
        Definition(
            Feature(
                "price_per_seat",
                "Price of a seat per year",
                "money",
                "either",
                "yes",
                "Pays {value} a year for a seat",
            ),
            lambda terms: _price(terms, "arr", "seats", terms.table.now),
        ),
        Definition(
            Feature(
                "term_days_mean",
                "Usual term of its contracts",
                "days",
                "more",
                "yes",
                "Its contracts run for {value} at a time",
            ),
            _term_days,
        ),
        Definition(
            Feature(
                "auto_renew_share",
                "Share of contracts that renew by themselves",
                "share",
                "more",
                "yes",
                "{value} of its contracts renew by themselves",
            ),
            lambda terms: _share_of_last(terms, terms.table.auto_renew),
        ),
    )


def _clock() -> tuple[Definition[Contracts], ...]:
    return (
        Definition(
            Feature(
                "days_to_renewal",
                "Days to the next renewal",
                "days",
                "either",
                "no",
                "Next contract is up for renewal in {value}",
            ),
            lambda terms: terms.table.due.min(),
        ),
        Definition(
            Feature(
                "days_to_last_renewal",
                "Days until all contracts have been up for renewal",
                "days",
                "more",
                "yes",
                "All its contracts are up for renewal within {value}",
            ),
            lambda terms: terms.table.due.max(),
        ),
        Definition(
            Feature(
                "notice_share",
                "Share of contracts under notice",
                "share",
                "less",
                "indirect",
                "Gave notice for {value} of its contracts",
            ),
            lambda terms: _share_of_last(terms, terms.table.cancelled_at.notnull()),
        ),
        Definition(
            Feature(
                "arr_signed",
                "Signed and not begun yet, per year",
                "money",
                "more",
                "yes",
                "Signed {value} a year that has not begun yet",
            ),
            lambda terms: as_number(terms.total("arr", _next_to_begin(terms))),
            empty=0.0,
        ),
    )


def _ahead(horizon: Horizon) -> tuple[Definition[Contracts], ...]:
    return (
        Definition(
            Feature(
                f"committed_{horizon.label}",
                f"Under contract for the next {horizon}",
                "money",
                "more",
                "yes",
                f"{{value}} is under contract for the next {horizon}",
            ),
            lambda terms: as_number(terms.earned(0, -terms.days(horizon))) / float(DAYS_PER_YEAR),
            empty=0.0,
        ),
        Definition(
            Feature(
                f"arr_due_share_{horizon.label}",
                f"Share of its contracts' value up for renewal in the next {horizon}",
                "share",
                "less",
                "no",
                f"{{value}} of what is under contract is up for renewal in the next {horizon}",
            ),
            lambda terms: share(
                terms.table.arr.sum(where=terms.table.due < terms.days(horizon)).fill_null(0),
                terms.table.arr.sum(where=terms.table.last),
            ),
        ),
    )


def _so_far() -> tuple[Definition[Contracts], ...]:
    return (
        Definition(
            Feature(
                "contract_tenure_days",
                "Days since the first contract began",
                "days",
                "more",
                "no",
                "First contract began {value} ago",
            ),
            lambda terms: terms.table.from_age.max(where=terms.table.from_age > 0),
        ),
        Definition(
            Feature(
                "unbroken_days",
                "Days of the longest unbroken contract",
                "days",
                "more",
                "indirect",
                "Under one contract without a gap for {value}",
            ),
            lambda terms: age_in_days(terms.table.since, terms.cutoff).max(where=terms.table.now),
        ),
        Definition(
            Feature(
                "renewals_total",
                "Renewals so far",
                "renewals",
                "more",
                "indirect",
                "{value} so far",
            ),
            _renewals,
            empty=0,
        ),
        Definition(
            Feature(
                "days_since_contract_end",
                "Days since a contract last ended",
                "days",
                "more",
                "no",
                "A contract ended {value} ago",
            ),
            lambda terms: terms.table.to_age.min(where=_ended(terms)),
        ),
        Definition(
            Feature(
                "contracts_ended_365d",
                "Contracts that ended in the last 365 days",
                "contracts",
                "less",
                "indirect",
                "{value} ended in the last 365 days",
            ),
            lambda terms: terms.table.count(where=_ended(terms) & (terms.table.to_age <= 365)),
            empty=0,
            reach=_YEAR,
        ),
    )


def _changes() -> tuple[Definition[Contracts], ...]:
    return (
        Definition(
            Feature(
                "arr_growth_365d",
                "Growth of what is under contract against 365 days ago",
                "growth",
                "more",
                "yes",
                "Under contract, per year: {value} against 365 days ago",
            ),
            lambda terms: growth(*_now_and_a_year_ago(terms, "arr")),
            reach=_BEFORE_YEAR,
        ),
        Definition(
            Feature(
                "seats_growth_365d",
                "Growth of seats against 365 days ago",
                "growth",
                "more",
                "yes",
                "Seats: {value} against 365 days ago",
            ),
            lambda terms: growth(*_now_and_a_year_ago(terms, "seats")),
            reach=_BEFORE_YEAR,
        ),
        Definition(
            Feature(
                "price_change",
                "Change of the price of a seat in the terms in force",
                "growth",
                "either",
                "yes",
                "Price of a seat: {value} against the terms before",
            ),
            _price_change,
        ),
    )


def _price(terms: Contracts, arr: str, seats: str, where: ir.BooleanColumn) -> ir.FloatingValue:
    """Return the price of a seat over the terms that say both; missing without a seat."""
    table = terms.table
    both = where & table[arr].notnull() & table[seats].notnull()
    return ratio(table[arr].sum(where=both), table[seats].sum(where=both))


def _price_change(terms: Contracts) -> ir.FloatingValue:
    """Compare the price of terms in force with that of the terms that each of them followed."""
    table = terms.table
    said = [
        table[f"{head}{name}"].notnull() for head in ("", "before_") for name in ("arr", "seats")
    ]
    changed = table.now & said[0] & said[1] & said[2] & said[3]
    return growth(
        _price(terms, "arr", "seats", changed), _price(terms, "before_arr", "before_seats", changed)
    )


def _term_days(terms: Contracts) -> ir.FloatingValue:
    table = terms.table
    days = (table.end.date().epoch_days() - table.start.date().epoch_days()).cast("int64")
    ends = table.now & table.end.notnull()
    return ratio(days.sum(where=ends), table.count(where=ends))


def _share_of_last(terms: Contracts, what: ir.BooleanColumn) -> ir.FloatingValue:
    """Return the share among the contracts in force, each by its last terms."""
    table = terms.table
    return share(table.count(where=table.last & what), table.count(where=table.last))


def _next_to_begin(terms: Contracts) -> ir.BooleanColumn:
    """Say which terms are the next of their contract to begin."""
    table = terms.table
    begun = table.before_from_age.fill_null(1) > 0
    return (table.from_age <= 0) & begun


def _renewals(terms: Contracts) -> ir.IntegerScalar:
    """Count the terms that began where others of their contract had run to their end."""
    table = terms.table
    renewed = (table.start >= table.before_end).fill_null(False)  # noqa: FBT003
    return table.count(where=(table.from_age > 0) & renewed)


def _ended(terms: Contracts) -> ir.BooleanColumn:
    """Say which terms have ended without others of the contract taking over at once."""
    return (terms.table.to_age > 0) & ~terms.table.followed


def _now_and_a_year_ago(terms: Contracts, column: str) -> tuple[ir.NumericValue, ir.NumericValue]:
    return terms.total(column, terms.table.now), terms.total(column, terms.in_force(365))
