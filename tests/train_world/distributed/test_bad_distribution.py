"""What cannot be divided over ranks is refused in one sentence."""

from dataclasses import replace

import pytest
import two_ranks  # noqa: F401  the path of the tiny networks
from tiny_recipes import tiny_recipe

from wm_gym.train_world.distributed.sharding import distributed, joined_ranks
from wm_gym.train_world.distributed.ulysses import Shares
from wm_gym.train_world.loop_config import LoopConfig


def test_a_batch_that_processes_cannot_divide_is_refused_before_they_are_joined(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    expected = r"^batch must be a multiple of the number of processes \(3\), got 8$"
    with pytest.raises(ValueError, match=expected), joined_ranks(LoopConfig(batch=8)):
        raise AssertionError("joined")


def test_a_batch_that_parts_cannot_divide_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^batch must be a multiple of the number of parts \(3\), got 2$"):
        distributed(tiny_recipe("video", tmp_path, "run"), parts=3)


@pytest.mark.parametrize(("name", "network"), [("codec", "StreamingCodec"), ("distil", "Distillation")])
def test_what_is_no_video_network_is_refused(name, network, tmp_path):
    with pytest.raises(ValueError, match=f"^a run of parts must train one VideoNetwork, got {network}$"):
        distributed(tiny_recipe(name, tmp_path, "run"), parts=2)


def test_a_recipe_that_adds_its_gradients_itself_is_refused(tmp_path):
    recipe = replace(tiny_recipe("video", tmp_path, "run"), is_backward=True)
    with pytest.raises(ValueError, match=r"^the loss of a run of parts must leave the gradients to the trainer$"):
        distributed(recipe, parts=2)


@pytest.mark.parametrize(
    ("heads", "tokens", "message"),
    [
        (3, 6, r"^num_heads must be a multiple of the number of ranks \(2\), got 3$"),
        (4, 5, r"^tokens of a latent frame must be a multiple of the number of ranks \(2\), got 5$"),
    ],
)
def test_heads_and_tokens_that_ranks_cannot_divide_are_refused(heads, tokens, message, monkeypatch):
    monkeypatch.setattr("torch.distributed.get_world_size", lambda group: 2)
    with pytest.raises(ValueError, match=message):
        Shares.of(None, heads, tokens)
