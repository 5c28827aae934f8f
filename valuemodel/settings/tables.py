"""``[tables]``: where each table lies, how its text is written, and what may go wrong with it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from valuemodel.periods import Cutoff
from valuemodel.sections import Section
from valuemodel.settings.kinds import CutoffText, HorizonText, Share, ZoneName


class Condition(Section):
    """One test on a source column; a row must pass all conditions of an exclusion to be excluded."""

    column: str
    equals: str | None = None
    one_of: list[str] | None = None
    starts_with: str | None = None
    before: CutoffText | None = None
    from_: CutoffText | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        tests = (self.equals, self.one_of, self.starts_with, self.before, self.from_)
        if all(test is None for test in tests):
            problem = "give at least one of equals, one_of, starts_with, before, from"
            raise ValueError(problem)
        return self


class Exclusion(Section):
    """Rows that are left out on purpose: named, counted and kept in the quarantine file."""

    reason: str = Field(min_length=3)
    when: list[Condition] = Field(min_length=1)


class TableSection(Section):
    """What every source table declares: where it lies, its columns, how its text is written.

    ``columns`` maps names of the contract to names of the source. ``limits`` gives, per rule of the
    validation, the share of rows that may be quarantined before the whole table is refused.

    The caps refuse what could exhaust the host. ``max_bytes`` is the size of one file or table, as it
    is when it is expanded: 20 GB where nothing is said, 1 GB for Excel, which is read in memory.
    ``max_expansion`` is how many times larger than itself a compressed file may become;
    ``max_columns`` and ``max_field_bytes`` bound its shape. ``sheet`` names the sheet of an Excel
    file, the first where nothing is said, ``"*"`` for all.
    """

    source: str | list[str]
    columns: dict[str, str] = Field(default_factory=dict)
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    null_values: list[str] = Field(default_factory=lambda: [""])
    time_format: str | None = None
    timezone: ZoneName | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    limits: dict[str, Share] = Field(default_factory=dict)
    exclude: list[Exclusion] = Field(default_factory=list)
    earliest: CutoffText = Cutoff.parse("1990-01-01")
    sheet: str | None = Field(default=None, min_length=1)
    max_bytes: int | None = Field(default=None, ge=1)
    max_expansion: Annotated[float, Field(ge=1.0)] = 200.0
    max_columns: int = Field(default=2_000, ge=1)
    max_field_bytes: int = Field(default=1_000_000, ge=1)

    @property
    def sources(self) -> list[str]:
        """The source or sources as a list."""
        return [self.source] if isinstance(self.source, str) else list(self.source)

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands == self.decimal:
            problem = f"decimal and thousands are both {self.decimal!r}"
            raise ValueError(problem)
        return self


class DatedSection(TableSection):
    """A table whose rows happen at a time; what it may declare beside.

    ``complete_until`` is the first instant from which it may be incomplete, ``delay`` how long after
    its event a row becomes known, where no ``known_at`` column says so, and ``rates`` gives one unit
    of a foreign currency in the project's.
    """

    complete_until: CutoffText | None = None
    delay: HorizonText | None = None
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


class TransactionsSection(DatedSection):
    """``[tables.transactions]``: what was bought."""


class AccountsSection(TableSection):
    """``[tables.accounts]``; ``coverage`` is the share of buying accounts it must know."""

    coverage: Share = 0.98


class ContractsSection(DatedSection):
    """``[tables.contracts]``; ``end_is_last_day`` says that a contract still runs on its end."""

    end_is_last_day: bool = False


class OpportunitiesSection(DatedSection):
    """``[tables.opportunities]``; ``won`` and ``lost`` are the stages in which one has ended."""

    won: list[str] = Field(default_factory=lambda: ["won"], min_length=1)
    lost: list[str] = Field(default_factory=lambda: ["lost"], min_length=1)


class TablesSection(Section):
    """``[tables]``: transactions or contracts at the least; the rest as the company has it."""

    transactions: TransactionsSection | None = None
    accounts: AccountsSection | None = None
    contracts: ContractsSection | None = None
    usage: DatedSection | None = None
    interactions: DatedSection | None = None
    opportunities: OpportunitiesSection | None = None
    costs: DatedSection | None = None
    projects: DatedSection | None = None
    credit: TableSection | None = None
    capability_gaps: TableSection | None = None

    @model_validator(mode="after")
    def _something_to_value(self) -> Self:
        if self.transactions is None and self.contracts is None:
            problem = "declare [tables.transactions] or [tables.contracts]: one of them is needed"
            raise ValueError(problem)
        return self

    @property
    def declared(self) -> dict[str, TableSection]:
        """The declared tables by name, in the order of the contract."""
        sections = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: section for name, section in sections.items() if section is not None}
