"""Train one PPO policy from Stable-Baselines3 that plays Tag for all bodies. Needs the extras `rl` and `multi`.

Every body is an entry of the vector and all share the policy's parameters; its goal tells it whether it seeks. At the
end it seeks and flees against chance.
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from wm_gym import presets
from wm_gym.agents.sb3_bodies import make_sb3_bodies

Act = Callable[[dict[str, np.ndarray]], np.ndarray]


def touches(worlds: VecEnv, seek: Act, flee: Act, steps: int) -> float:
    """Touches in a hundred steps of a world where seekers and those who flee act so."""
    observation, count = worlds.reset(), 0
    for _ in range(steps):
        assert isinstance(observation, dict)
        seeks = observation["goal"][:, 2] > 0.5
        observation, rewards, _, _ = worlds.step(np.where(seeks, seek(observation), flee(observation)))
        count += int((rewards > 0.5).sum())
    return 100 * count / steps / int(seeks.sum())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="of all bodies together")
    parser.add_argument("--judge-steps", type=int, default=256, help="of each world, for each of three pairs")
    parser.add_argument("--save", help="file for the policy")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    worlds = make_sb3_bodies("tag", num_worlds=4, num_agents=2, world="courtyard/9", **presets.RL)
    agent = PPO("MultiInputPolicy", worlds, n_steps=64, verbose=1, seed=0)
    agent.learn(asked.steps)
    if asked.save:
        agent.save(asked.save)
    rng = np.random.default_rng(0)
    policies: dict[str, Act] = {
        "the policy": lambda observation: agent.predict(observation)[0],
        "chance": lambda observation: rng.integers(worlds.action_space.n, size=worlds.num_envs),
    }
    for who_seeks, who_flees in (("chance", "chance"), ("the policy", "chance"), ("chance", "the policy")):
        worlds.seed(1)
        rate = touches(worlds, policies[who_seeks], policies[who_flees], asked.judge_steps)
        print(f"{who_seeks} seeks, {who_flees} flees: {rate:.1f} touches in 100 steps")
    worlds.close()
