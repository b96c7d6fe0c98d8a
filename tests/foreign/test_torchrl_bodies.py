"""TorchRL on several bodies: its specs of PettingZoo's kind, and one policy for all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_torchrl_finds_bodies_as_its_specs_say(memory):
    envs = pytest.importorskip("torchrl.envs")
    pytest.importorskip("pettingzoo")
    from wm_gym.envs.multi import tag_v0

    world = tag_v0.parallel_env(num_agents=2, max_cycles=4, **memory)
    env = envs.PettingZooWrapper(world, group_map=envs.MarlGroupMapType.ALL_IN_ONE_GROUP, categorical_actions=True)
    envs.check_env_specs(env)
    rollout = env.rollout(6, break_when_any_done=False)
    assert rollout["agents", "observation", "rgb"].shape == (6, 2, 36, 48, 3)
    assert rollout["next", "done"].squeeze(-1).tolist() == [False, False, False, True, False, False]
    env.close()


def test_one_policy_is_trained_for_all_bodies(tmp_path):
    pytest.importorskip("torchrl")
    file = tmp_path / "policy.pt"
    words = ["examples/train_tag_torchrl.py", "--rollouts", "2", "--cycles", "6", "--save", str(file)]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_size > 0 and done.stdout.count(" touches, ") == 2
