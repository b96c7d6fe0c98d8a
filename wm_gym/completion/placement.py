"""Places attached to a world: where nothing is known it goes on as they do, for good.

Where a view of some place fits what is known of a frame, the place is laid so that the camera stands where the view was
taken; from then on, whatever is unseen from anywhere near is looked up in it. So one comes into another place as a
whole, and finds it again. Source: Seoul World Model (references that are carried into the world by their poses). Knows
nothing of networks.
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
class PlacedScene:
    """A place of a bank, laid into a world.

    Attributes:
        place: Its number.
        world_from_place: (4, 4) float32.
        since: Index of the first frame that was shown with it; what was remembered before is not of it.
    """

    place: int
    world_from_place: Tensor
    since: int = 0


@dataclass(frozen=True)
class PlacementConfig:
    """How a place is chosen.

    Attributes:
        candidates: TrainingFrames that are looked at closely.
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


def place_scene(
    scene_bank: SceneBank,
    known: Tensor,
    world_from_camera: Tensor,
    prompt: str,
    config: PlacementConfig,
    since: int,
    seed: list[int],
) -> PlacedScene:
    """The place that goes on from what is known of a frame, laid there.

    Args:
        scene_bank: To choose from.
        known: (1, CONDITIONING_CHANNELS, H, W) as `conditioning_planes` gives it.
        world_from_camera: (4, 4) of the frame; how far it looks up or down does not matter.
        prompt: What is said about the world.
        config: How.
        since: Index of the first frame that is shown with it.
        seed: All chance follows from these numbers.
    """
    key_views, alike = scene_bank.key_views, scene_bank.likeness.to(prompt)
    rows = key_views.nearest(known.cpu(), alike >= config.least_alike * alike.max(), config.candidates)
    matching_cost = _matching_cost(key_views.cells[rows], known.cpu(), config)
    chance = torch.from_numpy(np.random.default_rng(seed).gumbel(size=len(rows)).astype(np.float32))
    best = rows[(matching_cost - config.temperature * chance).argmin()]
    world_from_place = compose(_level(world_from_camera), inverse(_level(key_views.place_from_camera[best])))
    return PlacedScene(int(key_views.place[best]), world_from_place, since)


def render_placed(
    scene_bank: SceneBank,
    placed_scene: PlacedScene,
    hints: Hints,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    frame_index: int,
    done: Tensor,
    config: PlacementConfig,
) -> Tensor:
    """Fill what is unseen with what an attached place shows there; where it does, (T, H, W) bool.

    What was remembered since the place came is looked up anew: the place knows it as it is seen from near, and whole.
    Where places are adopted, they also show what was remembered of others, and is known more coarsely than they know
    it; what the world opened with stays. Cracks are left to what lies beside them.

    Args:
        scene_bank: The bank it is of.
        placed_scene: The place.
        hints: (T, H, W), filled in place.
        world_from_camera: (T, 4, 4).
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        frame_index: Of the first of the T frames.
        done: (T, H, W) bool: what other places have shown.
        config: When a place is adopted.
    """
    new = (without_thin_holes(~hints.seen) | _since(hints, placed_scene.since, frame_index)) & ~done
    if not new.any():
        return new
    is_coarse = _since(hints, AFTER_OPENING, frame_index) & (hints.area > ENLARGED_AREA) & ~done
    world_from_place = placed_scene.world_from_place.to(world_from_camera.device)
    poses = compose(inverse(world_from_place), world_from_camera.float())
    memory, size = scene_bank.memory(placed_scene.place), hints.seen.shape[1:]
    shown = render([memory], poses[None], intrinsics[None], *size, frame_index=[0], appearance=[0]).of_world(0)
    new &= shown.seen
    if float((new | done).float().mean()) >= config.takeover_threshold:
        new |= is_coarse & shown.seen & (shown.area < hints.area)
    for name in ("colour", "log_depth", "area", "same_appearance", "seen"):
        getattr(hints, name)[new] = getattr(shown, name)[new]
    return new


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
