"""`VideoModel`: the embedded video world model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from wm_gym.backends.base import BaseModel
from wm_gym.backends.video.cache import Blocks, append
from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.codecs import CodecState
from wm_gym.backends.video.compiled import CompiledNetwork, can_compile
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.generation import Prediction
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.opening import standing
from wm_gym.backends.video.packing import pack_state, unpack_state
from wm_gym.backends.video.prompts import PromptCache
from wm_gym.backends.video.sampler import Renoise, denoise, draw_noise, even_sigmas
from wm_gym.backends.video.settings import check_count, check_invariance, read_device, read_dtype, spec_of
from wm_gym.backends.video.state import VideoState, VideoWorld, codec_state_of, new_worlds
from wm_gym.backends.video.steering import steer, steer_on_cpu
from wm_gym.backends.video.weights import find_weights, load_weights
from wm_gym.networks.arithmetic import own_arithmetic, takes_kernels
from wm_gym.networks.attention import check_attention
from wm_gym.networks.batch_invariant import per_world, world_by_world
from wm_gym.reconstruction.blend_colours import blend_colours
from wm_gym.reconstruction.blend_depth import blend_depth, write_mask
from wm_gym.reconstruction.blend_moving import blend_moving
from wm_gym.scenes.openings import first_keyframes, lead_chunks
from wm_gym.world_model import Chunk, Condition, Opening, Packed


class VideoModel(BaseModel):
    """Chunks of video from a causal transformer, guided by memory hints, camera, keys and text."""

    def __init__(
        self,
        network: VideoNetwork,
        licence: str = "Apache-2.0",
        *,
        wants_completion: bool = False,
        wants_drawing: bool = False,
        threads: int = 1,
        batch_invariant: bool = True,
        attention: str = "auto",
    ) -> None:
        """Serve a network.

        Args:
            network: The video model.
            licence: Of its weights.
            wants_completion: Whether what memory does not show is to be decided before it generates.
            wants_drawing: Whether events are to be drawn on its frames.
            threads: Of torch, whatever the caller has set.
            batch_invariant: Whether a world's bytes are the same in every batch. Without it products are computed for
                all worlds at once, which is faster for many worlds on a GPU and slower on a CPU.
            attention: "plain", "sdpa", "flex", "flash2", "flash3" or "flash4"; "auto" is "plain" on a CPU and "sdpa"
                elsewhere.

        Raises:
            ValueError: If there is no thread, the network's shape does not allow for batch invariance, or attention
                cannot be computed so on its device or in its dtype.
            ImportError: If the package of the implementation of attention is not installed.
        """
        config, weight = network.config, next(network.parameters())
        check_count("threads", threads)
        check_attention(attention, weight)
        if batch_invariant:
            check_invariance(config)
        network.transformer.set_attention(attention)
        self.config, self.network, self._prompts = config, network.eval(), PromptCache(network)
        self._threads, self._batch_invariant = threads, batch_invariant
        self._compiled = CompiledNetwork(self.network) if batch_invariant and can_compile(self.network) else None
        self.spec = spec_of(network, threads=threads, batch_invariant=batch_invariant, attention=attention)
        self.spec = replace(self.spec, licence=licence, wants_completion=wants_completion, wants_drawing=wants_drawing)

    @classmethod
    def create(  # type: ignore[override]  # its settings are named
        cls,
        height: int,
        width: int,
        *,
        weights: str | None = None,
        num_steps: int | None = None,
        dtype: str = "float32",
        device: str = "cpu",
        threads: int = 1,
        batch_invariant: bool = True,
        attention: str = "auto",
    ) -> VideoModel:
        """The model for frames of a size.

        Args:
            height: Rows of a frame.
            width: Columns of a frame.
            weights: Path of a weights file, or None for those that are shipped.
            num_steps: Denoising steps of a chunk, or None for the weights' own.
            dtype: "float32", or "bfloat16", which needs half the memory and is faster on a GPU, and on processors with
                units for it (AMX).
            device: Where it computes, such as "cuda".
            threads: Of torch, whatever the caller has set.
            batch_invariant: Whether a world's bytes are the same in every batch.
            attention: How attention is computed, as `VideoModel` says.

        Raises:
            ValueError: If there are no weights of that size, or the file is damaged or of another kind, or a setting is
                none that exists.
            ImportError: If the package of the implementation of attention is not installed.
        """
        path = find_weights(height, width) if weights is None else Path(weights)
        network = load_weights(path, read_dtype(dtype))
        config = network.config
        if (config.height, config.width) != (height, width):
            raise ValueError(
                f"weights {path} must be for frames of {height} x {width}, got {config.height} x {config.width}"
            )
        if num_steps is not None:
            check_count("num_steps", num_steps)
            sigmas = config.sigmas if num_steps == config.num_steps else ()
            network.config = replace(config, num_steps=num_steps, sigmas=sigmas)
        network.to(read_device(device))
        settings = {"threads": threads, "batch_invariant": batch_invariant, "attention": attention}
        return cls(network, wants_completion=True, wants_drawing=True, **settings)

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[VideoState, Chunk]:
        """Open on the first keyframe of each capture; the model takes in the chunk that led up to it.

        Raises:
            ValueError: If an opening has no capture, or one of another size.
        """
        with self._generating():
            chunk, lead = first_keyframes(openings, self.spec), lead_chunks(openings, self.spec)
            return self._opened(openings, lead, seeds), chunk

    def _opened(self, openings: Sequence[Opening], lead: Chunk, seeds: Sequence[int]) -> VideoState:
        assert lead.world_from_camera is not None and lead.depth is not None and lead.moving is not None
        poses, codec, length = lead.world_from_camera, self.network.codec, self.config.latents_per_chunk
        condition, (num_worlds, _, height, width) = standing(openings, lead, seeds, length), lead.depth.shape
        worlds = new_worlds(poses[:, 0], poses[:, -1], codec.start(num_worlds, height, width))
        times, conditioning = self._times(worlds), self._conditioning(condition, worlds)
        channels = self._channels(lead.frames, lead.depth, lead.moving)
        latents, codec_state = codec.encode(channels, codec_state_of(worlds))
        blocks = [world.blocks for world in worlds]
        if self.config.cache_update == "last":
            predict = self.network if self._compiled is None else self._compiled
            _, new_kv = predict(latents, FrameMetadata.of_chunk(times, 0.0, Role.PAST), conditioning)
            blocks = append(blocks, new_kv, times, window=self.config.window_latents, sinks=self.config.sink_latents)
        return self._after(worlds, condition, conditioning, latents, blocks, codec_state)

    def step(self, state: VideoState, condition: Condition) -> tuple[VideoState, Chunk]:
        """Generate one chunk of every world.

        Raises:
            ValueError: If the condition has no guidance.
        """
        if condition.guidance is None:
            raise ValueError("backend 'video' needs guidance, got none")
        hints, codec = condition.guidance.hints, self.network.codec
        with self._generating():
            times = self._times(state)
            conditioning = self._conditioning(condition, state)
            prediction = Prediction(self.network, conditioning, state, times, self._compiled)
            draw = partial(draw_noise, self.network.latent_shape, condition.seeds, times.tolist())
            latents = denoise(draw().to(self.spec.device), prediction, self._sigmas, self._renoise(draw))
            channels, codec_state = codec.decode(latents, codec_state_of(state))
            frames, depth, _ = codec.packing.decode(channels.flatten(1, 2))
            moving = blend_moving(channels.flatten(1, 2).unflatten(1, (-1, FRAME_CHANNELS))[:, :, -1], hints)
            frames = blend_colours(frames, moving, hints, condition.guidance.completed)
            depth = blend_depth(depth, moving, hints, self.config.far_metres)
            sure = write_mask(depth, moving, hints, imagines=not condition.guidance.is_complete)
            if self.config.cache_update == "clean":
                latents = codec.shown(latents, self._channels(frames, depth, moving))
            after = self._after(state, condition, conditioning, latents, prediction.finish(), codec_state)
        return after, Chunk(frames, depth, moving, condition.world_from_camera, write_mask=sure)

    def pack(self, state: VideoState) -> Packed:
        """Plain tensors and JSON."""
        return pack_state(state)

    def unpack(self, packed: Packed) -> VideoState:
        """The state that was packed."""
        weight = next(self.network.parameters())
        return unpack_state(packed, weight.dtype, weight.device)

    def close(self) -> None:
        """Forget the prompts."""
        self._prompts.clear()

    @contextmanager
    def _generating(self) -> Iterator[None]:
        """Nothing that the caller has set in torch, and no neighbour, decides what is computed within."""
        with torch.inference_mode(), own_arithmetic(self._threads), world_by_world(self._batch_invariant):
            yield

    def _conditioning(self, condition: Condition, worlds: Sequence[VideoWorld]) -> Conditioning:
        """All that the next chunk of these worlds is generated from."""
        assert condition.guidance is not None
        config, codec, length = self.config, self.network.codec, self.config.latents_per_chunk
        channels = codec.packing.encode_hints(condition.guidance.hints).unflatten(1, (length, -1))
        poses, before = condition.world_from_camera.float(), torch.stack([world.last_pose for world in worlds])
        in_world = config.camera_frame == "world"
        origin = torch.stack([world.opening_pose for world in worlds]) if in_world else before
        steered = {"length": length, "grid": config.grid, "patch": config.patch, "compress": in_world}
        inputs = torch.cat([before[:, None], poses], 1), origin, condition.intrinsics, condition.keys
        if takes_kernels(poses):
            camera, action = steer_on_cpu(*inputs, **steered)
        else:
            camera, action = per_world(partial(steer, **steered), *inputs)
        return Conditioning(
            hints=codec.encode_hints(channels, codec_state_of(worlds)),
            prompt=self._prompts.encode([prompt for world in condition.prompts for prompt in world]),
            camera=camera,
            action=action,
            base_time=self._times(worlds)[:, 0] - config.window_latents - length,
        )

    @property
    def _sigmas(self) -> Sequence[float]:
        return self.config.sigmas or even_sigmas(self.config.num_steps)

    def _renoise(self, draw: Callable[..., Tensor]) -> Renoise | None:
        return (lambda step: draw(step=step).to(self.spec.device)) if self.config.renoise else None

    def _times(self, worlds: Sequence[VideoWorld]) -> Tensor:
        """(N, L) indices of the latent frames of the next chunk, on the CPU."""
        return torch.tensor([[world.time + k for k in range(self.config.latents_per_chunk)] for world in worlds])

    def _channels(self, frames: Tensor, depth: Tensor, moving: Tensor) -> Tensor:
        """A chunk's pixels as channels, (N, L, T * 5, H, W)."""
        return self.network.packing.encode(frames, depth, moving).unflatten(1, (self.config.latents_per_chunk, -1))

    def _after(
        self,
        worlds: Sequence[VideoWorld],
        condition: Condition,
        conditioning: Conditioning,
        latents: Tensor,
        blocks: Sequence[Blocks],
        codec_state: CodecState,
    ) -> VideoState:
        """The state after a chunk of clean latents (N, L, C, h, w); the next step caches them, if clean ones are."""
        x = temb = latents.new_zeros(len(worlds), 0, self.config.inner_dim)
        if self.config.cache_update == "clean":
            metadata = FrameMetadata.of_chunk(self._times(worlds), 0.0, Role.PAST)
            steering = {"camera": conditioning.camera, "action": conditioning.action}
            tokens = self.network.transformer.patchify(latents, metadata, hints=conditioning.hints, **steering)
            x, temb = tokens.x, tokens.temb
        after = (
            replace(
                world, blocks=blocks[n], clean_context=x[n].clone(), temb=temb[n].clone(),
                time=world.time + self.config.latents_per_chunk, last_pose=condition.world_from_camera[n, -1].clone(),
                codec=tuple(part[n].clone() for part in codec_state),
            )
            for n, world in enumerate(worlds)
        )  # fmt: skip
        return tuple(after)
