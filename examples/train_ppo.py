"""Train PPO from Stable-Baselines3 in a generated world. Needs the extra `rl`."""

import gymnasium as gym
from stable_baselines3 import PPO

import wm_gym  # noqa: F401  (registers the ids)

env = gym.make("wm_gym/PointGoal-v0", world="courtyard/9", obs_mode="sb3")
agent = PPO("MultiInputPolicy", env, n_steps=256, verbose=1, seed=0)
agent.learn(2_000)
env.close()
