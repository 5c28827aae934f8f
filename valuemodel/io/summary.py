"""The report of all tables: what the ledger holds, and what a person should look at."""

from __future__ import annotations

from valuemodel.io.sifting import Sifted
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.tables.cleaning import repeats
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.quality import COMFORTABLE_ACCOUNTS, Report, Tally
from valuemodel.tables.schemas import TRANSACTIONS


def summarise(
    ledger: Ledger, sifted: list[Sifted], settings: Settings, coverage: float | None
) -> Report:
    """Return the report of the tables in a ledger.

    Parameters
    ----------
    ledger : Ledger
        The validated tables.
    sifted : list of Sifted
        The transactions, and behind them the accounts where there are any.
    settings : Settings
        The project's.
    coverage : float or None
        The share of buying accounts that the accounts table knows.
    """
    table, transactions = ledger.transactions, sifted[0]
    back = table.amount < 0
    facts = table.aggregate(
        last=table.time.max(),
        accounts=table.account_id.nunique(),
        refunds=back.sum(),
        refunded=table.amount.sum(where=back),
    )
    one = facts.to_pyarrow().to_pylist()[0]
    guests = [rule for rule in transactions.report.quarantined if rule.rule == "missing_account"]
    windows = {
        horizon.label: horizon.before(ledger.complete_until) > ledger.first
        for horizon in settings.value.ordered
    }
    days = (ledger.complete_until.at - ledger.first.at).total_seconds() / 86_400
    return Report(
        currency=settings.project.currency,
        transactions=transactions.report,
        accounts=sifted[1].report if len(sifted) > 1 else None,
        first=ledger.first.text,
        last=Cutoff(one["last"]).text,
        complete_until=ledger.complete_until.text,
        months=round(days / (365.25 / 12), 1),
        buying_accounts=int(one["accounts"]),
        coverage=coverage,
        refunds=Tally(int(one["refunds"]), one["refunded"] or Tally().amount),
        refund_policy=settings.value.refunds,
        guests=guests[0].share if guests else 0.0,
        complete_windows=windows,
        warnings=tuple(_warnings(ledger, transactions, windows, int(one["accounts"]), coverage)),
    )


def _warnings(
    ledger: Ledger,
    transactions: Sifted,
    windows: dict[str, bool],
    buying: int,
    coverage: float | None,
) -> list[str]:
    found = []
    if buying < COMFORTABLE_ACCOUNTS:
        found.append(f"{buying} buying accounts: below {COMFORTABLE_ACCOUNTS} figures say little")
    short = [label for label, complete in windows.items() if not complete]
    if short:
        found.append(f"no complete window for {', '.join(short)}: a tagged fallback predicts there")
    if coverage is not None and coverage < 1:
        found.append(f"{1 - coverage:.2%} of the buying accounts have no row in accounts")
    table, mapped = ledger.transactions, transactions.judged.mapped
    if "line_id" not in mapped:
        again = int(repeats(table, TRANSACTIONS.names).to_pyarrow().as_py())
        if again:
            found.append(f"{again:,} rows repeat another one; without a line_id all are kept")
    optional = [name for name in mapped if name in TRANSACTIONS.names]
    counts = table.aggregate(**{name: table[name].count() for name in optional}).to_pyarrow()
    empty = [name for name in optional if not counts[name][0].as_py()]
    if empty:
        found.append(f"nothing in {', '.join(empty)}: the column is there but empty")
    return found
