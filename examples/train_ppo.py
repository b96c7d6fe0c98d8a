"""Train PPO from Stable-Baselines3 in eight generated worlds that are one batch. Needs the extra `rl`."""

import torch
from stable_baselines3 import PPO

from wm_gym import presets
from wm_gym.agents.sb3 import make_sb3_env

torch.set_num_threads(1)
worlds = make_sb3_env("wm_gym/PointGoal-v0", num_envs=8, world="courtyard/9", **presets.RL)
agent = PPO("MultiInputPolicy", worlds, n_steps=32, verbose=1, seed=0)
agent.learn(2_000)
worlds.close()
