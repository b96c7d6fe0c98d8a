"""How many functions a reader visits who follows a condition through the video model, down and back.

    python benchmarks/follow_condition.py --json follow.json

One world steps once with the shipped weights, and every call of a Python function of the package is watched between
the call of `VideoModel.step` and its return; completion lies before it. A function is visited if it is given something
that derives from the condition: the condition itself, a record, sequence or sentence in it, or a tensor that torch has
computed from one of its tensors, also inside a record, a tuple or a list. Counted are distinct functions by their
definition: methods, properties and functions within functions count, comprehensions and lambdas belong to the function
that they stand in, and torch's own functions are not looked at. Torch computes the step, as on every device but a CPU:
what kernels compiled for a CPU write cannot be followed. What reaches a function through `self` alone is not
counted, nor are numbers, from which nothing can be followed.

JSON keys:
 - `model`: functions of the video model: its room, `wm_gym/backends/video`, and attention, which lies in `networks`.
 - `package`: functions of all rooms, those of the model among them: poses, batch-invariant products, blending.
 - `called`: all distinct functions of the package that run in the step, whether they are given anything of it or not.
 - `visits`: the functions, in the order of their first visit.
And `weights`, the size of frames.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

import wm_gym
from wm_gym.backends.video import codec
from wm_gym.backends.video import model as video_model
from wm_gym.backends.video.model import VideoModel
from wm_gym.completion.pipeline import Completion
from wm_gym.reconstruction import blend_colours, blend_depth
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World
from wm_gym.world_model import Condition

ROOT = Path(wm_gym.__file__).parent
MODEL = "backends/video/", "networks/attention.py", "networks/rotary.py"


class Followed(TorchFunctionMode):
    """Watches torch compute and Python call, and knows what derives from a condition."""

    def __init__(self, condition: Condition) -> None:
        super().__init__()
        self._derived = {id(part): part for part in parts_of(condition)}  # kept, so that no id is given away
        self.called: dict[str, None] = {}
        self.visited: dict[str, None] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute, and remember what comes out if something derived went in."""
        result = func(*args, **(kwargs or {}))
        if self._derives([*args, *(kwargs or {}).values()]):
            self._derived |= {id(part): part for part in parts_of(result) if isinstance(part, Tensor)}
        return result

    def __enter__(self) -> Followed:
        super().__enter__()
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *error: Any) -> None:
        sys.setprofile(None)
        super().__exit__(*error)

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        name = name_of(frame.f_code)
        if event != "call" or name is None:
            return
        self.called[name] = None
        code = frame.f_code
        count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
        if self._derives([frame.f_locals.get(argument) for argument in code.co_varnames[:count]]):
            self.visited[name] = None

    def _derives(self, values: list[Any]) -> bool:
        return any(id(part) in self._derived for part in parts_of(values))


def parts_of(value: Any) -> Iterator[Any]:
    """The value, and what it holds that can be followed."""
    if isinstance(value, Tensor) or (isinstance(value, str) and value):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield value
        for field in fields(value):
            yield from parts_of(getattr(value, field.name))
    elif isinstance(value, tuple | list) and value:
        yield value
        for part in value:
            yield from parts_of(part)


def name_of(code: CodeType) -> str | None:
    """File and name of a function of the package, or None for others, comprehensions and lambdas."""
    if not code.co_filename.startswith(str(ROOT)) or code.co_qualname.endswith(">"):
        return None
    return f"{Path(code.co_filename).relative_to(ROOT)} {code.co_qualname}"


def follow(height: int, width: int) -> dict[str, Any]:
    """The figures of one step at a size that weights are shipped for."""
    model = VideoModel.create(height, width)
    world = World(model, completion=Completion())
    state, _ = world.start([open_named(model.spec, "city/9", 0, "full", 1)], [1])
    twists = np.full((1, model.spec.frames_per_step, 4), 0.5)
    state, _ = world.step(state, twists)  # prompts are encoded once
    step, watched = model.step, []
    model._compiled = None
    for module in (codec, video_model, blend_colours, blend_depth):
        setattr(module, "takes_kernels", lambda tensor: False)  # noqa: B010 (in this process alone)

    def followed(state: Any, condition: Condition) -> Any:
        with Followed(condition) as found:
            result = step(state, condition)
        watched.append(found)
        return result

    model.step = followed
    world.step(state, twists)
    visits = list(watched[0].visited)
    return {
        "model": sum(name.startswith(MODEL) for name in visits),
        "package": len(visits),
        "called": len(watched[0].called),
        "visits": visits,
        "weights": f"{height}x{width}",
    }


def main() -> None:
    """Print the functions and the figures, and write them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=[48, 64], metavar=("HEIGHT", "WIDTH"), help="of frames")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures here")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    figures = follow(*asked.size)
    print("\n".join(figures["visits"]))
    print(f"{figures['model']} functions of the model, {figures['package']} of the package; {figures['called']} called")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
