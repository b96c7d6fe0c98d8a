"""Transfer of a policy trained in generated worlds to the twin: PPO against uniformly random actions.

    python benchmarks/explore_ppo.py --json explore_ppo.json

PPO of Stable-Baselines3 learns `wm_gym/Explore-v0` for 20,000 steps in generated worlds that open on captures of eight
places of the split "train", with `presets.RL`; then it and a uniformly random policy act from the same starts in the
twin, each start in another held-out place ("test"), with the same observations. Both sample their actions; episodes
have 64 steps in training and in evaluation, during which most of the floor in view is still new. Needs the extras `rl`
and `twin`.

The policy is saved after every update, as outputs/explore_ppo_HASH.zip with the preset's hash, or at `--policy`; a run
that finds its file resumes from it, and only evaluates if no steps are left.

JSON keys:
 - `preset_hash`: of the generated world. `train_steps`; `train_steps_per_second`: of this run, null if none was left.
 - `floor_trained`, `floor_random`: mean over the starts of the newly seen floor in square metres, the task's return;
   `floor_ratio`: the first over the second. `floors_trained`, `floors_random`: of each start.
 - `wins`, `losses`: starts where the trained policy saw more, less; `sign_test_p`: p-value of a one-sided exact sign
   test, ties dropped.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gymnasium as gym
import numpy as np
import torch
from scipy.stats import binomtest
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from torch import Tensor, nn

from wm_gym import presets
from wm_gym.agents.sb3 import Sb3VecEnv, make_sb3_env
from wm_gym.envs.tasks.explore import Explore
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.evaluation.preset import preset_hash
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES
from wm_gym.train_world.data.splits import Split, nth_seed

ENV_ID = "wm_gym/Explore-v0"
TRAIN_PLACES = 8
"""Number of training places, no more than the captures kept in memory."""
FIRST_EVALUATED = 100
"""First number of the evaluated places, that of `benchmarks/fidelity.py`."""
EPISODE_STEPS = 64
EVALUATED_TOGETHER = 5
POSE_SCALE = (0.1, 0.1, 0.1, 1.0, 1.0, 1.0, 1.0)  # metres and a quaternion, to about one
PPO_SETTINGS: dict[str, Any] = {
    "n_steps": 64,
    "batch_size": 128,
    "n_epochs": 6,
    "learning_rate": 7e-4,
    "gamma": 0.95,
    "gae_lambda": 0.9,
    "ent_coef": 0.01,
}
Policy = Callable[[dict[str, np.ndarray]], np.ndarray]
"""From N observations to N actions."""


class FeaturesExtractor(BaseFeaturesExtractor):
    """Three small convolutions over colour and depth, both in 0..1, and the scaled pose."""

    def __init__(self, observation_space: gym.spaces.Dict) -> None:
        super().__init__(observation_space, features_dim=128 + len(POSE_SCALE))
        examples = [torch.zeros(1, *(observation_space[name].shape or ())) for name in ("rgb", "depth")]
        example = torch.cat(examples, 1)
        self.convolutions = nn.Sequential(
            nn.Conv2d(example.shape[1], 16, 5, 2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2), nn.ReLU(),
            nn.Conv2d(32, 32, 3, 2), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        count = self.convolutions(example).shape[1]
        self.linear = nn.Sequential(nn.Linear(count, 128), nn.ReLU())

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Features (N, 135) of N observations."""
        seen = self.linear(self.convolutions(torch.cat([observations["rgb"], observations["depth"]], 1)))
        return torch.cat([seen, observations["pose"] * seen.new_tensor(POSE_SCALE)], 1)


class OwnPlaces(VecEnvWrapper):
    """World n opens in place n in every episode; the environment itself takes one place for all."""

    def __init__(self, venv: VecEnv, places: Sequence[str]) -> None:
        super().__init__(venv)
        self._places = places

    def reset(self) -> Any:
        """Open all worlds."""
        self.venv.set_options([{"world": place} for place in self._places])
        return self.venv.reset()

    def step_wait(self) -> Any:
        """One step; worlds that ended show the opening of their own place."""
        observation, rewards, dones, infos = self.venv.step_wait()
        for world in np.flatnonzero(dones).tolist():
            mask = np.arange(self.num_envs) == world
            observation, _ = worlds_of(self).reset_each(options={"reset_mask": mask, "world": self._places[world]})
        return observation, rewards, dones, infos


def worlds_of(env: VecEnv) -> WorldVectorEnv:
    """The vector environment inside."""
    assert isinstance(env.unwrapped, Sb3VecEnv) and isinstance(env.unwrapped.venv, WorldVectorEnv)
    return env.unwrapped.venv


def places_of(split: Split, first: int, count: int) -> list[str]:
    """Names of places, families in turn."""
    return [f"{FAMILIES[k % len(FAMILIES)]}/{nth_seed(split, first + k)}" for k in range(count)]


def make_training_worlds(weights: str | None) -> OwnPlaces:
    """Generated worlds, one in each place."""
    places = places_of("train", 0, TRAIN_PLACES)
    settings = {"weights": weights} if weights else {}
    venv = make_sb3_env(
        ENV_ID, TRAIN_PLACES, world=places[0], max_episode_steps=EPISODE_STEPS, backend_settings=settings, **presets.RL
    )
    return OwnPlaces(venv, places)


def train(worlds: VecEnv, path: Path, steps: int, seed: int) -> tuple[PPO, float | None]:
    """The policy after so many steps, resumed from its file if there is one, and steps per second of this run."""
    if path.exists():
        agent = PPO.load(path, worlds, device="cpu")
        print(f"{path}: resumed at {agent.num_timesteps} steps")
    else:
        policy = {"features_extractor_class": FeaturesExtractor, "net_arch": [64]}
        agent = PPO("MultiInputPolicy", worlds, policy_kwargs=policy, seed=seed, device="cpu", **PPO_SETTINGS)
    first, began = agent.num_timesteps, time.perf_counter()
    with progress_bar(total=steps, initial=first, unit="step", desc="learning") as bar:
        while agent.num_timesteps < steps:
            before = agent.num_timesteps
            agent.learn(PPO_SETTINGS["n_steps"] * worlds.num_envs, reset_num_timesteps=False)
            save(agent, path)
            bar.update(agent.num_timesteps - before)
            returns = [episode["r"] for episode in agent.ep_info_buffer or []]
            bar.set_postfix_str(f"return {np.mean(returns):.1f}" if returns else "")
    learned = agent.num_timesteps - first
    return agent, learned / (time.perf_counter() - began) if learned else None


def save(agent: PPO, path: Path) -> None:
    """Write the policy atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished.zip")
    agent.save(unfinished)
    unfinished.replace(path)


def evaluate(policies: Sequence[Policy], starts: int, seed: int) -> np.ndarray:
    """Newly seen floor in square metres from the same starts in the twin, (policies, starts)."""
    places, count = places_of("test", FIRST_EVALUATED, starts), min(starts, EVALUATED_TOGETHER)
    env = make_sb3_env(ENV_ID, count, backend="twin", max_episode_steps=-1, **presets.RL)
    floors = np.zeros((len(policies), starts))
    # the last batch begins early enough to be full
    batches = [slice(min(first, starts - count), min(first + count, starts)) for first in range(0, starts, count)]
    for batch in progress_bar(batches, desc="evaluating"):
        for row, policy in enumerate(policies):
            floors[row, batch] = explore(env, policy, places[batch], seed + batch.start)
    env.close()
    return floors


def explore(env: VecEnv, policy: Policy, places: Sequence[str], seed: int) -> np.ndarray:
    """Newly seen floor in square metres of one episode in each place."""
    env.seed(seed)
    env.set_options([{"world": place} for place in places])
    observation, returns, going = env.reset(), np.zeros(len(places)), np.ones(len(places), bool)
    for _ in range(EPISODE_STEPS):
        assert isinstance(observation, dict)
        observation, rewards, dones, _ = env.step(policy(observation))
        returns += rewards * going
        going &= ~dones
    return returns / Explore().reward_per_square_metre


def by_chance(num_actions: int, seed: int) -> Policy:
    """Uniformly random actions."""
    rng = np.random.default_rng(seed)
    return lambda observation: rng.integers(num_actions, size=len(observation["pose"]))


def by_agent(agent: PPO) -> Policy:
    """Actions sampled from the agent's policy."""
    return lambda observation: agent.predict(observation)[0]  # pyright: ignore[reportArgumentType] (a plain dict)


def sign_test(ours: np.ndarray, theirs: np.ndarray) -> tuple[int, int, float]:
    """Wins and losses of paired numbers, ties dropped, and the p-value of the one-sided sign test."""
    wins, losses = int((ours > theirs).sum()), int((ours < theirs).sum())
    if not wins + losses:
        return 0, 0, 1.0
    return wins, losses, float(binomtest(wins, wins + losses, alternative="greater").pvalue)


def main() -> None:
    """Train, evaluate, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="of the video model, 36x48; without, those that are shipped")
    parser.add_argument("--steps", type=int, default=20_000, help="of training, over all worlds")
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--policy", type=Path, metavar="ZIP", help="file of the policy, which a run resumes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    worlds = make_training_worlds(asked.weights)
    name = preset_hash(worlds_of(worlds).core.world)
    path = asked.policy or Path("outputs") / f"explore_ppo_{name}.zip"
    agent, speed = train(worlds, path, asked.steps, asked.seed)
    num_actions = int(worlds_of(worlds).single_action_space.n)  # type: ignore[attr-defined]
    worlds.close()
    torch.manual_seed(asked.seed)
    trained, random = evaluate([by_agent(agent), by_chance(num_actions, asked.seed)], asked.starts, asked.seed)
    wins, losses, p = sign_test(trained, random)
    figures: dict[str, Any] = {
        "preset_hash": name,
        "train_steps": agent.num_timesteps,
        "train_steps_per_second": speed,
        "floor_trained": float(trained.mean()),
        "floor_random": float(random.mean()),
        "floor_ratio": float(trained.mean() / random.mean()),
        "wins": wins,
        "losses": losses,
        "sign_test_p": p,
        "floors_trained": trained.tolist(),
        "floors_random": random.tolist(),
    }
    print("\n".join(f"{name:24s}{value}" for name, value in figures.items() if not isinstance(value, list)))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
