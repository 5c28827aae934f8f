"""A column of numbers in many resampled copies of a book at a time.

A copy is given by how often each account occurs in it, never by repeated rows. What metrics need of a
column, its order and the running counts in that order, is computed once and shared by all of them;
for truths, by all models too.

Why this way: an interval of every metric for every model takes hundreds of copies; sorting each of
them anew would take minutes where one order serves all. Sums are those of `numpy.einsum`, in a fixed
order, so that the number of threads changes no byte.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from valuemodel.metrics.arrays import FloatArray, IntArray, highest_first, ratio, tie_ends


class Copies:
    """One column, truths or predictions, in every copy.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The column.
    counts : ndarray of shape (draws, n)
        How often each account occurs in each copy.
    seed : int
        Ties are broken at random with this seed, where a metric breaks them at all.

    Examples
    --------
    >>> column = Copies(np.array([5.0, 7.0, 5.0]), np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 1.0]]))
    >>> column.mean(column.values).tolist()
    [5.666666666666667, 6.333333333333333]
    >>> column.taken.tolist()  # accounts down to the end of each run of equal values
    [[1.0, 3.0], [2.0, 3.0]]
    """

    def __init__(self, values: FloatArray, counts: FloatArray, seed: int = 0) -> None:
        self.values = values
        self.counts = counts
        self._seed = seed

    @cached_property
    def accounts(self) -> FloatArray:
        """How many accounts each copy has, repeated ones counted; shape (draws,)."""
        return np.asarray(self.counts.sum(axis=1))

    @cached_property
    def order(self) -> IntArray:
        """Positions of the accounts, the highest value first, ties by lot."""
        return highest_first(self.values, self._seed)

    @cached_property
    def ends(self) -> IntArray:
        """Where, in that order, each run of equal values ends."""
        return tie_ends(self.values[self.order])

    @cached_property
    def ordered(self) -> FloatArray:
        """The counts in that order; shape (draws, n)."""
        return self.counts[:, self.order]

    @cached_property
    def up_to(self) -> FloatArray:
        """Accounts from the top down to each place; shape (draws, n)."""
        return np.cumsum(self.ordered, axis=1)

    @cached_property
    def taken(self) -> FloatArray:
        """Accounts from the top down to the end of each run; shape (draws, runs)."""
        return self._at_ends(self.up_to)

    @cached_property
    def ranks(self) -> FloatArray:
        """Rank of each account less the mean rank, equal values sharing theirs; shape (draws, n).

        The rank of a run from place s + 1 to place e is (s + e + 1) / 2, the mean of its places, as
        it would be if the repeated rows were written out.
        """
        middles = self.taken - self.per_run(self.taken) / 2
        run = np.empty(self.values.size, dtype=np.int64)
        run[self.order] = np.repeat(
            np.arange(self.ends.size), np.diff(self.ends, prepend=np.int64(-1))
        )
        return np.asarray((middles - self.accounts[:, None] / 2)[:, run])

    @cached_property
    def weighted_ranks(self) -> FloatArray:
        """The `ranks`, each as often as the account occurs; shape (draws, n)."""
        return self.counts * self.ranks

    @cached_property
    def spread(self) -> FloatArray:
        """Sum of squared ranks of each copy; shape (draws,)."""
        return np.asarray(np.einsum("dn,dn->d", self.weighted_ranks, self.ranks))

    @cached_property
    def gini(self) -> FloatArray:
        """Gini of the positive part of the column in its own order: the most any order reaches."""
        return self.gini_of(np.maximum(self.values, 0.0))

    def gini_of(self, value: FloatArray) -> FloatArray:
        """Gini of a value, not negative, of accounts ordered by this column; NaN where all are 0."""
        caught = self.caught(value)
        heights = caught.copy()
        heights[:, 1:] += caught[:, :-1]
        twice_area = np.einsum("dr,dr->d", self.per_run(self.taken), heights)
        whole = self.accounts * caught[:, -1]
        positive = whole > 0
        gini = np.where(positive, twice_area / np.where(positive, whole, 1.0), np.nan) - 1.0
        return np.where(np.abs(gini) < 1e-12, 0.0, gini)

    def caught(self, value: FloatArray) -> FloatArray:
        """Sum another column from the top down to the end of each run; shape (draws, runs)."""
        return self._at_ends(np.cumsum(self.ordered * value[self.order], axis=1))

    def caught_by_top(self, value: FloatArray, share: FloatArray | float) -> FloatArray:
        """Sum another column over the top share of accounts, a broken one by its fraction."""
        places = self.accounts * share
        pairs = zip(self.up_to, places, strict=True)
        reach = max(int(np.searchsorted(copy, place)) for copy, place in pairs) + 1
        ordered = self.ordered[:, :reach]
        before = self.up_to[:, :reach] - ordered
        inside = np.clip(places[:, None] - before, 0.0, ordered)
        return np.asarray(np.einsum("dn,n->d", inside, value[self.order[:reach]]))

    def sum(self, value: FloatArray) -> FloatArray:
        """Sum a column over each copy; shape (draws,)."""
        return np.asarray(np.einsum("dn,n->d", self.counts, value))

    def mean(self, value: FloatArray) -> FloatArray:
        """Average a column over each copy, NaN where it has no account; shape (draws,)."""
        return ratio(self.sum(value), self.accounts)

    @staticmethod
    def per_run(running: FloatArray) -> FloatArray:
        """Return what each run adds to a running sum."""
        parts = running.copy()
        parts[:, 1:] -= running[:, :-1]
        return parts

    def _at_ends(self, running: FloatArray) -> FloatArray:
        return running if self.ends.size == self.values.size else running[:, self.ends]
