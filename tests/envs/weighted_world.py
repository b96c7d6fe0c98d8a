"""The backend `memory` as if it had weights: an outside backend whose states are not memory's."""

from dataclasses import replace

from wm_gym.backends.memory import MemoryModel, MemoryModelConfig


class Weighted(MemoryModel):
    def __init__(self, config):
        super().__init__(config)
        self.spec = replace(self.spec, weights="f" * 64)

    @classmethod
    def create(cls, height, width):
        return cls(MemoryModelConfig(height, width))
