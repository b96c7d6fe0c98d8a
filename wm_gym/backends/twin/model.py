"""The twin as a world model: places, poses and events in; exact frames out.

A world's state is where its episode can be found again: the engine's last save and what happened since. The engine
processes are a cache of such moments, nothing more; any process can take up any world.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wm_gym.backends.twin.collision import TwinObstacles
from wm_gym.backends.twin.messages import Action, Effect, Restore, Show, Shown, Stage
from wm_gym.backends.twin.opening import draw_fov, open_place
from wm_gym.backends.twin.optics import fit_lens
from wm_gym.backends.twin.placement import Placement, place_events
from wm_gym.backends.twin.pool import Job, Pool
from wm_gym.backends.twin.site import Site, site_of
from wm_gym.backends.twin.state import TwinState, TwinWorld, pack_state, token_after, unpack_state
from wm_gym.choices import did_you_mean
from wm_gym.events.kinds import KINDS, ActiveEvent
from wm_gym.geometry.motion import ROLL_TOLERANCE, START_BODY_POSE, camera_pose
from wm_gym.world_model import Chunk, Condition, ModelSpec, Opening, Packed, Truth

__all__ = ["TwinConfig", "TwinModel", "TwinState", "draw_fov", "open_place"]

FIRST_FRAMES, FRAMES_PER_STEP, FPS, FAR_METRES = 1, 4, 17.5, 100.0
_MAX_PITCH_SINE = float(np.sin(np.radians(25.1)))
_INTRINSICS_TOLERANCE = 1e-3
_LICENCE = "ViZDoom (MIT) around the ZDoom engine (Doom source licence and others); maps and pictures Apache-2.0"


@dataclass(frozen=True)
class TwinConfig:
    """How the twin shows its places.

    Attributes:
        height: Rows of a frame.
        width: Columns of a frame.
        save_every_steps: The engine is saved at every so many steps of an episode.
        max_processes: Engine processes at once; more worlds than this share them by loading.
        timeout_seconds: How long an engine may take for one answer.
    """

    height: int = 96
    width: int = 128
    save_every_steps: int = 16
    max_processes: int = 8
    timeout_seconds: float = 180.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if field.name != "timeout_seconds" and not is_count:
                raise ValueError(f"{field.name} must be an integer of at least 1, got {value!r}")
        if not self.timeout_seconds > 0:
            raise ValueError(f"timeout_seconds must be positive, got {self.timeout_seconds}")


class TwinModel:
    """The ground truth as a `WorldModel`.

    Args:
        config: Sizes and limits.
    """

    def __init__(self, config: TwinConfig) -> None:
        self.config = config
        self.spec = ModelSpec(
            name="twin", height=config.height, width=config.width, first_frames=FIRST_FRAMES,
            frames_per_step=FRAMES_PER_STEP, fps=FPS, opens_from=("scene",), gives_depth=True, gives_moving=True,
            far_metres=FAR_METRES, licence=_LICENCE, shows_events=tuple(KINDS),
        )  # fmt: skip
        self._pool = Pool(config.max_processes, config.timeout_seconds)

    @classmethod
    def create(cls, height: int, width: int, **settings: Any) -> TwinModel:
        """The twin at the asked size.

        Args:
            height: Rows of a frame.
            width: Columns of a frame.
            settings: Further fields of `TwinConfig`.

        Raises:
            ValueError: If a setting is unknown or out of range.
        """
        known = {field.name for field in fields(TwinConfig)} - {"height", "width"}
        for name in settings:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ValueError(f"settings of backend 'twin' must be among {sorted(known)}, got {name!r}{hint}")
        return cls(TwinConfig(height=height, width=width, **settings))

    @property
    def process_ids(self) -> list[int]:
        """Of the engine processes."""
        return self._pool.pids

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[TwinState, Chunk]:
        """Open N worlds; the chunk has one frame at the opening pose.

        Raises:
            ValueError: If an opening is not that of a place, or its field of view is wider than the engine can show.
            EngineError: If an engine process died.
        """
        if len(openings) != len(seeds) or not openings:
            raise ValueError(f"openings and seeds must be as many, at least 1, got {len(openings)} and {len(seeds)}")
        pose = torch.from_numpy(camera_pose(START_BODY_POSE)).to(torch.float32)
        jobs, worlds = [], []
        for opening, seed in zip(openings, seeds, strict=True):
            stage = self._stage(opening, seed)
            action = _actions(pose[None].numpy().astype(np.float64), _site(stage), [()])[0]
            show = Show(stage, True, (action,), (), 0, True)
            token = token_after(None, stage, (action,), saves=True)
            jobs.append(Job(None, None, show, token))
            worlds.append((stage, token))
        shown = self._pool.run(jobs)
        state = TwinState(
            tuple(
                TwinWorld(stage, 0, result.save or b"", (), (), token)
                for (stage, token), result in zip(worlds, shown, strict=True)
            )
        )
        return state, _chunk(shown, pose.expand(len(shown), 1, 4, 4).clone())

    def step(self, state: TwinState, condition: Condition) -> tuple[TwinState, Chunk]:
        """Go on by four frames.

        Raises:
            ValueError: If the condition does not fit the state.
            EngineError: If an engine process died; the state stays good.
        """
        _check_condition(state, condition)
        poses = condition.world_from_camera.detach().cpu().numpy().astype(np.float64)
        jobs, placements = [], []
        for i, world in enumerate(state.worlds):
            job, placed = self._job(world, poses[i], condition.events[i], condition.frame_index[i])
            jobs.append(job)
            placements.append(placed)
        shown = self._pool.run(jobs)
        worlds = map(_world_after, state.worlds, jobs, placements, shown)
        return TwinState(tuple(worlds)), _chunk(shown, condition.world_from_camera.detach().cpu().float().clone())

    def select(self, state: TwinState, worlds: Sequence[int]) -> TwinState:
        """The state of the named worlds, in that order."""
        return TwinState(tuple(state.worlds[world] for world in worlds))

    def cat(self, states: Sequence[TwinState]) -> TwinState:
        """The worlds of several states, one after another."""
        return TwinState(tuple(world for state in states for world in state.worlds))

    def pack(self, state: TwinState) -> Packed:
        """Plain tensors and JSON."""
        return pack_state(state)

    def unpack(self, packed: Packed) -> TwinState:
        """The state that `pack` was given, in any process.

        Raises:
            ValueError: If it is of another backend, version or size.
        """
        state = unpack_state(packed)
        for world in state.worlds:
            if (world.stage.height, world.stage.width) != (self.config.height, self.config.width):
                raise ValueError(
                    f"the state must be of {self.config.height} x {self.config.width} pixels, "
                    f"got {world.stage.height} x {world.stage.width}"
                )
        return state

    def obstacles(self, state: TwinState, world: int) -> TwinObstacles:
        """What stands in one world."""
        return _site(state.worlds[world].stage).obstacles

    def close(self) -> None:
        """End the engine processes."""
        self._pool.close()

    def _stage(self, opening: Opening, seed: int) -> Stage:
        if opening.place is None:
            raise ValueError(f"backend 'twin' opens places, got {opening.name!r}, which is none")
        place = opening.place
        fx, fy, cx, cy = (float(value) for value in opening.intrinsics)
        fit_lens((fx, fy, cx, cy), self.config.height, self.config.width)
        return Stage(
            place.family, place.seed, place.difficulty, _engine_seed(seed), self.config.height, self.config.width,
            (fx, fy, cx, cy), FAR_METRES,
        )  # fmt: skip

    def _job(
        self, world: TwinWorld, poses: NDArray[np.float64], events: Sequence[ActiveEvent], frame_index: int
    ) -> tuple[Job, tuple[Placement, ...]]:
        site = _site(world.stage)
        placements, commands = place_events(world.placements, events, poses, site)
        actions = _actions(poses, site, commands)
        saves = (world.steps + 1) % self.config.save_every_steps == 0
        spots = {placement.event_id: placement.spot for placement in placements}
        effects = tuple(
            Effect(e.kind, tuple(e.strengths), e.age_frames, e.seed, e.event_id, spots.get(e.event_id))
            for e in events
            if e.kind is not None
        )
        show = Show(world.stage, False, actions, effects, frame_index, saves)
        restore = Restore(world.stage, world.save, world.actions)
        after = token_after(world.token, world.stage, actions, saves=saves)
        return Job(world.token, restore, show, after), placements


def _site(stage: Stage) -> Site:
    return site_of(stage.family, stage.place_seed, stage.difficulty)


def _engine_seed(seed: int) -> int:
    """The engine takes 32 bits; every bit of the world's seed counts."""
    return int.from_bytes(hashlib.sha256(str(int(seed)).encode()).digest()[:4], "little") >> 1


def _actions(poses: NDArray[np.float64], site: Site, commands: Sequence[tuple[str, ...]]) -> tuple[Action, ...]:
    """Poses of the world frame as the engine takes them."""
    eyes = site.frame.map_from_world(poses[:, :3, 3])
    forward = poses[:, :3, 2]
    yaws = np.arctan2(forward[:, 1], forward[:, 0]) + site.frame.heading_radians
    pitches = np.arcsin(np.clip(forward[:, 2], -1.0, 1.0))
    return tuple(
        Action((float(eye[0]), float(eye[1]), float(eye[2])), float(yaw), float(pitch), lines)
        for eye, yaw, pitch, lines in zip(eyes, yaws, pitches, commands, strict=True)
    )


def _world_after(world: TwinWorld, job: Job, placements: tuple[Placement, ...], shown: Shown) -> TwinWorld:
    if shown.save is not None:
        return TwinWorld(world.stage, world.steps + 1, shown.save, (), placements, job.after)
    actions = world.actions + job.show.actions
    return TwinWorld(world.stage, world.steps + 1, world.save, actions, placements, job.after)


def _chunk(shown: Sequence[Shown], world_from_camera: torch.Tensor) -> Chunk:
    return Chunk(
        frames=torch.from_numpy(np.stack([one.frames for one in shown])),
        depth=torch.from_numpy(np.stack([one.depth for one in shown])),
        moving=torch.from_numpy(np.stack([one.moving for one in shown])),
        world_from_camera=world_from_camera,
        truth=[Truth(one.instances, one.instance_names, one.event_masks, one.event_strengths) for one in shown],
    )


def _check_condition(state: TwinState, condition: Condition) -> None:
    poses, count = condition.world_from_camera, len(state.worlds)
    if tuple(poses.shape) != (count, FRAMES_PER_STEP, 4, 4):
        raise ValueError(
            f"world_from_camera must have shape {(count, FRAMES_PER_STEP, 4, 4)}, got {tuple(poses.shape)}"
        )
    if len(condition.events) != count or len(condition.frame_index) != count:
        raise ValueError(f"events and frame_index must be given for {count} worlds, got {len(condition.events)}")
    if not bool(torch.isfinite(poses).all()):
        raise ValueError("world_from_camera must be finite, got NaN or infinity")
    if float(poses[..., 2, 0].abs().max()) > ROLL_TOLERANCE or float(poses[..., 2, 2].abs().max()) > _MAX_PITCH_SINE:
        raise ValueError("poses for backend 'twin' must have no roll and pitch within 25 degrees")
    for world, intrinsics in zip(state.worlds, condition.intrinsics.tolist(), strict=True):
        if not np.allclose(intrinsics, world.stage.intrinsics, atol=_INTRINSICS_TOLERANCE):
            raise ValueError(f"intrinsics must stay those of the opening {world.stage.intrinsics}, got {intrinsics}")
