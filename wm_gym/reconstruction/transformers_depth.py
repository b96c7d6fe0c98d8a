"""Any depth model of the transformers library, by folder or hub id. Knows nothing of scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.reconstruction.estimates import DepthEstimate, DepthQuery, Kind

METRIC_MODELS = ("zoedepth", "depth_pro", "glpn")
"""Model types that give metres; others give disparity, unless their configuration says that they are metric."""


class TransformersDepth:
    """Depth by a model of the transformers library, such as Depth Anything V2, Depth Pro, ZoeDepth or DPT.

    Attributes:
        kind: Whether it gives metres or disparity.
        takes_known: False.
    """

    kind: Kind
    takes_known = False

    def __init__(self, model: str, device: str = "cpu") -> None:
        """Load a model.

        Args:
            model: Folder or hub id; a folder is never looked for elsewhere.
            device: As torch knows it.

        Raises:
            ImportError: If the transformers library is not installed.
            ValueError: If there is no such model.
        """
        try:
            from transformers import AutoImageProcessor, AutoModelForDepthEstimation
        except ImportError as error:
            raise ImportError("depth models need the transformers library: pip install 'wm-gym[vlm]'") from error
        is_folder = Path(model).is_dir()
        try:
            self._processor = AutoImageProcessor.from_pretrained(model, local_files_only=is_folder)
            network = AutoModelForDepthEstimation.from_pretrained(model, local_files_only=is_folder)
        except (OSError, ValueError, KeyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                "depth must be 'ground', a .safetensors of the recipe depth, or a folder or hub id of a depth model "
                f"of transformers, got {model!r}: {reason}"
            ) from error
        if network.config.model_type == "zoedepth":
            self._processor.do_pad = False
        self._network: Any = network.to(device).eval()
        self.kind = kind_of(network.config)

    @torch.inference_mode()
    def estimate(self, query: DepthQuery) -> DepthEstimate:
        """As `DepthEstimator.estimate` says; each frame on its own, its colours alone."""
        made = []
        for frame in query.frames:
            given = self._processor(images=frame.numpy(), return_tensors="pt").to(self._network.device)
            answer = self._network(**given)
            made.append(self._sized(answer, query.size))
        return DepthEstimate(torch.stack(made).clone())

    def _sized(self, answer: Any, size: tuple[int, int]) -> Tensor:
        """(H, W) float32 of a model's answer."""
        if self._network.config.model_type == "zoedepth":  # its processor's own needs torchvision
            given = answer.predicted_depth[:, None].float()
            return functional.interpolate(given, size=size, mode="bilinear", align_corners=False)[0, 0].cpu()
        sized = self._processor.post_process_depth_estimation(answer, target_sizes=[size])
        return sized[0]["predicted_depth"].float().cpu().reshape(size)


def kind_of(config: Any) -> Kind:
    """What a model gives, by its configuration."""
    told = getattr(config, "depth_estimation_type", None)
    if told is not None:
        return "metric" if told == "metric" else "disparity"
    return "metric" if config.model_type in METRIC_MODELS else "disparity"
