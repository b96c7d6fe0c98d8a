"""CleanRL's PPO and DQN, from a checkout that the variable CLEANRL names, with the environment replaced."""

import os
from pathlib import Path

import pytest
from cleanrl_runs import RUNS, rewrite

pytestmark = pytest.mark.slow

ID = "wm_gym:wm_gym/PointGoal-v0"
SIZES = {
    "ppo": ["--num-envs", 2, "--num-steps", 16, "--total-timesteps", 64],
    "ppo_native": ["--num-envs", 2, "--num-steps", 16, "--total-timesteps", 64],
    "ppo_atari": ["--num-envs", 2, "--num-steps", 16, "--total-timesteps", 64],
    "dqn": ["--buffer-size", 64, "--learning-starts", 10, "--batch-size", 8, "--total-timesteps", 64],
}


@pytest.mark.parametrize("run", RUNS)
def test_cleanrl_trains_on_worlds(run_program, run):
    if "CLEANRL" not in os.environ:
        pytest.skip("CLEANRL must name a checkout of github.com/vwxyzjn/cleanrl")
    for package in ("tyro", "tensorboard", "cv2"):
        pytest.importorskip(package)
    checkout = Path(os.environ["CLEANRL"]).resolve()
    options = ["--env-id", ID, "--no-cuda", *SIZES[run]]
    told = run_program(rewrite(checkout, run), *options, timeout=240, on_path=checkout)
    assert told.count("episodic_return=") >= 4
