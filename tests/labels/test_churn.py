from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts import cases, oracle_contracts
from tests.contracts.book import known
from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff
from valuemodel.tables.schemas import CONTRACTS

CUTOFF, UNTIL = Cutoff.parse("2021-01-01"), Cutoff.parse("2021-09-01")
LATE = "2021-12-31"


def line(account, time, amount):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount}


def contract(account, start, end=None, contract_id="1", known_at=None, **more):
    times = {"start": at(start), "end": end and at(end), "known_at": at(known_at or start)}
    more = {name: at(value) if isinstance(value, str) else value for name, value in more.items()}
    own = {"account_id": account, "contract_id": contract_id}
    return dict.fromkeys(CONTRACTS.names) | own | times | more


def labels_of(*contracts, lines=(), until=UNTIL, **churn):
    """Return what became of the accounts of a book by three and by six months, by account."""
    rows = (line("records go on", "2019-01-01", 1), line("records go on", LATE, 1), *lines)
    declared = {"transactions": {"source": "a.csv"}, "contracts": {"source": "b.csv"}}
    settings = settings_for(
        ["3 months", "6 months"],
        tables=declared,
        churn=churn,
        features={"groups": ["contracts"], "extra": {}},
    )
    builder = builder_for(Book(rows, None, {"contracts": contracts}), settings)
    data = builder.at(CUTOFF, labels_until=until)
    found = data.y[["churn_3m", "churn_6m"]].set_axis(data.keys.account_id)
    return {name: tuple(found.loc[name]) for name in found.index if name != "records go on"}


def test_an_account_is_gone_if_it_buys_nothing_in_the_whole_window():
    lines = (
        line("bought and returned", "2021-01-05", 5), line("bought and returned", "2021-01-06", -5),
        line("late", "2021-05-01", 5), line("only returns", "2021-01-05", -5),
        line("silent", "2021-07-01", 5),
    )  # fmt: skip
    first = tuple(line(name, "2020-06-01", 1) for name in {row["account_id"] for row in lines})
    builder = builder_for(Book((*first, *lines)), settings_for(["3 months", "6 months"]))
    data = builder.at(CUTOFF, labels_until=UNTIL)
    assert data.keys.account_id.to_list() == [
        "bought and returned",
        "late",
        "only returns",
        "silent",
    ]
    assert data.y["churn_3m"].to_list() == [0, 1, 1, 1]
    assert data.y["churn_6m"].to_list() == [0, 0, 1, 1]


def test_an_account_lapses_in_the_window_in_which_its_contract_ends():
    found = labels_of(
        contract("at once", "2020-01-01", "2021-01-01"),
        contract("by three months", "2020-03-31 23:59", "2021-03-31 23:59"),
        contract("by six months", "2020-04-01", "2021-04-01"),
        contract("in time", "2020-07-01", "2021-07-01"),
        contract("open", "2020-07-01"),
        contract("renewing", "2020-01-01", "2020-02-01", auto_renew=True),
    )
    assert found == {
        "at once": (1, 1),
        "by three months": (1, 1),
        "by six months": (0, 1),
        "in time": (0, 0),
        "open": (0, 0),
        "renewing": (0, 0),
    }


def test_a_renewal_keeps_the_account_whenever_it_was_signed():
    ends = [
        contract(name, "2020-02-01", "2021-02-01") for name in ("early", "late", "lost", "too late")
    ]
    found = labels_of(
        *ends,
        contract("early", "2021-02-01", "2022-02-01", known_at="2020-11-01"),
        contract("late", "2021-02-01", "2022-02-01", known_at="2021-06-01"),
        contract("too late", "2021-02-01", "2022-02-01", known_at="2021-09-01"),
    )
    assert found == {"early": (0, 0), "late": (0, 0), "lost": (1, 1), "too late": (1, 1)}


def test_only_the_end_of_the_last_contract_is_a_lapse():
    found = labels_of(
        contract("keeps one", "2020-02-01", "2021-02-01"),
        contract("keeps one", "2020-06-01", "2021-12-01", contract_id="2"),
        contract("moves on", "2020-02-01", "2021-02-01"),
        contract("moves on", "2021-01-15", "2022-02-01", contract_id="2"),
    )
    assert found == {"keeps one": (0, 0), "moves on": (0, 0)}


@pytest.mark.parametrize(
    ("notice", "churned"), [("2021-02-10", (1, 1)), ("2021-05-10", (0, 1)), ("2021-09-01", (0, 0))]
)
def test_an_open_contract_lapses_when_notice_is_given(notice, churned):
    assert labels_of(contract("a", "2020-01-01", cancelled_at=notice)) == {"a": churned}


def test_a_contract_that_renews_by_itself_lapses_at_the_end_of_a_term():
    given = contract("a", "2020-01-15", "2020-04-15", auto_renew=True, cancelled_at="2021-01-16")
    assert labels_of(given) == {"a": (0, 1)}


@pytest.mark.parametrize(
    ("grace", "churned"), [(None, (1, 1)), ("9 days", (1, 1)), ("10 days", (0, 0))]
)
def test_a_gap_within_the_days_of_grace_is_no_lapse(grace, churned):
    rows = (
        contract("late", "2020-02-01", "2021-02-01"),
        contract("late", "2021-02-11", "2022-02-01"),
        contract("gone", "2020-02-01", "2021-02-01"),
    )
    assert labels_of(*rows, grace=grace) == {"late": churned, "gone": (1, 1)}


def test_a_window_is_complete_only_when_the_days_of_grace_are_over():
    rows = (contract("a", "2020-02-01", "2021-02-01"),)
    for until, complete in (("2021-04-10", 0), ("2021-04-11", 1), ("2021-07-11", 2)):
        (found,) = labels_of(*rows, until=Cutoff.parse(until), grace="10 days").values()
        assert sum(not math.isnan(label) for label in found) == complete


LINES = (
    line("buys", "2020-06-01", 1), line("buys", "2021-02-01", 1), line("silent", "2020-06-01", 1),
    line("was under contract", "2020-06-01", 1), line("will be", "2020-06-01", 1),
    line("holds and is silent", "2020-06-01", 1),
    line("ends and buys", "2020-06-01", 1), line("ends and buys", "2021-03-01", 1),
)  # fmt: skip
CONTRACTS_OF = (
    contract("was under contract", "2019-01-01", "2020-12-31"),
    contract("will be", "2021-01-01", "2022-01-01", known_at="2020-12-01"),
    contract("holds and is silent", "2020-06-01"),
    contract("ends and buys", "2020-02-01", "2021-02-01"),
)


def test_in_a_book_with_both_rules_who_is_under_contract_is_judged_by_it():
    assert labels_of(*CONTRACTS_OF, lines=LINES) == {
        "buys": (0, 0),
        "silent": (1, 1),
        "was under contract": (1, 1),
        "will be": (1, 1),
        "holds and is silent": (0, 0),
        "ends and buys": (1, 1),
    }


def test_by_inactivity_alone_contracts_do_not_matter():
    found = labels_of(*CONTRACTS_OF, lines=LINES, rule="inactivity")
    assert [name for name, label in found.items() if label == (0, 0)] == ["buys", "ends and buys"]


def test_by_contract_alone_accounts_without_one_have_no_label():
    found = labels_of(*CONTRACTS_OF, lines=LINES, rule="contract")
    labelled = {name: label for name, label in found.items() if label[0] == label[0]}
    assert labelled == {"holds and is silent": (0, 0), "ends and buys": (1, 1)}


def test_a_contract_that_is_taken_back_after_the_cutoff_was_lost_at_once():
    holds = contract("a", "2020-06-01", "2021-06-01")
    taken_back = holds | {"known_at": at("2021-02-01"), "end": at("2020-06-01")}
    assert labels_of(holds, taken_back) == {"a": (1, 1)}


@st.composite
def books(draw):
    cutoff = draw(st.sampled_from(cases.CUTOFFS))
    rows = st.lists(
        cases.contracts(cutoff),
        min_size=20,
        max_size=40,
        unique_by=lambda row: (
            *(row[name] for name in ("account_id", "contract_id", "start")),
            known("contracts", row),
        ),
    )
    lines = [line("records go on", day, 1) for day in ("2018-01-01", "2023-01-01")]
    return cutoff, Book(tuple(lines), None, {"contracts": tuple(draw(rows))})


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(case=books(), grace=st.sampled_from([None, "1 day", "45 days", "2 months"]))
def test_lapses_agree_with_walking_through_the_window_day_by_day(case, grace):
    cutoff, book = case
    until = cutoff + timedelta(days=400)
    declared = {"transactions": {"source": "a.csv"}, "contracts": {"source": "b.csv"}}
    asked = settings_for(
        ["1 month", "26 weeks"],
        tables=declared,
        churn={"grace": grace, "rule": "contract"},
        features={"groups": ["contracts"], "extra": {}},
    )
    data = builder_for(book, asked).at(Cutoff(cutoff), labels_until=Cutoff(until))
    shown = data.y[["churn_1m", "churn_26w"]].set_axis(data.keys.account_id)
    for name in shown.index:
        said = oracle_contracts.labels(book, asked, cutoff, until, name)
        found = {label: None if math.isnan(v) else v for label, v in shown.loc[name].items()}
        assert found == said
