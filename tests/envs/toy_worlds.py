"""Worlds of plain numbers, to check wrappers by hand: pixel values are steps, episodes last as long as asked."""

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorWrapper

FRAMES = 2
SIZE = (16, 24)


class ToyWorld(gym.Env):
    """Step k shows frames of brightness 10 * k and pays k; depth is k metres, of 100; there are k points of 8."""

    metadata = {"render_modes": [], "video_fps": 20.0, "frames_per_step": FRAMES}  # noqa: RUF012

    def __init__(self, length=3, first=0):
        self.length, self.first = length, first
        points = gym.spaces.Box(-9.0, 9.0, (8, 6), np.float32)
        self.observation_space = gym.spaces.Dict(
            {
                "rgb": gym.spaces.Box(0, 255, (*SIZE, 3), np.uint8),
                "depth": gym.spaces.Box(0.0, 100.0, (*SIZE, 1), np.float32),
                "points": points,
                "points_mask": gym.spaces.MultiBinary(8),
            }
        )
        self.action_space = gym.spaces.Discrete(9)
        self.actions = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.k = self.first
        return self._shown()

    def step(self, action):
        self.k += 1
        self.actions.append(int(action))
        return self._shown()[0], float(self.k), self.k - self.first >= self.length, False, self._shown()[1]

    def _shown(self):
        points = np.zeros((8, 6), np.float32)
        points[: self.k, 0] = np.arange(min(self.k, 8))
        rgb = np.full((*SIZE, 3), 10 * self.k, np.uint8)
        observation = {
            "rgb": rgb,
            "depth": np.full((*SIZE, 1), self.k, np.float32),
            "points": points,
            "points_mask": (np.arange(8) < self.k).astype(np.int8),
        }
        info = {"frames": np.stack([rgb] * FRAMES), "intrinsics": np.array([20.0, 20.0, 12.0, 8.0])}
        return observation, info


class TorchOutput(VectorWrapper):
    """What `output="torch"` gives: tensors for observations, rewards, ends and numeric infos."""

    def reset(self, *, seed=None, options=None):
        return _to_torch(self.env.reset(seed=seed, options=options))

    def step(self, actions):
        return _to_torch(self.env.step(actions))


def toy_batch(lengths, mode, output):
    """Worlds of these lengths; world n begins at 2 * n."""
    makers = [lambda n=n, length=length: ToyWorld(length, 2 * n) for n, length in enumerate(lengths)]
    envs = SyncVectorEnv(makers, autoreset_mode=mode)
    return TorchOutput(envs) if output == "torch" else envs


def noops(envs):
    return np.zeros(envs.num_envs, np.int64)


MODES = tuple(AutoresetMode)


def _to_torch(value):
    if isinstance(value, dict):
        return {name: _to_torch(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_to_torch(part) for part in value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return torch.from_numpy(value.copy())
    if isinstance(value, np.ndarray):
        return np.array([_to_torch(part) for part in value] + [None], object)[:-1]
    return value
