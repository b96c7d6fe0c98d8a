"""The backend `memory_only` as if it had weights: an outside backend whose states are not memory's."""

from dataclasses import replace

from wm_gym.backends.memory_only import MemoryOnlyConfig, MemoryOnlyModel


class Weighted(MemoryOnlyModel):
    def __init__(self, config):
        super().__init__(config)
        self.spec = replace(self.spec, weights="f" * 64)

    @classmethod
    def create(cls, height, width):
        return cls(MemoryOnlyConfig(height, width))
