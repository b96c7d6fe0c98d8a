"""Retrieved scenes placed in a world: they show what memory does not, for as long as they stay placed.

Where a key view of a scene matches the seen part of a frame, the scene is aligned so that the camera stands where the
view was taken; from then on unseen pixels are rendered from the scene. So the camera moves into another scene as a
whole, and finds it again. Source: Seoul World Model (references that are carried into the world by their poses).
Knows nothing of networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.conditioning import scale_depth
from wm_gym.completion.inpainting import without_thin_holes
from wm_gym.completion.scene_bank import SceneBank, boundary_band, conditioning_cells
from wm_gym.completion.stage import View
from wm_gym.completion.state import PlacedScene
from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import compose, inverse
from wm_gym.memory.hints import Hints
from wm_gym.memory.render import render

MAX_MATCHING_COST = 0.6
"""Upper bound on the matching cost of one cell (colour and depth in -1..1), so that outliers count alike."""

AFTER_OPENING = 1
"""Index of the first generated frame: points written before it belong to the opening and are never overwritten."""

ENLARGED_AREA = 1.0
"""Area of a splat, in square pixels, above which it is shown larger than it was seen."""


@dataclass(frozen=True)
class PlacementConfig:
    """How a scene is chosen and rendered.

    Attributes:
        candidates: Number of nearest key views whose matching cost is computed.
        temperature: Scale of the Gumbel noise in the choice among them, in units of the matching cost.
        clear_metres: Depth below which a key view's unseen part counts as clutter that may block the way.
        clutter_penalty: Matching cost of an unseen part that is all clutter.
        min_likeness: Least likeness of a scene's caption to the prompt, as a share of the best one's.
        max_placed: Most scenes that stay placed; the oldest is dropped first, and its seen part stays in memory.
        takeover_threshold: Share of a chunk's pixels from which on placed scenes also overwrite coarse points that
            were generated before: the camera is then inside the scene, which shows them more finely.
    """

    candidates: int = 8
    temperature: float = 0.05
    clear_metres: float = 5.0
    clutter_penalty: float = 4.0
    min_likeness: float = 0.6
    max_placed: int = 4
    takeover_threshold: float = 0.25

    def __post_init__(self) -> None:
        for name in ("candidates", "max_placed"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("temperature", "clutter_penalty"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in ("min_likeness", "takeover_threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")


def place_scene(scene_bank: SceneBank, conditioning: Tensor, view: View, config: PlacementConfig) -> PlacedScene:
    """The scene that best matches the seen part of the last frame, aligned with it.

    Args:
        scene_bank: Scenes to choose from.
        conditioning: (1, CONDITIONING_CHANNELS, H, W) of the last frame, as `conditioning_planes` gives it.
        view: The T frames; the scene is aligned with the last pose, its pitch left out.
        config: Settings of the choice.
    """
    pose = view.world_from_camera[-1]
    key_views, alike = scene_bank.key_views, scene_bank.likeness.to(view.prompt)
    rows = key_views.nearest(conditioning.cpu(), alike >= config.min_likeness * alike.max(), config.candidates)
    matching_cost = _matching_cost(key_views.cells[rows], conditioning.cpu(), config)
    chance = torch.from_numpy(np.random.default_rng(view.seed).gumbel(size=len(rows)).astype(np.float32))
    best = rows[(matching_cost - config.temperature * chance).argmin()]
    world_from_scene = compose(_levelled(pose), inverse(_levelled(key_views.scene_from_camera[best])))
    return PlacedScene(int(key_views.scene[best]), world_from_scene, view.frame_index)


def render_placed(
    scene_bank: SceneBank, placed: PlacedScene, hints: Hints, done: Tensor, view: View, config: PlacementConfig
) -> tuple[Hints, Tensor]:
    """A placed scene rendered at T poses, (T, H, W), and the pixels that take it, (T, H, W) bool.

    The scene is shown at unseen pixels, thin holes aside, and at static points written since it was placed: it shows
    those as finely as it was captured. Where placed scenes have taken over, it is also shown at coarser points that
    were generated earlier; the points of the opening stay.

    Args:
        scene_bank: Bank that holds the scene.
        placed: The placed scene.
        hints: (T, H, W).
        done: (T, H, W) bool, the pixels that other placed scenes already show.
        view: The T frames.
        config: Holds the takeover threshold.
    """
    new = (without_thin_holes(~hints.seen) | _since(hints, placed.since, view.frame_index)) & ~done
    if not new.any():
        return hints, new
    is_coarse = _since(hints, AFTER_OPENING, view.frame_index) & (hints.area > ENLARGED_AREA) & ~done
    world_from_scene = placed.world_from_scene.to(view.world_from_camera.device)
    poses = compose(inverse(world_from_scene), view.world_from_camera)
    memory, size = scene_bank.memory(placed.scene), hints.seen.shape[1:]
    shown = render([memory], poses[None], view.intrinsics[None], *size, frame_index=[0], appearance=[0]).of_world(0)
    new = new & shown.seen
    if float((new | done).float().mean()) >= config.takeover_threshold:
        new = new | (is_coarse & shown.seen & (shown.area < hints.area))
    return shown, new


def _since(hints: Hints, since: int, frame_index: int) -> Tensor:
    """(T, H, W) bool: the static pixels that were written at frame `since` or later."""
    frames = frame_index + torch.arange(len(hints.age), device=hints.age.device)
    return hints.seen & ~hints.moving & (frames[:, None, None] - hints.age >= since)


def _levelled(pose: Tensor) -> Tensor:
    """The pose (4, 4) float32 at the same position and yaw with a pitch of 0."""
    x, y, z = pose[:3, 3].tolist()
    yaw = math.atan2(float(pose[1, 2]), float(pose[0, 2]))
    return torch.from_numpy(camera_pose([x, y, z, yaw, 0.0])).float()


def _matching_cost(cells: Tensor, conditioning: Tensor, config: PlacementConfig) -> Tensor:
    """Matching cost (C,) of candidates (C, 4, h, w): mean difference in the boundary band, plus the clutter penalty."""
    share, shown = conditioning_cells(conditioning)
    band, difference = share * boundary_band(share), (cells - shown).abs()
    each = (difference[:, :3].mean(1, keepdim=True) + difference[:, 3:]).clamp(max=MAX_MATCHING_COST)
    limit = float(scale_depth(torch.tensor(config.clear_metres), NEAR_METRES, FAR_METRES))
    clutter = ((cells[:, 3:] < limit) * (1 - share)).sum((1, 2, 3)) / (1 - share).sum().clamp(min=1e-3)
    return (each * band).sum((1, 2, 3)) / band.sum().clamp(min=1e-3) + config.clutter_penalty * clutter
