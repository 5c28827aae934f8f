"""The decision: one book and one policy in, the tier of every account out.

Everything that a tier depends on is gathered in a `Book`: scores, where accounts stood, what happened to
them, what people decided. Deciding is a pure function of it, so that the same book can be decided again
with the model or the policy of before, and a move be split into what caused it; or by past value, or by
contract value, for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame, tagged
from valuemodel.tiers.assignment import (
    NOWHERE,
    Assignment,
    Flags,
    Floats,
    Positions,
    Standing,
    Ties,
    assign,
)
from valuemodel.tiers.earlier import BY_RUN, EarlierRun, standing_before
from valuemodel.tiers.lines import check_least, line_at
from valuemodel.tiers.optimisation import Problem, Solution, optimise
from valuemodel.tiers.overrides import Overrides
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.score import Scores, money, score_accounts
from valuemodel.tiers.segments import segments
from valuemodel.tiers.stability import BUDGET, events, held, within_budget

Texts = npt.NDArray[np.object_]

#: Why an account stands where it does whatever its score, in words.
OVERRIDE, PROTECTED, NEW, LOSS = "override", "protected", "new account", "loss-making"

NO_HISTORY = "no_history"


@dataclass(frozen=True)
class Book:
    """What a decision is made of, one row per account, sorted by account.

    Parameters
    ----------
    predictions : pandas.DataFrame
        The stored predictions.
    facts : pandas.DataFrame, optional
        The stored ``account_facts``.
    frame : pandas.DataFrame
        Both joined: see `valuemodel.tiers.accounts.account_frame`.
    as_of : Cutoff
        The cutoff.
    horizon : Horizon
        The tier horizon.
    before : pandas.DataFrame
        Where accounts stood: see `valuemodel.tiers.earlier.standing_before`.
    facts_before : pandas.DataFrame, optional
        ``account_facts`` of the run before.
    overrides : Overrides
        What people decided.
    ties : Ties
        What breaks ties.
    """

    predictions: pd.DataFrame
    facts: pd.DataFrame | None
    frame: pd.DataFrame
    as_of: Cutoff
    horizon: Horizon
    before: pd.DataFrame
    facts_before: pd.DataFrame | None
    overrides: Overrides
    ties: Ties

    @classmethod
    def of(
        cls,
        predictions: pd.DataFrame,
        facts: pd.DataFrame | None,
        earlier: EarlierRun | None,
        overrides: Overrides,
        *,
        as_of: Cutoff,
        horizon: Horizon,
    ) -> Book:
        """Gather a book from stored tables that hold each account once, sorted by account."""
        accounts = predictions["account_id"]
        known = earlier.recommendations if earlier else None
        return cls(
            predictions,
            facts,
            account_frame(predictions[["account_id"]], predictions, facts, horizon),
            as_of,
            horizon,
            standing_before(accounts, facts, known),
            earlier.facts if earlier else None,
            overrides,
            Ties.of(accounts.tolist()),
        )

    @property
    def past(self) -> Floats:
        """The past value over the tier horizon."""
        return money(self.predictions, f"past_value_{self.horizon.label}")

    @property
    def value(self) -> Floats:
        """The predicted value over the tier horizon."""
        return money(self.predictions, f"value_{self.horizon.label}")

    @property
    def settled(self) -> Flags:
        """Whether the tier that an account had was given by a run, and not by the company before."""
        return (self.before["when"] == BY_RUN).to_numpy(dtype=np.bool_)

    def with_values(self, value: Floats) -> Book:
        """Return the same book with other predicted values."""
        name = f"value_{self.horizon.label}"
        changed = self.predictions.assign(**{name: value})
        return replace(self, predictions=changed, frame=self.frame.assign(value=value))

    def previous(self, policy: TierPolicy) -> Positions:
        """Return the place in a policy of the tier that each account had, -1 where it has none."""
        positions = policy.positions
        return np.array(
            [positions.get(name, NOWHERE) for name in self.before["tier"]], dtype=np.int64
        )

    def alone(self) -> Book:
        """Return the same book as if no run had been before it and nobody had decided anything."""
        accounts = self.predictions["account_id"]
        before = standing_before(accounts, self.facts, None)
        return replace(self, before=before, facts_before=None, overrides=Overrides.none())


@dataclass(frozen=True)
class Decision:
    """The tiers of a book, and what each rests on.

    Parameters
    ----------
    scores : Scores
        What accounts were ranked by.
    assignment : Assignment
        Tiers, ranks and lines.
    pinned_by : ndarray of object
        Why an account stands where it does whatever its score; None for most.
    held_by : ndarray of object
        Why an account is kept where it was; None for most.
    happened : ndarray of object
        The event that let it move between reviews; None for most.
    solution : Solution, optional
        What the optimisation said, where the policy asks for it.
    """

    scores: Scores
    assignment: Assignment
    pinned_by: Texts
    held_by: Texts
    happened: Texts
    solution: Solution | None = None

    @property
    def tier(self) -> Positions:
        """The place of each account's tier in the policy, 0 for the highest."""
        return self.assignment.tier

    @property
    def findings(self) -> tuple[str, ...]:
        """What the policy could not do on this book."""
        return self.assignment.findings


def decide(book: Book, policy: TierPolicy, *, overrides: bool = True) -> Decision:
    """Decide the tier of every account of a book.

    Parameters
    ----------
    book : Book
        What there is to decide by.
    policy : TierPolicy
        The rules.
    overrides : bool
        Whether what people decided counts; without it, tiers are those of the rules alone.

    Raises
    ------
    SettingsError
        If the policy contradicts itself on this book.
    """
    scores = score_accounts(book.predictions, book.horizon, policy, book.facts)
    previous, floor = book.previous(policy), _floor(book, policy)
    pinned, pinned_by = _pinned(book, policy, overrides=overrides)
    happened = events(book.frame, book.facts_before, policy.stability.events)
    held_by = held(book.before, happened, policy, book.as_of)
    held_by[(pinned != NOWHERE) | (previous == NOWHERE)] = None
    standing = Standing(
        value=None if scores.section.in_money else book.value,
        segment=segments(book.frame, policy),
        previous=previous,
        settled=book.settled & (previous != NOWHERE),
        pinned=pinned,
        floor=floor,
        held=pd.notna(held_by),
    )
    # What tiers must bring is asked of the tiers of the optimum, not of those that are cut before it.
    ranked_by = policy if policy.optimise is None else policy.without_least()
    found = assign(scores.score, book.past, book.ties, ranked_by, standing)
    solution = None
    if policy.optimise is not None:
        problem = _problem(book, policy, policy.optimise.by, standing)
        solution = optimise(problem, policy)
        found = _solved(found, solution, book.value, policy)
        check_least(found.lines, policy)
    else:
        free = (pinned == NOWHERE) & pd.isna(held_by)
        go = within_budget(found, previous, free, policy)
        if go is not None:
            # Everybody else stays: a move that is let through must not push out who stood still.
            stay = free & ~go & (previous != NOWHERE)
            held_by[stay & (found.tier != previous)] = BUDGET
            standing = replace(standing, held=pd.notna(held_by) | stay)
            found = assign(scores.score, book.past, book.ties, policy, standing)
    held_by[found.tier != previous] = None
    pinned_by[(pinned == NOWHERE) & pd.isna(held_by) & _lifted(found, floor)] = PROTECTED
    return Decision(scores, found, pinned_by, held_by, happened, solution)


def by_amount(book: Book, policy: TierPolicy, amount: Floats) -> Assignment:
    """Cut the book by another amount than the score, such as past value, by the ladder alone."""
    return assign(amount, amount, book.ties, policy.without_least())


def _pinned(book: Book, policy: TierPolicy, *, overrides: bool) -> tuple[Positions, Texts]:
    """Return where rules and people put accounts whatever their score; people come last and win."""
    accounts, last = book.predictions["account_id"], len(policy.tiers) - 1
    pinned, why = (
        np.full(len(accounts), NOWHERE, dtype=np.int64),
        np.full(len(accounts), None, object),
    )
    if policy.cost.loss_rule == "last_tier":
        losing = book.value < policy.cost.loss_below
        pinned[losing], why[losing] = last, LOSS
    if policy.new_accounts.by == "tier":
        new = tagged(book.frame["tags"], NO_HISTORY).to_numpy()
        named = policy.new_accounts.tier
        pinned[new], why[new] = last if named is None else policy.names.index(named), NEW
    if overrides:
        by_people = book.overrides.pinned(accounts, policy.names)
        pinned = np.where(by_people != NOWHERE, by_people, pinned)
        why[by_people != NOWHERE] = OVERRIDE
    return pinned, why


def _floor(book: Book, policy: TierPolicy) -> Positions:
    """Return the tier below which each account never falls; the last one for most."""
    floor = np.full(len(book.frame), len(policy.tiers) - 1, dtype=np.int64)
    arr = book.frame["arr"].to_numpy(np.float64)
    for rule in policy.protected:
        if rule.until is not None and book.as_of.at.date() >= rule.until:
            continue
        whom = book.frame["account_id"].isin(rule.accounts).to_numpy()
        if rule.arr_at_least is not None:
            whom = whom | (arr >= rule.arr_at_least)
        floor[whom] = np.minimum(floor[whom], policy.names.index(rule.tier))
    return floor


def _lifted(found: Assignment, floor: Positions) -> Flags:
    """Return which accounts stand in the tier that protects them, and would not by their rank."""
    above = np.array([line.accounts for line in found.lines], dtype=np.int64)
    protects = floor < len(found.lines) - 1
    lifted: Flags = protects & (found.tier == floor) & (found.rank > above[floor])
    return lifted


def _solved(found: Assignment, solution: Solution, value: Floats, policy: TierPolicy) -> Assignment:
    """Return the tiers of the optimum, and the lines that they make; ranks stay those of the score."""
    worth = np.where(value > 0.0, value, 0.0)
    last = policy.names[-1]
    lines = [
        line_at(name, solution.tier <= place, worth, "rest" if name == last else "optimise")
        for place, name in enumerate(policy.names)
    ]
    binding = np.array(solution.binding, dtype=object)[solution.tier]
    said = (
        f"[optimise] covers {solution.covered:,.0f} of predicted value; at most {solution.bound:,.0f} could "
        f"be covered (a gap of {100.0 * solution.gap:.3g} %)",
    )
    return replace(
        found, tier=solution.tier, lines=tuple(lines), segment_lines=(), rule=binding, findings=said
    )


def _problem(book: Book, policy: TierPolicy, by: str, standing: Standing) -> Problem:
    """Lay out the assignment as one problem; what is kept counts as fixed."""
    previous, fixed, floor = (
        np.asarray(one, dtype=np.int64)
        for one in (standing.previous, standing.pinned, standing.floor)
    )
    if standing.held is not None:
        # Protection comes before staying: an account that is kept is never fixed below its floor.
        fixed = np.where((fixed == NOWHERE) & standing.held & (previous <= floor), previous, fixed)
    absent = np.full(len(fixed), None, dtype=object)
    return Problem(
        value=book.value,
        segment=book.frame[by].to_numpy(dtype=object) if by in book.frame else absent,
        previous=previous,
        fixed=fixed,
        floor=floor,
        account_ids=book.ties,
        may_move=policy.stability.may_move(int((previous != NOWHERE).sum())),
    )
