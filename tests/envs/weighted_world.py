"""The backend `memory_only` as if it had weights: an outside backend whose states are not memory's."""

from dataclasses import replace

from wm_gym.backends.memory_only import MemoryOnlyModel


class Weighted(MemoryOnlyModel):
    def __init__(self, height, width):
        super().__init__(height, width)
        self.spec = replace(self.spec, weights="f" * 64)
