"""Masks of what moves, along the outlines that SAM 2 draws, by the transformers library. Knows nothing of films.

Source: Ravi et al. 2024, "SAM 2: Segment anything in images and videos".
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import find_objects, label
from torch import Tensor
from torch.nn import functional

from wm_gym.reconstruction.estimates import DepthEstimate, DepthEstimator, DepthQuery, Kind

_LEAST_OVERLAP, _LEAST_PIXELS = 0.3, 6
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class SamMasks:
    """Outlines of what a mask shows roughly."""

    def __init__(self, folder: str | Path, device: str = "cpu") -> None:
        """Load a SAM 2 model.

        Args:
            folder: Of a model of transformers of type sam2; nothing is looked for elsewhere.
            device: As torch knows it.

        Raises:
            ImportError: If the transformers library is not installed.
            ValueError: If the folder holds no such model.
        """
        try:
            from transformers import Sam2Model
        except ImportError as error:
            raise ImportError("SAM 2 needs the transformers library: pip install 'wm-gym[vlm]'") from error
        try:
            if not (Path(folder) / "config.json").is_file():
                raise OSError("it has no config.json")
            network: Any = Sam2Model.from_pretrained(folder, local_files_only=True)
            self._network = network.to(device).eval()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"masks must be a folder of a SAM 2 model of transformers, got {str(folder)!r}: {reason}"
            ) from error
        self._size, self._device = int(self._network.config.prompt_encoder_config.image_size), device

    @torch.inference_mode()
    def refined(self, frame: Tensor, moving: Tensor) -> Tensor:
        """The mask (H, W) bool, each of its parts as the model outlines it; a part that it does not see stays.

        Args:
            frame: (H, W, 3) uint8.
            moving: (H, W) bool.
        """
        numbers = np.empty(tuple(moving.shape), np.int32)
        label(moving.numpy(), structure=np.ones((3, 3)), output=numbers)
        parts = [k for k in range(1, int(numbers.max()) + 1) if int((numbers == k).sum()) >= _LEAST_PIXELS]
        if not parts:
            return moving
        outlines = self._outlined(frame, _boxes(numbers, parts))
        refined = torch.zeros_like(moving)
        for k, outline in zip(parts, outlines, strict=True):
            own = torch.from_numpy(numbers == k)
            overlap = float((own & outline).sum()) / max(1.0, float((own | outline).sum()))
            refined |= outline if overlap >= _LEAST_OVERLAP else own
        return refined

    def _outlined(self, frame: Tensor, boxes: Tensor) -> Tensor:
        """(B, H, W) bool of boxes (B, 4) left, top, right, bottom in pixels."""
        rows, columns = frame.shape[:2]
        colours = frame.permute(2, 0, 1)[None].float() / 255
        sized = functional.interpolate(colours, size=(self._size, self._size), mode="bilinear", antialias=True)
        mean, deviation = (torch.tensor(one)[:, None, None] for one in (_MEAN, _DEVIATION))
        scaled = boxes * self._size / torch.tensor([columns, rows, columns, rows])
        answer = self._network(
            pixel_values=((sized - mean) / deviation).to(self._device),
            input_boxes=scaled[None].to(self._device),
            multimask_output=False,
        )
        logits = answer.pred_masks[0].float().cpu()  # (B, 1, h, w)
        return functional.interpolate(logits, size=(rows, columns), mode="bilinear", align_corners=False)[:, 0] > 0


class OutlinedEstimator:
    """An estimator whose moving masks are refined.

    Attributes:
        kind: The estimator's.
        takes_known: The estimator's.
    """

    kind: Kind
    takes_known: bool

    def __init__(self, estimator: DepthEstimator, masks: SamMasks) -> None:
        """Refine the masks of an estimator that tells what moves; others stay as they are."""
        self._estimator, self._masks = estimator, masks
        self.kind, self.takes_known = estimator.kind, estimator.takes_known

    def estimate(self, query: DepthQuery) -> DepthEstimate:
        """As `DepthEstimator.estimate` says."""
        made = self._estimator.estimate(query)
        if made.moving is None:
            return made
        rows = zip(query.frames, made.moving > 0, strict=True)
        refined = torch.stack([self._masks.refined(frame, moving) for frame, moving in rows])
        return replace(made, moving=2.0 * refined.float() - 1.0)


def _boxes(numbers: np.ndarray, parts: list[int]) -> Tensor:
    """(B, 4) left, top, right, bottom of parts."""
    places = find_objects(numbers)
    return torch.tensor(
        [[places[k - 1][1].start, places[k - 1][0].start, places[k - 1][1].stop, places[k - 1][0].stop] for k in parts],
        dtype=torch.float32,
    )
