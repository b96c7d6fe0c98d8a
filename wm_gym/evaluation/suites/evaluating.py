"""`wm-gym eval-events`: run a suite of promptable events on a backend and score it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.suites.judge import EventJudge
from wm_gym.evaluation.suites.report import Result, strip_of, write_report
from wm_gym.evaluation.suites.running import run_scenario
from wm_gym.evaluation.suites.scenario import SUITES, Scenario, read_suite
from wm_gym.evaluation.suites.scoring import score
from wm_gym.events.language import parse_event
from wm_gym.files.atomic import check_writable
from wm_gym.progress import progress_bar
from wm_gym.world.world import World

PHRASINGS, FURTHER_PHRASINGS = SUITES / "phrasings.yaml", SUITES / "further_phrasings.yaml"
BLIND_PHRASINGS = SUITES / "blind_phrasings.yaml"


@dataclass
class EvalEventsConfig:
    """What is run, and where the report goes.

    Attributes:
        suite: A shipped suite, or the path of a YAML file.
        backend: Who makes the frames.
        backend_settings: Of the backend.
        output: Folder of the report.
        json: Path of a copy of the figures; empty for none.
        most: Most scenarios, spread over the suite; 0 for all.
    """

    suite: str = "core"
    backend: str = "video"
    backend_settings: dict[str, Any] = field(default_factory=dict)
    output: str = "outputs/events"
    json: str = ""
    most: int = 0

    def __post_init__(self) -> None:
        if self.most < 0:
            raise ValueError(f"most must be at least 0, got {self.most}")


def eval_events(config: EvalEventsConfig) -> dict[str, Any]:
    """Run, score and report a suite; returns the figures.

    Raises:
        ValueError: If there is no such suite or backend, or a folder cannot be written to.
    """
    check_writable(config.output, is_folder=True)
    if config.json:
        check_writable(config.json, name="json")
    scenarios = _spread(read_suite(config.suite), config.most)
    judge, results = EventJudge.create(), []
    with progress_bar(total=len(scenarios), desc="scenarios") as bar:
        for size in dict.fromkeys(scenario.size for scenario in scenarios):
            world = World(load_backend(config.backend, *size, **config.backend_settings))
            try:
                for scenario in [one for one in scenarios if one.size == size]:
                    results.append(_run(world, scenario, judge))
                    bar.update()
            finally:
                world.close()
    extra = {"suite": config.suite, "backend": config.backend, **language_figures(scenarios)}
    data = write_report(Path(config.output), f"{config.suite} on {config.backend}", results, extra)
    if config.json:
        Path(config.json).write_bytes((Path(config.output) / "suite.json").read_bytes())
    return data


def _run(world: World, scenario: Scenario, judge: EventJudge) -> Result:
    began = time.perf_counter()
    branches = run_scenario(world, scenario)
    scored = score(scenario, branches, judge, world.spec.frames_per_step)
    return Result(scenario, scored, strip_of(branches), time.perf_counter() - began)


def language_figures(scenarios: Sequence[Scenario]) -> dict[str, float]:
    """How the suite's own texts are understood: each start as its kind, each opposite as its end."""
    starts = [(one.text, one.kind) for one in scenarios]
    ends = [(one.end_text, one.kind) for one in scenarios if one.end_text]
    understood = [parse_event(text).kind == kind and parse_event(text).starts for text, kind in starts]
    ended = [not parse_event(text).starts or parse_event(text).kind != kind for text, kind in ends]
    return {
        "texts_understood": sum(understood) / max(1, len(understood)),
        "opposites_accuracy": sum(ended) / max(1, len(ended)),
        "unseen_phrasing_accuracy": phrasing_accuracy(PHRASINGS),
        "further_phrasing_accuracy": phrasing_accuracy(FURTHER_PHRASINGS),
        "blind_phrasing_accuracy": phrasing_accuracy(BLIND_PHRASINGS),
    }


def phrasing_accuracy(path: Path) -> float:
    """Share of the sentences of a file, written apart from rules and grammar, that are read right."""
    rows = [
        (text, None if kind == "none" else kind, phase == "start")
        for kind, phases in yaml.safe_load(path.read_text(encoding="utf-8")).items()
        for phase, texts in phases.items()
        for text in texts
    ]
    read = [(parse_event(text), kind, starts) for text, kind, starts in rows]
    return sum(one.kind == kind and one.starts == starts for one, kind, starts in read) / len(read)


def _spread(scenarios: list[Scenario], most: int) -> list[Scenario]:
    if not most or most >= len(scenarios):
        return scenarios
    return [scenarios[k * len(scenarios) // most] for k in range(most)]
