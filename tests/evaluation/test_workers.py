"""Work side by side gives what work one after the other gives, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from valuemodel.evaluation.workers import cores, side_by_side
from valuemodel.exceptions import ModelRefused

MINE = os.getpid()


def square(task, threads):
    return task**2, threads, os.getpid()


def refuse(task, threads):
    problem = "no"
    raise ModelRefused(problem, received=str(task), hint="try another")


def test_tasks_are_shared_among_processes_in_order_and_the_last_one_stays_here():
    found = list(side_by_side(square, iter(range(5)), workers=2, threads=4))
    assert [value for value, _, _ in found] == [0, 1, 4, 9, 16]
    assert [threads for _, threads, _ in found] == [2, 2, 2, 2, None]
    assert [process != MINE for _, _, process in found] == [True] * 4 + [False]


def test_one_worker_is_this_process():
    found = list(side_by_side(square, range(3), workers=1, threads=4))
    assert {(threads, process) for _, threads, process in found} == {(None, MINE)}


def test_no_more_tasks_than_workers_are_taken_at_a_time():
    taken = []

    def tasks():
        for number in range(4):
            taken.append(number)
            yield number

    work = side_by_side(square, tasks(), workers=2, threads=2)
    next(work)
    assert taken == [0, 1]
    assert len(list(work)) == 3


def test_a_refusal_in_a_worker_is_the_refusal_that_the_user_sees():
    with pytest.raises(ModelRefused) as caught:
        list(side_by_side(refuse, range(2), workers=2, threads=2))
    assert caught.value.hint == "try another"


def test_an_empty_environment_is_enough_and_nothing_is_left_behind():
    code = (
        "from valuemodel.evaluation.workers import side_by_side\n"
        "print(list(side_by_side(divmod, [7, 8], workers=2, threads=6)))"
    )
    good = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (good.stdout, good.stderr) == ("[(2, 1), (2, 2)]\n", "")


def test_threads_are_those_of_the_settings_or_of_the_host():
    assert cores(3) == 3
    assert 1 <= cores(None) <= (os.cpu_count() or 1)
