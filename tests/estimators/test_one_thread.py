"""Inside, linear algebra has one thread; outside, as many as before."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from valuemodel.estimators.one_thread import one_thread


def threads():
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_it_holds_inside_and_ends_outside():
    before = threads()
    with one_thread():
        assert set(threads()) == {1}
    assert threads() == before
