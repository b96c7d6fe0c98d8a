from dataclasses import replace

import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.evaluation.overrides import ConditionOverride, hide_hints
from wm_gym.evaluation.preset import preset_hash, weights_hash
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.render import blank_hints
from wm_gym.world.world import World, WorldConfig
from wm_gym.world_model import Condition, Guidance


class Networked(MemoryOnlyModel):
    """A backend with weights."""

    def __init__(self, value: float) -> None:
        super().__init__(48, 64)
        self.network = torch.nn.Linear(2, 1, bias=False)
        torch.nn.init.constant_(self.network.weight, value)


def _condition() -> Condition:
    hints = blank_hints(1, 4, 6, 8, torch.device("cpu"))
    return Condition(
        world_from_camera=torch.eye(4).expand(1, 4, 4, 4),
        intrinsics=torch.ones(1, 4),
        keys=torch.zeros(1, 4, 8, dtype=torch.bool),
        prompts=[["A park. It is night."]],
        events=[()],
        seeds=[0],
        frame_index=[1],
        guidance=Guidance(replace(hints, seen=torch.ones_like(hints.seen)), torch.zeros_like(hints.seen)),
    )


def test_equal_presets_have_equal_names():
    assert preset_hash(World(Networked(1.0))) == preset_hash(World(Networked(1.0)))
    assert len(preset_hash(World(Networked(1.0)))) == 16


@pytest.mark.parametrize(
    "other",
    [
        World(Networked(2.0)),
        World(MemoryOnlyModel.create(48, 64)),
        World(Networked(1.0), WorldConfig(memory=MemoryConfig(max_points=1000))),
    ],
    ids=["weights", "no network", "memory"],
)
def test_other_presets_have_other_names(other: World):
    assert preset_hash(other) != preset_hash(World(Networked(1.0)))


def test_weights_in_sixteen_bits_can_be_named():
    model = Networked(1.0)
    before = weights_hash(model)
    model.network.to(torch.bfloat16)
    assert weights_hash(model) != before


def test_a_model_whose_hints_are_hidden_sees_none():
    changed = hide_hints(_condition())
    assert changed.guidance is not None
    assert not changed.guidance.hints.seen.any()
    assert changed.prompts == _condition().prompts


def test_an_altered_backend_is_asked_for_what_was_changed():
    asked: list[Condition] = []

    class Listening(MemoryOnlyModel):
        def step(self, state, condition):
            asked.append(condition)
            return super().step(state, condition)

    altered = ConditionOverride(Listening.create(6, 8), lambda asked: replace(asked, prompts=[["A city."]]))
    altered.step(altered.unpack(altered.pack(altered.select(altered.cat([(None,)]), [0]))), _condition())
    assert asked[0].prompts == [["A city."]]
