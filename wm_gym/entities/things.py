"""`Things`: people and fires of one world drawn into its frames, by the thing network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.entities.compositing import Layer
from wm_gym.entities.crops import WINDOWS, box_of, premultiplied, viewing_angle
from wm_gym.entities.entity import Entity
from wm_gym.entities.network import ThingNetwork
from wm_gym.entities.weights import SHIPPED, load_things
from wm_gym.last_used import LastUsed

_SIDES, _PHASES = 16, 4
_DRAWN_SIDES, _KEPT_CROPS = 48, 1024
_STREAM, _NEAREST_PART, _MOST_BLENDED = 41, 24, 0.2
_COLOURS = {
    "red": (0.8, 0.15, 0.15), "green": (0.2, 0.6, 0.3), "blue": (0.2, 0.35, 0.75), "yellow": (0.95, 0.8, 0.25),
    "orange": (0.9, 0.5, 0.2), "purple": (0.55, 0.3, 0.65), "pink": (0.9, 0.5, 0.65), "white": (0.95, 0.95, 0.95),
    "black": (0.1, 0.1, 0.1), "brown": (0.45, 0.3, 0.2), "grey": (0.5, 0.5, 0.5), "gray": (0.5, 0.5, 0.5),
    "turquoise": (0.25, 0.65, 0.75),
}  # fmt: skip


def named_colour(text: str) -> tuple[float, float, float] | None:
    """The first colour that a text names, 0..1, or None."""
    words = re.findall(r"[a-z]+", text.lower())
    return next((_COLOURS[word] for word in words if word in _COLOURS), None)


class Things:
    """The network, ready to draw."""

    def __init__(self, network: ThingNetwork) -> None:
        self._network = network.eval()
        self.kinds = network.kinds
        self._crops: LastUsed[tuple[str, tuple[float, ...], int, int], NDArray[np.float32]] = LastUsed(_KEPT_CROPS)

    @classmethod
    def create(cls, path: Path = SHIPPED, device: str = "cpu") -> Things:
        """The network of a file, on a device.

        Raises:
            ValueError: If the file is missing, damaged or of another kind.
        """
        return cls(load_things(path).to(device))

    def looks(self, kind: str, seed: int, text: str = "") -> tuple[float, ...]:
        """The looks of a new thing: a person by the seed, in clothes of a colour that a text names; the usual fire."""
        if kind != "walker":
            return tuple(self._network.usual[self.kinds.index(kind)].tolist())
        bank, wanted = self._network.bank, named_colour(text)
        if wanted is not None:
            apart = (self._network.clothes.float() - torch.tensor(wanted, device=bank.device)).norm(dim=1)
            bank = bank[apart.argsort()[: max(1, len(bank) // _NEAREST_PART)]]
        rng = np.random.default_rng([seed, _STREAM])
        one, other = bank[torch.from_numpy(rng.choice(len(bank), 2)).to(bank.device)]
        return tuple((one + float(rng.uniform(0.0, _MOST_BLENDED)) * (other - one)).tolist())

    def recognise(self, rgba: NDArray[np.uint8]) -> tuple[tuple[float, ...], float, int]:
        """Looks, viewing angle and frames of phase of a person in a crop (48, 32, 4): those that draw it best."""
        crop = torch.from_numpy(premultiplied(rgba)).permute(2, 0, 1)[None].to(self._network.bank.device)
        period = int(WINDOWS["walker"].period_frames)
        grid = [(2 * np.pi * a / _SIDES, p) for a in range(_SIDES) for p in range(0, period, period // _PHASES)]
        angle, frames = (
            torch.tensor(column, dtype=torch.float32, device=crop.device) for column in zip(*grid, strict=True)
        )
        kind = torch.zeros(len(grid), dtype=torch.long, device=crop.device) + self.kinds.index("walker")
        crops, phase = crop.expand(len(grid), -1, -1, -1), frames / period
        with torch.inference_mode():
            looks, _ = self._network.encode(crops, kind, angle, phase)
            error = (self._network(looks, kind, angle, phase).clamp(0, 1) - crops).abs().mean((1, 2, 3))
        best = int(error.argmin())
        return tuple(looks[best].tolist()), float(angle[best]), int(frames[best])

    def layers(
        self,
        entities: Sequence[Entity],
        eye: NDArray[np.float64],
        ray_from_pixel: NDArray[np.float64],
        size: tuple[int, int],
    ) -> list[Layer]:
        """The things of one frame as layers; those out of view are left out. Each is drawn alone."""
        made = []
        for one in entities:
            foot = np.array(one.position)
            found = box_of(one.kind, foot, eye, ray_from_pixel)
            if found is not None and one.strength > 0.0 and _is_in_view(found[0], size):
                made.append(Layer(self._crop(one, viewing_angle(one.heading_radians, foot, eye)), *found, one.strength))
        return made

    def clear(self) -> None:
        """Forget the crops that are kept."""
        self._crops.clear()

    def _crop(self, one: Entity, angle: float) -> NDArray[np.float32]:
        """(48, 32, 4) premultiplied, from the nearest of some sides; the crops that were asked for last are kept."""
        side = round(angle / (2 * np.pi) * _DRAWN_SIDES) % _DRAWN_SIDES
        period = WINDOWS[one.kind].period_frames
        key = one.kind, one.looks, side, one.phase_frames % int(period)
        return self._crops.get(key, lambda: self._made(*key))

    def _made(self, kind: str, looks: tuple[float, ...], side: int, phase_frames: int) -> NDArray[np.float32]:
        device = self._network.bank.device
        angle, phase = 2 * np.pi * side / _DRAWN_SIDES, phase_frames / WINDOWS[kind].period_frames
        numbers: list[Tensor] = [torch.tensor([value], dtype=torch.float32, device=device) for value in (angle, phase)]
        number = torch.tensor([self.kinds.index(kind)], device=device)
        with torch.inference_mode():
            crop = self._network(torch.tensor([looks], dtype=torch.float32, device=device), number, *numbers)[0]
        return np.ascontiguousarray(crop.permute(1, 2, 0).cpu().numpy())


def _is_in_view(box: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    left, top, right, bottom = box
    return left < size[1] and right > 0 and top < size[0] and bottom > 0
