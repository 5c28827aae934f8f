"""What a table must hold is checked figure by figure, and every difference is listed."""

from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.registry import PUBLIC
from valuemodel.io.public.specification import Expected, PublicSet

PUBLISHED = Expected(
    columns=("id", "day", "paid"),
    rows=3,
    accounts=("id", 2),
    period=("day", "2020-01-01", "2020-01-03"),
    total=("paid", 6.60),
)


@pytest.fixture
def table():
    days = pd.to_datetime(["2020-01-01 00:00", "2020-01-02 00:00", "2020-01-03 17:00"])
    return pd.DataFrame({"id": ["a", "a", "b"], "day": days, "paid": [1.1, 2.2, 3.3]})


def test_a_table_as_published_differs_in_nothing(table):
    assert PUBLISHED.differences(table) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns="paid"), "columns: id, day; published id, day, paid"),
        (lambda t: pd.concat([t, t.assign(paid=0.0)]), "rows: 6, published 3"),
        (lambda t: t.assign(id="a"), "different id: 1, published 2"),
        (lambda t: t.assign(paid=[1.1, 2.2, 3.31]), "sum of paid: 6.61, published 6.6"),
        (
            lambda t: t.assign(day=t["day"] + pd.Timedelta(days=731)),
            "day: 2022-01-01 to 2022-01-03, published 2020-01-01 to 2020-01-03",
        ),
    ],
)
def test_each_difference_is_said(table, change, said):
    assert PUBLISHED.differences(change(table)) == [said]


def test_a_revised_source_may_differ_a_little():
    published = Expected(("paid",), 1_000, total=("paid", 5_000.0), tolerance=0.01)
    assert published.differences(pd.DataFrame({"paid": [5.0] * 995})) == []
    assert len(published.differences(pd.DataFrame({"paid": [5.0] * 985}))) == 2


def test_all_differences_of_all_tables_are_refused_at_once(table):
    public = PublicSet(
        name="shop",
        title="Shop",
        licence="none",
        page="https://example.org",
        fetch=lambda downloader, workspace: workspace,
        convert=lambda original, workspace: {},
        expected={"a.parquet": PUBLISHED, "b.parquet": PUBLISHED},
    )
    with pytest.raises(DataRefused) as caught:
        public.verify({"a.parquet": table.iloc[:0], "b.parquet": table.assign(id="a")})
    assert caught.value.details[0] == "a.parquet: rows: 0, published 3"
    assert caught.value.details[-1] == "b.parquet: different id: 1, published 2"
    assert "https://example.org" in caught.value.hint


def test_every_declared_set_says_where_it_comes_from():
    for name, public in PUBLIC.items():
        assert name == public.name
        assert public.licence
        assert public.page.startswith("https://")
        assert all(expected.rows > 0 for expected in public.expected.values())
