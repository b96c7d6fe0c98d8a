from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.geometry.motion import body_pose_of, camera_pose
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.memory import MemoryConfig
from wm_gym.memory.render import render
from wm_gym.reconstruction.tracking import deviated, tracked
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.sources import shipped_file
from wm_gym.world.world import World
from wm_gym.world_model import Chunk

SIZE = (48, 64)
STEPS = np.linspace(0.0, 1.0, 5)[1:]


@pytest.fixture(scope="module")
def opening():
    return load_capture(shipped_file("city/19"), *SIZE, finer=1)


@pytest.fixture(scope="module")
def shown(opening):
    """What memory of a place shows at body poses."""
    capture = opening.capture
    memory = build_memory(
        capture.frames, torch.where(capture.moving, 0.0, capture.depth.float()), capture.world_from_camera,
        capture.intrinsics, MemoryConfig(),
    )  # fmt: skip
    lens = opening.intrinsics.float()

    def at(body_poses):
        poses = torch.from_numpy(camera_pose(body_poses)).float()
        return render([memory], poses[None], lens[None], *SIZE, [0], [0]).of_world(0)

    return at


def ahead(metres=0.4, turn=0.0):
    poses = np.zeros((4, 5))
    poses[:, 0], poses[:, 3] = metres * STEPS, turn * STEPS
    return poses


@pytest.mark.parametrize("deviation", [(-0.25, 0.0, 0.0, 0.0), (0.0, 0.0, 0.12, 0.0), (0.2, 0.1, -0.1, 0.02)])
def test_frames_of_a_camera_that_went_elsewhere_tell_where(opening, shown, deviation):
    commanded = ahead()
    true = deviated(commanded, np.array(deviation))
    found = tracked(shown(true).colour, shown(commanded), commanded, opening.intrinsics.float())
    off, before = (np.abs(one[-1] - true[-1]) for one in (found, commanded))
    assert off[3] < 0.012 + 0.1 * before[3]
    assert np.linalg.norm(off[:2]) < max(0.04, 0.6 * np.linalg.norm(before[:2]))


def test_a_camera_that_went_where_it_was_sent_stays_there_to_the_last_bit(opening, shown):
    commanded = ahead(turn=0.2)
    hints = shown(commanded)
    assert tracked(hints.colour, hints, commanded, opening.intrinsics.float()) is commanded


def test_where_memory_shows_little_or_nothing_alike_the_command_stands(opening, shown):
    commanded, lens = ahead(), opening.intrinsics.float()
    hints = shown(commanded)
    frames = shown(deviated(commanded, np.array([0.0, 0.0, 0.2, 0.0]))).colour
    unseen = replace(hints, seen=torch.zeros_like(hints.seen))
    assert tracked(frames, unseen, commanded, lens) is commanded
    noise = torch.randint(0, 256, frames.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert tracked(noise, hints, commanded, lens) is commanded


class Slipping(MemoryOnlyModel):
    """Shows what the place looks like less far ahead than it is sent, and does not say so."""

    last: np.ndarray
    shown_at: Any

    def step(self, state, condition):
        asked = condition.world_from_camera[0].double().numpy()
        here = asked.copy()
        here[:, :2, 3] -= 0.3 * STEPS[:, None] * (asked[-1, :2, 3] - self.last)
        self.last = here[-1, :2, 3]
        return state, Chunk(self.shown_at(here).colour[None])

    def start(self, openings, seeds):
        state, chunk = super().start(openings, seeds)
        return state, Chunk(chunk.frames)


def test_a_world_knows_where_its_body_is_when_its_model_slips(opening, shown):
    def final(tracker):
        model = Slipping.create(*SIZE)
        model.spec = replace(model.spec, gives_depth=False, gives_moving=False, takes_guidance=False)
        model.last = np.zeros(2)
        model.shown_at = lambda poses: shown(body_pose_of(poses))
        world = World(model, tracker=tracker)
        state, _ = world.start([opening], [0])
        for _ in range(4):
            state, _ = world.step(state, np.tile([0.6, 0.0, 0.0, 0.0], (1, 4, 1)))
        return np.linalg.norm(state.body_poses[0, :2] - model.last)

    assert final(tracked) < 0.6 * final(None)
