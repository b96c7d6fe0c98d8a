"""The pipelined schedule of distribution matching: who computes what when, as a function of how long stages take.

Generator, teacher and critic have devices of their own, and a step's batch is taken in micro-batches. In a step of the
generator each is made (forward), scored by teacher and critic, and learned from (backward); while one is scored, the
generator learns from the one before and makes the next but one. In a step of the critic each is made, then learned from
by the critic, while the generator makes the next.

Source: TeleWorld section 3.5 and figure 3. How many micro-batches may be in flight, made and not yet learned from, is
how many copies of the generator's cache must be kept: one without a pipeline, two with the paper's.

Knows nothing of networks: `pipeline` runs real stages by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

RATIO = {"generator": 4, "critic": 1, "teacher": 1}
"""Devices of each, as the paper has them."""

PIPELINED = 2
"""Micro-batches in flight in figure 3."""


@dataclass(frozen=True)
class Durations:
    """How long each stage of a micro-batch takes, in any unit of time.

    Attributes:
        forward: The generator makes it, in a fixed number of denoising steps.
        critic_score: The critic scores it.
        teacher_score: The teacher does.
        backward: The generator learns from it.
        critic_learn: The critic learns from it.
    """

    forward: float
    critic_score: float
    teacher_score: float
    backward: float
    critic_learn: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}")

    @classmethod
    def of_passes(
        cls,
        devices: Mapping[str, int] = RATIO,
        *,
        denoising_steps: int = 4,
        score_passes: float = 2.0,
        learn_passes: float = 3.0,
    ) -> Durations:
        """Durations in units of one pass of one network on one device, if work divides evenly over devices.

        Args:
            devices: Of "generator", "critic" and "teacher".
            denoising_steps: Of the generator; one more pass makes the clean keys and values of its cache.
            score_passes: Of teacher and critic; 2 with and without the prompt, for classifier-free guidance.
            learn_passes: Forward and backward of one pass, which counts thrice: the critic's steps, and the
                generator's backward of its last denoising step with that step computed once more.
        """
        generator, critic, teacher = (devices[name] for name in ("generator", "critic", "teacher"))
        return cls(
            forward=(denoising_steps + 1) / generator,
            critic_score=score_passes / critic,
            teacher_score=score_passes / teacher,
            backward=learn_passes / generator,
            critic_learn=learn_passes / critic,
        )


@dataclass(frozen=True)
class Task:
    """One stage of one micro-batch.

    Attributes:
        who: "generator", "critic" or "teacher".
        what: Name of the stage, a field of `Durations`.
        micro_batch: Its number.
        after: Stages that must be over before, as (what, micro_batch).
    """

    who: str
    what: str
    micro_batch: int
    after: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """What others name it by."""
        return self.what, self.micro_batch


@dataclass(frozen=True)
class Span:
    """A task and when it is computed, in the unit of the durations."""

    task: Task
    begin: float
    end: float


@dataclass(frozen=True)
class Timeline:
    """Who computes what when.

    Attributes:
        spans: In the order of tasks.
    """

    spans: tuple[Span, ...]

    @property
    def length(self) -> float:
        """From 0 to the end of the last task."""
        return max(span.end for span in self.spans)

    def bubbles(self, devices: Mapping[str, int], begin: float = 0.0, end: float | None = None) -> float:
        """Share of the devices' time between two moments in which they are idle; None: to the end."""
        end = self.length if end is None else end
        busy = sum(
            devices[span.task.who] * max(0.0, min(end, span.end) - max(begin, span.begin)) for span in self.spans
        )
        return 1 - busy / (sum(devices.values()) * (end - begin))

    def stable_phase(self) -> tuple[float, float]:
        """Begin and end of the phase in which all work: from the first micro-batch's scores to the last but one's.

        Raises:
            ValueError: If there are fewer than three micro-batches, or it is no step of the generator.
        """
        scored: dict[int, float] = {}
        for span in self.spans:
            if span.task.what.endswith("_score"):
                scored[span.task.micro_batch] = max(span.end, scored.get(span.task.micro_batch, 0.0))
        if len(scored) < 3:
            raise ValueError(f"a stable phase must have at least 3 micro-batches that are scored, got {len(scored)}")
        ends = sorted(scored.values())
        return ends[0], ends[-2]

    def then(self, later: Timeline) -> Timeline:
        """This one, and another after its end."""
        moved = (replace(s, begin=s.begin + self.length, end=s.end + self.length) for s in later.spans)
        return Timeline((*self.spans, *moved))


def generator_step(micro_batches: int, in_flight: int = PIPELINED) -> list[Task]:
    """A step of the generator, figure 3 (a); each one's tasks in their order.

    Args:
        micro_batches: Of the step.
        in_flight: Micro-batches that may be made and not yet learned from; 1: no pipeline.

    Raises:
        ValueError: If one of them is below 1.
    """
    tasks = []
    for number in _numbers(micro_batches, in_flight):
        if number < micro_batches:
            tasks.append(Task("generator", "forward", number))
            tasks += [Task(who, f"{who}_score", number, (("forward", number),)) for who in ("critic", "teacher")]
        learned = number - in_flight + 1
        if learned >= 0:
            scores = ("critic_score", learned), ("teacher_score", learned)
            tasks.append(Task("generator", "backward", learned, scores))
    return tasks


def critic_step(micro_batches: int, in_flight: int = PIPELINED) -> list[Task]:
    """A step of the critic, figure 3 (b): the generator makes, the critic learns; arguments as of `generator_step`."""
    tasks = []
    for number in range(micro_batches) if _numbers(micro_batches, in_flight) else ():
        waited = (("critic_learn", number - in_flight),) if number >= in_flight else ()
        tasks.append(Task("generator", "forward", number, waited))
        tasks.append(Task("critic", "critic_learn", number, (("forward", number),)))
    return tasks


def simulate(tasks: Sequence[Task], durations: Durations) -> Timeline:
    """The timeline of tasks that each begin once whoever computes them is free, and those before them are over."""
    free: dict[str, float] = {}
    ends: dict[tuple[str, int], float] = {}
    spans = []
    for task in tasks:
        begin = max([free.get(task.who, 0.0), *(ends[key] for key in task.after)])
        free[task.who] = ends[task.key] = begin + getattr(durations, task.what)
        spans.append(Span(task, begin, ends[task.key]))
    return Timeline(tuple(spans))


def simulate_round(durations: Durations, micro_batches: int, critic_steps: int, in_flight: int = PIPELINED) -> Timeline:
    """Some steps of the critic, one after another in one pipeline, then a step of the generator.

    The generator does not change while the critic learns, so that the pipeline need not run empty between its steps.
    """
    made = simulate(generator_step(micro_batches, in_flight), durations)
    if not critic_steps:
        return made
    return simulate(critic_step(critic_steps * micro_batches, in_flight), durations).then(made)


def _numbers(micro_batches: int, in_flight: int) -> range:
    """Numbers of micro-batches, and as many more as the last ones are in flight."""
    for name, count in {"micro_batches": micro_batches, "in_flight": in_flight}.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    return range(micro_batches + in_flight - 1)
