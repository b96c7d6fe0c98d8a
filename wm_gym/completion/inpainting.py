"""One frame, painted: what is unseen, coarse or not to be trusted is chosen, and laid on planes at the depth around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.conditioning import conditioning_planes
from wm_gym.completion.inpainter import COARSE_AREA, Inpainter
from wm_gym.completion.planes import flattened
from wm_gym.geometry.depth_scale import unscale_depth
from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.blend_depth import blend_depth

SAME_SURFACE = 0.1
"""Difference of log-depth within which what is painted, or looked up, lies on the surface that is known."""

THIN_PIXELS = 7
"""Pixels: what is narrower lies between known surfaces, and goes on as they do."""

Choose = Callable[[Tensor, Tensor], Tensor]
"""Codes (1, tokens, codes) of conditioning (1, CONDITIONING_CHANNELS, H, W) and painted tokens (1, tokens) bool."""


@dataclass(frozen=True)
class InpaintedFrame:
    """What was painted of one frame.

    Attributes:
        frame: (H, W, 3) uint8.
        depth: (H, W) float32 metres; 0 where nothing was painted, and what is known stays.
    """

    frame: Tensor
    depth: Tensor


def inpaint_frame(
    inpainter: Inpainter, hints: Hints, pose: Tensor, intrinsics: Tensor, choose: Choose, *, repaints: bool = True
) -> InpaintedFrame:
    """Paint what is unseen or coarse of one frame.

    A surface that is known stays where it is: only its paint was coarse. Moving things are left alone.

    Args:
        inpainter: In evaluation mode.
        hints: Of that frame, (1, H, W).
        pose: (4, 4) world_from_camera.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        choose: Codes of what is to be painted.
        repaints: Whether what is coarse is painted anew.
    """
    reach = inpainter.config.near_metres, inpainter.config.far_metres
    known = conditioning_planes(hints, pose[2:3, :3], intrinsics[None], *reach).to(inpainter.device, inpainter.dtype)
    wanted = inpainter.wanting(known, coarse=repaints)
    surface, painted = (one.to(hints.seen.device) for one in _surface(inpainter, known, wanted, choose))
    depth = unscale_depth(surface[:, 3], *reach)
    agrees = (depth.log() - hints.log_depth).abs() < SAME_SURFACE
    is_coarse = painted & hints.seen & (hints.area >= COARSE_AREA) & agrees & ~hints.moving & repaints
    is_new = is_coarse | ~hints.seen & painted
    lasting = _laid_on_planes(depth, hints, inpainter.config.far_metres)
    frame = ((surface[0, :3] + 1) * 127.5).round().to(torch.uint8).movedim(0, -1)
    return InpaintedFrame(frame, torch.where(is_new[0], lasting, 0.0))


def without_thin_holes(unseen: Tensor) -> Tensor:
    """What is unseen (N, H, W) bool without what is narrower than `THIN_PIXELS` pixels.

    What goes on in a crack as another place does lies before or behind the surfaces beside it, and hangs in the air as
    soon as one steps aside; so gaps are closed by these, and the video model heals the rest.
    """
    inside = F.max_pool2d((~unseen).float()[:, None], THIN_PIXELS, 1, THIN_PIXELS // 2) == 0
    return (F.max_pool2d(inside.float(), THIN_PIXELS, 1, THIN_PIXELS // 2)[:, 0] > 0) & unseen


def _surface(inpainter: Inpainter, known: Tensor, wanted: Tensor, choose: Choose) -> tuple[Tensor, Tensor]:
    """Planes (1, 4, H, W) float32 within -1..1, as known where nothing is painted; and what is, (1, H, W) bool."""
    painted = inpainter.pixels_of(wanted)
    surface = known[:, :4].float()
    if wanted.any():
        made, _ = inpainter.decode_pixels(choose(known, wanted), known, wanted)
        surface = torch.where(painted[:, None], made, surface)
    return surface.clamp(-1, 1), painted


def _laid_on_planes(depth: Tensor, hints: Hints, far_metres: float) -> Tensor:
    """(H, W) metres of a depth (1, H, W): as the hints say, and what they leave open joined to it in planes."""
    framed = Hints(**{name: value[None] for name, value in vars(hints).items()})
    joined = blend_depth(depth[None], torch.zeros_like(hints.seen)[None], framed, far_metres)[0, 0]
    planes = flattened(joined.cpu().numpy(), ~hints.seen[0].cpu().numpy(), far_metres)
    return torch.from_numpy(planes).to(depth.device)
