"""`Things`: people, fires and objects of one world drawn into its frames, by the thing network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.entities.colours import named_colour
from wm_gym.entities.compositing import Layer
from wm_gym.entities.crops import WINDOWS, box_of, premultiplied, viewing_angle
from wm_gym.entities.entity import Entity
from wm_gym.entities.motion import leaving, shown_at
from wm_gym.entities.network import ThingNetwork
from wm_gym.entities.weights import SHIPPED, load_things
from wm_gym.last_used import LastUsed

_SIDES = 16
_DRAWN_SIDES, _KEPT_CROPS = 8, 1024  # sides of which pictures were learned: between two of them it would blend
_USUAL_COLOURS = {"crate": named_colour("wooden")}
_STREAM, _NEAREST_PART, _MOST_BLENDED = 41, 24, 0.2


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
        """The looks of a new thing by the seed, of a colour that a text names; the usual ones where all look alike."""
        rows = self._network.rows_of(kind)
        bank, wanted = self._network.bank[rows], named_colour(text) or _USUAL_COLOURS.get(kind)
        if not len(bank):
            return tuple(self._network.usual[self.kinds.index(kind)].tolist())
        if wanted is not None:
            apart = (self._network.colours[rows].float() - torch.tensor(wanted, device=bank.device)).norm(dim=1)
            bank = bank[apart.argsort()[: max(1, len(bank) // _NEAREST_PART)]]
        rng = np.random.default_rng([seed, _STREAM])
        one, other = bank[torch.from_numpy(rng.choice(len(bank), 2)).to(bank.device)]
        blended = float(rng.uniform(0.0, _MOST_BLENDED)) if kind == "walker" else 0.0
        return tuple((one + blended * (other - one)).tolist())

    def recognise(self, rgba: NDArray[np.uint8]) -> tuple[tuple[float, ...], float, int]:
        """Looks, viewing angle and frames of phase of a person in a crop (48, 32, 4): those that draw it best."""
        crop = torch.from_numpy(premultiplied(rgba)).permute(2, 0, 1)[None].to(self._network.bank.device)
        window = WINDOWS["walker"]
        period = int(window.period_frames)
        grid = [(2 * np.pi * a / _SIDES, p) for a in range(_SIDES) for p in range(0, period, period // window.states)]
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
        parts = [(one, part, foot) for one in entities for part, foot in enumerate(shown_at(one))]
        for one, part, foot in parts:
            found, opacity = box_of(one.kind, foot, eye, ray_from_pixel), _opacity(one)
            if found is not None and opacity > 0.0 and _is_in_view(found[0], size):
                crop = self._crop(one, part, viewing_angle(one.heading_radians, foot, eye))
                made.append(Layer(crop, *found, opacity))
        return made

    def clear(self) -> None:
        """Forget the crops that are kept."""
        self._crops.clear()

    def _crop(self, one: Entity, part: int, angle: float) -> NDArray[np.float32]:
        """(48, 32, 4) premultiplied, from the nearest side; the crops that were asked for last are kept."""
        side = round(angle / (2 * np.pi) * _DRAWN_SIDES) % _DRAWN_SIDES
        key = one.kind, one.looks, side, WINDOWS[one.kind].state_at(one.phase_frames + part)
        return self._crops.get(key, lambda: self._made(*key))

    def _made(self, kind: str, looks: tuple[float, ...], side: int, state: int) -> NDArray[np.float32]:
        device = self._network.bank.device
        angle, phase = 2 * np.pi * side / _DRAWN_SIDES, state / WINDOWS[kind].states
        numbers: list[Tensor] = [torch.tensor([value], dtype=torch.float32, device=device) for value in (angle, phase)]
        number = torch.tensor([self.kinds.index(kind)], device=device)
        with torch.inference_mode():
            crop = self._network(torch.tensor([looks], dtype=torch.float32, device=device), number, *numbers)[0]
        return np.ascontiguousarray(crop.permute(1, 2, 0).cpu().numpy())


def _opacity(one: Entity) -> float:
    """A flock fades only when it has almost gone."""
    return min(1.0, 4.0 * (1.0 - leaving(one))) if one.kind == "birds" else one.strength


def _is_in_view(box: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    left, top, right, bottom = box
    return left < size[1] and right > 0 and top < size[0] and bottom > 0
