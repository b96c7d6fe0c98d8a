"""What an environment's `reconstruction_settings` ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wm_gym.reconstruction.depth_estimator import EstimatedReconstructor, find_estimator
from wm_gym.reconstruction.estimates import DepthEstimator
from wm_gym.reconstruction.tracking import COMMANDED, PoseTracker, find_tracker


@dataclass(frozen=True)
class Reconstruction:
    """Who reconstructs.

    Attributes:
        estimator: Of the depth of pictures and films; None for flat ground and a wall.
        reconstructor: Of what a backend's frames come without; None for the plain one.
        tracker: Of where bodies are; None for where they were sent.
    """

    estimator: DepthEstimator | None
    reconstructor: EstimatedReconstructor | None
    tracker: PoseTracker | None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Reconstruction:
        """By settings: "poses" as of `find_tracker`, the others as of `find_estimator`.

        Raises:
            ValueError: If there is no such file or model, or poses are found in no such way.
            ImportError: If the transformers library is needed and not installed.
        """
        rest = {name: value for name, value in settings.items() if name != "poses"}
        tracker, estimator = find_tracker(settings.get("poses", COMMANDED)), find_estimator(**rest)
        if estimator is None or not settings:
            return cls(estimator, None, tracker)
        return cls(estimator, EstimatedReconstructor(estimator), tracker)
