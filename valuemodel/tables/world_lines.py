"""The lines that accounts of the synthetic world buy and send back, and how they are written down.

Why this way: the amount of a line is drawn first, so that its mean is known exactly, and quantity
and price are fitted to it; refunds are lines of their own on a later credit note, as ledgers have
them, because a refund that reached back into the order would let the past change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import INDUSTRIES, Book, account_ids, padded
from valuemodel.tables.world_clock import office_hours
from valuemodel.tables.world_process import REFUND_LAG, YEAR, Floats, Ints

_PRODUCTS = 30  # per industry
_SHOCK, _SPREAD = 0.5, 0.6  # standard deviations of the logarithm of an order's and a line's amount


@dataclass(frozen=True)
class Trade:
    """What accounts spend and how: money per order, share of cost, lines, share of refunded lines."""

    order_value: Floats
    cost: Floats
    lines: Floats
    refunded: Floats


@dataclass(frozen=True)
class Lines:
    """Drawn lines before they are written down; times in years since the history begins."""

    account: Ints
    order: Ints
    time: Floats
    product: Ints
    quantity: Ints
    unit_price: Floats
    amount: Floats
    cost: Floats
    refunded_at: Floats  # infinite where never


def draw_lines(
    buyer: Ints, bought: Floats, book: Book, trade: Trade, rng: np.random.Generator
) -> Lines:
    """Split orders into lines whose amounts add up to the account's order value on average."""
    mean = trade.lines[buyer]
    order = np.repeat(np.arange(len(buyer)), 1 + rng.poisson(mean - 1))
    shock = _SHOCK * rng.standard_normal(len(buyer)) - _SHOCK**2 / 2
    spread = _SPREAD * rng.standard_normal(len(order)) - _SPREAD**2 / 2
    wanted = (trade.order_value[buyer] / mean * np.exp(shock))[order] * np.exp(spread)
    account = buyer[order]
    prices = np.exp(rng.normal(4.0, 1.0, len(INDUSTRIES) * _PRODUCTS)).clip(2.0)
    # Each account keeps to a basket of its industry's products, the first ones most of all.
    favourite, basket = (
        rng.integers(0, _PRODUCTS, len(book.size)),
        2 + rng.poisson(4, len(book.size)),
    )
    place = favourite[account] + (basket[account] * rng.random(len(order)) ** 2).astype(np.int64)
    product = book.industry[account] * _PRODUCTS + place % _PRODUCTS
    quantity = np.maximum(np.rint(wanted / prices[product]), 1.0)
    unit_price = np.maximum(np.round(wanted / quantity, 2), 0.01)
    amount = np.round(quantity * unit_price, 2)
    cost = amount * trade.cost[account] * rng.uniform(0.9, 1.1, len(order))
    refunded = rng.random(len(order)) < trade.refunded[account]
    time = bought[order]
    refunded_at = np.full(len(order), np.inf)
    lag = REFUND_LAG * rng.standard_exponential(int(refunded.sum()))
    refunded_at[refunded] = time[refunded] + lag
    return Lines(
        account, order, time, product, quantity.astype(np.int64), unit_price, amount,
        np.round(cost, 2), refunded_at,
    )  # fmt: skip


def refunds_of(lines: Lines) -> pd.DataFrame:
    """Return the lines that are refunded at some time: account, bought, refunded, amount, cost."""
    some = np.isfinite(lines.refunded_at)
    return pd.DataFrame(
        {
            "account": lines.account[some],
            "bought": lines.time[some],
            "refunded": lines.refunded_at[some],
            "amount": lines.amount[some],
            "cost": lines.cost[some],
        }
    )


def write_lines(lines: Lines, origin: Cutoff, end: float) -> pd.DataFrame:
    """Write lines and refunds down in order of time, with ids counted in that order."""
    back = np.flatnonzero(lines.refunded_at < end)
    source = np.concatenate([np.arange(len(lines.time)), back])
    sign = np.where(np.arange(len(source)) < len(lines.time), 1, -1)
    notes = lines.order.max(initial=-1) + 1 + np.arange(len(back))
    document = np.concatenate([lines.order, notes])
    stamp = office_hours(YEAR * np.concatenate([lines.time, lines.refunded_at[back]]), origin)
    sequence = np.lexsort((document, stamp))
    source, sign, stamp = source[sequence], sign[sequence], stamp[sequence]
    document = document[sequence]
    number = np.cumsum(np.r_[True, document[1:] != document[:-1]][: len(document)])
    letters = np.where(sign > 0, ord("O"), ord("C")).astype(np.uint8)
    line = np.arange(1, len(source) + 1)
    return pd.DataFrame(
        {
            "account_id": account_ids(lines.account[source]),
            "order_id": padded(letters, number, 9),
            "line_id": padded(np.full(len(line), ord("L"), dtype=np.uint8), line, 9),
            "time": stamp,
            "product_id": padded(
                np.full(len(line), ord("P"), dtype=np.uint8), 1 + lines.product[source], 4
            ),
            "quantity": sign * lines.quantity[source],
            "unit_price": lines.unit_price[source],
            "amount": sign * lines.amount[source],
            "cost": sign * lines.cost[source],
        }
    )


def net_revenue(lines: Lines, accounts: int, begin: float, end: float) -> Floats:
    """Return each account's revenue less refunds in [begin, end)."""
    sold = (begin <= lines.time) & (lines.time < end)
    back = (begin <= lines.refunded_at) & (lines.refunded_at < end)
    gross = np.bincount(lines.account[sold], lines.amount[sold], accounts).astype(np.float64)
    refunded = np.bincount(lines.account[back], lines.amount[back], accounts).astype(np.float64)
    return gross - refunded
