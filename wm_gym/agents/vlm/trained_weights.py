"""The weights of a model that are trained, as a module of their own: all of them, or those of a LoRA adapter.

The trainer keeps an average and a checkpoint of what it trains; of a large model with an adapter that is the adapter.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class TrainedWeights(nn.Module):
    """Those parameters of a model that want a gradient; the model itself is no part of this module.

    Args:
        model: Holds the parameters.

    Attributes:
        model: The same.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        wanted = {name.replace(".", "/"): one for name, one in model.named_parameters() if one.requires_grad}
        self.weights = nn.ParameterDict(wanted)
        self.__dict__["model"] = model  # not registered as a part

    def __deepcopy__(self, memo: dict[int, Any]) -> TrainedWeights:
        """Copies of the weights beside the same model."""
        copied = TrainedWeights.__new__(TrainedWeights)
        nn.Module.__init__(copied)
        copied.weights = copy.deepcopy(self.weights, memo)
        copied.__dict__["model"] = self.__dict__["model"]
        return copied

    @contextmanager
    def in_place(self) -> Iterator[Any]:
        """The model with these weights for a while, in evaluation mode."""
        model = self.__dict__["model"]
        own = dict(model.named_parameters())
        kept = {name: own[name.replace("/", ".")].detach().clone() for name in self.weights}
        was_training = model.training
        self._copy({name: one.detach() for name, one in self.weights.items()}, own)
        try:
            yield model.eval()
        finally:
            self._copy(kept, own)
            model.train(was_training)

    def _copy(self, values: dict[str, torch.Tensor], own: dict[str, nn.Parameter]) -> None:
        with torch.no_grad():
            for name, value in values.items():
                own[name.replace("/", ".")].copy_(value)
