"""CleanRL's PPO and DQN, from a checkout that the variable CLEANRL names, with the environment replaced."""

import os
from pathlib import Path

import cleanrl_runs
import pytest

pytestmark = pytest.mark.slow

SHORT = ["--num-envs", 2, "--num-steps", 16, "--total-timesteps", 64]
SIZES = {
    "ppo": SHORT,
    "ppo_native": SHORT,
    "ppo_atari": SHORT,
    "dqn": ["--buffer-size", 64, "--learning-starts", 10, "--batch-size", 8, "--total-timesteps", 64],
}


@pytest.mark.parametrize("run", cleanrl_runs.RUNS)
def test_cleanrl_trains_on_worlds(run_program, run):
    if "CLEANRL" not in os.environ:
        pytest.skip("CLEANRL must name a checkout of github.com/vwxyzjn/cleanrl")
    for package in ("tyro", "tensorboard", "cv2"):
        pytest.importorskip(package)
    program = Path(cleanrl_runs.__file__)
    told = run_program(program, Path(os.environ["CLEANRL"]).resolve(), run, "--no-cuda", *SIZES[run], timeout=240)
    assert told.count("episodic_return=") >= 4
