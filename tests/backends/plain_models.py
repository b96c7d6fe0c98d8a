"""Backends of a few lines, each as unlike the others as the protocol allows."""

import torch

from wm_gym.backends.base import BaseModel
from wm_gym.world_model import Chunk, ModelSpec


class SolidColour(BaseModel):
    """Every frame is one colour; it opens from an image and gives frames alone."""

    def __init__(self, height, width, red=200, green=60, blue=30):
        self.spec = ModelSpec("solid_colour", height, width, frames_per_step=4, fps=10.0)
        self.colour = torch.tensor([red, green, blue], dtype=torch.uint8)

    def start(self, openings, seeds):
        return (None,) * len(openings), self._chunk(openings[0].image, len(openings), 1)

    def step(self, state, condition):
        return state, self._chunk(condition.world_from_camera, len(state), self.spec.frames_per_step)

    def _chunk(self, beside, worlds, frames):
        size = worlds, frames, self.spec.height, self.spec.width, 3
        return Chunk(self.colour.to(beside.device).expand(size).clone())


class Keyed(BaseModel):
    """Steered by keys, 12 frames in 3 latents, RGB alone, opens from text, takes text and references.

    A frame's red is how often W was pressed so far, its green how long the prompt of its latent is, its blue how many
    references it was given; the state counts keys.
    """

    def __init__(self, height, width):
        self.spec = ModelSpec(
            "keyed", height, width, frames_per_step=12, fps=24.0, first_frames=3, latents_per_step=3, steered_by="keys",
            opens_from=("text",), takes_text=True, num_references=2,
        )  # fmt: skip

    def start(self, openings, seeds):
        device = openings[0].intrinsics.device
        told = torch.tensor([len(opening.prompt) for opening in openings], device=device) % 256
        counts = tuple({"walked": told.new_zeros(()), "name": opening.name} for opening in openings)
        return counts, self._chunk(told.new_zeros(len(openings), 3), told[:, None].expand(-1, 3), told.new_zeros(1, 1))

    def step(self, state, condition):
        walked = torch.stack([world["walked"] for world in state])[:, None] + condition.keys[..., 0].cumsum(1)
        lengths = [[len(prompt) % 256 for prompt in world] for world in condition.prompts]
        told = torch.tensor(lengths, device=walked.device)
        after = tuple(world | {"walked": count} for world, count in zip(state, walked[:, -1], strict=True))
        given = condition.references.present.sum(1, keepdim=True)
        return after, self._chunk(walked, told.repeat_interleave(4, 1), given)

    def _chunk(self, red, green, blue):
        planes = [plane.expand(green.shape).to(torch.uint8) for plane in (red, green, blue)]
        size = self.spec.height, self.spec.width
        return Chunk(torch.stack(planes, -1)[:, :, None, None].expand(-1, -1, *size, -1).clone())
