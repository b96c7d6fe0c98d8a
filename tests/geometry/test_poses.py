import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from scipy.linalg import expm
from scipy.spatial.transform import Rotation
from strategies import some_poses, twists, unit_vectors

from wm_gym.geometry import poses


def close(a, b, tolerance=1e-9):
    torch.testing.assert_close(a, b, atol=tolerance, rtol=0)


@given(twists())
def test_log_undoes_exp(twist):
    # the last digits of an angle near half a turn are worth less
    close(poses.log(poses.exp(twist)), twist, 1e-8)


@given(some_poses())
def test_exp_undoes_log(pose):
    close(poses.exp(poses.log(pose)), pose)


@given(twists())
def test_exp_agrees_with_the_matrix_exponential(twist):
    x, y, z = twist[3:].tolist()
    generator = np.zeros((4, 4))
    generator[:3, :3] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    generator[:3, 3] = twist[:3]
    np.testing.assert_allclose(poses.exp(twist).numpy(), expm(generator), atol=1e-9)


@given(twists())
def test_rotations_agree_with_scipy(twist):
    pose = poses.exp(twist)
    rotation = Rotation.from_rotvec(twist[3:].numpy())
    np.testing.assert_allclose(pose[:3, :3].numpy(), rotation.as_matrix(), atol=1e-12)
    ours, theirs = poses.to_vector(pose)[3:].numpy(), rotation.as_quat(canonical=True, scalar_first=True)
    # a half turn has two quaternions, and rounding decides which is canonical
    theirs = -theirs if abs(theirs[0]) < 1e-6 and ours @ theirs < 0 else theirs
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@given(some_poses())
def test_inverting_twice_changes_nothing(pose):
    close(poses.inverse(poses.inverse(pose)), pose)
    close(poses.compose(pose, poses.inverse(pose)), torch.eye(4, dtype=torch.float64))


@given(some_poses(), some_poses(), some_poses())
def test_composing_is_associative(a, b, c):
    close(poses.compose(poses.compose(a, b), c), poses.compose(a, poses.compose(b, c)))


@given(some_poses(), some_poses())
def test_interpolation_starts_and_ends_where_it_should(start, end):
    close(poses.interpolate(start, end, 0.0), start)
    # between two poses there may be half a turn
    close(poses.interpolate(start, end, 1.0), end, 1e-7)


@given(some_poses(), twists(), st.floats(0, 1))
def test_interpolation_follows_the_screw(start, twist, fraction):
    end = poses.compose(start, poses.exp(twist))
    close(poses.interpolate(start, end, fraction), poses.compose(start, poses.exp(fraction * twist)), 1e-6)


@given(some_poses(), twists(), st.integers(1, 20))
def test_a_constant_twist_integrates_to_one_exponential(start, twist, frames):
    reached = poses.integrate(start, twist.expand(frames, 6))
    assert reached.shape == (frames, 4, 4)
    close(reached[-1], poses.compose(start, poses.exp(frames * twist)), 1e-7)


@given(some_poses(), some_poses())
def test_composing_transforms_one_after_the_other(a, b):
    points = torch.linspace(-3, 3, 15, dtype=torch.float64).reshape(5, 3)
    close(poses.transform(poses.compose(a, b), points), poses.transform(a, poses.transform(b, points)))


@given(some_poses())
def test_a_pose_survives_as_a_vector(pose):
    vector = poses.to_vector(pose)
    assert vector[3] >= 0
    close(poses.from_vector(vector), pose)


@given(some_poses(), st.floats(0.1, 10))
def test_a_quaternion_may_have_any_length_and_sign(pose, scale):
    vector = poses.to_vector(pose)
    scaled = torch.cat([vector[:3], -scale * vector[3:]])
    close(poses.from_vector(scaled), pose)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-4, 0.0316, 0.0317, 1.0, math.pi - 1e-4, math.pi, 4.0])
@given(axis=unit_vectors())
def test_gradients_are_finite_everywhere(dtype, angle, axis):
    twist = torch.cat([torch.ones(3, dtype=dtype), (axis * angle).to(dtype)]).requires_grad_()
    poses.log(poses.exp(twist)).sum().backward()
    assert twist.grad is not None and twist.grad.isfinite().all()


@given(twists())
def test_gradients_agree_with_finite_differences(twist):
    twist = twist * 0.9
    assert torch.autograd.gradcheck(lambda t: poses.log(poses.exp(t)), twist.requires_grad_(), atol=1e-5)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0), (1, 1, 0), (1, -2, 3)])
def test_half_turns_survive_up_to_the_sign_of_their_axis(axis):
    direction = torch.tensor(axis, dtype=torch.float64)
    twist = torch.cat([torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64), math.pi * direction / direction.norm()])
    close(poses.exp(poses.log(poses.exp(twist))), poses.exp(twist))


@pytest.mark.parametrize("angle", [1e-6, 1e-3, 0.0316, 1.0, 3.0, 3.1415])
def test_single_precision_keeps_its_digits(angle):
    axes = torch.nn.functional.normalize(torch.randn(500, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    twist = torch.cat([axes.roll(1, 0), angle * axes], dim=-1)
    pose = poses.exp(twist)
    assert pose.dtype == torch.float32
    close(poses.log(pose), twist, 5e-6)
    close(pose.double(), poses.exp(twist.double()), 2e-6)


def test_batches_equal_single_poses():
    generator = torch.Generator().manual_seed(1)
    twist = torch.randn(3, 4, 6, generator=generator, dtype=torch.float64)
    batch = poses.log(poses.exp(twist))
    single = torch.stack([torch.stack([poses.log(poses.exp(t)) for t in row]) for row in twist])
    close(batch, single, 1e-12)


def test_leading_axes_broadcast():
    identity = torch.eye(4)
    assert poses.integrate(identity, torch.zeros(2, 5, 6)).shape == (2, 5, 4, 4)
    assert poses.interpolate(identity, identity, torch.linspace(0, 1, 7)).shape == (7, 4, 4)
    assert poses.transform(identity.expand(3, 4, 4), torch.zeros(10, 3)).shape == (3, 10, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: poses.exp(torch.zeros(5)), "twist must have shape (..., 6), got (5,)"),
        (lambda: poses.exp(torch.zeros(6, dtype=torch.int64)), "twist must be floating point, got torch.int64"),
        (lambda: poses.log(torch.eye(3)), "pose must have shape (..., 4, 4), got (3, 3)"),
        (lambda: poses.from_vector(torch.zeros(6)), "vector must have shape (..., 7), got (6,)"),
        (lambda: poses.transform(torch.eye(4), torch.zeros(2)), "points must have shape (..., 3), got (2,)"),
        (
            lambda: poses.integrate(torch.eye(4), torch.zeros(0, 6)),
            "twists must have shape (..., T, 6) with T at least 1, got (0, 6)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
