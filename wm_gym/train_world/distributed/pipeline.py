"""Runs real stages by a schedule: one thread for each of generator, critic and teacher.

A thread waits for what its next task needs, then calls the stage, which may itself wait for another process
(`ray_scoring`). TeleWorld section 3.5, figure 3. Knows nothing of networks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from wm_gym.train_world.distributed.schedule import Span, Task, Timeline

Stages = Mapping[str, Callable[[int], object]]
"""Functions of a micro-batch's number, by the name of their stage."""


def run(tasks: Sequence[Task], stages: Stages) -> Timeline:
    """Compute tasks, each as soon as whoever computes it is free and those before it are over.

    What stages hand on to one another they keep themselves. A stage that fails ends the run: what waits for it does not
    begin, and its error is raised.

    Returns:
        When each was computed, in seconds.
    """
    over: dict[tuple[str, int], Future[None]] = {task.key: Future() for task in tasks}
    began, spans = time.perf_counter(), {}

    def work(own: Sequence[Task]) -> None:
        try:
            for task in own:
                for key in task.after:
                    over[key].result()
                begin = time.perf_counter() - began
                stages[task.what](task.micro_batch)
                spans[task.key] = Span(task, begin, time.perf_counter() - began)
                over[task.key].set_result(None)
        except BaseException as error:
            for future in (over[task.key] for task in own):
                if not future.done():
                    future.set_exception(error)
            raise

    workers = [[task for task in tasks if task.who == who] for who in dict.fromkeys(task.who for task in tasks)]
    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work, own) for own in workers]:
            done.result()
    return Timeline(tuple(spans[task.key] for task in tasks))
