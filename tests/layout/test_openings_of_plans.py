"""Where imagined places open."""

from dataclasses import replace

import numpy as np
from tiny_layout import tiny_sampler

from wm_gym.layout.cells import INDEX, WALKS
from wm_gym.layout.growing import empty_plan
from wm_gym.layout.imagination import first_drawn
from wm_gym.layout.sampling import Sampler
from wm_gym.layout.windows import WINDOW
from wm_gym.world_model import Imagined


class Solid(Sampler):
    """Draws solid matter at first, and open ground from a number of windows on."""

    def __init__(self, opens_at):
        super().__init__(tiny_sampler().network, tiny_sampler().config)
        self.opens_at, self.drawn = opens_at, 0

    def advanced(self, drawing):
        self.drawn += 1
        kind = INDEX["plaza" if drawing.seed[-1] >= self.opens_at else "solid"]
        return replace(
            drawing, cells=np.full_like(drawing.cells, kind), objects=np.zeros_like(drawing.objects), is_repaired=True
        )


def test_a_place_never_opens_inside_of_solid_matter_if_it_can_be_helped():
    sampler = Solid(opens_at=2)
    plan = first_drawn(empty_plan(Imagined(1, "city")), sampler)
    assert WALKS[plan.region((-WINDOW // 2, -WINDOW // 2), WINDOW, WINDOW)[0]].all() and sampler.drawn == 3


def test_drawing_again_ends():
    sampler = Solid(opens_at=99)
    first_drawn(empty_plan(Imagined(1, "city")), sampler)
    assert sampler.drawn == 4
