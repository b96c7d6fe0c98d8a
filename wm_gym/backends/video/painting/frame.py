"""One frame, painted: what is unseen, coarse or not to be trusted is chosen, and laid on planes at the depth around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.codec import unscale_depth
from wm_gym.backends.video.depth import joined_depth
from wm_gym.backends.video.painting.known import known_planes
from wm_gym.backends.video.painting.painter import COARSE_AREA, Painter
from wm_gym.backends.video.painting.planes import flattened
from wm_gym.memory.hints import Hints

SAME_SURFACE = 0.1
"""Difference of log-depth within which what is painted, or looked up, lies on the surface that is known."""

CRACK = 7
"""Pixels: what is narrower lies between known surfaces, and goes on as they do."""

Choose = Callable[[Tensor, Tensor], Tensor]
"""Codes (1, tokens, slots) of what is known (1, KNOWN_CHANNELS, H, W) and the tokens that are painted (1, tokens)."""


@dataclass(frozen=True)
class Painting:
    """What was painted of one frame.

    Attributes:
        frame: (H, W, 3) uint8.
        depth: (H, W) float32 metres; 0 where nothing was painted, and what is known stays.
    """

    frame: Tensor
    depth: Tensor


def paint_frame(
    painter: Painter, hints: Hints, pose: Tensor, intrinsics: Tensor, choose: Choose, *, repaints: bool = True
) -> Painting:
    """Paint what is unseen or coarse of one frame.

    A surface that is known stays where it is: only its paint was coarse. Moving things are left alone.

    Args:
        painter: In evaluation mode.
        hints: Of that frame, (1, H, W).
        pose: (4, 4) world_from_camera.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        choose: Codes of what is to be painted.
        repaints: Whether what is coarse is painted anew.
    """
    reach = painter.config.near_metres, painter.config.far_metres
    known = known_planes(hints, pose[2:3, :3], intrinsics[None], *reach).to(painter.dtype)
    wanted = painter.wanting(known, coarse=repaints)
    surface, painted = _surface(painter, known, wanted, choose)
    depth = unscale_depth(surface[:, 3], *reach)
    agrees = (depth.log() - hints.log_depth).abs() < SAME_SURFACE
    is_coarse = painted & hints.seen & (hints.area >= COARSE_AREA) & agrees & ~hints.moving & repaints
    is_new = is_coarse | ~hints.seen & painted
    lasting = _laid_on_planes(depth, hints, painter.config.far_metres)
    frame = ((surface[0, :3] + 1) * 127.5).round().to(torch.uint8).movedim(0, -1)
    return Painting(frame, torch.where(is_new[0], lasting, 0.0))


def without_cracks(unseen: Tensor) -> Tensor:
    """What is unseen (N, H, W) bool without what is narrower than `CRACK` pixels.

    What goes on in a crack as another place does lies before or behind the surfaces beside it, and hangs in the air as
    soon as one steps aside; so gaps are closed by these, and the video model heals the rest.
    """
    inside = F.max_pool2d((~unseen).float()[:, None], CRACK, 1, CRACK // 2) == 0
    return (F.max_pool2d(inside.float(), CRACK, 1, CRACK // 2)[:, 0] > 0) & unseen


def _surface(painter: Painter, known: Tensor, wanted: Tensor, choose: Choose) -> tuple[Tensor, Tensor]:
    """Planes (1, 4, H, W) float32 within -1..1, as known where nothing is painted; and what is, (1, H, W) bool."""
    painted = painter.pixels_of(wanted)
    surface = known[:, :4].float()
    if wanted.any():
        made, _ = painter.finish(choose(known, wanted), known, wanted)
        surface = torch.where(painted[:, None], made, surface)
    return surface.clamp(-1, 1), painted


def _laid_on_planes(depth: Tensor, hints: Hints, far_metres: float) -> Tensor:
    """(H, W) metres of a depth (1, H, W): as the hints say, and what they leave open joined to it in planes."""
    framed = Hints(**{name: value[None] for name, value in vars(hints).items()})
    joined = joined_depth(depth[None], torch.zeros_like(hints.seen)[None], framed, far_metres)[0, 0]
    planes = flattened(joined.cpu().numpy(), ~hints.seen[0].cpu().numpy(), far_metres)
    return torch.from_numpy(planes).to(depth.device)
