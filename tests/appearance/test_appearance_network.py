"""The appearance network: shapes, its file, and what it leaves alone."""

import numpy as np
import pytest
import torch

from wm_gym.appearance.carriers import CARRIERS
from wm_gym.appearance.lighting import Appearance
from wm_gym.appearance.network import AppearanceConfig, AppearanceNetwork, conditions_of, input_maps
from wm_gym.appearance.sight import GEOMETRY, FrameEvent, Sight
from wm_gym.appearance.weights import load_appearance, save_appearance

KINDS = ("night", "snowfall", "storm", "explosion")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = AppearanceNetwork(AppearanceConfig(KINDS, width=8, coarse=8, head=8, condition=8))
    torch.nn.init.normal_(network.head_out.weight, std=0.3)
    return network.eval()


def sights(count, height, width):
    rays = np.array([[0.0, 0.0, 1.0], [-0.03, 0.0, 0.5], [0.0, -0.03, 0.5]])
    return [Sight(np.full((height, width), 9.0, np.float32), np.zeros(3), rays, 100.0)] * count


@pytest.mark.parametrize(("height", "width"), [(36, 48), (48, 64), (50, 66), (8, 8)])
def test_frames_of_any_even_size(network, height, width):
    frames = torch.randint(0, 256, (2, height, width, 3), dtype=torch.uint8)
    events = [[FrameEvent("night", 1.0, 20, 1)]] * 2
    lit = Appearance(network).draw(frames, sights(2, height, width), events, np.zeros((0, 3)))
    assert lit.frames.shape == frames.shape and lit.frames.dtype == torch.uint8


def test_a_new_network_changes_nothing():
    network = AppearanceNetwork(AppearanceConfig(KINDS))
    frames = torch.randint(0, 256, (1, 16, 16, 3), dtype=torch.uint8)
    maps = input_maps(frames, torch.rand(1, len(GEOMETRY), 16, 16), torch.rand(1, len(CARRIERS), 16, 16))
    made = network(maps, torch.rand(1, 2 * len(KINDS) + 4))
    assert torch.allclose(made, maps[:, :3])


def test_local_events_leave_the_rest_of_a_frame_to_the_byte(network):
    frames = torch.randint(0, 256, (1, 48, 64, 3), dtype=torch.uint8)
    event = FrameEvent("explosion", 1.0, 3, 4, (6.0, 0.0, -1.0))
    lit = Appearance(network).draw(frames, sights(1, 48, 64), [[event]], np.zeros((0, 3)))
    changed = (lit.frames != frames).any(-1)
    assert 0 < float(changed.float().mean()) < 0.9


def test_conditions_hold_the_strongest_of_each_kind():
    events = [FrameEvent("night", 0.2, 5, 1), FrameEvent("night", 0.7, 5, 2), FrameEvent("snowfall", 0.5, 140, 3)]
    told = conditions_of(KINDS, events).tolist()
    assert told == pytest.approx([0.7, 0.5, 0, 0, 0.49, 0.25, 0, 0, 0.5, 0, 0, 0.7])


def test_a_file_gives_the_network_back(network, tmp_path):
    path = tmp_path / "a.safetensors"
    assert save_appearance(path, network) == save_appearance(tmp_path / "b.safetensors", load_appearance(path))
    assert load_appearance(path).config == network.config


def test_other_carriers_are_refused():
    with pytest.raises(ValueError, match=r"^carriers must be \['stars', .*\], got \['stars'\]$"):
        AppearanceConfig(KINDS, carriers=("stars",))
