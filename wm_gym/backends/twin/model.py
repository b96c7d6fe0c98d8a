"""The twin as a world model: places, poses and events in, exact frames out.

A world's state is the engine's last save and the actions since then, from which its episode can be restored. The engine
processes are only a cache of restored episodes; any process can continue any world.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wm_gym.backends.twin.bodies import place_bodies
from wm_gym.backends.twin.counterfactuals import EventSet, PairedState, check_alternatives
from wm_gym.backends.twin.frame import MapFrame
from wm_gym.backends.twin.messages import Action, Advance, Drawn, Effect, EpisodeSetup, Rendered, Restore
from wm_gym.backends.twin.objects import AmongObjects, lamps_of, place_objects
from wm_gym.backends.twin.opening import draw_fov, open_place
from wm_gym.backends.twin.optics import fit_lens
from wm_gym.backends.twin.placement import Placement, place_events
from wm_gym.backends.twin.pool import Job, Pool
from wm_gym.backends.twin.site import Site, site_of
from wm_gym.backends.twin.state import TwinState, TwinWorld, pack_state, token_after, unpack_state
from wm_gym.choices import did_you_mean
from wm_gym.entities.entity import Entity
from wm_gym.events.kinds import KINDS, ActiveEvent
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import ROLL_TOLERANCE, START_BODY_POSE, camera_pose
from wm_gym.world_model import Chunk, Condition, ModelSpec, Obstacles, Opening, OtherBody, Packed, Truth

__all__ = ["TwinConfig", "TwinModel", "TwinState", "draw_fov", "open_place"]

FIRST_FRAMES, FRAMES_PER_STEP, FPS = 1, 4, 17.5
_MAX_PITCH_SINE = float(np.sin(np.radians(25.1)))
_INTRINSICS_TOLERANCE = 1e-3
_LICENCE = "ViZDoom (MIT) around the ZDoom engine (Doom source licence and others); maps and pictures Apache-2.0"


@dataclass(frozen=True)
class TwinConfig:
    """Settings of the twin.

    Attributes:
        height: Rows of a frame.
        width: Columns of a frame.
        save_every_steps: Steps between saves of the engine.
        max_processes: Most engine processes at once; more worlds than this share them by loading saves.
        idle_processes: Most engine processes that wait at the places they showed, in which episodes open again at once,
            before one of them is given to another place.
        timeout_seconds: Longest time for one answer of an engine.
    """

    height: int = 96
    width: int = 128
    save_every_steps: int = 16
    max_processes: int = 8
    idle_processes: int = 1
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
            far_metres=FAR_METRES, licence=_LICENCE, shows_bodies=True, shows_events=tuple(KINDS),
        )  # fmt: skip
        self._pool = Pool(config.max_processes, config.timeout_seconds, config.idle_processes)

    @classmethod
    def create(cls, height: int, width: int, **settings: Any) -> TwinModel:
        """The twin for frames of a size.

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
        """Process ids of the engines."""
        return self._pool.pids

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[TwinState, Chunk]:
        """Open N worlds; the chunk has one frame at the opening pose.

        Raises:
            ValueError: If an opening has no place or too wide a field of view for the engine, or openings and seeds are
                not as many.
            EngineError: If an engine process died.
        """
        if len(openings) != len(seeds) or not openings:
            raise ValueError(f"openings and seeds must be as many, at least 1, got {len(openings)} and {len(seeds)}")
        pose = torch.from_numpy(camera_pose(START_BODY_POSE)).to(torch.float32)
        jobs, worlds = [], []
        for opening, seed in zip(openings, seeds, strict=True):
            setup = self._setup(opening, seed)
            action = _actions(pose[None].numpy().astype(np.float64), _site(setup), [()])[0]
            advance = Advance(setup, True, (action,), (), 0, True)
            token = token_after(None, setup, (action,), saves=True)
            jobs.append(Job(None, None, advance, token))
            worlds.append((setup, token))
        rendered = self._pool.run(jobs)
        state = TwinState(
            tuple(
                TwinWorld(setup, 0, result.save or b"", (), (), token)
                for (setup, token), result in zip(worlds, rendered, strict=True)
            )
        )
        return state, _chunk(
            rendered,
            [one.drawn for one in rendered],
            [setup for setup, _ in worlds],
            pose.expand(len(rendered), 1, 4, 4).clone(),
        )

    def step(self, state: TwinState, condition: Condition) -> tuple[TwinState, Chunk]:
        """Advance all worlds by four frames.

        Raises:
            ValueError: If the condition does not fit the state, or a pose has roll or too much pitch.
            EngineError: If an engine process died; the state stays valid.
        """
        after, chunk, _ = self.step_with(PairedState(state, ()), condition, ())
        return after.base, chunk

    def step_with(
        self, state: PairedState, condition: Condition, alternatives: Sequence[EventSet]
    ) -> tuple[PairedState, Chunk, tuple[Chunk, ...]]:
        """Advance all worlds by four frames, and draw them with K other sets of events as well.

        Args:
            state: Worlds with K alternatives, of `counterfactuals.pair` or of the step before.
            condition: The step, with the worlds' own events.
            alternatives: K sets of events, each in place of the worlds' own.

        Returns:
            The state, the chunk with the worlds' own events, and K chunks. Each is the chunk of a run in which only
            those events were scheduled; outside the masks of both, two chunks are equal.

        Raises:
            ValueError: If the condition or the alternatives do not fit the state, or a kind is an actor of the engine.
            EngineError: If an engine process died; the state stays valid.
        """
        worlds = state.base.worlds
        _check_condition(state.base, condition)
        check_alternatives(state, condition.events, alternatives)
        poses = condition.world_from_camera.detach().cpu().numpy().astype(np.float64)
        placed = [
            [place_events(before, events[i], poses[i], _site(worlds[i].setup))[0] for i, before in enumerate(one)]
            for one, events in zip(state.placements, alternatives, strict=True)
        ]
        effects = [
            tuple(_effects(one[i], events[i]) for one, events in zip(placed, alternatives, strict=True))
            for i in range(len(worlds))
        ]
        others = condition.bodies or [()] * len(worlds)
        made = [
            self._job(world, poses[i], condition.events[i], others[i], condition.frame_index[i], effects[i])
            for i, world in enumerate(worlds)
        ]
        rendered = self._pool.run([job for job, *_ in made])
        after = tuple(
            _world_after(world, job, (placements, objects), bodies, result)
            for world, (job, placements, objects), bodies, result in zip(worlds, made, others, rendered, strict=True)
        )
        cameras = condition.world_from_camera.detach().cpu().float()
        chunks = [
            _chunk(rendered, drawn, [world.setup for world in worlds], cameras.clone())
            for drawn in zip(*[(one.drawn, *one.alternatives) for one in rendered], strict=True)
        ]
        return PairedState(TwinState(after), tuple(map(tuple, placed))), chunks[0], tuple(chunks[1:])

    def select(self, state: TwinState, worlds: Sequence[int]) -> TwinState:
        """The state of the named worlds, in that order."""
        return TwinState(tuple(state.worlds[world] for world in worlds))

    def cat(self, states: Sequence[TwinState]) -> TwinState:
        """The worlds of several states, one after another."""
        return TwinState(tuple(world for state in states for world in state.worlds))

    def pack(self, state: TwinState) -> Packed:
        """The state as tensors and JSON, for `unpack`."""
        return pack_state(state)

    def unpack(self, packed: Packed) -> TwinState:
        """The state of `pack`, in any process.

        Raises:
            ValueError: If it is of another backend, version or size.
        """
        state = unpack_state(packed)
        for world in state.worlds:
            if (world.setup.height, world.setup.width) != (self.config.height, self.config.width):
                raise ValueError(
                    f"the state must be of {self.config.height} x {self.config.width} pixels, "
                    f"got {world.setup.height} x {world.setup.width}"
                )
        return state

    def obstacles(self, state: TwinState, world: int) -> Obstacles:
        """The obstacles of one world: of its place, and what events have put there."""
        one = state.worlds[world]
        own = _site(one.setup).obstacles
        return AmongObjects(own, one.objects) if one.objects else own

    def close(self) -> None:
        """End the engine processes."""
        self._pool.close()

    def _setup(self, opening: Opening, seed: int) -> EpisodeSetup:
        if opening.place is None:
            raise ValueError(f"backend 'twin' opens places, got {opening.name!r}, which is none")
        place = opening.place
        fx, fy, cx, cy = (float(value) for value in opening.intrinsics)
        fit_lens((fx, fy, cx, cy), self.config.height, self.config.width)
        return EpisodeSetup(
            place.family, place.seed, place.difficulty, _engine_seed(seed), self.config.height, self.config.width,
            (fx, fy, cx, cy), FAR_METRES,
        )  # fmt: skip

    def _job(
        self,
        world: TwinWorld,
        poses: NDArray[np.float64],
        events: Sequence[ActiveEvent],
        bodies: Sequence[OtherBody],
        frame_index: int,
        alternatives: tuple[tuple[Effect, ...], ...],
    ) -> tuple[Job, tuple[Placement, ...], tuple[Entity, ...]]:
        site = _site(world.setup)
        placements, commands = place_events(world.placements, events, poses, site)
        objects, moves = place_objects(world.objects, events, poses, site)
        shown = place_bodies(world.bodies, bodies, len(poses), site)
        actions = _actions(poses, site, [sum(lines, ()) for lines in zip(commands, shown, moves, strict=True)])
        saves = (world.steps + 1) % self.config.save_every_steps == 0
        effects = _effects(placements, events, lamps_of(objects, site))
        advance = Advance(world.setup, False, actions, effects, frame_index, saves, alternatives)
        restore = Restore(world.setup, world.save, world.actions)
        after = token_after(world.token, world.setup, actions, saves=saves)
        return Job(world.token, restore, advance, after), placements, objects


def _site(setup: EpisodeSetup) -> Site:
    return site_of(setup.family, setup.place_seed, setup.difficulty)


def _effects(
    placements: Sequence[Placement],
    events: Sequence[ActiveEvent],
    lamps: Mapping[int, tuple[float, float, float]] = MappingProxyType({}),
) -> tuple[Effect, ...]:
    """Active events with the positions of what they have added; of lamps those of their lights."""
    positions = {placement.event_id: placement.position for placement in placements} | dict(lamps)
    return tuple(
        Effect(e.kind, tuple(e.strengths), e.age_frames, e.seed, e.event_id, positions.get(e.event_id))
        for e in events
        if e.kind is not None
    )


def _engine_seed(seed: int) -> int:
    """The engine's seed of 31 bits, a hash of the world's seed."""
    return int.from_bytes(hashlib.sha256(str(int(seed)).encode()).digest()[:4], "little") >> 1


def _actions(poses: NDArray[np.float64], site: Site, commands: Sequence[tuple[str, ...]]) -> tuple[Action, ...]:
    """Poses (T, 4, 4) of the world frame, with the commands of each frame, as engine actions."""
    eyes = site.frame.map_from_world(poses[:, :3, 3])
    forward = poses[:, :3, 2]
    yaws = np.arctan2(forward[:, 1], forward[:, 0]) + site.frame.heading_radians
    pitches = np.arcsin(np.clip(forward[:, 2], -1.0, 1.0))
    return tuple(
        Action((float(eye[0]), float(eye[1]), float(eye[2])), float(yaw), float(pitch), lines)
        for eye, yaw, pitch, lines in zip(eyes, yaws, pitches, commands, strict=True)
    )


def _world_after(
    world: TwinWorld,
    job: Job,
    placed: tuple[tuple[Placement, ...], tuple[Entity, ...]],
    bodies: Sequence[OtherBody],
    rendered: Rendered,
) -> TwinWorld:
    save, actions = (world.save, world.actions + job.advance.actions)
    if rendered.save is not None:
        save, actions = rendered.save, ()
    numbers = tuple(body.number for body in bodies)
    placements, objects = placed
    return TwinWorld(world.setup, world.steps + 1, save, actions, placements, job.after, numbers, objects)


def _world_poses(poses: NDArray[np.float64], frame: MapFrame) -> NDArray[np.float64]:
    """(T, 4) x, y, z in map units and heading on the map, as metres and heading in the world frame."""
    turned = (poses[:, 3:] - frame.heading_radians + np.pi) % (2 * np.pi) - np.pi
    return np.concatenate([frame.world_from_map(poses[:, :3]), turned], axis=-1)


def _chunk(
    rendered: Sequence[Rendered],
    drawn: Sequence[Drawn],
    setups: Sequence[EpisodeSetup],
    world_from_camera: torch.Tensor,
) -> Chunk:
    """The answers of N worlds as a chunk, each with one of its sets of effects drawn."""
    thing_poses = [
        {number: _world_poses(poses, _site(setup).frame) for number, poses in answer.instance_poses.items()}
        for answer, setup in zip(rendered, setups, strict=True)
    ]
    return Chunk(
        frames=torch.from_numpy(np.stack([one.frames for one in drawn])),
        depth=torch.from_numpy(np.stack([one.depth for one in drawn])),
        moving=torch.from_numpy(np.stack([one.moving for one in drawn])),
        world_from_camera=world_from_camera,
        truth=[
            Truth(answer.instances, answer.instance_names, one.event_masks, one.event_strengths, poses)
            for answer, one, poses in zip(rendered, drawn, thing_poses, strict=True)
        ],
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
        if not np.allclose(intrinsics, world.setup.intrinsics, atol=_INTRINSICS_TOLERANCE):
            raise ValueError(f"intrinsics must stay those of the opening {world.setup.intrinsics}, got {intrinsics}")
