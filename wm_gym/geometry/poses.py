"""Rigid poses, the group SE(3), as (..., 4, 4) matrices.

A pose is target_from_source: it takes points of the source frame to the target frame. Twists are (..., 6): three
linear components first, then three angular ones in radians, both in the moving (source) frame. Leading axes
broadcast, dtypes and devices are kept, gradients are finite everywhere, at the identity and at half turns too.

Formulas: Solà, Deray and Atchuthan 2018, "A micro Lie theory for state estimation in robotics" (eq. numbers below).
Knows nothing of cameras.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.geometry.shapes import require_trailing

# Below this squared angle the power series replace quotients that lose their digits.
SMALL_ANGLE_SQUARED = 1e-3

HALF_TURN = 1e-6
"""Components of a unit quaternion below this are rounding; a scalar part below it is a rotation by half a turn."""


def exp(twist: Tensor) -> Tensor:
    """The pose reached by following a constant twist for one unit of time.

    Args:
        twist: (..., 6) linear, then angular.

    Returns:
        (..., 4, 4). Source: Solà et al. 2018, eq. 172 and 174.

    Raises:
        ValueError: If the last axis is not 6.
    """
    require_trailing("twist", twist, (6,))
    linear, angular = twist[..., :3], twist[..., 3:]
    sine, half_cosine, cubic = _exp_coefficients((angular * angular).sum(-1)[..., None, None])
    cross = _cross_matrix(angular)
    cross_squared = cross @ cross
    identity = torch.eye(3, dtype=twist.dtype, device=twist.device)
    rotation = identity + sine * cross + half_cosine * cross_squared
    left_jacobian = identity + half_cosine * cross + cubic * cross_squared
    return _assemble(rotation, (left_jacobian @ linear[..., None])[..., 0])


def log(pose: Tensor) -> Tensor:
    """The shortest twist whose `exp` is the pose; the rotation is at most half a turn.

    Args:
        pose: (..., 4, 4).

    Returns:
        (..., 6) linear, then angular. Source: Solà et al. 2018, eq. 173, with the rotation read through its
        quaternion, which keeps its digits near half turns where the trace does not.

    Raises:
        ValueError: If the last axes are not (4, 4).
    """
    require_trailing("pose", pose, (4, 4))
    angular = _rotation_vector(_quaternion(pose[..., :3, :3]))
    angle_squared = (angular * angular).sum(-1)[..., None, None]
    cross = _cross_matrix(angular)
    identity = torch.eye(3, dtype=pose.dtype, device=pose.device)
    inverse_jacobian = identity - 0.5 * cross + _log_coefficient(angle_squared) * (cross @ cross)
    return torch.cat([(inverse_jacobian @ pose[..., :3, 3:])[..., 0], angular], dim=-1)


def inverse(pose: Tensor) -> Tensor:
    """source_from_target of target_from_source, (..., 4, 4).

    Raises:
        ValueError: If the last axes are not (4, 4).
    """
    require_trailing("pose", pose, (4, 4))
    transposed = pose[..., :3, :3].transpose(-1, -2)
    return _assemble(transposed, -(transposed @ pose[..., :3, 3:])[..., 0])


def compose(a_from_b: Tensor, b_from_c: Tensor) -> Tensor:
    """a_from_c, (..., 4, 4).

    Raises:
        ValueError: If the last axes of either are not (4, 4).
    """
    require_trailing("a_from_b", a_from_b, (4, 4))
    require_trailing("b_from_c", b_from_c, (4, 4))
    return a_from_b @ b_from_c


def interpolate(start: Tensor, end: Tensor, fraction: float | Tensor) -> Tensor:
    """The pose at `fraction` of the screw motion from start (0) to end (1).

    Args:
        start: (..., 4, 4).
        end: (..., 4, 4).
        fraction: A number, or (...) that broadcasts with the leading axes. Outside 0..1 it extrapolates.

    Returns:
        (..., 4, 4).

    Raises:
        ValueError: If the last axes of either pose are not (4, 4).
    """
    twist = log(compose(inverse(start), end))
    share = torch.as_tensor(fraction, dtype=twist.dtype, device=twist.device)
    return compose(start, exp(share[..., None] * twist))


def integrate(start: Tensor, twists: Tensor) -> Tensor:
    """The T poses reached by following T twists, one after another.

    Args:
        start: (..., 4, 4), before the first twist; not among the results.
        twists: (..., T, 6), each in the frame of the pose it moves.

    Returns:
        (..., T, 4, 4).

    Raises:
        ValueError: If shapes differ from these or T is 0.
    """
    require_trailing("start", start, (4, 4))
    require_trailing("twists", twists, (6,))
    if twists.ndim < 2 or twists.shape[-2] == 0:
        raise ValueError(f"twists must have shape (..., T, 6) with T at least 1, got {tuple(twists.shape)}")
    poses = [start]
    for step in exp(twists).unbind(-3):
        poses.append(poses[-1] @ step)
    return torch.stack(poses[1:], dim=-3)


def transform(pose: Tensor, points: Tensor) -> Tensor:
    """Points of the source frame in the target frame.

    Args:
        pose: (..., 4, 4).
        points: (..., P, 3).

    Returns:
        (..., P, 3).

    Raises:
        ValueError: If the last axes are not these.
    """
    require_trailing("pose", pose, (4, 4))
    require_trailing("points", points, (3,))
    return points @ pose[..., :3, :3].transpose(-1, -2) + pose[..., None, :3, 3]


def to_vector(pose: Tensor) -> Tensor:
    """x, y, z, then the unit quaternion w, x, y, z, (..., 7).

    Of the two quaternions of a rotation this is the one with w >= 0. Where w is within `HALF_TURN` of 0, it is the one
    whose first component of x, y, z beyond `HALF_TURN` is positive, so that rounding never chooses: a camera that turns
    full circle meets one change of sign, always at the same yaw.

    Raises:
        ValueError: If the last axes are not (4, 4).
    """
    require_trailing("pose", pose, (4, 4))
    quaternion = _quaternion(pose[..., :3, :3])
    counts = quaternion.abs() > HALF_TURN
    first = torch.gather(quaternion, -1, counts.int().argmax(-1, keepdim=True))
    return torch.cat([pose[..., :3, 3], torch.where(first < 0, -quaternion, quaternion)], dim=-1)


def from_vector(vector: Tensor) -> Tensor:
    """The pose of x, y, z and a quaternion w, x, y, z of any length but zero, (..., 4, 4).

    Args:
        vector: (..., 7).

    Raises:
        ValueError: If the last axis is not 7.
    """
    require_trailing("vector", vector, (7,))
    quaternion = vector[..., 3:]
    scale = (2.0 / (quaternion * quaternion).sum(-1))[..., None, None]
    cross = _cross_matrix(quaternion[..., 1:])
    identity = torch.eye(3, dtype=vector.dtype, device=vector.device)
    # R = I + 2 w [v]x + 2 [v]x^2 for a unit quaternion (w, v)
    rotation = identity + scale * (quaternion[..., :1, None] * cross + cross @ cross)
    return _assemble(rotation, vector[..., :3])


def _assemble(rotation: Tensor, translation: Tensor) -> Tensor:
    """(..., 3, 3) and (..., 3) to (..., 4, 4)."""
    top = torch.cat([rotation, translation[..., None]], dim=-1)
    bottom = top.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*top.shape[:-2], 1, 4)
    return torch.cat([top, bottom], dim=-2)


def _cross_matrix(vector: Tensor) -> Tensor:
    """(..., 3) to the (..., 3, 3) matrix whose product with p is vector x p."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))


def _exp_coefficients(angle_squared: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """sin(a)/a, (1 - cos a)/a^2 and (a - sin a)/a^3, by power series where a is small."""
    small = angle_squared < SMALL_ANGLE_SQUARED
    # the branch not taken must have finite gradients too
    angle = torch.where(small, torch.ones_like(angle_squared), angle_squared).sqrt()
    sine = torch.where(small, _series(angle_squared, (1, -6, 120, -5040)), angle.sin() / angle)
    # half angles: 1 - cos a would lose digits
    half_cosine = torch.where(
        small, _series(angle_squared, (2, -24, 720, -40320)), 0.5 * ((angle / 2).sin() / (angle / 2)) ** 2
    )
    cubic = torch.where(small, _series(angle_squared, (6, -120, 5040, -362880)), (angle - angle.sin()) / angle**3)
    return sine, half_cosine, cubic


def _log_coefficient(angle_squared: Tensor) -> Tensor:
    """1/a^2 - (1 + cos a)/(2 a sin a) for angles up to half a turn.

    Source: Solà et al. 2018, appendix B, inverse left Jacobian of SO(3).
    """
    small = angle_squared < SMALL_ANGLE_SQUARED
    half = torch.where(small, torch.ones_like(angle_squared), angle_squared).sqrt() / 2
    exact = (1.0 - half * half.cos() / half.sin()) / (4.0 * half * half)
    return torch.where(small, _series(angle_squared, (12, 720, 30240, 1209600)), exact)


def _series(x: Tensor, divisors: tuple[int, int, int, int]) -> Tensor:
    """1/d0 + x/d1 + x^2/d2 + x^3/d3."""
    a, b, c, d = (1.0 / divisor for divisor in divisors)
    return a + x * (b + x * (c + x * d))


def _quaternion(rotation: Tensor) -> Tensor:
    """(..., 3, 3) to the unit quaternion w, x, y, z with w >= 0.

    Source: Shepperd 1978. The four rows are 4 q_i q for each component i; the one with the largest q_i is far
    from zero, so scaling it to unit length is safe for values and for gradients.
    """
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    wx, wy, wz, xy, xz, yz = h - f, c - g, d - b, d + b, c + g, h + f
    plus, minus = 1 + a, 1 - a
    ww, xx, yy, zz = plus + e + i, plus - e - i, minus + e - i, minus - e + i
    rows = torch.stack([ww, wx, wy, wz, wx, xx, xy, xz, wy, xy, yy, yz, wz, xz, yz, zz], dim=-1).unflatten(-1, (4, 4))
    largest = rows.diagonal(dim1=-2, dim2=-1).argmax(-1)
    row = rows.gather(-2, largest[..., None, None].expand(*largest.shape, 1, 4))[..., 0, :]
    unit = row / row.norm(dim=-1, keepdim=True)
    return torch.where(unit[..., :1] < 0, -unit, unit)


def _rotation_vector(quaternion: Tensor) -> Tensor:
    """Axis times angle of a unit quaternion with w >= 0. Source: Solà et al. 2018, appendix B."""
    w, vector = quaternion[..., :1], quaternion[..., 1:]
    sine_squared = (vector * vector).sum(-1, keepdim=True)
    small = sine_squared < SMALL_ANGLE_SQUARED / 4
    sine = torch.where(small, torch.ones_like(sine_squared), sine_squared).sqrt()
    cosine = torch.where(small, w, torch.ones_like(w))
    # 2 atan(t)/t in powers of t^2 = tan^2(half angle)
    tangent_squared = sine_squared / (cosine * cosine)
    small_factor = _series(tangent_squared, (1, -3, 5, -7)) * 2 / cosine
    return vector * torch.where(small, small_factor, 2 * torch.atan2(sine, w) / sine)
