"""`film_walks`: training data for action agents: frames, instructions, and the keys of experts for the next steps.

Experts walk through places in turns, each under an instruction of its own, or a model walks (`leading`); at every step
the frame is kept, with what every expert would press there; and once more with other objects laid into it. A film is an
`.npz`: F frames, M rows, K histories.

| array | shape and type | meaning |
|---|---|---|
| `frames` | (F, H, W, 3) uint8 | what was seen |
| `frame_of` | (M,) int32 | frame of each row |
| `families` | (M,) text | meaning of the instruction, by which training balances rows |
| `instructions` | (M,) text | in words |
| `keys` | (M, S, 8) bool | keys of the next steps, columns as `geometry.motion.KEYS` |
| `steps` | (M,) int32 | how many of the S steps count |
| `histories` | (K,) text | JSON lists of earlier chunks, as text, and what came of each |
| `history_of` | (M,) int32 | history of each row; a film without these two has none |
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.agents.vlm.chunk import ChunkLanguage
from wm_gym.agents.vlm.experts import Sight, go_to_spot
from wm_gym.agents.vlm.instructions import FAMILIES, Family, draw_text, family_of_thing
from wm_gym.agents.vlm.laid_objects import lay_objects
from wm_gym.agents.vlm.leading import ExpertLeader, Leader, ModelLeader, Standing, Walk, with_past, written
from wm_gym.agents.vlm.prompting import feedback_of, goal_text, rules_in
from wm_gym.agents.vlm.sights import sight_of
from wm_gym.agents.vlm.writers import make_writer
from wm_gym.envs.tasks.find_object import COLOURS, SHAPES
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES as PLACES
from wm_gym.train_world.data.splits import SPLITS, nth_seed
from wm_gym.world.state import Outcome

_FIRES = ("a bonfire is lit ahead", "a bonfire is lit on the left", "a bonfire is lit on the right")
_FORGETTING_SHARE, _MOST_LAID = 0.2, 4
_NAMES = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]


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
        laid: How many times each frame is kept again with other objects laid into it.
        leader: Folder or hub id of a model that walks; empty for the experts.
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
    laid: int = 1
    leader: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ValueError(f"split must be one of {list(SPLITS)}, got {self.split!r}")
        for name in ("places", "steps", "at_once", "objects"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.fire_share <= 1:
            raise ValueError(f"fire_share must be in 0..1, got {self.fire_share}")
        for name in ("first", "laid", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class _Row:
    """A row of a film: numbers of its frame and history, and keys (S, 8)."""

    frame: int
    family: str
    instruction: str
    keys: np.ndarray
    history: int


@dataclass
class _Film:
    """What was filmed so far."""

    language: ChunkLanguage
    frames: list[np.ndarray] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    histories: dict[str, int] = field(default_factory=dict)

    def add(self, family: str, text: str, keys: np.ndarray, history: str) -> None:
        """A row about the last frame."""
        number = self.histories.setdefault(history, len(self.histories))
        self.rows.append(_Row(len(self.frames) - 1, family, text, keys[: self.language.most_steps], number))

    def arrays(self) -> dict[str, np.ndarray]:
        """As the module says."""
        keys = np.zeros((len(self.rows), self.language.most_steps, 8), np.bool_)
        for number, row in enumerate(self.rows):
            keys[number, : len(row.keys)] = row.keys
        return {
            "frames": np.stack(self.frames),
            "frame_of": np.array([row.frame for row in self.rows], np.int32),
            "families": np.array([row.family for row in self.rows]),
            "instructions": np.array([row.instruction for row in self.rows]),
            "keys": keys,
            "steps": np.array([len(row.keys) for row in self.rows], np.int32),
            "histories": np.array(list(self.histories)),
            "history_of": np.array([row.history for row in self.rows], np.int32),
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
        resolution=(config.height, config.width), return_text=True,
    )  # fmt: skip
    film = _Film(ChunkLanguage.of(env.metadata["render_fps"], "keys"))
    leader = _leader(config, env, film.language)
    try:
        with progress_bar(total=config.places * config.steps, desc="filming", unit="frame") as bar:
            for first in range(0, config.places, config.at_once):
                numbers = [config.first + min(first + n, config.places - 1) for n in range(config.at_once)]
                _walk(env, film, config, leader, numbers, bar)
    finally:
        env.close()
    output.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = film.arrays()
    write_atomically(output, lambda file: np.savez(file, **arrays))
    return output


def _leader(config: FilmConfig, env: WorldVectorEnv, language: ChunkLanguage) -> Leader:
    if not config.leader:
        return ExpertLeader()
    return ModelLeader(make_writer(config.leader, "", {}), rules_in(env, language), language)


def _walk(env: WorldVectorEnv, film: _Film, config: FilmConfig, leader: Leader, numbers: list[int], bar: Any) -> None:
    """Film the places of these numbers side by side; one that is named twice is filmed once."""
    walks = [Walk(np.random.default_rng([config.seed, number, n]), film.language) for n, number in enumerate(numbers)]
    observation, info = env.reset(
        seed=[int(walk.rng.integers(2**31)) for walk in walks],
        options=[_options(config, number, walk.rng) for number, walk in zip(numbers, walks, strict=True)],
    )
    for step in range(config.steps + 1):
        asking: list[Standing] = []
        for n, walk in enumerate(walks):
            feedback = feedback_of(info, n)
            sight = with_past(sight_of(env, n), walk, feedback)
            if step and numbers[n] not in numbers[:n]:  # a fire is not there yet in the first frame
                film.frames.append(np.asarray(observation["rgb"][n]).copy())
                _note_all(film, sight, walk, feedback)
                for _ in range(config.laid):
                    _note_laid(film, sight, walk, feedback, env.sub_envs[n].now.outcome)
                bar.update()
            if walk.is_asking(feedback):
                asking.append(Standing(walk, sight, np.asarray(observation["rgb"][n]), feedback))
        for one, keys in zip(asking, leader.lead(asking), strict=True):
            one.walk.begin(keys, one.feedback)
        observation, _, _, _, info = env.step(np.array([walk.step() for walk in walks], np.int8))


def place_of(split: str, number: int) -> str:
    """The place of a number: those of a split, of all families in turns."""
    names = sorted(PLACES)
    return f"{names[number % len(names)]}/{nth_seed(split, number // len(names))}"  # pyright: ignore[reportArgumentType]


def _options(config: FilmConfig, number: int, rng: np.random.Generator) -> dict[str, Any]:
    """Options of `reset` that open the place of a number, in a share of places with a fire."""
    fires = [{"at": 0, "text": str(rng.choice(_FIRES))}] if rng.random() < config.fire_share else []
    return {"world": place_of(config.split, number), "events": fires}


def _note_all(film: _Film, sight: Sight, walk: Walk, feedback: str) -> None:
    """What every expert would press here, and now and then what it would had the world just opened."""
    known = written(walk.so_far(feedback))
    for name, family in FAMILIES.items():
        _note(film, name, family, *_remembered(sight, known, walk.rng), walk.rng)
    for thing, spot in sight.things.items():
        name = ("fire" if thing == "fire" else "object") + ("" if sight.is_in_view(spot) else " out of view")
        _note(film, name, family_of_thing(thing), *_remembered(sight, known, walk.rng), walk.rng)
    _note_goal(film, *_remembered(sight, known, walk.rng), walk.rng)


def _note_laid(film: _Film, sight: Sight, walk: Walk, feedback: str, outcome: Outcome) -> None:
    """The same frame with other objects, and what who looks for one of them would press, or for one that is not there.

    Those of the task that were in the frame before stay in it, so they are not asked for.
    """
    frame, things = lay_objects(outcome, sight, int(walk.rng.integers(1, _MOST_LAID + 1)), walk.rng)
    seen = {thing for thing, spot in sight.things.items() if sight.is_in_view(spot)}
    absent = [name for name in _NAMES if name not in seen | set(things)]
    film.frames.append(np.array(frame))
    known = written(walk.so_far(feedback))
    for thing in [name for name in things if name not in seen]:
        _note(film, "object", family_of_thing(thing), replace(sight, things=things), known, walk.rng)
    missing = str(walk.rng.choice(absent))
    behind = {missing: sight.at(3.0, np.pi)}
    _note(film, "object out of view", family_of_thing(missing), replace(sight, things=behind), known, walk.rng)


def _remembered(sight: Sight, history: str, rng: np.random.Generator) -> tuple[Sight, str]:
    return (replace(sight, past=()), "[]") if rng.random() < _FORGETTING_SHARE else (sight, history)


def _note(film: _Film, name: str, family: Family, sight: Sight, history: str, rng: np.random.Generator) -> None:
    keys = family.expert(sight)
    if keys is not None:
        film.add(name, draw_text(family, rng), keys, history)


def _note_goal(film: _Film, sight: Sight, history: str, rng: np.random.Generator) -> None:
    """A spot that is told in metres and degrees; near the middle of the view more often than elsewhere."""
    distance, turn = rng.uniform(0.3, 9.0), rng.uniform(-np.pi, np.pi) * rng.choice([0.2, 1.0])
    film.add("goal", goal_text(distance, turn), go_to_spot(sight, sight.at(distance, turn)), history)
