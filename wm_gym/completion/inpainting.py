"""One frame inpainted: its unseen (and, where asked for, coarse) pixels, with a depth that joins the seen surfaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.conditioning import conditioning_planes
from wm_gym.completion.inpainter import COARSE_AREA, Inpainter
from wm_gym.completion.plane_fit import fit_planes
from wm_gym.geometry.depth_scale import unscale_depth
from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.blend_depth import blend_depth

SAME_SURFACE = 0.1
"""Difference of log-depth within which an inpainted or rendered point lies on the surface that the hints show."""

THIN_PIXELS = 7
"""Width in pixels below which an unseen region counts as a thin hole."""

Choose = Callable[[Tensor, Tensor], Tensor]
"""Codes (1, tokens, codes) for conditioning (1, CONDITIONING_CHANNELS, H, W) and tokens to inpaint (1, tokens) bool."""


@dataclass(frozen=True)
class InpaintedFrame:
    """The inpainted pixels of one frame.

    Attributes:
        frame: (H, W, 3) uint8.
        depth: (H, W) float32 metres; 0 where nothing was inpainted.
    """

    frame: Tensor
    depth: Tensor


def inpaint_frame(
    inpainter: Inpainter, hints: Hints, pose: Tensor, intrinsics: Tensor, choose: Choose, *, repaints: bool = True
) -> InpaintedFrame:
    """Inpaint the unseen pixels of one frame and, where asked for, its coarse ones.

    A coarse pixel is inpainted only where the inpainter agrees with the depth of the hints: new texture on the same
    surface. Moving objects are left as they are.

    Args:
        inpainter: In evaluation mode.
        hints: (1, H, W), that frame.
        pose: (4, 4) world_from_camera.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        choose: Gives the codes of the tokens to inpaint.
        repaints: Whether coarse pixels are inpainted too.
    """
    near_far = inpainter.config.near_metres, inpainter.config.far_metres
    conditioning = conditioning_planes(hints, pose[2:3, :3], intrinsics[None], *near_far)
    conditioning = conditioning.to(inpainter.device, inpainter.dtype)
    tokens = inpainter.tokens_to_inpaint(conditioning, coarse=repaints)
    surface, inpainted = (one.to(hints.seen.device) for one in _surface(inpainter, conditioning, tokens, choose))
    depth = unscale_depth(surface[:, 3], *near_far)
    agrees = (depth.log() - hints.log_depth).abs() < SAME_SURFACE
    is_coarse = inpainted & hints.seen & (hints.area >= COARSE_AREA) & agrees & ~hints.moving & repaints
    is_new = is_coarse | ~hints.seen & inpainted
    fitted = _fitted_depth(depth, hints, inpainter.config.far_metres)
    frame = ((surface[0, :3] + 1) * 127.5).round().to(torch.uint8).movedim(0, -1)
    return InpaintedFrame(frame, torch.where(is_new[0], fitted, 0.0))


def without_thin_holes(unseen: Tensor) -> Tensor:
    """An unseen mask (N, H, W) bool without its regions narrower than `THIN_PIXELS` pixels.

    A retrieved scene shown in a thin hole lies in front of or behind the surfaces beside it, and floats in the air as
    soon as the camera moves aside. So thin holes are filled from those surfaces, and the video model repairs the rest.
    """
    inside = F.max_pool2d((~unseen).float()[:, None], THIN_PIXELS, 1, THIN_PIXELS // 2) == 0
    return (F.max_pool2d(inside.float(), THIN_PIXELS, 1, THIN_PIXELS // 2)[:, 0] > 0) & unseen


def _surface(inpainter: Inpainter, conditioning: Tensor, tokens: Tensor, choose: Choose) -> tuple[Tensor, Tensor]:
    """Surface image (1, 4, H, W) float32 in -1..1, inpainted in some tokens (1, tokens), and their pixels (1, H, W)."""
    inpainted = inpainter.pixels_of(tokens)
    surface = conditioning[:, :4].float()
    if tokens.any():
        made, _ = inpainter.decode_pixels(choose(conditioning, tokens), conditioning, tokens)
        surface = torch.where(inpainted[:, None], made, surface)
    return surface.clamp(-1, 1), inpainted


def _fitted_depth(depth: Tensor, hints: Hints, far_metres: float) -> Tensor:
    """(H, W) metres: the depth of the hints and, at unseen pixels, a depth (1, H, W) blended with it in planes."""
    framed = Hints(**{name: value[None] for name, value in vars(hints).items()})
    blended = blend_depth(depth[None], torch.zeros_like(hints.seen)[None], framed, far_metres)[0, 0]
    fitted = fit_planes(blended.cpu().numpy(), ~hints.seen[0].cpu().numpy(), far_metres)
    return torch.from_numpy(fitted).to(depth.device)
