import numpy as np
import pytest
import torch

from wm_gym.networks.weights_file import save_module
from wm_gym.reconstruction.depth_network import DepthConfig, DepthNetwork
from wm_gym.reconstruction.depth_weights import FORMAT, load_depth, save_depth
from wm_gym.train_world.depth.batches import DepthBatch
from wm_gym.train_world.depth.clips import DepthClip
from wm_gym.train_world.depth.draws import GAPS, draw_walks, remembered
from wm_gym.train_world.depth.objective import walks_loss
from wm_gym.train_world.depth.scores import HeldOutDepth
from wm_gym.train_world.recipes.depth import DepthTrainConfig, network_of

HEIGHT, WIDTH, LENGTH = 16, 32, 25


def clip(seed=0):
    """A camera that goes to the side along a wall 4 m ahead, with something that moves."""
    rng = np.random.default_rng(seed)
    depth = np.full((LENGTH, HEIGHT, WIDTH), 4.0, np.float16)
    moving = np.zeros(depth.shape, bool)
    moving[10:, 4:8, 4:8] = True
    depth[moving] = 2.0
    poses = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float32)[None].repeat(LENGTH, 0)
    poses[:, 1, 3] = -0.05 * np.arange(LENGTH)
    frames = rng.integers(0, 256, (LENGTH, HEIGHT, WIDTH, 3), np.uint8)
    return DepthClip(frames, depth, moving, poses, np.array([26.0, 26.0, 16.0, 8.0], np.float32), "rooms")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DepthNetwork(DepthConfig(width=4, head=4, blocks=1))


def test_walks_are_drawn_alike_from_a_seed_and_in_order():
    first, again = (draw_walks([clip()], 3, 3, 1.0, np.random.default_rng(5)) for _ in range(2))
    assert len(first.steps) == 3
    for one, other in zip(first.steps, again.steps, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.given.tensors(), other.given.tensors(), strict=True))
    assert first.steps[0].given.frames.shape == (3, 3, HEIGHT, WIDTH)
    assert bool((first.steps[0].known.depth > 0).any()), "all are hinted"
    assert len(GAPS) == 4


def test_what_earlier_frames_saw_is_remembered_without_what_moves():
    walk = clip()
    seen = remembered(walk, [12, 0], [16])
    is_seen = seen.depth > 0
    assert 0.8 < float(is_seen.float().mean()) <= 1.0
    torch.testing.assert_close(seen.depth[is_seen], torch.full_like(seen.depth[is_seen], 4.0))


def test_what_was_estimated_is_given_to_the_next_frame_and_what_moves_is_not(network):
    walks = draw_walks([clip()], 2, 2, 0.0, np.random.default_rng(1))
    first, second = walks.steps
    assert torch.equal(second.after([]).known_depth, torch.zeros(2, HEIGHT, WIDTH))
    with torch.no_grad():
        answer = network(first.given)
    seen = first.estimated(answer)
    carried = second.after([seen])
    assert bool((carried.known_depth > 0).any())
    moves = answer._replace(moving=torch.ones_like(answer.moving))
    assert not second.after([first.estimated(moves)]).known_depth.any()


def test_the_loss_reaches_every_weight_and_falls(network):
    walks = draw_walks([clip()], 2, 2, 0.5, np.random.default_rng(2))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss, _ = walks_loss(network, walks, torch.device("cpu"))
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert all(one.grad is not None for one in network.parameters())
    assert losses[-1] < 0.8 * losses[0]


def test_memory_of_the_truth_makes_walks_exact():
    figures = HeldOutDepth([clip(0), clip(1)])(DepthNetwork(DepthConfig(width=4, head=4, blocks=1))).figures
    assert figures["absrel_hinted"] < 0.3 * figures["absrel_alone"]
    assert figures["absrel_alone"] == pytest.approx(figures["absrel_prior_alone"])
    assert figures["moving_iou_walk"] == 0.0


def test_frames_of_a_batch_do_not_depend_on_one_another(network):
    walks = draw_walks([clip()], 3, 1, 0.5, np.random.default_rng(3))
    batch: DepthBatch = walks.steps[0]
    with torch.no_grad():
        whole = network(batch.given)
        one = type(batch.given)(*(each[1:2] for each in batch.given.tensors()))
        torch.testing.assert_close(network(one).log_depth[0], whole.log_depth[1], rtol=1e-4, atol=1e-4)


def test_a_run_goes_on_from_weights_of_its_shape(tmp_path, network):
    save_depth(tmp_path / "depth.safetensors", network)
    shape = {"width": 4, "head": 4}
    config = DepthTrainConfig(output=str(tmp_path / "run"), initial=str(tmp_path / "depth.safetensors"))
    config.depth = DepthConfig(**shape, blocks=1)
    begun = network_of(config)
    assert all(one.requires_grad for one in begun.parameters())
    torch.testing.assert_close(begun.enter.weight, network.enter.weight.bfloat16().float())
    config.depth = DepthConfig(**shape)
    told = r"^initial weights must be of the shape DepthConfig\(width=4, head=4, blocks=2\), got "
    with pytest.raises(ValueError, match=told):
        network_of(config)


@pytest.mark.parametrize("header", [{}, {"config": {"breadth": 4}}])
def test_a_file_of_another_shape_is_refused_in_one_sentence(tmp_path, network, header):
    path = tmp_path / "depth.safetensors"
    save_module(path, FORMAT, header, network)
    with pytest.raises(ValueError) as refused:
        load_depth(path)
    assert str(refused.value).startswith(f"weights {path} must be of a shape that this version knows, got ")
