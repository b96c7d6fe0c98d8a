"""Two ranks take the steps that one process takes, each with half of the weights; one process goes on from them."""

import json
import os
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import two_ranks
from test_ulysses import inputs, prompts
from tiny_pieces import TINY, network
from tiny_recipes import tiny_recipe

from wm_gym.backends.video.network import Conditioning
from wm_gym.backends.video.weights import load_weights
from wm_gym.train_world.distributed.sharding import distributed, shard
from wm_gym.train_world.distributed.ulysses import split_tokens
from wm_gym.train_world.trainer import Recipe, train

STEPS = 3
RECIPES = ("video", "teacher")
"""One trained by AdamW, one by Muon."""

LAUNCHED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tiny_recipes import tiny_recipe
from wm_gym.train_world.recipes.running import run_recipe
recipe = tiny_recipe("video", Path(sys.argv[2]), "launched", steps=2, batch=int(sys.argv[3]))
print(run_recipe(recipe.config, 1, lambda: recipe))
"""
"""What `wm-gym train` does, without its data."""


def recipe_of(name: str, folder: Path, output: str, **loop) -> Recipe:
    return tiny_recipe(name, folder, f"{name}_{output}", **{"steps": STEPS, "batch": 4, "report_steps": 1, **loop})


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def trained_by_ranks(folder: Path) -> dict:
    """Each step in a run of its own, which resumes the one before."""
    for name in RECIPES:
        for step in range(STEPS):
            progress = train(distributed(recipe_of(name, folder, "two", most_minutes=1e-9)))
            if step == STEPS - 2 and dist.get_rank() == 0:
                shutil.copytree(folder / f"{name}_two", folder / f"{name}_handed_over")
    parameters = list(progress.network.parameters())
    return {
        "composed": composed(True),
        "own": sum(parameter.to_local().numel() for parameter in parameters),  # type: ignore[attr-defined]
        "all": sum(parameter.numel() for parameter in parameters),
        "step": progress.step,
    }


def composed(is_distributed: bool) -> list[float]:
    """Losses of a network whose tokens are split and whose weights are sharded, over the same ranks."""
    one, made = network(0, TINY), []
    if is_distributed:
        shard(split_tokens(one))
    optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
    for _ in range(STEPS):
        noisy, metadata, given = inputs(one)
        loss = one(noisy, metadata, Conditioning(prompt=one.encode_prompts(prompts()), **given))[0].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        made.append(loss.item())
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("sharding")


@pytest.fixture(scope="module")
def ranks(folder) -> list[dict]:
    return two_ranks.in_two_ranks(trained_by_ranks, folder, folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_losses_and_weights_equal_those_of_one_process(name, ranks, folder):
    alone = train(distributed(recipe_of(name, folder, "alone"), parts=2))
    close = partial(torch.testing.assert_close, atol=1e-5, rtol=1e-4)
    close(losses(folder / f"{name}_two"), losses(folder / f"{name}_alone"))
    made = torch.load(folder / f"{name}_two" / "checkpoint.pt", weights_only=True)
    for key, value in alone.network.state_dict().items():
        close(made["network"][key], value, atol=1e-4)  # Muon rounds to bfloat16
    assert [rank["step"] for rank in ranks] == [STEPS, STEPS]


@pytest.mark.slow
def test_each_rank_holds_half_of_the_weights(ranks):
    assert sum(rank["own"] for rank in ranks) == ranks[0]["all"]
    assert max(rank["own"] for rank in ranks) < 0.6 * ranks[0]["all"]


@pytest.mark.slow
def test_weights_may_be_sharded_over_the_ranks_that_split_tokens(ranks):
    for rank in ranks:
        torch.testing.assert_close(rank["composed"], composed(False), atol=1e-6, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_one_process_goes_on_from_the_checkpoint_of_two(name, ranks, folder):
    one = train(distributed(recipe_of(name, folder, "handed_over"), parts=2))
    two = torch.load(folder / f"{name}_two" / "checkpoint.pt", weights_only=True)
    assert one.step == two["step"] == STEPS
    for key, value in one.average.state_dict().items():
        torch.testing.assert_close(two["average"][key], value, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_the_weights_of_two_are_a_file_like_any_other(name, ranks, folder):
    average = torch.load(folder / f"{name}_two" / "checkpoint.pt", weights_only=True)["average"]
    for key, value in load_weights(folder / f"{name}_two" / "weights.safetensors").state_dict().items():
        torch.testing.assert_close(value, average[key].bfloat16().float())


def test_a_run_of_one_part_ends_in_the_bytes_of_a_plain_one(tmp_path):
    files = []
    for output, wrap in (("plain", lambda one: one), ("one_part", distributed)):
        recipe = recipe_of("video", tmp_path, output, steps=2)
        train(wrap(recipe))
        files.append((tmp_path / f"video_{output}" / recipe.file).read_bytes())
    assert files[0] == files[1]


def launched(folder: Path, ranks: int, batch: int) -> list[subprocess.CompletedProcess[str]]:
    """Processes as torchrun starts them; how each ended."""
    environment = os.environ | {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    command = [sys.executable, "-c", LAUNCHED, str(Path(__file__).parents[1]), str(folder), str(batch)]
    processes = [
        subprocess.Popen(
            command, env=environment | {"RANK": str(rank), "GLOO_SOCKET_IFNAME": "lo"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for rank in range(ranks)
    ]  # fmt: skip
    ended = [process.communicate(timeout=120) for process in processes]
    pairs = zip(processes, ended, strict=True)
    return [subprocess.CompletedProcess(command, process.returncode, *said) for process, said in pairs]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.slow
def test_a_recipe_that_torchrun_starts_twice_is_one_run(tmp_path):
    ended = launched(tmp_path, 2, 4)
    assert all(one.returncode == 0 and "2 steps in" in one.stdout for one in ended), [one.stderr for one in ended]
    assert [json.loads(line)["step"] for line in (tmp_path / "launched" / "log.jsonl").read_text().splitlines()] == [2]
