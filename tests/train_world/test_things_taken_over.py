"""A thing network that goes on from another that knew fewer kinds, and the people that it keeps by drawing them."""

import pytest
import torch

from wm_gym.entities.network import ThingConfig, ThingNetwork
from wm_gym.entities.weights import load_things, save_things
from wm_gym.train_world.things.crops import read_crops
from wm_gym.train_world.things.redrawing import redraw
from wm_gym.train_world.things.taking_over import take_over

TINY = ThingConfig(looks=4, width=8, hidden=8)


@pytest.fixture
def old(tmp_path):
    torch.manual_seed(0)
    network = ThingNetwork(TINY, {"walker": 3}, ("walker", "bonfire")).eval()
    network.bank[:] = torch.randn(3, 4)
    save_things(tmp_path / "old.safetensors", network)
    return tmp_path / "old.safetensors"


def test_it_draws_the_kinds_that_were_known_as_before(old):
    before, network = load_things(old), ThingNetwork(TINY).eval()
    take_over(network, old)
    looks, angle, phase = torch.randn(5, 4), torch.rand(5), torch.rand(5)
    for number in (0, 1):
        kind = torch.full((5,), number)
        assert torch.allclose(network(looks, kind, angle, phase), before(looks, kind, angle, phase), atol=1e-5)
        crop = torch.rand(5, 4, 48, 32)
        told = [one.encode(crop, kind, angle, phase)[0] for one in (network, before)]
        assert torch.allclose(*told, atol=1e-5)


def test_a_network_of_other_kinds_or_sizes_is_refused(old, tmp_path):
    with pytest.raises(
        ValueError, match=r"must know the first of the kinds \['bonfire'\], got \['walker', 'bonfire'\]"
    ):
        take_over(ThingNetwork(TINY, None, ("bonfire",)), old)
    with pytest.raises(ValueError, match="must have shape"):
        take_over(ThingNetwork(ThingConfig(looks=4, width=12, hidden=8)), old)


def test_its_people_are_drawn_from_random_sides(old, tmp_path):
    crops = read_crops(redraw(old, tmp_path / "crops", crops_each=2).parent)
    assert len(crops) == 6 and (crops.kind == 0).all() and len(crops.look.unique()) == 3


def test_rows_of_the_bank_are_those_of_a_kind():
    network = ThingNetwork(TINY, {"car": 2, "walker": 3})
    assert network.rows_of("walker") == slice(0, 3) and network.rows_of("car") == slice(3, 5)
    assert network.rows_of("birds") == slice(5, 5) and network.bank.shape == (5, 4)
