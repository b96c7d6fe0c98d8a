"""Retrieved scenes placed in a world: where nothing is known it goes on as they do, for good.

Where a key view of some scene matches what is known of a frame, the scene is placed so that the camera stands where the
view was taken; from then on, whatever is unseen from anywhere near is rendered from it. So one walks into another place
as a whole, and finds it again. Source: Seoul World Model (references that are carried into the world by their poses).
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
from wm_gym.completion.scene_bank import FAR_METRES, NEAR_METRES, SceneBank, boundary_band, known_cells
from wm_gym.completion.stage import View
from wm_gym.completion.state import PlacedScene
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import compose, inverse
from wm_gym.memory.hints import Hints
from wm_gym.memory.render import render

MOST_MATCHING_COST = 0.6
"""Of a colour and a depth, -1..1: beyond it the two are different things."""

AFTER_OPENING = 1
"""Index of the first frame that a world makes itself: what was remembered before is its own, and stays."""

ENLARGED_AREA = 1.0
"""Square pixels of a point above which it is shown larger than it was seen."""


@dataclass(frozen=True)
class PlacementConfig:
    """How a scene is chosen and rendered.

    Attributes:
        candidates: Key views whose matching cost is computed.
        temperature: Of the choice among them, in mean differences of colour (-1..1).
        clear_metres: What a view shows nearer than this may stand in one's way.
        clutter_penalty: What an unseen part full of such things counts, in mean differences of colour.
        least_alike: Share of the likeness of the place that is described most like the world, which others must reach.
        most: Places that stay attached; older ones are let go, and what was seen of them is remembered.
        takeover_threshold: Share of a chunk that attached places must show for them to show also what is known
            coarsely there: then the world is theirs, and what was seen of others from afar gives way as one comes near.
    """

    candidates: int = 8
    temperature: float = 0.05
    clear_metres: float = 5.0
    clutter_penalty: float = 4.0
    least_alike: float = 0.6
    most: int = 4
    takeover_threshold: float = 0.25

    def __post_init__(self) -> None:
        for name in ("candidates", "most"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("temperature", "clutter_penalty"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in ("least_alike", "takeover_threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")


def place_scene(scene_bank: SceneBank, known: Tensor, view: View, config: PlacementConfig) -> PlacedScene:
    """The scene that goes on from what is known of the last frame, placed there.

    Args:
        scene_bank: To choose from.
        known: (1, CONDITIONING_CHANNELS, H, W) as `conditioning_planes` gives it.
        view: Of the T frames; how far the last one looks up or down does not matter.
        config: How.
    """
    pose = view.world_from_camera[-1]
    key_views, alike = scene_bank.key_views, scene_bank.likeness.to(view.prompt)
    rows = key_views.nearest(known.cpu(), alike >= config.least_alike * alike.max(), config.candidates)
    matching_cost = _matching_cost(key_views.cells[rows], known.cpu(), config)
    chance = torch.from_numpy(np.random.default_rng(view.seed).gumbel(size=len(rows)).astype(np.float32))
    best = rows[(matching_cost - config.temperature * chance).argmin()]
    world_from_place = compose(_level(pose), inverse(_level(key_views.place_from_camera[best])))
    return PlacedScene(int(key_views.place[best]), world_from_place, view.frame_index)


def render_placed(
    scene_bank: SceneBank, placed: PlacedScene, hints: Hints, done: Tensor, view: View, config: PlacementConfig
) -> tuple[Hints, Tensor]:
    """What a placed scene shows at the poses, (T, H, W), and where it is to be shown, (T, H, W) bool.

    What was remembered since the scene came is rendered anew: the scene knows it as it is seen from near, and whole.
    Where placed scenes have taken over, they also show what was remembered of others, and is known more coarsely than
    they know it; what the world opened with stays. Thin holes are left to what lies beside them.

    Args:
        scene_bank: The bank it is of.
        placed: The scene.
        hints: (T, H, W).
        done: (T, H, W) bool: what other placed scenes have shown.
        view: Of the T frames.
        config: When a scene takes over.
    """
    new = (without_thin_holes(~hints.seen) | _since(hints, placed.since, view.frame_index)) & ~done
    if not new.any():
        return hints, new
    is_coarse = _since(hints, AFTER_OPENING, view.frame_index) & (hints.area > ENLARGED_AREA) & ~done
    world_from_place = placed.world_from_place.to(view.world_from_camera.device)
    poses = compose(inverse(world_from_place), view.world_from_camera)
    memory, size = scene_bank.memory(placed.place), hints.seen.shape[1:]
    shown = render([memory], poses[None], view.intrinsics[None], *size, frame_index=[0], appearance=[0]).of_world(0)
    new = new & shown.seen
    if float((new | done).float().mean()) >= config.takeover_threshold:
        new = new | (is_coarse & shown.seen & (shown.area < hints.area))
    return shown, new


def _since(hints: Hints, since: int, frame_index: int) -> Tensor:
    """(T, H, W) bool: what stands still and was remembered at a frame or later."""
    frames = frame_index + torch.arange(len(hints.age), device=hints.age.device)
    return hints.seen & ~hints.moving & (frames[:, None, None] - hints.age >= since)


def _level(pose: Tensor) -> Tensor:
    """The pose (4, 4) float32 of the same body looking straight ahead."""
    x, y, z = pose[:3, 3].tolist()
    yaw = math.atan2(float(pose[1, 2]), float(pose[0, 2]))
    return torch.from_numpy(camera_pose([x, y, z, yaw, 0.0])).float()


def _matching_cost(cells: Tensor, known: Tensor, config: PlacementConfig) -> Tensor:
    """(C,) of candidates (C, 4, h, w): mean difference along the border, and the share of the unseen that is near."""
    share, shown = known_cells(known)
    band, difference = share * boundary_band(share), (cells - shown).abs()
    each = (difference[:, :3].mean(1, keepdim=True) + difference[:, 3:]).clamp(max=MOST_MATCHING_COST)
    limit = float(scale_depth(torch.tensor(config.clear_metres), NEAR_METRES, FAR_METRES))
    clutter = ((cells[:, 3:] < limit) * (1 - share)).sum((1, 2, 3)) / (1 - share).sum().clamp(min=1e-3)
    return (each * band).sum((1, 2, 3)) / band.sum().clamp(min=1e-3) + config.clutter_penalty * clutter
