"""Clips put together from what was shown and held, whoever recorded it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.events.scripts import EventScript
from wm_gym.geometry.motion import START_BODY_POSE, Body, camera_pose, walk
from wm_gym.train_world.data.captions import Captions, write_captions
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.data.environments.frames import Shown, depths_of, downsampled
from wm_gym.train_world.data.environments.poses import body_poses_of, in_own_world
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import EVENT_KINDS, Clip
from wm_gym.world_model import Place


@dataclass(frozen=True, eq=False)
class Moved:
    """What was held in each of S steps.

    Attributes:
        keys: (S, 8) bool, columns as `geometry.motion.KEYS`.
        twists: (S, 4) float32 forward, left, yaw, pitch.
    """

    keys: np.ndarray
    twists: np.ndarray


@dataclass(frozen=True)
class Told:
    """What is said of a clip.

    Attributes:
        name: Where it was recorded.
        seed: Number of the place or episode there.
        prompts: S texts; the first says what the scene looks like.
        policy: Who moved the body.
        controller: How.
    """

    name: str
    seed: int
    prompts: tuple[str, ...]
    policy: str
    controller: str


def clip_of(
    shown: Shown, moved: Moved, told: Told, config: SourceConfig, spec: RecordingSpec, *, agrees: bool = False
) -> Clip:
    """The clip of T frames and S steps.

    Args:
        shown: T frames.
        moved: S steps.
        told: Its texts.
        config: Lens, units, and what is done without depth and poses.
        spec: Of the recording.
        agrees: Whether depth must agree with poses and lens.

    Raises:
        ValueError: If depth, poses, lens or size do not fit one another or the recording.
    """
    steps, frames = len(moved.twists), len(shown.frames)
    if shown.poses:
        poses = in_own_world(np.stack(shown.poses))
    else:
        poses = camera_pose(_reckoned(moved.twists, spec.frames_per_step, config.body))
    capture = downsampled(depths_of(shown, poses, config, agrees=agrees), poses, config, spec)
    return Clip(
        spec=spec,
        frames=capture.frames.numpy(),
        depth=capture.depth.numpy().astype(np.float16),
        moving=capture.moving.numpy(),
        world_from_camera=poses.astype(np.float32),
        body_poses=body_poses_of(poses),
        intrinsics=capture.intrinsics.numpy().astype(np.float32),
        keys=moved.keys,
        twists=moved.twists,
        event_strengths=np.zeros((frames, len(EVENT_KINDS)), np.float16),
        event_masks={},
        appearance=np.zeros(steps, np.int32),
        prompts=told.prompts,
        captions=captions_of(told.prompts[0], moved.twists, spec, told.seed),
        place=Place(told.name, told.seed),
        seed=told.seed,
        policy=told.policy,
        controller=told.controller,
        events=(),
    )


def captions_of(prompt: str, twists: np.ndarray, spec: RecordingSpec, seed: int) -> Captions:
    """Captions of a clip of which only a sentence and the motion are known; nothing is said of what else moves.

    Args:
        prompt: The sentence, or "".
        twists: (S, 4).
        spec: Of the recording.
        seed: Chooses words.
    """
    rng = np.random.default_rng(seed)
    told = write_captions(prompt, "free", twists, EventScript(seed), (), spec, rng).temporal
    return Captions(" ".join(filter(None, [prompt, *(row.caption for row in told)])), prompt, told)


def _reckoned(twists: np.ndarray, frames_per_step: int, body: Body) -> np.ndarray:
    """(T, 5) body poses of a body that nothing stops."""
    held = np.repeat(twists.astype(np.float64), frames_per_step, axis=0)
    return np.concatenate([START_BODY_POSE[None], walk(START_BODY_POSE, held, body)])
