"""Folds side by side, in processes of their own, with the same bytes as one after the other.

Datasets are built here, in the one process that holds the engine, and sent to workers that fit and
predict. At the most one dataset per worker lies in memory besides. A fold left over is judged here.

Why this way: what a fit does not do on all cores (laws, calibration, encoding) is most of it in small
and middling books, so whole folds are the better unit of work. Processes, not threads, because LightGBM
and OpenMP share their threads within one; each worker is given its part of the cores, so that nobody
waits for another. A process costs seconds to start and to import, hence books that are judged in less
than that never leave this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from joblib import Parallel, cpu_count
from joblib.externals.loky import get_reusable_executor

Task = TypeVar("Task")
Done = TypeVar("Done")


def side_by_side(
    work: Callable[[Task, int | None], Done], tasks: Iterable[Task], *, workers: int, threads: int
) -> Iterator[Done]:
    """Yield the work on each task, in order; ``workers`` of them at a time.

    Parameters
    ----------
    work : callable
        Takes a task, and how many threads it may use (None: as many as it likes). It and the tasks
        are sent to other processes, so they hold no open connection.
    tasks : iterable
        Taken one after the other, in this process; only as many lie in memory as there are workers.
    workers : int
        How many processes; 1 works in this one.
    threads : int
        How many threads all of them have together.

    Examples
    --------
    >>> list(side_by_side(lambda number, threads: number**2, [1, 2, 3], workers=1, threads=2))
    [1, 4, 9]
    """
    waiting = iter(tasks)
    if workers == 1:
        yield from (work(task, None) for task in waiting)
        return
    each = max(1, threads // workers)
    try:
        while wave := list(islice(waiting, workers)):
            if len(wave) == 1:
                yield work(wave[0], None)
                continue
            yield from _at_once([partial(work, task, each) for task in wave], each)
    finally:
        _end_processes()


def cores(wanted: int | None) -> int:
    """Return how many threads may be used: those of the settings, or all that the host gives us."""
    return wanted or int(cpu_count())  # type: ignore[no-untyped-call]


def _at_once(calls: Sequence[Callable[[], Done]], threads: int) -> list[Done]:
    """Make all calls at once, each in a process of its own; none of them maps memory of ours."""
    pool = Parallel(len(calls), "loky", max_nbytes=None, inner_max_num_threads=threads)  # type: ignore[no-untyped-call]
    return list(pool((call, (), {}) for call in calls))


def _end_processes() -> None:
    """Let the workers go; or their semaphores would outlive us."""
    executor = get_reusable_executor()  # type: ignore[no-untyped-call]
    executor.shutdown(wait=True)
