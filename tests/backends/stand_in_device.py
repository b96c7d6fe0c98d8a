"""A device that is not there: tensors that torch computes on the CPU and that refuse to meet others in silence.

As on a GPU, a tensor on the stand-in goes with tensors on it, with numbers, and with host tensors without dimensions;
whatever else meets it raises. `.to(NAME)` brings a tensor there, `.to("cpu")` and `.cpu()` bring it back, and functions
that make tensors (`torch.zeros(..., device=tensor.device)`) make them there if they are asked to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

NAME = "xla:0"
"""A name that torch knows and no machine of these tests has."""

DEVICE = torch.device(NAME)
BACK = (torch.Tensor.cpu, torch.Tensor.numpy, torch.Tensor.tolist, torch.Tensor.item, torch.Tensor.__bool__)
BACK += (torch.Tensor.__int__, torch.Tensor.__float__, torch.Tensor.__index__)


class OnDevice(torch.Tensor):
    """A tensor on the stand-in."""


class StandIn(TorchFunctionMode):
    """While it is on, `NAME` is a device."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        here = _tensors((args, kwargs))
        if function == torch.Tensor.device.__get__:
            return DEVICE if isinstance(args[0], OnDevice) else function(*map(_plain, args))
        if function == torch.Tensor.is_cuda.__get__:
            return False
        if function is torch._has_compatible_shallow_copy_type:  # so that modules get new parameters
            return False
        if function is torch._C._nn._parse_to:
            return function(*args, **kwargs)
        target = _target(function, args, kwargs)
        if function in BACK:
            return function(*tree_map(_plain, args), **kwargs)
        if any(isinstance(one, OnDevice) for one in here):
            strangers = [one for one in here if not isinstance(one, OnDevice) and one.ndim]
            if strangers and target is None:
                name = getattr(function, "__name__", str(function))
                raise RuntimeError(f"{name} met a host tensor {tuple(strangers[0].shape)} beside one on {NAME}")
        stays = any(isinstance(one, OnDevice) for one in here) if target is None else target == NAME
        args, kwargs = (tree_map(_plain, value) for value in _without_device(args, kwargs))
        made = function(*args, **kwargs)
        return tree_map(_on_device, made) if stays else made


@contextmanager
def stand_in() -> Iterator[str]:
    """Within it the yielded name is a device, modules included."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with StandIn():
            yield NAME
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)


def _tensors(value: Any) -> list[torch.Tensor]:
    return [one for one in tree_flatten(value)[0] if isinstance(one, torch.Tensor)]


def _plain(value: Any) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        return value.as_subclass(torch.Tensor) if isinstance(value, OnDevice) else value


def _on_device(value: Any) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        return value.as_subclass(OnDevice) if isinstance(value, torch.Tensor) else value


def _target(function: Any, args: Any, kwargs: Any) -> str | None:
    """Where the result is asked to be, or None where that follows from the arguments."""
    asked = kwargs.get("device")
    if function is torch.Tensor.to and asked is None:
        found = [one for one in args[1:] if isinstance(one, str | torch.device)]
        others = [one for one in args[1:] if isinstance(one, torch.Tensor)]
        asked = found[0] if found else NAME if others and isinstance(others[0], OnDevice) else None
    return None if asked is None else str(asked)


def _without_device(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments with the CPU in the stand-in's place."""

    def cpu(value: Any) -> Any:
        is_here = isinstance(value, str | torch.device) and str(value) == NAME
        return "cpu" if is_here else value

    return tuple(cpu(one) for one in args), {name: cpu(one) for name, one in kwargs.items()}
