"""Hypothesis strategies for twists, poses, cameras and stances, with the awkward cases on purpose."""

import math

import hypothesis.strategies as st
import torch
from torch import Tensor

from wm_gym.geometry import poses

ANGLES = st.one_of(
    st.sampled_from([0.0, 1e-9, 1e-5, 1e-3, 0.0316, 0.0317, 1.0, math.pi / 2, math.pi - 1e-3, math.pi - 1e-6]),
    st.floats(0.0, math.pi - 1e-6),
)


def unit_vectors() -> st.SearchStrategy[Tensor]:
    """(3,) float64 directions, the axes included."""
    components = st.tuples(*[st.sampled_from([-1.0, 0.0, 1.0]) | st.floats(-1, 1)] * 3)
    vectors = components.map(lambda xyz: torch.tensor(xyz, dtype=torch.float64))
    return vectors.filter(lambda v: v.norm() > 1e-3).map(lambda v: v / v.norm())


@st.composite
def twists(draw: st.DrawFn) -> Tensor:
    """(6,) float64, rotating less than half a turn."""
    linear = torch.tensor(draw(st.tuples(*[st.floats(-10, 10)] * 3)), dtype=torch.float64)
    return torch.cat([linear, draw(unit_vectors()) * draw(ANGLES)])


def some_poses() -> st.SearchStrategy[Tensor]:
    """(4, 4) float64."""
    return twists().map(poses.exp)


@st.composite
def cameras(draw: st.DrawFn) -> Tensor:
    """(4,) float64 intrinsics of an 8 x 12 image."""
    values = draw(st.tuples(st.floats(4, 40), st.floats(4, 40), st.floats(3, 9), st.floats(2, 6)))
    return torch.tensor(values, dtype=torch.float64)
