"""Painting what hints leave open: the last frame of a chunk is decided first, and the frames on the way show it.

The end of a chunk is where most of what is new comes into view. It is painted once, carried as points to the frames
before it, and given to the video model as if it were remembered; so the model has to join and to move, not to imagine,
and what it writes to memory is what was decided. Sources: TeleWorld's micro planning (section 3.2.1: the frame that
ends a segment is generated first) and key-frame reconstruction (section 3.3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from wm_gym.backends.video.codec import unscale_depth
from wm_gym.backends.video.depth import joined_depth
from wm_gym.backends.video.painting.known import known_planes
from wm_gym.backends.video.painting.painter import Painter
from wm_gym.backends.video.painting.planes import flattened
from wm_gym.backends.video.painting.sampling import SamplingConfig, sample_codes
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

PAINTING = 1
"""Beside a world's seed and time, so that painting and video draw other numbers."""


@dataclass(frozen=True)
class GuideConfig:
    """When and how hints are painted.

    Attributes:
        least_unseen: Share of a chunk's last frame that must be unseen for it to be painted.
        sampling: How codes are chosen.
    """

    least_unseen: float = 0.01
    sampling: SamplingConfig = field(default_factory=SamplingConfig)


def paint_hints(
    painter: Painter,
    hints: Hints,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    seeds: Sequence[int],
    times: Sequence[int],
    config: GuideConfig,
) -> tuple[Hints, Tensor]:
    """Hints with what was unseen painted, and what was painted, (N, T, H, W) bool.

    Worlds that know enough are left as they are.

    Args:
        painter: In evaluation mode.
        hints: (N, T, H, W).
        world_from_camera: (N, T, 4, 4).
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        seeds: N world seeds.
        times: N indices of latent frames.
        config: When and how.
    """
    open_share = (~hints.seen[:, -1]).float().mean((1, 2)).tolist()
    chosen = [n for n, share in enumerate(open_share) if share > config.least_unseen]
    painted = torch.zeros_like(hints.seen)
    if not chosen:
        return hints, painted
    hints = replace(hints, **{name: value.clone() for name, value in vars(hints).items()})
    for n in chosen:
        one = hints.of_world(n)  # views, filled in place
        seed = [int(seeds[n]), int(times[n]), PAINTING]
        frame, depth = _painted(painter, one, world_from_camera[n, -1], intrinsics[n], seed, config)
        painted[n] = _fill(one, _carried(frame, depth, world_from_camera[n], intrinsics[n]))
    return hints, painted


def _painted(
    painter: Painter, hints: Hints, pose: Tensor, intrinsics: Tensor, seed: list[int], config: GuideConfig
) -> tuple[Tensor, Tensor]:
    """The last frame (H, W, 3) uint8 and its depth (H, W), which is 0 where nothing was painted."""
    last = Hints(**{name: value[-1:] for name, value in vars(hints).items()})
    reach = painter.config.near_metres, painter.config.far_metres
    known = known_planes(last, pose[2:3, :3], intrinsics[None], *reach).to(painter.dtype)
    wanted = painter.wanting(known)
    codes = sample_codes(painter, known, wanted, config.sampling, seed)
    surface = painter.finish(codes, known, wanted).float()
    depth = unscale_depth(surface[:, 3].clamp(-1, 1), *reach)
    joined = joined_depth(depth[None], torch.zeros_like(last.seen)[None], _framed(last), painter.config.far_metres)[0]
    is_new = ~last.seen & painter.pixels_of(wanted)
    frame = ((surface[0, :3].clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).movedim(0, -1)
    planes = flattened(joined[0].cpu().numpy(), is_new[0].cpu().numpy(), painter.config.far_metres)
    return frame, torch.where(is_new[0], torch.from_numpy(planes).to(joined.device), 0.0)


def _framed(hints: Hints) -> Hints:
    return Hints(**{name: value[None] for name, value in vars(hints).items()})


def _carried(frame: Tensor, depth: Tensor, poses: Tensor, intrinsics: Tensor) -> Hints:
    """What T poses see of one painted frame, (T, H, W)."""
    still = torch.zeros_like(depth, dtype=torch.bool)
    memory = write(
        Memory.empty(MemoryConfig()), frame[None], depth[None], still[None], poses[-1:], intrinsics,
        hints=None, frame_index=0, appearance=0,
    )  # fmt: skip
    return render([memory], poses[None], intrinsics[None], *depth.shape, frame_index=[0], appearance=[0]).of_world(0)


def _fill(hints: Hints, painted: Hints) -> Tensor:
    """Take over what is painted where nothing was seen; returns where. It looks as most of what is seen does."""
    new = painted.seen & ~hints.seen
    looks = hints.same_appearance[hints.seen]
    is_of_now = bool(looks.float().mean() >= 0.5) if len(looks) else True
    hints.colour[new] = painted.colour[new]
    hints.log_depth[new] = painted.log_depth[new]
    hints.area[new] = painted.area[new]
    hints.same_appearance[new] = is_of_now
    hints.seen[new] = True
    return new
