"""Agents that can be trained, as rows: name, settings, what is run, and a summary. Imports nothing heavy.

A row's settings are a dataclass with the field `output`; `wm-gym train-agent agent=NAME` composes it.
"""

from __future__ import annotations

from wm_gym.train_world.recipes import RecipeRow

_RL = "wm_gym.agents.rl"
TRAINABLE = (
    RecipeRow(
        "ppo", f"{_RL}.train_config:TrainPpoConfig", f"{_RL}.training:train_agent",
        "proximal policy optimisation, for any action mode",
    ),
    RecipeRow(
        "recurrent_ppo", f"{_RL}.train_config:TrainRecurrentPpoConfig", f"{_RL}.training:train_agent",
        "the same with a policy that remembers, by an LSTM",
    ),
    RecipeRow(
        "dqn", f"{_RL}.train_config:TrainDqnConfig", f"{_RL}.training:train_agent",
        "deep Q-network, for keys one at a time",
    ),
    RecipeRow(
        "qr_dqn", f"{_RL}.train_config:TrainQrDqnConfig", f"{_RL}.training:train_agent",
        "the same with quantiles of the return",
    ),
    RecipeRow(
        "sac", f"{_RL}.train_config:TrainSacConfig", f"{_RL}.training:train_agent",
        "soft actor-critic, for twists",
    ),
    RecipeRow(
        "vlm", "wm_gym.agents.vlm.training:VLMRunConfig", "wm_gym.agents.vlm.training:train_vlm",
        "a vision-language model writes the keys of the next ten seconds",
    ),
    RecipeRow(
        "reward", "wm_gym.agents.rewards.training:TrainRewardConfig", "wm_gym.agents.rewards.training:train_reward",
        "a head that tells rewards and success from frames, as a source of rewards",
    ),
)  # fmt: skip
"""In the order in which they are listed."""
