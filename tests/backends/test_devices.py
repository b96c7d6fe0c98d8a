"""Every backend goes on where its device is: what crosses the protocol is moved once in and once out, nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from plain_models import Keyed, SolidColour
from stand_in_device import NAME, OnDevice, stand_in

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.pipeline import Completion
from wm_gym.completion.stage import View
from wm_gym.completion.state import CompletionState
from wm_gym.completion.weights import save_inpainter
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.memory.render import blank_hints
from wm_gym.scenes.named import open_named
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World

SIZE = 24, 32
DEVICES = ["cpu", NAME, pytest.param("cuda", marks=pytest.mark.gpu)]


def walked(model, device):
    """What two steps show of a world of a model on a device, and what crossed the protocol on the way."""
    model.spec = replace(model.spec, device=device)
    crossed = []
    step = model.step

    def watched(state, condition):
        crossed.append(condition)
        return step(state, condition)

    model.step = watched
    world = World(model)
    state, _ = world.start([open_named(model.spec, "city/9", 0, "full", 1)], [5])
    twists = np.zeros((1, model.spec.frames_per_step, 4))
    twists[..., 0] = 1.0
    state, _ = world.step(state, twists)
    state, _ = from_bytes(to_bytes(state, world), world)
    return world.step(state, twists)[1], crossed


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("make", [SolidColour, Keyed, MemoryOnlyModel])
def test_a_backend_shows_the_same_on_every_device(make, device):
    plain, _ = walked(make(*SIZE), "cpu")
    with stand_in():
        there, crossed = walked(make(*SIZE), device)
    for name in ("frames", "depth", "moving", "world_from_camera"):
        one, other = getattr(plain.chunk, name), getattr(there.chunk, name)
        assert type(other) is torch.Tensor and torch.equal(one, other), name
    assert all(isinstance(one.world_from_camera, OnDevice) == (device == NAME) for one in crossed)


def test_completion_decides_the_same_on_every_device(tmp_path):
    torch.manual_seed(0)
    save_inpainter(tmp_path / "an.inpainter", Inpainter(InpainterConfig(48, 64, dim=16, num_heads=2, num_layers=1)))

    def completed(device):
        completion = Completion.create(48, 64, inpainter=str(tmp_path / "an.inpainter"), device=device)
        assert str(completion.inpainter.device) == device
        hints = blank_hints(1, 4, 48, 64, torch.device("cpu"))
        pose = torch.from_numpy(camera_pose(START_BODY_POSE)).float().expand(4, 4, 4)
        lens = torch.tensor([50.0, 50.0, 32.0, 24.0])
        with torch.inference_mode():
            return completion(hints, [View(pose, lens, 1, (0, 1, 1), "")], [CompletionState()])

    with stand_in() as device:
        there = completed(device)
    here = completed("cpu")
    assert here.where.any() and torch.equal(here.where, there.where)
    assert torch.equal(here.hints.colour, there.hints.colour) and type(there.hints.colour) is torch.Tensor


def test_the_stand_in_refuses_host_tensors_and_takes_what_was_brought_to_it():
    with stand_in():
        here, there = torch.ones(3), torch.ones(3).to(NAME)
        with pytest.raises(RuntimeError, match="met a host tensor"):
            here + there
        assert type(there + 1) is OnDevice and type(there + torch.tensor(2.0)) is OnDevice
        assert str(there.device) == NAME and type(torch.zeros(2, device=there.device)) is OnDevice
        assert type(there.to("cpu")) is torch.Tensor and type(there.cpu()) is torch.Tensor
        assert torch.equal((there * here.to(there)).cpu(), here)
