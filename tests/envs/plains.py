"""What a body sees on an endless plain, to check tasks by hand."""

import numpy as np
import torch

from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import camera_pose
from wm_gym.memory.hints import Hints
from wm_gym.world.state import Outcome
from wm_gym.world_model import Chunk

SIZE = (24, 32)


def on_a_plain(*path, yaw=0.0, wall=None, collided=False, things=(), events=()):
    """A body that went along x, y of `path`, a frame each, on a floor 1.6 m under its eyes and under a sky.

    `wall` is the depth of one that stands across the way.
    """
    intrinsics = intrinsics_from_fov(70.0, *SIZE)[None].float()
    rows = (torch.arange(SIZE[0]) + 0.5 - intrinsics[0, 3]) / intrinsics[0, 1]
    depth = torch.where(rows > 0, 1.6 / rows.clamp(min=1e-3), torch.tensor(100.0))
    depth = depth.clamp(max=100.0 if wall is None else wall)
    depth = depth[None, None, :, None].expand(1, len(path), *SIZE).contiguous()
    body_poses = np.array([[[x, y, 0.0, yaw, 0.0] for x, y in path]])
    frames = torch.zeros(1, len(path), *SIZE, 3, dtype=torch.uint8)
    nothing = torch.zeros(1, len(path), *SIZE, dtype=torch.bool)
    chunk = Chunk(frames, depth, nothing, torch.from_numpy(camera_pose(body_poses)).float())
    hints = Hints(frames, depth * 0, nothing, nothing, nothing.int(), nothing, nothing.float(), nothing)
    return Outcome(chunk, hints, body_poses, intrinsics, (collided,), (0.0,), (tuple(things),), (tuple(events),))
