"""The thing network: a person, fire or object as an RGBA crop, from kind, looks, the side that is seen and the phase.

An encoder tells looks from one crop, whichever way the thing is turned; the decoder draws the same thing from any side.
Objects have a decoder of their own, so that people and fires lose nothing by them.
It is trained to draw *another* crop of the same thing, so that looks hold identity alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.entities.crops import COLUMNS, ROWS, WINDOWS
from wm_gym.events.kinds import KINDS

_ANGLE_HARMONICS, _PHASE_HARMONICS = (1, 2, 3, 4), (1, 2)
POSE_NUMBERS = 2 * (len(_ANGLE_HARMONICS) + len(_PHASE_HARMONICS))
"""By which layers are told side and phase, behind a column for each kind."""
_GROUPS = 4


@dataclass(frozen=True)
class ThingConfig:
    """Shape of the network.

    Attributes:
        looks: Numbers that hold the looks of a thing.
        width: Channels of the decoder.
        hidden: Channels of its first layers.
        rank: Numbers through which the first layers of the decoder of objects reach its grid.
    """

    looks: int = 12
    width: int = 64
    hidden: int = 160
    rank: int = 48


class _Encoder(nn.Module):
    """Mean and log-variance of the looks of a crop."""

    def __init__(self, given: int, looks: int) -> None:
        super().__init__()
        self.crop = nn.Sequential(
            nn.Conv2d(4, 24, 4, 2, 1), nn.SiLU(), nn.Conv2d(24, 40, 4, 2, 1), nn.SiLU(),
            nn.Conv2d(40, 56, 4, 2, 1), nn.SiLU(), nn.Flatten(),
        )  # fmt: skip
        texels = (ROWS // 8) * (COLUMNS // 8)
        self.head = nn.Sequential(nn.Linear(56 * texels + given, 96), nn.SiLU(), nn.Linear(96, 2 * looks))

    def forward(self, crop: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.head(torch.cat([self.crop(crop), given], 1)).chunk(2, 1)
        return mean, log_variance.clamp(-10, 4)


class _Decoder(nn.Module):
    """RGBA, its colour premultiplied by its alpha; no sigmoid, which dies where most texels are empty."""

    def __init__(self, given: int, width: int, hidden: int, rank: int = 0) -> None:
        super().__init__()
        self.grid = (ROWS // 8, COLUMNS // 8)
        rows, columns = self.grid
        self.start = nn.Sequential(
            nn.Linear(given, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            *([nn.Linear(hidden, rank, bias=False)] if rank else []),
            nn.Linear(rank or hidden, width * rows * columns),
        )  # fmt: skip
        widths = [width, width, 40, 32]
        pairs = list(pairwise(widths))
        self.layers = nn.ModuleList([nn.Conv2d(before, after, 3, 1, 1) for before, after in pairs])
        self.films = nn.ModuleList([nn.Linear(given, 2 * after) for _, after in pairs])
        self.refine, self.out = nn.Conv2d(32, 32, 3, 1, 1), nn.Conv2d(32, 16, 3, 1, 1)

    def forward(self, given: Tensor) -> Tensor:
        x = self.start(given).unflatten(1, (-1, *self.grid))
        for k, (layer, film) in enumerate(zip(self.layers, self.films, strict=True)):
            x = functional.interpolate(x, scale_factor=2.0) if k else x
            scale, shift = film(given)[..., None, None].chunk(2, 1)
            x = functional.silu(functional.group_norm(layer(x), _GROUPS) * (1 + scale) + shift)
        return functional.pixel_shuffle(self.out(x + functional.silu(self.refine(x))), 2)


class ThingNetwork(nn.Module):
    """Things drawn from looks, and looks told from crops."""

    bank: Tensor
    """(P, looks) looks of the things that it was trained on, in order of their kinds."""
    colours: Tensor
    """(P, 3) colour of each of them, 0..1; of a person that of what it wears over the waist."""
    usual: Tensor
    """(K, looks) mean looks of each kind."""

    def __init__(
        self, config: ThingConfig, rows: Mapping[str, int] | None = None, kinds: tuple[str, ...] = tuple(WINDOWS)
    ) -> None:
        """A new network.

        Args:
            config: Its shape.
            rows: Rows of its bank for each kind whose things differ.
            kinds: Kinds that it draws.

        Raises:
            ValueError: If a kind is none that is drawn as a thing.
        """
        super().__init__()
        if not set(kinds) <= set(WINDOWS):
            raise ValueError(f"kinds must be among {list(WINDOWS)}, got {list(kinds)}")
        self.config, self.kinds = config, kinds
        self.rows = {kind: (rows or {}).get(kind, 0) for kind in kinds}
        given = len(kinds) + POSE_NUMBERS
        self.encoder = _Encoder(given, config.looks)
        self.decoder = _Decoder(config.looks + given, config.width, config.hidden)
        self.objects = _Decoder(config.looks + given, config.width, config.hidden, config.rank)
        self._is_object = [KINDS[kind].is_object for kind in kinds]
        known = sum(self.rows.values())
        self.register_buffer("bank", torch.zeros(known, config.looks))
        self.register_buffer("colours", torch.zeros(known, 3))
        self.register_buffer("usual", torch.zeros(len(kinds), config.looks))

    def forward(self, looks: Tensor, kind: Tensor, angle: Tensor, phase: Tensor) -> Tensor:
        """(N, 4, 48, 32) premultiplied RGBA, about 0..1.

        Args:
            looks: (N, looks).
            kind: (N,) int64, numbers in `kinds`.
            angle: (N,) radians, as `crops.viewing_angle`.
            phase: (N,) 0..1, of the cycle of its motion.
        """
        given = torch.cat([looks, self._given(kind, angle, phase)], 1)
        is_object = torch.tensor(self._is_object, device=kind.device)[kind]
        if not is_object.any():
            return self.decoder(given)
        if is_object.all():
            return self.objects(given)
        made = given.new_zeros(len(given), 4, ROWS, COLUMNS)
        rows, others = is_object.nonzero()[:, 0], (~is_object).nonzero()[:, 0]
        return made.index_copy(0, rows, self.objects(given[rows])).index_copy(0, others, self.decoder(given[others]))

    def rows_of(self, kind: str) -> slice:
        """The rows of the bank that hold things of a kind."""
        before = sum(self.rows[other] for other in self.kinds[: self.kinds.index(kind)])
        return slice(before, before + self.rows[kind])

    def encode(self, crop: Tensor, kind: Tensor, angle: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (N, looks) of the looks of crops (N, 4, 48, 32); other arguments as `forward`."""
        return self.encoder(crop, self._given(kind, angle, phase))

    def _given(self, kind: Tensor, angle: Tensor, phase: Tensor) -> Tensor:
        waves = [f(k * angle) for k in _ANGLE_HARMONICS for f in (torch.cos, torch.sin)]
        waves += [f(2 * torch.pi * k * phase) for k in _PHASE_HARMONICS for f in (torch.cos, torch.sin)]
        return torch.cat([functional.one_hot(kind, len(self.kinds)).float(), torch.stack(waves, 1)], 1)
