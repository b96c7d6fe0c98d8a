"""Steps for the twin's tests: conditions along a curving walk, and every byte of a chunk as one value."""

import numpy as np
import torch

from wm_gym.events.kinds import ActiveEvent
from wm_gym.geometry.motion import camera_pose
from wm_gym.world_model import Chunk, Condition, Opening

STEP_FRAMES = 4


def stances_of(step: int) -> np.ndarray:
    """(4, 5) stances of one step of the walk."""
    frames = np.arange(step * STEP_FRAMES + 1, (step + 1) * STEP_FRAMES + 1)
    still = np.zeros(STEP_FRAMES)
    return np.stack([0.03 * frames, 0.01 * frames, still, 0.04 * frames, 0.3 * np.sin(frames * 0.1)], axis=-1)


def condition(openings: list[Opening], step: int, events: list[tuple[ActiveEvent, ...]] | None = None) -> Condition:
    """The same step for every world."""
    count = len(openings)
    poses = torch.from_numpy(camera_pose(stances_of(step))).float().expand(count, STEP_FRAMES, 4, 4).clone()
    return Condition(
        world_from_camera=poses,
        intrinsics=torch.stack([opening.intrinsics for opening in openings]),
        keys=torch.zeros(count, STEP_FRAMES, 8, dtype=torch.bool),
        prompts=[""] * count,
        events=events or [()] * count,
        seeds=[0] * count,
        frame_index=[1 + step * STEP_FRAMES] * count,
    )


def active(kind: str, age_frames: int, event_id: int = 0, ramp_frames: int = 8) -> ActiveEvent:
    """An event that grows from its onset on."""
    strengths = [min(1.0, max(0.0, (age_frames + t + 1) / ramp_frames)) for t in range(STEP_FRAMES)]
    return ActiveEvent(kind, tuple(strengths), age_frames, event_id, 40 + event_id)


def all_bytes(chunk: Chunk, world: int = 0) -> bytes:
    """Everything that one world of a chunk says."""
    assert chunk.depth is not None and chunk.moving is not None and chunk.truth is not None
    truth = chunk.truth[world]
    parts = [tensor[world].numpy().tobytes() for tensor in (chunk.frames, chunk.depth, chunk.moving)]
    parts += [truth.instances.tobytes(), repr(sorted(truth.instance_names.items())).encode()]
    parts += [truth.thing_poses[number].tobytes() for number in sorted(truth.thing_poses)]
    for kind in sorted(truth.event_masks):
        parts += [truth.event_masks[kind].tobytes(), truth.event_strengths[kind].tobytes()]
    return b"|".join(parts)
