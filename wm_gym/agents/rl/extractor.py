"""From an observation to features: one network for whatever parts an observation space has.

Images are (N, H, W, C) or (N, C, H, W), as the space has them, in the space's own values: colour 0..255, depth as uint8
(square-root scale) or in metres. Knows nothing of learners; N is the number of worlds throughout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import gymnasium as gym
import torch
from torch import Tensor, nn

from wm_gym.geometry.poses import from_vector

IMAGE_FEATURES = 96
POINT_FEATURES = 64
POLAR_FEATURES = 3
_CHANNELS = (16, 32, 32)
_POOLED = (3, 4)  # rows and columns that the last convolution gives for 36 x 48
_FAR_METRES = 100.0  # depth of the sky where depth is an image
_LEVELS = 255.0
_MOST_NUMBER = 1e3  # a goal whose numbers may be above this is a place, in metres


class FeaturesExtractor(nn.Module):
    """Features of colour, depth, points, pose and goal, joined; parts that the space lacks are left out.

    Colour and depth go through three convolutions; a goal that is an image goes through the same. Points go through a
    PointNet (Qi et al. 2017, section 4.2: one small network for every point, then the maximum over points), in the
    camera's frame where there is a pose. Pairs of metres with which a goal begins, ahead and to the left, become
    for each pair the distance, on a log scale, and the cosine and sine of the direction. Pose and other numbers of
    goals are compressed as sign(x) log(1 + |x|) / 3.

    Args:
        space: Of one world's observation; at least one of rgb, depth, points, pose and goal.

    Raises:
        ValueError: If the space has none of these, or a goal that is neither an image nor a vector.

    Attributes:
        features: Number of features.
    """

    def __init__(self, space: gym.spaces.Dict) -> None:
        super().__init__()
        self._boxes = {name: box for name, box in space.spaces.items() if isinstance(box, gym.spaces.Box)}
        goal = self._boxes.get("goal")
        self._goal_kind = "none" if goal is None else _goal_kind(goal)
        self._metres = _leading_metres(goal) if goal is not None and self._goal_kind == "vector" else 0
        self._sees = "rgb" in self._boxes or "depth" in self._boxes
        if self._sees or self._goal_kind == "image":
            self.image = _image_network()
        if "points" in self._boxes:
            self.point = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, POINT_FEATURES), nn.ReLU())
        self.features = self._count()
        if not self.features:
            raise ValueError(f"space must have rgb, depth, points, pose or goal, got {sorted(space.spaces)}")

    def forward(self, observation: Mapping[str, Tensor]) -> Tensor:
        """(N, features) float32.

        Args:
            observation: Names to N observations, of any type of number.
        """
        parts: list[Tensor] = []
        if self._sees:
            parts.append(self.image(self._seen(observation)))
        if "points" in self._boxes:
            parts.append(self._felt(observation))
        if "pose" in self._boxes:
            parts.append(compressed(observation["pose"].float()))
        if "goal" in self._boxes:
            parts.append(self._aim(observation["goal"].float()))
        return torch.cat(parts, 1)

    def _count(self) -> int:
        pose = self._boxes["pose"].shape[0] if "pose" in self._boxes else 0
        return IMAGE_FEATURES * self._sees + POINT_FEATURES * ("points" in self._boxes) + pose + self._count_of_goal()

    def _count_of_goal(self) -> int:
        goal = self._boxes.get("goal")
        match self._goal_kind:
            case "none":
                return 0
            case "image":
                return IMAGE_FEATURES
        assert goal is not None
        return self._metres // 2 * POLAR_FEATURES + goal.shape[0] - self._metres

    def _seen(self, observation: Mapping[str, Tensor]) -> Tensor:
        """(N, 4, H, W) colour and depth; what the space lacks is zero, as unknown depth is."""
        rgb, depth = (self._plane(name, observation) for name in ("rgb", "depth"))
        if rgb is None:
            assert depth is not None
            rgb = depth.new_zeros(depth.shape).expand(-1, 3, -1, -1)
        return torch.cat([rgb, rgb.new_zeros(rgb[:, :1].shape) if depth is None else depth], 1)

    def _plane(self, name: str, observation: Mapping[str, Tensor]) -> Tensor | None:
        """(N, C, H, W) in 0..1, of an image that the space has."""
        if name not in self._boxes:
            return None
        box, image = self._boxes[name], observation[name].float()
        image = _log_depth(image, box) if name == "depth" else image / _LEVELS
        return image if box.shape[0] in (1, 3) else image.permute(0, 3, 1, 2)

    def _felt(self, observation: Mapping[str, Tensor]) -> Tensor:
        """(N, F) features of the points that are there; zero where there is none."""
        points = observation["points"].float()
        positions, colours = points[..., :3], points[..., 3:]
        if "pose" in self._boxes:
            positions = in_camera_frame(positions, observation["pose"].float())
        each = self.point(torch.cat([compressed(positions), colours], -1))  # (N, P, F), at least 0
        return (each * (observation["points_mask"] > 0)[..., None]).amax(1)

    def _aim(self, goal: Tensor) -> Tensor:
        if self._goal_kind == "image":
            plane = self._plane("goal", {"goal": goal})
            assert plane is not None
            return self.image(torch.cat([plane, plane.new_zeros(plane[:, :1].shape)], 1))
        pairs = goal[:, : self._metres].unflatten(1, (self._metres // 2, 2))
        return torch.cat([polar(pairs).flatten(1), compressed(goal[:, self._metres :])], 1)


def polar(goal: Tensor) -> Tensor:
    """(..., 3) distance on a log scale, cosine and sine of the direction, of (..., 2) metres ahead and to the left."""
    distance = goal.norm(dim=-1, keepdim=True)
    return torch.cat([torch.log1p(distance) / 3, goal / distance.clamp_min(1e-6)], -1)


def compressed(values: Tensor) -> Tensor:
    """sign(x) log(1 + |x|) / 3: near one for ten metres, of any size for none."""
    return values.sign() * values.abs().log1p() / 3


def in_camera_frame(positions: Tensor, pose: Tensor) -> Tensor:
    """(N, P, 3) p_camera of positions (N, P, 3) p_world.

    Args:
        positions: World frame, metres.
        pose: (N, 7) world_from_camera: x, y, z and a quaternion.
    """
    world_from_camera = from_vector(pose)
    return (positions - world_from_camera[:, None, :3, 3]) @ world_from_camera[:, :3, :3]


def _image_network() -> nn.Sequential:
    """Images (N, 4, H, W) of colour and depth to (N, F) features, for any height and width."""
    first, second, third = _CHANNELS
    return nn.Sequential(
        nn.Conv2d(4, first, 5, 2, 2), nn.ReLU(),
        nn.Conv2d(first, second, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(second, third, 3, 2, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(_POOLED), nn.Flatten(),
        nn.Linear(third * _POOLED[0] * _POOLED[1], IMAGE_FEATURES), nn.ReLU(),
    )  # fmt: skip


def _goal_kind(goal: gym.spaces.Box) -> str:
    """One of "image" and "vector"."""
    match len(goal.shape):
        case 3:
            return "image"
        case 1:
            return "vector"
    raise ValueError(f"goal must be an image or a vector, got shape {goal.shape}")


def _leading_metres(goal: gym.spaces.Box) -> int:
    """How many numbers a goal begins with that are pairs of metres: all that may be large, if they are even."""
    is_large = goal.high > _MOST_NUMBER
    count = int(is_large.sum())
    return count if count % 2 == 0 and is_large[:count].all() else 0


def _log_depth(depth: Tensor, box: gym.spaces.Box) -> Tensor:
    """Depth on a log scale, 0 unknown and 1 at the far value, so that near surfaces differ most."""
    is_image, far = box.dtype == "uint8", float(box.high.max())
    metres = (depth / _LEVELS).square() * _FAR_METRES if is_image else depth
    return metres.log1p() / math.log1p(_FAR_METRES if is_image else far)
