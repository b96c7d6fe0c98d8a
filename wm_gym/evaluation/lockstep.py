"""The twin beside a generated world: the same place, the same poses, the same events, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from wm_gym.backends.seam import Chunk, Condition, ModelSpec, Place
from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.events.kinds import ActiveEvent
from wm_gym.geometry.motion import KEYS
from wm_gym.world.state import Outcome


class Lockstep:
    """The truth of one world: goes wherever the world's camera went, walls or not."""

    def __init__(self, place: Place, spec: ModelSpec, seed: int) -> None:
        """Open the twin of `place` at the size of `spec`."""
        self._twin = TwinModel.create(spec.height, spec.width)
        self._seed, self._frame = seed, 0
        self._state, self.opening = self._twin.start([open_place(place, spec.height, spec.width)], [seed])
        self._frame = self._twin.spec.first_frames

    def follow(self, outcome: Outcome, events: Sequence[ActiveEvent] = ()) -> Chunk:
        """What the twin shows at the poses of one outcome."""
        poses = outcome.chunk.world_from_camera
        assert poses is not None
        condition = Condition(
            world_from_camera=poses,
            intrinsics=outcome.intrinsics,
            keys=torch.from_numpy(np.zeros((1, poses.shape[1], len(KEYS)), bool)),
            prompts=[""],
            events=[tuple(events)],
            seeds=[self._seed],
            frame_index=[self._frame],
        )
        self._state, chunk = self._twin.step(self._state, condition)
        self._frame += poses.shape[1]
        return chunk

    def close(self) -> None:
        """End the twin's process."""
        self._twin.close()
