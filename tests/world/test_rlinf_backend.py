"""Worlds as RLinf's `WorldModelBackend`, driven as its `WorldModelEnv` drives one."""

import re

import numpy as np
import pytest
import torch

from wm_gym.world.rlinf_backend import RlinfBackend, picture_of

CHUNK, SIZE = 2, (24, 32)


@pytest.fixture(scope="module")
def backend():
    worlds = ["city/9", "rooms/9"]
    made = RlinfBackend(*SIZE, chunk=CHUNK, condition_frame_length=2, backend="memory_only", worlds=worlds)
    yield made
    made.close()


def window(shade=0.0, count=2):
    return [torch.full((3, 1, *SIZE), shade) for _ in range(count)]


def forward(count):
    actions = torch.zeros(count, CHUNK, 4)
    actions[..., 0] = 1
    return actions


def test_slots_go_on_by_themselves_and_as_in_any_batch(backend):
    backend.open_session([0, 1, 2], [window()] * 3, task_ids=[0, 1, 0], seeds=[0, 0, 0])
    frames = backend.generate([0, 1, 2], forward(3), [window()] * 3)
    assert frames.shape == (3, 3, CHUNK, *SIZE) and frames.dtype == torch.float32 and frames.abs().max() <= 1
    assert torch.equal(frames[0], frames[2]) and not torch.equal(frames[0], frames[1])
    further = backend.generate([2], forward(1))  # as at 06b4cf4: sessions keep their window
    backend.close_session([2, 7])
    backend.open_session([2], [window()], init_actions=torch.zeros(1, 2, 4), task_ids=[0], seeds=[0])
    again = [backend.generate([2], forward(1)) for _ in range(2)]
    assert torch.equal(again[0][0], frames[0]) and torch.equal(again[1], further)
    assert torch.equal(backend.generate([0], forward(1)), further)  # left where it was


def test_a_session_opens_on_rlinf_s_own_frame():
    backend = RlinfBackend(*SIZE, chunk=1, backend="memory_only")
    shade = torch.linspace(-1, 1, 32).expand(3, 1, *SIZE)
    backend.open_session([5], [[torch.zeros(3, 1, *SIZE), shade]], task_ids=["a task"], seeds=[1])
    rest = backend.generate(np.array([5]), np.zeros((1, 1, 4), np.float32))
    assert (rest[0, :, 0] - shade[:, 0]).abs().median() < 0.05
    backend.offload(), backend.onload(), backend.close()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda one: one.generate([9], forward(1)), RuntimeError, "slots must have a session, got none for [9]"),
        (
            lambda one: one.generate([0], torch.zeros(1, 3, 4)), ValueError,
            "actions must have shape (1, 2, 4), got (1, 3, 4)",
        ),
        (lambda one: one.generate([0], 2 * forward(1)), ValueError, "actions must be from -1 to 1, got 0 to 2"),
        (
            lambda one: picture_of(torch.zeros(3, 8, 8)), ValueError,
            "a frame must have shape (3, 1, H, W), got (3, 8, 8)",
        ),
        (lambda one: picture_of(torch.full((3, 1, 8, 8), 3.0)), ValueError, "a frame must be from -1 to 1, got 3 to 3"),
        (lambda one: RlinfBackend(*SIZE, chunk=0), ValueError, "chunk must be at least 1, got 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(backend, call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call(backend)
