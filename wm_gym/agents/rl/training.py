"""`wm-gym train-agent`: a policy learns in a batch of worlds, and can be stopped and gone on with at any time.

A run that was stopped and resumed ends in the same weights as one that was not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from gymnasium.vector import AutoresetMode

from wm_gym.agents.rl.places import VariedWorlds
from wm_gym.agents.rl.policy_file import PolicyCard, described, save_policy
from wm_gym.agents.rl.train_config import TrainAgentConfig
from wm_gym.train_world.interrupts import held_interrupts

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def train_agent(config: TrainAgentConfig) -> str:
    """Learn until the steps are over; returns a summary, one line. A run in the same folder is resumed.

    The folder gets "policy" (which `PolicyAgent` reads), "checkpoint.safetensors", logs for TensorBoard, and
    "log.jsonl" and "evaluations.jsonl" with the same figures. Ctrl-C writes the policy and the checkpoint first.

    Raises:
        ValueError: If the folder cannot be written to, a setting is none that exists, or the run in the folder has
            other settings.
        ImportError: If Stable-Baselines3 or TensorBoard is not installed.
    """
    config.check()
    torch.set_num_threads(config.threads)
    worlds = make_worlds(config)
    try:
        with held_interrupts() as stop_if_asked:
            return _learn(config, worlds, stop_if_asked)
    finally:
        worlds.close()


def make_worlds(config: TrainAgentConfig) -> VariedWorlds:
    """The worlds that are learnt in."""
    return VariedWorlds(
        config.worlds.count, places=config.world, variation=config.variation, world=config.world[0], task=config.task,
        task_settings=config.task_settings, backend=config.backend, backend_settings=config.backend_settings,
        action_mode=config.agent.action_mode, max_episode_steps=config.worlds.steps,
        autoreset_mode=AutoresetMode.SAME_STEP, **config.worlds.settings(),
    )  # fmt: skip


def _learn(config: TrainAgentConfig, worlds: VariedWorlds, stop_if_asked: Any) -> str:
    from wm_gym.agents.rl.callback import Keeper
    from wm_gym.agents.rl.logs import logger_of
    from wm_gym.agents.rl.sb3_worlds import as_sb3

    folder = Path(config.output)
    model = config.agent.make(as_sb3(worlds, config.agent.reward_scale), config.seed)
    keeper = Keeper(config, worlds, lambda path: write_policy(path, config, model, worlds), stop_if_asked)
    try:
        keeper.init_callback(model)
        is_resumed = keeper.resume()
        model.set_logger(logger_of(folder))
        left = config.steps - model.num_timesteps
        if left > 0:
            model.learn(left, keeper, reset_num_timesteps=not is_resumed)
    except KeyboardInterrupt:
        keeper.save()
        raise
    finally:
        keeper.close()
    told = "".join(f", success {share:.0%} in {backend}" for backend, share in keeper.figures.items())
    return f"{model.num_timesteps} steps{told}; the policy, a checkpoint and logs are in {folder}"


def write_policy(folder: Path, config: TrainAgentConfig, model: BaseAlgorithm, worlds: VariedWorlds) -> None:
    """Write what acts, as `PolicyAgent` reads it."""
    spaces = described(worlds.single_observation_space, worlds.single_action_space)
    needs = config.worlds.settings() | {"action_mode": config.agent.action_mode}
    trained = {name: value for name, value in config.frozen().items() if name not in ("worlds", "task")}
    card = PolicyCard(
        config.agent.name, config.task, {name: needs[name] for name in sorted(needs) if name != "difficulty"}, spaces,
        config.agent.network(worlds.single_action_space), {"steps": model.num_timesteps} | trained,
    )  # fmt: skip
    save_policy(folder, card, config.agent.weights(model))
