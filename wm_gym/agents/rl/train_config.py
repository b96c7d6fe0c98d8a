"""Settings of `wm-gym train-agent`: what is learnt, where, by whom, and how it is looked at on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from wm_gym.agents.rl.learner import LearnerConfig
from wm_gym.agents.rl.off_policy import DqnConfig, QrDqnConfig, SacConfig
from wm_gym.agents.rl.on_policy import PpoConfig, RecurrentPpoConfig
from wm_gym.agents.rl.places import VariationConfig
from wm_gym.files.atomic import check_writable
from wm_gym.scenes.named import find_world

TRAINING_PLACES = (
    "city/9", "city/19", "courtyard/9", "park/9", "park/19", "rooms/9", "rooms/19", "warehouse/9", "warehouse/19",
)  # fmt: skip
"""Nine of the shipped places."""

HELD_OUT_PLACES = ("city/29", "courtyard/19", "rooms/29")
"""The other three."""

_FREE = {"output", "steps", "save_seconds", "evaluation", "threads"}
"""Settings that may change when a run is resumed."""


@dataclass(frozen=True)
class WorldsConfig:
    """The worlds that are learnt in, by default those of `wm_gym.presets.RL`.

    Attributes:
        count: How many are stepped in one batch.
        steps: At most so many in an episode.
        obs_mode: What they show: parts joined by "+", or "sb3" for colour, depth as an image, and pose.
        height: Rows of a frame.
        width: Columns of a frame.
        finer: As `gym.make` takes it; 1 is faster.
        plan_ahead_metres: As `gym.make` takes it; less is faster.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        body: Size and speeds of the body, as `gym.make` takes them.
    """

    count: int = 8
    steps: int = 96
    obs_mode: str = "sb3"
    height: int = 36
    width: int = 48
    finer: int = 1
    plan_ahead_metres: float = 10.0
    difficulty: str = "full"
    body: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("count", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def settings(self) -> dict[str, Any]:
        """As `gymnasium.make` takes them, without the limit of steps."""
        return {
            "obs_mode": self.obs_mode, "resolution": (self.height, self.width), "finer": self.finer,
            "plan_ahead_metres": self.plan_ahead_metres,
            "difficulty": self.difficulty, "body": self.body,
        }  # fmt: skip


@dataclass(frozen=True)
class EvaluationConfig:
    """How a policy is looked at on the way: episodes from fixed starts, filmed and drawn from above.

    Attributes:
        every: Steps of training between evaluations; 0 for none.
        episodes: How many, of each of the two: the generated world and the twin.
        places: Where they begin, one after another.
        twin: Whether the twin is played too where ViZDoom is installed.
        sampled: Whether actions are drawn; false for the likeliest ones.
        count: Worlds that are stepped in one batch.
    """

    every: int = 10_000
    episodes: int = 24
    places: list[str] = field(default_factory=lambda: list(HELD_OUT_PLACES))
    twin: bool = True
    sampled: bool = True
    count: int = 8

    def __post_init__(self) -> None:
        if self.every < 0:
            raise ValueError(f"every must be at least 0, got {self.every}")
        if self.count < 1 or self.episodes < self.count:
            raise ValueError(f"episodes must be at least count, {self.count}, which is at least 1, got {self.episodes}")
        if not self.places:
            raise ValueError("places must name at least one world, got none")


@dataclass(frozen=True)
class TrainAgentConfig:
    """What is learnt, and where.

    Attributes:
        agent: The learner's own settings.
        task: A name such as "point_goal", or "package.module:Class".
        task_settings: The task's own.
        backend: Who makes the frames.
        backend_settings: The backend's own.
        world: Names of worlds as `gym.make` takes them; each episode opens in one of them, drawn by the seed.
        worlds: How many worlds, and what they show.
        variation: How episodes differ beside their place.
        evaluation: How the policy is looked at on the way.
        steps: Steps of the whole run, over all worlds.
        seed: Of everything random.
        threads: Threads of torch in this process.
        save_seconds: Seconds between checkpoints.
        output: Folder of the policy, the checkpoint and the logs.
    """

    agent: LearnerConfig = field(default_factory=PpoConfig)
    task: str = "point_goal"
    task_settings: dict[str, Any] = field(default_factory=dict)
    backend: str = "video"
    backend_settings: dict[str, Any] = field(default_factory=dict)
    world: list[str] = field(default_factory=lambda: list(TRAINING_PLACES))
    worlds: WorldsConfig = field(default_factory=WorldsConfig)
    variation: VariationConfig = field(default_factory=VariationConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    steps: int = 100_000
    seed: int = 0
    threads: int = 1
    save_seconds: float = 300.0
    output: str = "outputs/agent"

    def __post_init__(self) -> None:
        for name in ("steps", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.world:
            raise ValueError("world must name at least one world, got none")

    def frozen(self) -> dict[str, Any]:
        """Settings that must not change when a run is resumed, by name."""
        return {name: value for name, value in asdict(self).items() if name not in _FREE}

    def check(self) -> None:
        """Refuse a run that would fail only after its worlds are open.

        Raises:
            ValueError: If its folder cannot be written to, or a world is none.
        """
        check_writable(self.output, is_folder=True)
        for place in (*self.world, *self.evaluation.places):
            find_world(place, 0, self.worlds.difficulty)


@dataclass(frozen=True)
class TrainPpoConfig(TrainAgentConfig):
    """PPO."""

    agent: PpoConfig = field(default_factory=PpoConfig)


@dataclass(frozen=True)
class TrainRecurrentPpoConfig(TrainAgentConfig):
    """PPO with a memory."""

    agent: RecurrentPpoConfig = field(default_factory=RecurrentPpoConfig)


@dataclass(frozen=True)
class TrainDqnConfig(TrainAgentConfig):
    """DQN."""

    agent: DqnConfig = field(default_factory=DqnConfig)


@dataclass(frozen=True)
class TrainQrDqnConfig(TrainAgentConfig):
    """QR-DQN."""

    agent: QrDqnConfig = field(default_factory=QrDqnConfig)


@dataclass(frozen=True)
class TrainSacConfig(TrainAgentConfig):
    """SAC."""

    agent: SacConfig = field(default_factory=SacConfig)
