"""The report of all tables: what the ledger holds, what it lacks, and what a person should look at."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from valuemodel.io.findings import Findings
from valuemodel.io.sifting import Sifted
from valuemodel.periods import Cutoff
from valuemodel.settings import DatedSection, Settings
from valuemodel.tables.coverage import valued_accounts
from valuemodel.tables.lacks import lacking
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.quality import Report, Tally


def summarise(
    ledger: Ledger,
    last: Cutoff,
    sifted: Mapping[str, Sifted],
    settings: Settings,
    coverage: float | None,
) -> Report:
    """Return the report of the tables in a ledger.

    Parameters
    ----------
    ledger : Ledger
        The validated tables.
    last : Cutoff
        The last event.
    sifted : mapping
        The judged tables by name.
    settings : Settings
        The project's.
    coverage : float or None
        The share of buying accounts that the accounts table knows.
    """
    table = ledger.transactions
    back = table.amount < 0
    facts = table.aggregate(refunds=back.sum(), refunded=table.amount.sum(where=back))
    one = facts.to_pyarrow().to_pylist()[0]
    valued = valued_accounts(table, ledger.contracts)
    buying = int(valued.count().to_pyarrow().as_py())
    reports = {name: judged.report for name, judged in sifted.items()}
    windows = {
        horizon.label: horizon.before(ledger.complete_until) > ledger.first
        for horizon in settings.value.ordered
    }
    days = (ledger.complete_until.at - ledger.first.at).total_seconds() / 86_400
    findings = Findings(ledger, sifted, settings)
    return Report(
        currency=settings.project.currency,
        transactions=reports.pop("transactions", None),
        accounts=reports.pop("accounts", None),
        first=ledger.first.text,
        last=last.text,
        complete_until=ledger.complete_until.text,
        months=round(days / (365.25 / 12), 1),
        buying_accounts=buying,
        coverage=coverage,
        refunds=Tally(int(one["refunds"] or 0), one["refunded"] or Decimal(0)),
        refund_policy=settings.value.refunds,
        guests=_guests(sifted),
        complete_windows=windows,
        warnings=findings.sentences(windows, buying, coverage),
        others=reports,
        orphans={name: rows for name, (rows, _) in findings.orphans.items()},
        reconciled=findings.reconciled,
        lacks=_lacks(sifted, settings),
    )


def _guests(sifted: Mapping[str, Sifted]) -> float:
    """Return the share of transactions without an account."""
    if "transactions" not in sifted:
        return 0.0
    found = sifted["transactions"].report.quarantined
    return sum(rule.share for rule in found if rule.rule == "missing_account")


def _lacks(sifted: Mapping[str, Sifted], settings: Settings) -> tuple[str, ...]:
    delayed = [
        name
        for name, section in settings.tables.declared.items()
        if isinstance(section, DatedSection) and section.delay is not None
    ]
    return lacking({name: one.judged.mapped.keys() for name, one in sifted.items()}, delayed)
