"""How many can be moved from where to where: a transportation problem, solved as a maximum flow.

Senders have so many items to give away, in so many of each place; receivers have room for so many, and
take items of some places only. Nothing moves twice, so the most that can be moved is a maximum flow
from the senders over the places to the receivers.

Why this way: handing items to receivers one by one can lock a later sender out although another choice
would have served both; a maximum flow cannot. What senders would rather give is tried first; only what
that leaves undone is completed with their other items, in the residual network, so that no sender gives
less than before. At the end the items are spread so that the fullest receiver keeps as much room as it
can. All numbers are whole, and nodes are in the order given, so the answer is always the same.

References
----------
Ahuja, Magnanti and Orlin, Network Flows, 1993, chapters 6 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """Who may receive what.

    Parameters
    ----------
    room : ndarray of int, shape (n_receivers,)
        How many items each receiver can take.
    takes : ndarray of bool, shape (n_places, n_receivers)
        Whether a receiver takes items of a place.
    """

    room: Counts
    takes: Flags

    def most(self, give: Counts, preferred: Counts, held: Counts) -> Counts:
        """Return how many items each sender gives of each place, as many as possible in all.

        Parameters
        ----------
        give : ndarray of int, shape (n_senders,)
            How many items each sender is to give away.
        preferred, held : ndarray of int, shape (n_senders, n_places)
            How many of each place it would rather give, and how many it holds.

        Returns
        -------
        ndarray of int, shape (n_senders, n_places)
            At most ``give`` per sender and ``held`` per place; where all that is preferred can be
            moved, just that.

        Examples
        --------
        >>> network = Network(np.array([1, 1]), np.array([[True, False], [False, True]]))
        >>> give, held = np.array([1, 1]), np.array([[1, 1], [1, 0]])
        >>> network.most(give, np.array([[1, 0], [1, 0]]), held).tolist()
        [[0, 1], [1, 0]]
        """
        first = _flow(_capacities(give, preferred, self.room, self.takes))
        rest = _flow(_capacities(give, held, self.room, self.takes) - first)
        return _block(first + rest, 2, held.shape)

    def spread(self, items: Counts) -> Counts:
        """Return how many items of each place go to each receiver, with room left as evenly as can be.

        Parameters
        ----------
        items : ndarray of int, shape (n_places,)
            How many there are of each place; all of them must fit.

        Returns
        -------
        ndarray of int, shape (n_places, n_receivers)
            The items, so that the least room that any receiver in use is left with is the largest.

        Examples
        --------
        >>> network = Network(np.array([5, 3]), np.array([[True, True]]))
        >>> network.spread(np.array([4])).tolist()
        [[3, 1]]
        """
        wanted, low, high = int(items.sum()), 0, int(self.room.max(initial=0))
        while low < high:
            middle = (low + high + 1) // 2
            if self._keeping(middle, items).sum() == wanted:
                low = middle
            else:
                high = middle - 1
        return self._keeping(low, items)

    def _keeping(self, least: int, items: Counts) -> Counts:
        """Return what can be sent while every receiver in use keeps so much room."""
        room = np.maximum(self.room - least, 0)
        flow = _flow(_capacities(items, np.diag(items), room, self.takes))
        places, receivers = self.takes.shape
        return _block(flow, 2 + places, (places, receivers))


def _capacities(give: Counts, offered: Counts, room: Counts, takes: Flags) -> csr_array:
    """Return the capacities of all edges: source and sink, then senders, places and receivers."""
    senders, places = offered.shape
    first_place, first_receiver = 2 + senders, 2 + senders + places
    sender, place = np.nonzero(offered)
    place_out, receiver = np.nonzero(takes)
    most = np.full(len(receiver), max(int(give.sum()), 1))
    rows = [np.zeros(senders), 2 + sender, first_place + place_out]
    rows += [first_receiver + np.arange(len(room))]
    columns = [2 + np.arange(senders), first_place + place, first_receiver + receiver]
    columns += [np.ones(len(room))]
    capacity = np.concatenate([give, offered[sender, place], most, room]).astype(np.int32)
    size = first_receiver + len(room)
    at = (np.concatenate(rows).astype(int), np.concatenate(columns).astype(int))
    return csr_array((capacity, at), shape=(size, size))  # type: ignore[no-untyped-call]


def _flow(capacity: csr_array) -> csr_array:
    """Return a maximum flow from node 0 to node 1, net along each edge."""
    capacity.eliminate_zeros()  # type: ignore[no-untyped-call]
    return csr_array(maximum_flow(capacity, 0, 1).flow)  # type: ignore[no-untyped-call]


def _block(flow: csr_array, first: int, shape: tuple[int, int]) -> Counts:
    """Return the flow from so many nodes, from the first on, to those that come after them."""
    start = first + shape[0]
    found: Counts = flow[first:start, start : start + shape[1]].toarray().astype(np.int64)
    return found
