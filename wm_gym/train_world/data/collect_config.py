"""Settings of `wm-gym collect`, and the plans and the manifest that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from typing import Any

from wm_gym.backends.twin.counterfactuals import refuse_actors
from wm_gym.backends.twin.model import TwinModel
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.launching.launchers import read_launcher
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES
from wm_gym.train_world.data.environments.config import EnvironmentConfig, is_default
from wm_gym.train_world.data.plans import ClipPlan, plan_alternative, plan_clip
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import EVENT_KINDS
from wm_gym.train_world.data.shards import new_manifest
from wm_gym.train_world.data.splits import SPLITS
from wm_gym.train_world.policies.policy import POLICIES

_AT_LEAST_ONE = ("num_clips", "steps", "height", "width", "clips_per_shard", "workers")
_FREE = ("output", "num_clips", "workers", "launcher", "launcher_settings")
_OF_TWIN = ("families", "difficulties", "policy", "event_share", "event_kinds", "events_each", "alternatives")
_OF_ENVIRONMENT = ("env", "source")


@dataclass
class CollectConfig:
    """The dataset that is recorded.

    Attributes:
        env: Gymnasium environment that is recorded, "MODULE:ID"; empty for the twin.
        source: Of such an environment: where its pictures, depth and poses are found, and how it is moved.
        output: Folder of the dataset. An unfinished one is completed.
        split: Split of the maps, "train" or "test"; of an environment that of the seeds that it is reset with.
        num_clips: Clips in all; each has its own map, which its alternatives share.
        steps: Steps in a clip, after the opening frame.
        height: Rows of a frame.
        width: Columns of a frame.
        families: Families of maps; clips take turns.
        difficulties: Share of each difficulty.
        policy: The scripted policy of all clips, such as "film"; empty for one of each clip's own, by shares.
        event_share: Share of clips in which events happen, 0 to 1.
        event_kinds: Kinds of these events.
        events_each: Events in such a clip, one after another; many of them teach how events begin.
        alternatives: Clips that follow each clip with the same map, actions and seed, but events of their own; the clip
            itself then has none. Such pairs come from one pass of the engine.
        seed: Seed of everything random.
        clips_per_shard: Clips in a file.
        workers: Processes of this machine that record at once.
        launcher: Where clips are recorded: "local", on this machine, or "ray", by workers on a cluster.
        launcher_settings: Of "ray": workers, cpus and gpus of each, address of a running cluster, most_losses.
    """

    env: str = ""
    source: EnvironmentConfig = field(default_factory=EnvironmentConfig)
    output: str = "outputs/recordings/train"
    split: str = "train"
    num_clips: int = 64
    steps: int = 24
    height: int = 48
    width: int = 64
    families: list[str] = field(default_factory=lambda: list(FAMILIES))
    difficulties: dict[str, float] = field(default_factory=lambda: {"simple": 0.4, "medium": 0.35, "full": 0.25})
    policy: str = ""
    event_share: float = 0.2
    event_kinds: list[str] = field(default_factory=lambda: list(EVENT_KINDS))
    events_each: int = 1
    alternatives: int = 0
    seed: int = 0
    clips_per_shard: int = 16
    workers: int = 2
    launcher: str = "local"
    launcher_settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        read_launcher(self.launcher, self.launcher_settings)
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        self._check_source()
        if not 0 <= self.event_share <= 1:
            raise ValueError(f"event_share must be in 0..1, got {self.event_share}")
        if not self.event_kinds or not set(self.event_kinds) <= set(EVENT_KINDS):
            raise ValueError(f"event_kinds must be among {list(EVENT_KINDS)}, got {self.event_kinds}")
        most = max(1, self.steps // 2)
        if not 1 <= self.events_each <= most:
            raise ValueError(f"events_each must be from 1 to {most}, half the steps, got {self.events_each}")
        self._check_alternatives()
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.split not in SPLITS:
            raise ValueError(f"split must be one of {list(SPLITS)}, got {self.split!r}")
        if not self.families or not set(self.families) <= set(FAMILIES):
            raise ValueError(f"families must be among {sorted(FAMILIES)}, got {self.families}")
        if self.policy and self.policy not in POLICIES:
            raise ValueError(f"policy must be one of {sorted(POLICIES)} or empty, got {self.policy!r}")
        shares = self.difficulties
        if not set(shares) <= set(DIFFICULTIES) or min(shares.values(), default=0) < 0 or not sum(shares.values()) > 0:
            raise ValueError(f"difficulties must be shares of {list(DIFFICULTIES)}, got {shares}")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CollectConfig:
        """The settings that `dataclasses.asdict` made plain."""
        return cls(**{**data, "source": EnvironmentConfig.from_json(data["source"])})

    def _check_source(self) -> None:
        """What is of the other source must be left alone."""
        if not self.env and not is_default(self.source):
            raise ValueError("source must be left alone without env=MODULE:ID, got settings of an environment")
        for one in fields(self) if self.env else ():
            plain = one.default if one.default is not MISSING else one.default_factory()  # type: ignore[misc]
            if one.name in _OF_TWIN and getattr(self, one.name) != plain:
                raise ValueError(
                    f"{one.name} must be left alone with env={self.env!r}, since it is of the twin's maps, got "
                    f"{getattr(self, one.name)}"
                )

    def _check_alternatives(self) -> None:
        if self.alternatives < 0:
            raise ValueError(f"alternatives must be at least 0, got {self.alternatives}")
        if not self.alternatives:
            return
        for name in ("num_clips", "clips_per_shard"):
            if getattr(self, name) % (1 + self.alternatives):
                raise ValueError(
                    f"{name} must be a multiple of {1 + self.alternatives}, a clip and its alternatives, "
                    f"got {getattr(self, name)}"
                )
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2 for alternatives, got {self.steps}")
        refuse_actors(self.event_kinds)

    @property
    def num_shards(self) -> int:
        """Files in all."""
        return -(-self.num_clips // self.clips_per_shard)

    @property
    def spec(self) -> RecordingSpec:
        """What records: the environment or the twin, at this size."""
        if self.env:
            return RecordingSpec(
                self.env, self.height, self.width, 1, self.source.frames_per_step, 1, self.source.fps, FAR_METRES
            )
        return _twin_spec(self.height, self.width)

    @property
    def frames_per_clip(self) -> int:
        """T."""
        return self.spec.num_frames(self.steps)

    def clips_of_shard(self, number: int) -> range:
        """Numbers of the clips in a shard."""
        return range(number * self.clips_per_shard, min(self.num_clips, (number + 1) * self.clips_per_shard))

    def plan(self, index: int) -> ClipPlan:
        """The plan of one clip."""
        assert self.split in SPLITS
        group, number = divmod(index, 1 + self.alternatives)
        plan = plan_clip(
            group, self.seed, self.split, self.steps, self.spec, self.families, self.difficulties,
            0.0 if self.alternatives else self.event_share, self.event_kinds, self.events_each, self.policy,
        )  # fmt: skip
        if not number:
            return plan
        return plan_alternative(plan, number, self.steps, self.spec, self.event_kinds, self.events_each)

    def settings(self) -> dict[str, Any]:
        """Settings that the clips depend on; more clips can be added later without changing the first ones."""
        of_other = {*(_OF_TWIN if self.env else _OF_ENVIRONMENT), *(() if self.policy else ("policy",))}
        return {name: value for name, value in asdict(self).items() if name not in (*_FREE, *of_other)}

    def manifest(self) -> dict[str, Any]:
        """The manifest of a dataset without any clip yet."""
        return new_manifest(
            self.spec, steps=self.steps, split=self.split, num_clips=self.num_clips, settings=self.settings()
        )


@cache
def _twin_spec(height: int, width: int) -> RecordingSpec:
    return RecordingSpec.of(TwinModel.create(height, width).spec)
