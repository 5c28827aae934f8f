from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.coverage.transport import Network

QUICK = settings(max_examples=50, deadline=None, derandomize=True)


@st.composite
def problems(draw):
    senders, places, receivers = (draw(st.integers(1, 4)) for _ in range(3))
    few = st.integers(0, 4)

    def table(kind, rows, columns):
        return [[draw(kind) for _ in range(columns)] for _ in range(rows)]

    held = np.array(table(few, senders, places))
    give = np.minimum([draw(few) for _ in range(senders)], held.sum(axis=1))
    room = np.array([draw(few) for _ in range(receivers)])
    takes = np.array(table(st.booleans(), places, receivers))
    before = np.cumsum(held, axis=1) - held
    preferred = np.clip(give[:, None] - before, 0, held)  # the first places first
    return give, preferred, held, Network(room, takes)


def most_by_paths(give, held, network) -> int:
    """Push one item after the other along any path with capacity left (Ford and Fulkerson)."""
    left = defaultdict(int)
    for sender, count in enumerate(give):
        left["source", ("sender", sender)] = int(count)
    for (sender, place), count in np.ndenumerate(held):
        left[("sender", sender), ("place", place)] = int(count)
    for (place, receiver), takes in np.ndenumerate(network.takes):
        left[("place", place), ("receiver", receiver)] = 1_000 * int(takes)
    for receiver, count in enumerate(network.room):
        left[("receiver", receiver), "sink"] = int(count)
    pushed = 0
    while path := path_through(left):
        pushed += 1
        for here, there in path:
            left[here, there] -= 1
            left[there, here] += 1
    return pushed


def path_through(left) -> list:
    nodes = {node for edge in left for node in edge}
    paths, waiting = {"source": []}, ["source"]
    while waiting:
        here = waiting.pop()
        for there in nodes - set(paths):
            if left[here, there] > 0:
                paths[there] = [*paths[here], (here, there)]
                waiting.append(there)
    return paths.get("sink", [])


@QUICK
@given(problems())
def test_as_many_are_moved_as_can_be(problem) -> None:
    give, preferred, held, network = problem
    moved = network.most(give, preferred, held)
    assert ((moved >= 0) & (moved <= held)).all()
    assert (moved.sum(axis=1) <= give).all()
    assert moved.sum() == most_by_paths(give, held, network)


@QUICK
@given(problems())
def test_what_is_preferred_is_given_where_all_of_it_can_be_moved(problem) -> None:
    give, preferred, held, network = problem
    if most_by_paths(give, preferred, network) == preferred.sum():
        assert np.array_equal(network.most(give, preferred, held), preferred)


@QUICK
@given(problems())
def test_everything_sent_arrives_within_the_room_there_is(problem) -> None:
    give, preferred, held, network = problem
    items = network.most(give, preferred, held).sum(axis=0)
    sent = network.spread(items)
    assert np.array_equal(sent.sum(axis=1), items)
    assert (sent.sum(axis=0) <= network.room).all()
    assert not sent[~network.takes].any()


@pytest.mark.parametrize(
    ("room", "items", "left"), [([5, 3], 4, [2, 2]), ([9, 2], 4, [5, 2]), ([1, 1], 2, [0, 0])]
)
def test_room_is_left_as_evenly_as_it_can_be(room, items, left) -> None:
    network = Network(np.array(room), np.ones((1, 2), dtype=bool))
    assert (network.room - network.spread(np.array([items])).sum(axis=0)).tolist() == left


def test_without_receivers_or_items_nothing_moves() -> None:
    nobody = Network(np.array([], dtype=np.int64), np.ones((1, 0), dtype=bool))
    one = np.array([[2]])
    assert nobody.most(np.array([2]), one, one).tolist() == [[0]]
    assert nobody.spread(np.array([0])).shape == (1, 0)
    full = Network(np.array([0]), np.ones((1, 1), dtype=bool))
    assert full.most(np.array([2]), one, one).tolist() == [[0]]
    assert full.spread(np.array([0])).tolist() == [[0]]
