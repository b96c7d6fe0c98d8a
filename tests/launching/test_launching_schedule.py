"""Every job is done once, whoever is lost, and results come in order where order is asked for."""

import re

import pytest
from fragile_pool import FragilePool, Squares
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.launching.pool import LocalPool, arrivals, in_order
from wm_gym.launching.schedule import Schedule, split_evenly


@given(
    jobs=st.integers(0, 12), workers=st.integers(1, 4), lost=st.sets(st.integers(0, 14), max_size=3), seed=st.integers()
)
def test_results_are_those_of_one_process_whoever_is_lost(jobs, workers, lost, seed):
    pool = FragilePool(Squares(), workers, lost, seed)
    results = dict(arrivals(pool, range(jobs)))
    assert results == dict(arrivals(LocalPool(Squares), range(jobs))) == {n: n**2 for n in range(jobs)}
    assert len(pool.done) == jobs + pool.renewed


@given(st.permutations(range(8)))
def test_results_come_in_order_as_soon_as_those_before_have(numbers):
    came = []

    def arriving():
        for number in numbers:
            came.append(number)
            yield number, number

    given_out = [(value, len(came)) for value in in_order(arriving())]
    assert [value for value, _ in given_out] == list(range(8))
    for value, count in given_out:  # when the last of those up to it had come, and not later
        assert count == 1 + max(numbers.index(one) for one in range(value + 1))


def test_a_lost_job_is_next():
    schedule, pairs = Schedule.of(4).joined(0).joined(1).assigned()
    assert pairs == {0: 0, 1: 1}
    schedule = schedule.lost(0)
    assert schedule.waiting == (0, 2, 3) and schedule.ready == ()
    schedule, done = schedule.finished(1)
    schedule, pairs = schedule.assigned()
    assert done == 1 and pairs == {1: 0}


def test_a_worker_that_is_lost_while_it_has_nothing_to_do_takes_no_job_with_it():
    schedule = Schedule.of(1).joined(0).joined(1).lost(0)
    assert schedule.ready == (1,) and schedule.waiting == (0,) and not schedule.losses


def test_a_job_that_ends_every_worker_ends_the_run():
    pool = FragilePool(Squares(), 2, range(100))
    message = (
        "workers lost at one job must be at most 1, got 2 at job 0: it ends the process that does it, or needs more "
        "memory than there is"
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        list(arrivals(pool, range(1), most_losses=1))


@given(st.integers(1, 200), st.integers(1, 20), st.integers(1, 9))
def test_jobs_hold_every_number_once_and_enough_of_them(count, least, workers):
    least = min(count, least)
    jobs = split_evenly(count, least, workers)
    assert [number for job in jobs for number in job] == list(range(count))
    assert min(map(len, jobs)) >= least and len(jobs) <= 4 * workers
    assert max(map(len, jobs)) - min(map(len, jobs)) <= 1
