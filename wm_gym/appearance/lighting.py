"""`Appearance`: frames of one world under light and weather, by the appearance network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.appearance.carriers import draw_carriers
from wm_gym.appearance.network import AppearanceNetwork, conditions_of, input_maps
from wm_gym.appearance.sight import FrameEvent, Sight, geometry_of
from wm_gym.appearance.weights import SHIPPED, load_appearance
from wm_gym.events.kinds import KINDS


@dataclass(frozen=True)
class Lit:
    """T frames under their events.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres, with particles that hide the scene.
        moving: (T, H, W) bool, where particles are seen.
    """

    frames: Tensor
    depth: Tensor
    moving: Tensor


class Appearance:
    """The network, ready to draw. A function of one clean frame and its events: it holds for as long as they last."""

    def __init__(self, network: AppearanceNetwork) -> None:
        # with a pixel's channels side by side, products of single pixels need no copies
        self._network = network.eval()
        self._network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] (not in torch's stubs)
        self.kinds = network.config.kinds

    @classmethod
    def create(cls, path: Path = SHIPPED, device: str = "cpu") -> Appearance:
        """The network of a file, on a device.

        Raises:
            ValueError: If the file is missing, damaged or of another kind.
        """
        return cls(load_appearance(path).to(device))

    def draw(
        self,
        frames: Tensor,
        sights: Sequence[Sight],
        events: Sequence[Sequence[FrameEvent]],
        lamps: NDArray[np.float64],
    ) -> Lit:
        """T frames of one world under the events at work in each.

        Where a frame has no global event it keeps its bytes in all pixels that no carrier touches.

        Args:
            frames: (T, H, W, 3) uint8, clean.
            sights: T, their geometry.
            events: T sets, of kinds that the network shows.
            lamps: (N, 3) known lamps, metres.
        """
        drawn = [
            draw_carriers(sight, frame, told, lamps)
            for sight, frame, told in zip(sights, frames.numpy(), events, strict=True)
        ]
        carriers = torch.from_numpy(np.stack([one.maps for one in drawn]))
        geometry = torch.from_numpy(np.stack([geometry_of(sight) for sight in sights]))
        conditions = torch.stack([conditions_of(self.kinds, told) for told in events])
        device = next(self._network.parameters()).device
        with torch.inference_mode():
            maps = input_maps(frames, geometry, carriers).to(device, memory_format=torch.channels_last)
            made = self._network(maps, conditions.to(device)).clamp(0, 1).mul(255).round().to("cpu")
        everywhere = torch.tensor([any(KINDS[one.kind].is_global for one in told) for told in events])
        touched = everywhere[:, None, None] | carriers.any(1)
        return Lit(
            torch.where(touched[..., None], made.permute(0, 2, 3, 1).to(torch.uint8), frames),
            torch.from_numpy(np.stack([one.depth for one in drawn])),
            torch.from_numpy(np.stack([one.moving for one in drawn])),
        )
