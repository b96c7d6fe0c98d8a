"""Painting what hints leave open: the last frame of a chunk is decided first, and the frames on the way show it.

The end of a chunk is where most of what is new comes into view, and where what was seen from afar is seen best. It is
painted once, carried as points to the frames before it, and given to the video model as if it were remembered; so the
model has to join and to move, not to imagine, and what it writes to memory is what was decided. Where references are at
hand, the unseen goes on as they do; without them the painter invents it. Sources: TeleWorld's micro planning (section
3.2.1: the frame that ends a segment is generated first) and key-frame reconstruction (section 3.3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from wm_gym.backends.video.painting.continuing import ContinueConfig, continued
from wm_gym.backends.video.painting.frame import SAME_SURFACE, Continue, Painting, paint_frame, without_cracks
from wm_gym.backends.video.painting.painter import COARSE_AREA, Painter
from wm_gym.backends.video.painting.references import References
from wm_gym.backends.video.painting.sampling import SamplingConfig, sample_codes
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

PAINTING = 1
"""Beside a world's seed and time, so that painting and video draw other numbers."""

FINER = 0.8
"""Share of a known point's area that a painted one on its surface must stay under to be shown instead."""


@dataclass(frozen=True)
class GuideConfig:
    """When and how hints are painted.

    Attributes:
        least_unseen: Share of a chunk's last frame that must be unseen for it to be painted.
        least_referred: Share that must be unseen, cracks aside, for it to go on as references do; what is less is a
            gap in a place that is known, which the painter closes.
        repaints: Whether what is coarse, since it was seen from afar, is painted anew.
        least_coarse: Share of the frame that must be coarse for it to be painted anew.
        sampling: How codes are chosen.
        go_on: How references are chosen.
    """

    least_unseen: float = 0.01
    least_referred: float = 0.08
    repaints: bool = False
    least_coarse: float = 0.05
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    go_on: ContinueConfig = field(default_factory=ContinueConfig)


@dataclass(frozen=True)
class Painted:
    """Hints in which some pixels are painted.

    Attributes:
        hints: (N, T, H, W).
        where: (N, T, H, W) bool: what was painted.
        replaced: (N, T, H, W) bool: where what memory showed is to be let go.
    """

    hints: Hints
    where: Tensor
    replaced: Tensor


def paint_hints(
    painter: Painter,
    references: References | None,
    hints: Hints,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    seeds: Sequence[int],
    times: Sequence[int],
    config: GuideConfig,
) -> Painted:
    """Hints with what was unseen or coarse painted. Worlds that know enough are left as they are.

    Args:
        painter: In evaluation mode.
        references: Views of other places that tell how the unseen may go on; None: the painter invents it.
        hints: (N, T, H, W).
        world_from_camera: (N, T, 4, 4).
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        seeds: N world seeds.
        times: N indices of latent frames.
        config: When and how.
    """
    chosen = _wanting(hints, config)
    result = Painted(hints, torch.zeros_like(hints.seen), torch.zeros_like(hints.seen))
    if not chosen:
        return result
    result = replace(result, hints=replace(hints, **{name: value.clone() for name, value in vars(hints).items()}))
    for n in chosen:
        one = result.hints.of_world(n)  # views, filled in place
        seed = [int(seeds[n]), int(times[n]), PAINTING]
        last = Hints(**{name: value[-1:] for name, value in vars(one).items()})
        choose = partial(_choose, painter, config.sampling, seed)
        go_on = _referring(references, last, config, seed)
        painting = paint_frame(
            painter, last, world_from_camera[n, -1], intrinsics[n], choose, go_on, repaints=config.repaints
        )
        carried = _carried(painting, world_from_camera[n], intrinsics[n])
        result.where[n], result.replaced[n] = _fill(one, carried, painting.depth > 0)
    return result


def _wanting(hints: Hints, config: GuideConfig) -> list[int]:
    """The worlds whose last frames are to be painted."""
    wanted = _share(~hints.seen[:, -1]) > config.least_unseen
    if config.repaints:
        wanted |= _share(hints.area[:, -1] >= COARSE_AREA) > config.least_coarse
    return wanted.nonzero().flatten().tolist()


def _share(where: Tensor) -> Tensor:
    """(N,) of (N, H, W)."""
    return where.float().mean((1, 2))


def _choose(painter: Painter, sampling: SamplingConfig, seed: list[int], known: Tensor, painted: Tensor) -> Tensor:
    return sample_codes(painter, known, painted, sampling, seed)


def _referring(references: References | None, last: Hints, config: GuideConfig, seed: list[int]) -> Continue | None:
    """How the end of a chunk goes on by references, if enough of it is unseen."""
    if references is None or float(_share(without_cracks(~last.seen))) <= config.least_referred:
        return None
    return lambda known: continued(references, known, config.go_on, seed)


def _carried(painting: Painting, poses: Tensor, intrinsics: Tensor) -> Hints:
    """What T poses see of one painted frame, (T, H, W)."""
    still = torch.zeros_like(painting.depth, dtype=torch.bool)
    memory = write(
        Memory.empty(MemoryConfig()), painting.frame[None], painting.depth[None], still[None], poses[-1:], intrinsics,
        hints=None, frame_index=0, appearance=0,
    )  # fmt: skip
    size = painting.depth.shape
    return render([memory], poses[None], intrinsics[None], *size, frame_index=[0], appearance=[0]).of_world(0)


def _fill(hints: Hints, painted: Hints, at_end: Tensor) -> tuple[Tensor, Tensor]:
    """Take over what is painted, where nothing was seen or what is seen is coarser; where, and where it replaces.

    It looks as most of what is seen does.

    Args:
        hints: (T, H, W), filled in place.
        painted: (T, H, W), what the poses see of it.
        at_end: (H, W) bool: what was painted of the last frame.
    """
    nearer = hints.log_depth - painted.log_depth
    finer = (nearer.abs() < SAME_SURFACE) & (painted.area < FINER * hints.area)
    new = painted.seen & ~hints.moving & (~hints.seen | finer | (nearer >= SAME_SURFACE))
    new[-1] = painted.seen[-1] & at_end
    replaced = new & hints.seen & (nearer < SAME_SURFACE)  # what is hidden behind what was painted stays
    looks = hints.same_appearance[hints.seen]
    is_of_now = bool(looks.float().mean() >= 0.5) if len(looks) else True
    hints.colour[new] = painted.colour[new]
    hints.log_depth[new] = painted.log_depth[new]
    hints.area[new] = painted.area[new]
    hints.same_appearance[new] = is_of_now
    hints.seen[new] = True
    return new, replaced
