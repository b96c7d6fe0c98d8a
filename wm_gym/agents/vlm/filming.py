"""`film_walks`: training data for action agents: frames, instructions, and the keys of experts for the next steps.

Experts walk through places in turns, each under an instruction of its own; at every step the frame is kept, with what
every expert would press there. A film is an `.npz`: F frames, M rows.

| array | shape and type | meaning |
|---|---|---|
| `frames` | (F, H, W, 3) uint8 | what was seen |
| `frame_of` | (M,) int32 | frame of each row |
| `families` | (M,) text | meaning of the instruction, by which training balances rows |
| `instructions` | (M,) text | in words |
| `keys` | (M, S, 8) bool | keys of the next steps, columns as `geometry.motion.KEYS` |
| `steps` | (M,) int32 | how many of the S steps count |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.agents.vlm.chunk import ChunkLanguage
from wm_gym.agents.vlm.experts import Sight, go_to_spot
from wm_gym.agents.vlm.instructions import FAMILIES, draw_text, family_of_thing
from wm_gym.agents.vlm.prompting import task_text
from wm_gym.agents.vlm.sights import sight_of
from wm_gym.envs.tasks.point_goal import PointGoal
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES as PLACES
from wm_gym.train_world.data.splits import SPLITS, nth_seed

_FIRES = ("a bonfire is lit ahead", "a bonfire is lit on the left", "a bonfire is lit on the right")
_LEADERS = {"explore": 3.0, "turn_left": 0.5, "turn_right": 0.5, "forward": 0.5, "backwards": 0.3, "step_left": 0.2}
_LEADING_THING, _LEADING_STEPS = 4.0, (2, 9)


@dataclass
class FilmConfig:
    """What is filmed.

    Attributes:
        output: File to write.
        backend: Who makes the frames.
        split: Split of the places, "train" or "test".
        places: How many places.
        first: Number of the first.
        steps: Steps in each; each gives a frame.
        at_once: Places that are walked at once.
        height: Rows of a frame.
        width: Columns of a frame.
        fire_share: Share of places in which a fire burns.
        objects: Objects in each place.
        seed: Of every choice.
    """

    output: str = "outputs/vlm/walks.npz"
    backend: str = "twin"
    split: str = "train"
    places: int = 160
    first: int = 0
    steps: int = 24
    at_once: int = 4
    height: int = 48
    width: int = 64
    fire_share: float = 0.75
    objects: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ValueError(f"split must be one of {list(SPLITS)}, got {self.split!r}")
        for name in ("places", "steps", "at_once", "objects"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.fire_share <= 1:
            raise ValueError(f"fire_share must be in 0..1, got {self.fire_share}")
        if self.first < 0 or self.seed < 0:
            raise ValueError(f"first and seed must be at least 0, got {self.first} and {self.seed}")


@dataclass
class _Film:
    """What was filmed so far."""

    language: ChunkLanguage
    frames: list[np.ndarray] = field(default_factory=list)
    rows: list[tuple[int, str, str, np.ndarray]] = field(default_factory=list)

    def add(self, family: str, text: str, keys: np.ndarray) -> None:
        """A row about the last frame."""
        self.rows.append((len(self.frames) - 1, family, text, keys[: self.language.most_steps]))

    def arrays(self) -> dict[str, np.ndarray]:
        """As the module says."""
        keys = np.zeros((len(self.rows), self.language.most_steps, 8), np.bool_)
        for row, (_, _, _, pressed) in enumerate(self.rows):
            keys[row, : len(pressed)] = pressed
        return {
            "frames": np.stack(self.frames),
            "frame_of": np.array([row[0] for row in self.rows], np.int32),
            "families": np.array([row[1] for row in self.rows]),
            "instructions": np.array([row[2] for row in self.rows]),
            "keys": keys,
            "steps": np.array([len(row[3]) for row in self.rows], np.int32),
        }


def film_walks(config: FilmConfig) -> Path:
    """Walk, and write the film.

    Raises:
        ValueError: If a setting is none that exists, or the file cannot be written.
        ImportError: If the places must be captured in the twin, and ViZDoom is not installed.
        RuntimeError: If the disk cannot take the file.
    """
    output = Path(config.output)
    check_writable(output)
    env = WorldVectorEnv(
        config.at_once, task="find_object", backend=config.backend, obs_mode="rgb", action_mode="keys",
        task_settings={"num_objects": config.objects, "touch_metres": 0.01}, draw_events=True, finer=1,
        resolution=(config.height, config.width),
    )  # fmt: skip
    film = _Film(ChunkLanguage.of(env.metadata["render_fps"], "keys"))
    try:
        with progress_bar(total=config.places * config.steps, desc="filming", unit="frame") as bar:
            for first in range(0, config.places, config.at_once):
                numbers = [config.first + min(first + n, config.places - 1) for n in range(config.at_once)]
                _walk(env, film, config, numbers, bar)
    finally:
        env.close()
    output.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = film.arrays()
    write_atomically(output, lambda file: np.savez(file, **arrays))
    return output


def _walk(env: WorldVectorEnv, film: _Film, config: FilmConfig, numbers: list[int], bar: Any) -> None:
    """Film the places of these numbers side by side; one that is named twice is filmed once."""
    rngs = [np.random.default_rng([config.seed, number, n]) for n, number in enumerate(numbers)]
    names = sorted(PLACES)
    options = []
    for number, rng in zip(numbers, rngs, strict=True):
        place = f"{names[number % len(names)]}/{nth_seed(config.split, number // len(names))}"  # pyright: ignore[reportArgumentType]
        fires = [{"at": 0, "text": str(rng.choice(_FIRES))}] if rng.random() < config.fire_share else []
        options.append({"world": place, "events": fires})
    observation, _ = env.reset(seed=[int(rng.integers(2**31)) for rng in rngs], options=options)
    leading: list[list[np.ndarray]] = [[] for _ in numbers]
    for step in range(config.steps + 1):
        actions = np.zeros((len(numbers), 8), np.int8)
        for n, rng in enumerate(rngs):
            sight = sight_of(env, n)
            if step and numbers[n] not in numbers[:n]:  # a fire is not there yet in the first frame
                film.frames.append(np.asarray(observation["rgb"][n]).copy())
                _note_all(film, sight, rng)
                bar.update()
            leading[n] = leading[n] or _lead(sight, rng)
            actions[n] = leading[n].pop(0)
        observation = env.step(actions)[0]


def _note_all(film: _Film, sight: Sight, rng: np.random.Generator) -> None:
    """What every expert would press here."""
    for name, family in FAMILIES.items():
        keys = family.expert(sight)
        if keys is not None:
            film.add(name, draw_text(family, rng), keys)
    for thing, spot in sight.things.items():
        family = family_of_thing(thing)
        keys = family.expert(sight)
        kind = "fire" if thing == "fire" else "object"
        if keys is not None:
            film.add(kind if sight.is_in_view(spot) else f"{kind} out of view", draw_text(family, rng), keys)
    _note_goal(film, sight, rng)


def _note_goal(film: _Film, sight: Sight, rng: np.random.Generator) -> None:
    """A spot that is told in metres and degrees; near the middle of the view more often than elsewhere."""
    distance, turn = rng.uniform(0.3, 9.0), rng.uniform(-np.pi, np.pi) * rng.choice([0.2, 1.0])
    text = task_text(PointGoal.description, distance * np.array([np.cos(turn), np.sin(turn)]))
    heading = sight.body_pose[3] + turn
    east, north = sight.body_pose[:2] + distance * np.array([np.cos(heading), np.sin(heading)])
    film.add("goal", text, go_to_spot(sight, (float(east), float(north))))


def _lead(sight: Sight, rng: np.random.Generator) -> list[np.ndarray]:
    """The next steps of a walk: those of one expert, broken off by chance."""
    shares = _LEADERS | {thing: _LEADING_THING / len(sight.things) for thing in sight.things}
    weights = np.array(list(shares.values()))
    while True:
        name = list(shares)[int(rng.choice(len(shares), p=weights / weights.sum()))]
        expert = FAMILIES[name].expert if name in FAMILIES else family_of_thing(name).expert
        keys = expert(sight)
        if keys is not None and len(keys):
            return list(keys[: int(rng.integers(*_LEADING_STEPS))])
