"""What happens beside the learning itself: progress, checkpoints, evaluations, and the end that Ctrl-C asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from wm_gym.agents.rl import checkpoint
from wm_gym.agents.rl.board import Board
from wm_gym.agents.rl.evaluation import Evaluator
from wm_gym.agents.rl.places import VariedWorlds
from wm_gym.agents.rl.train_config import TrainAgentConfig
from wm_gym.progress import progress_bar

CHECKPOINT, POLICY = "checkpoint.safetensors", "policy"


class Keeper(BaseCallback):
    """Keeps a training: a learner calls it as it goes.

    A checkpoint is of the moment between two rollouts. A learner like PPO has long ones, so the moment before the last
    one is kept in mind; the others are written as they stand.

    Args:
        config: Of the run.
        worlds: That are learnt in.
        save_policy: Writes the policy as it stands to a folder.
        stop_if_asked: Raises `KeyboardInterrupt` once Ctrl-C was pressed.
    """

    def __init__(
        self,
        config: TrainAgentConfig,
        worlds: VariedWorlds,
        save_policy: Callable[[Path], None],
        stop_if_asked: Callable[[], None],
    ) -> None:
        super().__init__()
        self._config, self._worlds, self._folder = config, worlds, Path(config.output)
        self._save_policy, self._stop_if_asked = save_policy, stop_if_asked
        self._evaluator = Evaluator(config, stop_if_asked) if config.evaluation.every else None
        self._board = Board(self._folder)
        self._bar = progress_bar(total=config.steps, desc="learning", unit="step")
        self._snapshot: checkpoint.Snapshot | None = None
        self._saved, self._evaluated, self.figures = time.monotonic(), 0, dict[str, Any]()

    def resume(self) -> bool:
        """Put the learner back as the checkpoint of the run has it; False where there is none.

        Raises:
            ValueError: If the checkpoint is damaged, or of a run with other settings.
        """
        path = self._folder / CHECKPOINT
        if not path.exists():
            return False
        extra = checkpoint.read(path, self.model, self._worlds, self._config.frozen())
        self._evaluated = extra["evaluated"]
        self._bar.update(self.model.num_timesteps)
        return True

    def save(self) -> None:
        """Write the policy as it stands and a checkpoint of the last moment between two rollouts."""
        snapshot = self._snapshot or checkpoint.take(self.model, self._worlds)
        extra = {"evaluated": self._evaluated}
        checkpoint.write(self._folder / CHECKPOINT, snapshot, self._worlds, self._config.frozen(), extra)
        self._save_policy(self._folder / POLICY)
        self._saved = time.monotonic()

    def close(self) -> None:
        """Close the bar and the logs, and free the worlds of evaluations."""
        self._bar.close()
        self._board.close()
        if self._evaluator is not None:
            self._evaluator.close()

    def _on_rollout_start(self) -> None:
        is_long = isinstance(self.model, OnPolicyAlgorithm)
        self._snapshot = checkpoint.take(self.model, self._worlds) if is_long else None
        self._stop_if_asked()
        every = self._config.evaluation.every
        if every and self.num_timesteps // every > self._evaluated // every:
            self._evaluate()
        if time.monotonic() - self._saved > self._config.save_seconds:
            self.save()

    def _on_step(self) -> bool:
        self._bar.update(self.num_timesteps - self._bar.n)
        successes = self.model.ep_success_buffer
        if successes:
            self._bar.set_postfix_str(f"success {sum(successes) / len(successes):.2f}")
        if self._snapshot is not None:
            self._stop_if_asked()
        return True

    def _on_training_end(self) -> None:
        self._snapshot = None
        if self._config.evaluation.every and self._evaluated < self.num_timesteps:
            self._evaluate()
        self.save()

    def _evaluate(self) -> None:
        assert self._evaluator is not None
        self._save_policy(self._folder / POLICY)
        for evaluation in self._evaluator.evaluate(self._folder / POLICY):
            self._board.add(evaluation, self.num_timesteps)
            self.figures[evaluation.backend] = evaluation.figures["success"]
        self._evaluated = self.num_timesteps
