"""Train one PPO policy from Stable-Baselines3 that plays Tag for all bodies. Needs the extras `rl` and `multi`.

Every body is an entry of the vector and all share the policy's parameters; its goal tells it whether it seeks. At the
end it seeks and flees against chance: touches in 100 steps of a seeker, and metres between seeker and the other.
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from wm_gym import presets
from wm_gym.agents.rl.sb3_extractor import Sb3Extractor
from wm_gym.agents.sb3_bodies import make_sb3_bodies

Act = Callable[[dict[str, np.ndarray]], np.ndarray]


def played(worlds: VecEnv, seek: Act, flee: Act, steps: int) -> tuple[float, float]:
    """Touches in a hundred steps of a seeker, and mean metres between it and the other, where they act so."""
    observation, count, chases, metres = worlds.reset(), 0, 0, []
    for _ in range(steps):
        assert isinstance(observation, dict)
        seeks = observation["goal"][:, 2] > 0.5
        metres.append(np.linalg.norm(observation["goal"][seeks, :2], axis=1).mean())
        observation, rewards, _, _ = worlds.step(np.where(seeks, seek(observation), flee(observation)))
        count, chases = count + int((rewards > 0.5).sum()), chases + int(seeks.sum())
    return 100 * count / chases, float(np.mean(metres))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="of all bodies together")
    parser.add_argument("--judge-steps", type=int, default=600, help="of each world, for each of three pairs")
    parser.add_argument("--save", help="file for the policy")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    worlds = make_sb3_bodies("tag", num_worlds=4, num_agents=2, world="courtyard/9", **presets.RL)
    eyes = {"features_extractor_class": Sb3Extractor, "normalize_images": False}
    agent = PPO(
        "MultiInputPolicy", worlds, learning_rate=5e-4, n_steps=64, batch_size=128, gamma=0.95, ent_coef=0.01,
        policy_kwargs=eyes, verbose=1, seed=0,
    )  # fmt: skip
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
        rate, metres = played(worlds, policies[who_seeks], policies[who_flees], asked.judge_steps)
        print(f"{who_seeks} seeks, {who_flees} flees: {rate:.2f} touches in 100 steps, {metres:.1f} m apart")
    worlds.close()
