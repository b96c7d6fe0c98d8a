"""`VideoModel`: the embedded video world model."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from wm_gym.backends.video.attention import check_attention
from wm_gym.backends.video.cache import Blocks, append
from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.codecs import CodecState
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.generation import Prediction
from wm_gym.backends.video.network import Conditioning, Prompt, VideoNetwork
from wm_gym.backends.video.packing import pack_state, unpack_state
from wm_gym.backends.video.sampler import denoise, draw_noise
from wm_gym.backends.video.state import VideoState, VideoWorld, codec_state_of, new_worlds
from wm_gym.backends.video.steering import steer
from wm_gym.backends.video.weights import find_weights, hash_of, load_weights
from wm_gym.choices import check_choice
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.pipeline import CompletedHints, CompletionConfig, complete_hints
from wm_gym.completion.scene_bank import SceneBank
from wm_gym.completion.weights import find_inpainter, find_scene_bank, load_inpainter
from wm_gym.memory.hints import Hints
from wm_gym.memory.render import blank_hints
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.networks.batch_invariant import check_shares, per_world, world_by_world
from wm_gym.reconstruction.blend_colours import blend_colours
from wm_gym.reconstruction.blend_depth import blend_depth, write_mask
from wm_gym.reconstruction.blend_moving import blend_moving
from wm_gym.scenes.openings import first_keyframes, lead_chunks
from wm_gym.world_model import Chunk, Condition, ModelSpec, Obstacles, Opening, Packed

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
KEPT_PROMPTS = 256


class VideoModel:
    """Chunks of video from a causal transformer, guided by memory hints, camera, keys and text."""

    def __init__(
        self,
        network: VideoNetwork,
        inpainter: Inpainter | None = None,
        scene_bank: SceneBank | None = None,
        licence: str = "Apache-2.0",
        *,
        threads: int = 1,
        batch_invariant: bool = True,
        attention: str = "auto",
    ) -> None:
        """Serve a network.

        Args:
            network: The video model.
            inpainter: Decides what is to be where nothing is known, and what is seen more closely; or None.
            scene_bank: Other places as which what is unseen goes on; None: the inpainter invents it.
            licence: Of all that.
            threads: Of torch, whatever the caller has set.
            batch_invariant: Whether a world's bytes are the same in every batch. Without it products are computed for
                all worlds at once, which is faster for many worlds on a GPU.
            attention: One of `attention.IMPLEMENTATIONS`: "auto", "plain", "sdpa", "flex", "flash2", "flash3" or
                "flash4". "auto" is "plain" on a CPU and "sdpa" elsewhere.

        Raises:
            ValueError: If there is no thread, the network's shape does not allow for batch invariance, or attention
                cannot be computed so on its device or in its dtype.
            ImportError: If the package of the implementation of attention is not installed.
        """
        _check_count("threads", threads)
        self._threads, self._batch_invariant = threads, batch_invariant
        config, kind = network.config, next(network.parameters())
        if batch_invariant:
            pixels = config.frames_per_latent * config.height * config.width
            hidden = math.prod(config.grid) * config.ffn_dim
            check_shares(inner_dim=config.inner_dim, hidden_of_a_latent=hidden, pixels_of_a_chunk=pixels)
        check_attention(attention, kind)
        network.transformer.set_attention(attention)
        self.config, self.network = config, network.eval()
        self.inpainter, self.guide = None if inpainter is None else inpainter.eval(), CompletionConfig()
        self.scene_bank = scene_bank
        self.spec = ModelSpec(
            name="video", height=config.height, width=config.width, first_frames=1,
            frames_per_step=config.frames_per_chunk, fps=17.5, steered_by="pose", takes_text=True, takes_hints=True,
            takes_references=False, gives_depth=True, gives_moving=True, far_metres=config.far_metres, licence=licence,
            weights=hash_of(network, inpainter, scene_bank),
            arithmetic=_arithmetic(kind, threads, batch_invariant, attention),
            shows_events=("night", "fog", "snowfall", "bonfire"),
        )  # fmt: skip
        self._prompts: OrderedDict[str, Prompt] = OrderedDict()

    @classmethod
    def create(
        cls,
        height: int,
        width: int,
        *,
        weights: str | None = None,
        inpainter: str | None = None,
        scene_bank: str | None = None,
        num_steps: int | None = None,
        dtype: str = "float32",
        threads: int = 1,
        batch_invariant: bool = True,
        attention: str = "auto",
    ) -> VideoModel:
        """The model for frames of a size.

        Args:
            height: Rows of a frame.
            width: Columns of a frame.
            weights: Path of a weights file, or None for those that are shipped.
            inpainter: Path of an inpainter's file, "none" for no inpainter, or None for the one that is shipped for
                the size, if there is one.
            scene_bank: Path of a folder of captures of other places, "none" for none, or None for those that are
                shipped, if they fit the size. Without an inpainter there are none.
            num_steps: Denoising steps of a chunk, or None for the weights' own.
            dtype: "float32", or "bfloat16", which needs half the memory and is faster on a GPU, and on processors with
                units for it (AMX).
            threads: Of torch, whatever the caller has set.
            batch_invariant: Whether a world's bytes are the same in every batch.
            attention: Implementation of attention, as `VideoModel` says.

        Raises:
            ValueError: If there are no weights of that size, or the file is damaged or of another kind, or a setting is
                none that exists.
            ImportError: If the package of the implementation of attention is not installed.
        """
        kind = _dtype(dtype)
        path = find_weights(height, width) if weights is None else Path(weights)
        network = load_weights(path, kind)
        config = network.config
        if (config.height, config.width) != (height, width):
            raise ValueError(
                f"weights {path} must be for frames of {height} x {width}, got {config.height} x {config.width}"
            )
        if num_steps is not None:
            _check_count("num_steps", num_steps)
            network.config = replace(config, num_steps=num_steps)
        paints = _inpainter(inpainter, height, width, kind)
        places = None if paints is None else _scene_bank(scene_bank, height, width)
        return cls(network, paints, places, threads=threads, batch_invariant=batch_invariant, attention=attention)

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[VideoState, Chunk]:
        """Open on the first keyframe of each capture; the model takes in the chunk that led up to it.

        Raises:
            ValueError: If an opening has no capture, or one of another size.
        """
        chunk, lead = first_keyframes(openings, self.spec), lead_chunks(openings, self.spec)
        with self._generating():
            return self._opened(openings, lead, seeds), chunk

    def _opened(self, openings: Sequence[Opening], lead: Chunk, seeds: Sequence[int]) -> VideoState:
        assert lead.world_from_camera is not None and lead.depth is not None and lead.moving is not None
        poses, codec = lead.world_from_camera, self.network.codec
        num_worlds, num_frames, height, width = lead.depth.shape
        condition = Condition(
            world_from_camera=poses,
            intrinsics=torch.stack([opening.intrinsics for opening in openings]),
            keys=torch.zeros(num_worlds, num_frames, 8, dtype=torch.bool),
            prompts=[opening.prompt for opening in openings],
            events=[()] * num_worlds,
            seeds=seeds,
            frame_index=[0] * num_worlds,
            hints=blank_hints(num_worlds, num_frames, height, width, poses.device),
        )
        worlds = new_worlds(poses[:, 0], poses[:, -1], codec.start(num_worlds, height, width))
        times, conditioning = self._times(worlds), self._conditioning(condition, worlds)
        channels = self._channels(lead.frames, lead.depth, lead.moving)
        latents, codec_state = codec.encode(channels, codec_state_of(worlds))
        blocks = [world.blocks for world in worlds]
        if self.config.cache_update == "last":
            _, new_kv = self.network(latents, FrameMetadata.of_chunk(times, 0.0, Role.PAST), conditioning)
            blocks = append(blocks, new_kv, times, window=self.config.window_latents, sinks=self.config.sink_latents)
        return self._after(worlds, condition, conditioning, latents, blocks, codec_state)

    def step(self, state: VideoState, condition: Condition) -> tuple[VideoState, Chunk]:
        """Generate one chunk of every world.

        Raises:
            ValueError: If the condition has no hints.
        """
        if condition.hints is None:
            raise ValueError("backend 'video' needs hints, got none")
        with self._generating():
            return self._step(state, condition, condition.hints)

    def _step(self, state: VideoState, condition: Condition, known: Hints) -> tuple[VideoState, Chunk]:
        painted = self._inpainted(state, condition, known)
        hints = painted.hints
        condition = replace(condition, hints=hints)
        codec, times = self.network.codec, self._times(state.worlds)
        conditioning = self._conditioning(condition, state.worlds)
        prediction = Prediction(self.network, conditioning, state.worlds, times)
        noise = draw_noise(self.network.latent_shape, condition.seeds, times.tolist()).to(conditioning.hints.device)
        latents = denoise(noise, prediction, self.config.num_steps)
        channels, codec_state = codec.decode(latents, codec_state_of(state.worlds))
        channels = channels.flatten(1, 2).to(hints.colour.device)
        frames, depth, _ = codec.packing.decode(channels)
        moving = blend_moving(channels.unflatten(1, (-1, FRAME_CHANNELS))[:, :, -1], hints)
        frames = blend_colours(frames, moving, hints, painted.where)
        depth = blend_depth(depth, moving, hints, self.config.far_metres)
        sure = write_mask(depth, moving, hints, imagines=self.inpainter is None)
        # what attached places show instead of what is known they will show again: memory would only grow by edges
        sure &= ~(painted.where & known.seen & ~painted.replaced)
        chunk = Chunk(
            frames, depth, moving, condition.world_from_camera, write_mask=sure, overwrite_mask=painted.replaced
        )
        if self.config.cache_update == "clean":
            latents = codec.shown(latents, self._channels(frames, depth, moving))
        placed = [replace(world, placed_scenes=p) for world, p in zip(state.worlds, painted.placed_scenes, strict=True)]
        return self._after(placed, condition, conditioning, latents, prediction.finish(), codec_state), chunk

    def select(self, state: VideoState, worlds: Sequence[int]) -> VideoState:
        """The named worlds; blocks are shared."""
        return VideoState(tuple(state.worlds[n] for n in worlds))

    def cat(self, states: Sequence[VideoState]) -> VideoState:
        """The worlds of several states."""
        return VideoState(tuple(world for state in states for world in state.worlds))

    def pack(self, state: VideoState) -> Packed:
        """Plain tensors and JSON."""
        return pack_state(state)

    def unpack(self, packed: Packed) -> VideoState:
        """The state that was packed."""
        return unpack_state(packed, next(self.network.parameters()).dtype)

    def obstacles(self, state: VideoState, world: int) -> Obstacles | None:
        """None: only the memory can tell."""
        return None

    def close(self) -> None:
        """Forget the prompts."""
        self._prompts.clear()

    @contextmanager
    def _generating(self) -> Iterator[None]:
        """Nothing that the caller has set in torch, and no neighbour, decides what is computed within."""
        with torch.inference_mode(), own_arithmetic(self._threads), world_by_world(self._batch_invariant):
            yield

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
            tokens = self.network.patchify(latents, metadata, conditioning)
            x, temb = tokens.x, tokens.temb
        after = (
            replace(
                world, blocks=blocks[n], clean_context=x[n].clone(), temb=temb[n].clone(),
                time=world.time + self.config.latents_per_chunk, last_pose=condition.world_from_camera[n, -1].clone(),
                codec=tuple(part[n].clone() for part in codec_state),
            )
            for n, world in enumerate(worlds)
        )  # fmt: skip
        return VideoState(tuple(after))

    def _inpainted(self, state: VideoState, condition: Condition, hints: Hints) -> CompletedHints:
        """Hints in which what is unseen or coarse is painted."""
        times, placed_scenes = (
            [world.time for world in state.worlds],
            tuple(world.placed_scenes for world in state.worlds),
        )
        if self.inpainter is None:
            return CompletedHints(hints, torch.zeros_like(hints.seen), torch.zeros_like(hints.seen), placed_scenes)
        where = condition.world_from_camera.float(), condition.intrinsics
        told = condition.seeds, times, condition.frame_index, condition.prompts, placed_scenes
        return complete_hints(self.inpainter, self.scene_bank, hints, *where, *told, self.guide)

    def _conditioning(self, condition: Condition, worlds: Sequence[VideoWorld]) -> Conditioning:
        """All that the next chunk of these worlds is generated from, on the network's device."""
        assert condition.hints is not None
        config, codec, device = self.config, self.network.codec, next(self.network.parameters()).device
        channels = codec.packing.encode_hints(condition.hints).unflatten(1, (config.latents_per_chunk, -1))
        poses, before = condition.world_from_camera.float(), torch.stack([world.last_pose for world in worlds])
        in_world = config.camera_frame == "world"
        origin = torch.stack([world.opening_pose for world in worlds]) if in_world else before
        shape = {"length": config.latents_per_chunk, "grid": config.grid, "patch": config.patch, "compress": in_world}
        path = torch.cat([before[:, None], poses], 1)
        camera, action = per_world(partial(steer, **shape), path, origin, condition.intrinsics, condition.keys)
        return Conditioning(
            hints=codec.encode_hints(channels.to(device), codec_state_of(worlds)),
            prompt=self._encode_prompts(condition.prompts),
            camera=camera.to(device),
            action=action.to(device),
            base_time=self._times(worlds)[:, 0] - config.window_latents - config.latents_per_chunk,
        )

    def _times(self, worlds: Sequence[VideoWorld]) -> Tensor:
        """(N, L) indices of the latent frames of the next chunk, on the CPU."""
        return torch.tensor([[world.time] for world in worlds]) + torch.arange(self.config.latents_per_chunk)

    def _channels(self, frames: Tensor, depth: Tensor, moving: Tensor) -> Tensor:
        """A chunk's pixels as channels, (N, L, T * 5, H, W), on the network's device."""
        channels = self.network.packing.encode(frames, depth, moving).unflatten(1, (self.config.latents_per_chunk, -1))
        return channels.to(next(self.network.parameters()).device)

    def _encode_prompts(self, prompts: Sequence[str]) -> Prompt:
        """Keys and values of the prompts, kept from step to step."""
        for prompt in prompts:
            if prompt not in self._prompts:
                self._prompts[prompt] = self.network.encode_prompts([prompt])
            self._prompts.move_to_end(prompt)
        each = [self._prompts[prompt] for prompt in prompts]
        while len(self._prompts) > KEPT_PROMPTS:
            self._prompts.popitem(last=False)
        layers = range(len(each[0]))
        return [(torch.cat([p[k][0] for p in each]), torch.cat([p[k][1] for p in each])) for k in layers]


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer from 1, got {value!r}")


def _dtype(name: str) -> torch.dtype:
    check_choice("dtype", name, DTYPES)
    return DTYPES[name]


def _arithmetic(weight: Tensor, threads: int, batch_invariant: bool, attention: str) -> str:
    """What decides the order of sums, beside the machine."""
    told = f"{str(weight.dtype).removeprefix('torch.')} on {weight.device.type}"
    told += "" if threads == 1 else f", {threads} threads"
    told += "" if attention == "auto" else f", {attention} attention"
    return told if batch_invariant else f"{told}, all worlds at once"


def _inpainter(asked: str | None, height: int, width: int, dtype: torch.dtype) -> Inpainter | None:
    """The inpainter that is asked for, as `VideoModel.create` says.

    Raises:
        ValueError: If the file is damaged, or the inpainter paints frames of another size.
    """
    path = find_inpainter(height, width) if asked is None else None if asked == "none" else Path(asked)
    if path is None:
        return None
    inpainter = load_inpainter(path, dtype)
    shape = inpainter.config
    if (shape.height, shape.width) != (height, width):
        raise ValueError(
            f"inpainter {path} must paint frames of {height} x {width}, got {shape.height} x {shape.width}"
        )
    return inpainter


def _scene_bank(asked: str | None, height: int, width: int) -> SceneBank | None:
    """The bank that is asked for, as `VideoModel.create` says.

    Raises:
        ValueError: If there is no capture in it.
    """
    path = find_scene_bank(height, width) if asked is None else None if asked == "none" else Path(asked)
    return None if path is None else SceneBank.load(path, height, width)
