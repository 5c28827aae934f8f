"""A feature of one's own is a feature like any other, or it is refused with its name."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from tests.contracts.harness import builder_for, random_book, settings_for
from valuemodel.exceptions import SettingsError
from valuemodel.features import feature, share
from valuemodel.features.registry import catalog
from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import FeaturesSection

CUTOFF = Cutoff.parse("2021-06-01")
BOOK = random_book(seed=4)
SETTINGS = settings_for(["6 months"], features={"groups": ["monetary", "own", "profile"]})
MEANING = {
    "label": "Largest order",
    "unit": "money",
    "direction": "more",
    "actionable": "indirect",
    "sentence": "Its largest order was worth {value}",
}


@feature(of="orders", **MEANING)
def largest_order(orders):
    return orders.table.value.max()


@feature(of="orders", **MEANING | {"unit": "orders", "label": "Small"}, empty=0, reach="90 days")
def small_orders_90d(orders):
    t = orders.table
    return t.count(where=(t.purchased <= 90) & (t.amount < 500))


@feature(of="usage", **MEANING | {"unit": "share", "label": "Idle"})
def idle_share(usage):
    t = usage.table
    return share(t.count(where=t.quantity == 0), t.count())


def build(*own, cutoff=CUTOFF, book=BOOK):
    return builder_for(book, SETTINGS, own=own).at(cutoff)


def test_it_stands_in_the_catalog_with_what_it_means():
    data = build(largest_order)
    mine = next(one for one in data.features if one.name == "largest_order")
    assert (mine.group, mine.unit, mine.kind) == ("own", "money", "number")
    assert mine.sentence == MEANING["sentence"]
    assert "largest_order" in data.X.columns


def test_it_is_computed_beside_the_others_and_changes_none_of_them():
    data, plain = build(largest_order, small_orders_90d, idle_share), build()
    assert data.X[plain.X.columns].equals(plain.X)
    assert data.X.largest_order.max() > 0


def test_what_it_says_of_an_account_without_rows_is_what_it_declares():
    data = build(largest_order, small_orders_90d)
    never = data.X[data.keys.account_id == "new"]
    assert never.largest_order.isna().all()
    assert never.small_orders_90d.eq(0).all()


def test_it_is_missing_where_the_records_do_not_go_back_so_far():
    early = build(small_orders_90d, cutoff=Cutoff.parse("2019-02-01"))
    assert early.X.small_orders_90d.isna().all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit": "moneys"}, "unit: there is no 'moneys'; did you mean 'money'?"),
        ({"direction": "up"}, "direction: there is no 'up'; there are more, less, either"),
        ({"actionable": "perhaps"}, "actionable: there is no 'perhaps'"),
        ({"sentence": "Its largest order"}, "sentence: hold {value} once"),
        ({"sentence": "{value} of {total}"}, "sentence: hold {value} once"),
        ({"label": " "}, "label: say what a sales person calls it"),
        ({"reach": "six moons"}, "reach: "),
    ],
    ids=str,
)
def test_a_declaration_with_a_mistake_is_refused(changed, said):
    with pytest.raises(SettingsError, match="the feature visits is not declared") as caught:

        @feature(of="orders", **MEANING | changed)
        def visits(orders):
            return orders.table.count()

    assert any(said in line for line in caught.value.details)


def test_all_mistakes_of_a_declaration_are_named_at_once():
    with pytest.raises(SettingsError) as caught:
        feature(of="orders", **MEANING | {"unit": "x", "direction": "y", "label": ""})(
            lambda orders: orders.table.count()
        )
    assert len(caught.value.details) == 4  # the name of a lambda is none


def own(compute, **changed):
    """Return a feature with this body."""

    def visits(source):
        return compute(source)

    return feature(**{"of": "orders"} | MEANING | changed)(visits)


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        (lambda orders: orders.table.amuont.sum(), "failed when its expression was built"),
        (lambda orders: orders.table.amount, "it is a column, one value per row"),
        (lambda orders: orders.table, "it is no expression"),
        (lambda orders: 3.0, "it is no expression"),
        (lambda orders: orders.table.account_id.max(), "of unit 'money' it cannot be a string"),
        (lambda orders: orders.table.filter(orders.table.age < 9).count(), "another table"),
        (lambda orders: ibis.memtable(pa.table({"x": [1]})).x.sum(), "another table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_one_number_per_account_is_refused(compute, said):
    with pytest.raises(SettingsError, match=f"the feature visits .*{said}"):
        build(own(compute))


@pytest.mark.parametrize(
    "compute",
    [
        lambda orders: (orders.table.value * ibis.random()).sum(),
        lambda orders: ibis.now().epoch_seconds() - orders.table.age.max(),
        lambda orders: orders.table.value.first(),
        lambda orders: orders.table.value.arbitrary(),
    ],
    ids=["chance", "clock", "first", "any"],
)
def test_the_clock_chance_and_the_order_of_rows_are_refused(compute):
    with pytest.raises(SettingsError, match="visits gives other values for the same rows"):
        build(own(compute))


def test_a_text_may_be_a_category():
    data = build(own(lambda orders: orders.table.order_id.max(), unit="category"))
    assert data.X.visits.dropna().str.startswith("O").all()


def test_a_name_that_is_taken_and_a_source_that_is_not_there_are_told_at_once():
    @feature(of="orders", **MEANING)
    def recency_days(orders):
        return orders.table.age.min()

    wrong = (recency_days, largest_order, largest_order, own(lambda o: o.table.count(), of="order"))
    with pytest.raises(SettingsError) as caught:
        catalog([Horizon.parse("6 months")], FeaturesSection(), ("transactions",), wrong)
    assert len(caught.value.details) == 3
    said = "\n".join(caught.value.details)
    assert "features.own.recency_days: a feature or a label has this name already" in said
    assert "features.own.largest_order: a feature or a label has this name already" in said
    assert "features.own.visits: no source 'order' to read; did you mean 'orders'?" in said


def test_a_source_whose_table_is_not_declared_is_told():
    with pytest.raises(SettingsError, match="idle_share: no source 'usage'"):
        catalog([Horizon.parse("6 months")], FeaturesSection(), ("transactions",), [idle_share])


def test_a_group_left_out_leaves_own_features_out():
    settings = settings_for(["6 months"], features={"groups": ["monetary"], "extra": {}})
    features = builder_for(BOOK, settings, own=(largest_order,)).features
    assert {one.group for one in features} == {"monetary"}
