"""The bottom line: how many accounts move, what the top tier covers, what is at risk, what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from valuemodel.reporting.review_tables import ReviewTables

#: From this probability on, churn is more likely than none.
MORE_LIKELY_THAN_NOT = 0.5

Range = tuple[float, float]


@dataclass(frozen=True)
class BottomLine:
    """The figures of the first paragraph and its tiles; money in the project's currency.

    Parameters
    ----------
    accounts, up, down : int
        Scored accounts, and how many move up or down against tiers by past value.
    top_tier : str
        The name of the highest tier.
    top_accounts, top_accounts_by_past : int
        How many accounts it holds, by prediction and by past value.
    expected, expected_top, expected_top_by_past : float
        Expected value of all accounts, of the top tier, and of the top tier that past value picks.
    at_risk_accounts, at_risk_past : int, float
        Accounts more likely than not to churn, and what they brought in the past window.
    set_aside_rows, set_aside_money : int, float
        What the data checks set aside.
    no_history : int
        Accounts without any visible row.
    no_contract, loss_making : int
        Accounts that no rule of churn judges, and those that are expected to lose money.
    interval : float
        Which share of sums their ranges are to hold.
    range_of_all, range_of_top : pair of float, optional
        Between what the sums of all accounts and of the top tier will lie; None where no model says.
    """

    accounts: int
    up: int
    down: int
    top_tier: str
    top_accounts: int
    top_accounts_by_past: int
    expected: float
    expected_top: float
    expected_top_by_past: float
    at_risk_accounts: int
    at_risk_past: float
    set_aside_rows: int
    set_aside_money: float
    no_history: int
    no_contract: int
    loss_making: int
    interval: float = float("nan")
    range_of_all: Range | None = None
    range_of_top: Range | None = None

    @property
    def top_share(self) -> float:
        """Share of all expected value in the top tier."""
        return self.expected_top / self.expected if self.expected > 0 else float("nan")


def bottom_line(tables: ReviewTables) -> BottomLine:
    """Add up the book."""
    book, ranges = tables.book, _ranges(tables)
    top, top_by_past = book["place"] == 0, book["place_by_past"] == 0
    tags = book["tags"].fillna("").str.split(";")
    at_risk = (book["churn"] > MORE_LIKELY_THAN_NOT) & (book["past"] > 0)
    return BottomLine(
        accounts=len(book),
        up=int((book["place"] < book["place_by_past"]).sum()),
        down=int((book["place"] > book["place_by_past"]).sum()),
        top_tier=tables.policy.names[0],
        top_accounts=int(top.sum()),
        top_accounts_by_past=int(top_by_past.sum()),
        expected=float(book["value"].sum()),
        expected_top=float(book.loc[top, "value"].sum()),
        expected_top_by_past=float(book.loc[top_by_past, "value"].sum()),
        at_risk_accounts=int(at_risk.sum()),
        at_risk_past=float(book.loc[at_risk, "past"].sum()),
        set_aside_rows=int(tables.quarantine["rows"].sum()),
        set_aside_money=float(tables.quarantine["money"].sum()),
        interval=float(tables.manifest.get("interval", "nan")),
        range_of_all=ranges.get(("all", "all")),
        range_of_top=ranges.get(("tier", tables.policy.names[0])),
        **{
            tag: int(tags.map(lambda said, tag=tag: tag in said).sum())
            for tag in ("no_history", "no_contract", "loss_making")
        },
    )


def _ranges(tables: ReviewTables) -> dict[tuple[str, str], Range]:
    """Return between what the sums of groups will lie, by group and name."""
    return {
        (str(one["group"]), str(one["name"])): (float(one["low"]), float(one["high"]))
        for one in tables.manifest.get("expected", ())
        if one["low"] is not None
    }
