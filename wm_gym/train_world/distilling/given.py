"""What a chunk is generated from, as training hands it to several networks: each encodes prompts for itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.transformer import CachedKV
from wm_gym.train_world.distilling.flow import Predict


@dataclass(frozen=True)
class Given:
    """Of B chunks of L latent frames, all but the noise.

    Attributes:
        hints: (B, L, hint channels, h, w), encoded.
        camera: (B, L, tokens, camera channels) camera rays.
        action: (B, L, action channels) motion and keys.
        times: (B, L) index of each latent frame in its clip.
        prompts: B * L strings, of each latent frame of each chunk.
        latents_per_chunk: Latent frames that see one another, the later ones the sooner ones too; 0 for all.
        past: Cached latent frames of a causal network, or None.
    """

    hints: Tensor
    camera: Tensor
    action: Tensor
    times: Tensor
    prompts: list[str]
    latents_per_chunk: int = 0
    past: CachedKV | None = None

    def conditioning(self, network: VideoNetwork) -> Conditioning:
        """The conditioning of a network, which encodes the prompts."""
        return Conditioning(
            hints=self.hints,
            prompt=network.encode_prompts(self.prompts),
            camera=self.camera,
            action=self.action,
            past=self.past,
            base_time=self.times[:, 0],
        )

    @classmethod
    def cat(cls, parts: list[Given], latents_per_chunk: int) -> Given:
        """Chunks one after another, of so many latent frames each, without a past."""
        fields = ([part.hints, part.camera, part.action, part.times] for part in parts)
        hints, camera, action, times = (torch.cat(values, 1) for values in zip(*fields, strict=True))
        count, length = len(parts[0].times), parts[0].times.shape[1]
        prompts = [prompt for n in range(count) for part in parts for prompt in part.prompts[n * length :][:length]]
        return cls(hints, camera, action, times, prompts, latents_per_chunk)

    def without_control(self) -> Given:
        """The same prompts alone: no hints, a camera that stands, no keys."""
        blank = {name: torch.zeros_like(getattr(self, name)) for name in ("hints", "camera", "action")}
        return replace(self, **blank, past=None)

    def without_hints(self, which: Tensor) -> Given:
        """The same, without any hint in the chunks `which` (B,) bool: nothing was seen before them."""
        return replace(self, hints=self.hints * ~which.view(-1, 1, 1, 1, 1).to(self.hints.device))

    def to(self, device: torch.device) -> Given:
        """The same on a device."""
        moved = {name: getattr(self, name).to(device) for name in ("hints", "camera", "action", "times")}
        return replace(self, **moved)


def predict(network: VideoNetwork, noisy: Tensor, sigma: Tensor, given: Given) -> Tensor:
    """Clean latents (B, L, C, h, w) of noisy ones.

    Args:
        network: Predicts.
        noisy: (B, L, C, h, w).
        sigma: (B, L) noise levels, 0 clean to 1 pure noise.
        given: What they are generated from.
    """
    length = given.latents_per_chunk or given.times.shape[1]
    chunk = given.times - (given.times - given.times[:, :1]) % length
    metadata = FrameMetadata.of(given.times, sigma, Role.TARGET, chunk)
    return network(noisy, metadata, given.conditioning(network))[0]


def bound(network: VideoNetwork, given: Given) -> Predict:
    """The network as a function of noisy latents and their noise levels alone."""
    return lambda noisy, sigma: predict(network, noisy, sigma, given)
