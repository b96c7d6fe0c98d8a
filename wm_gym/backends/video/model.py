"""`VideoModel`: the video world model as a `WorldModel`."""

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

from wm_gym.backends.video.cache import Blocks
from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.codecs import CodecState
from wm_gym.backends.video.network import Conditioning, Prompt, VideoNetwork
from wm_gym.backends.video.packing import pack_state, unpack_state
from wm_gym.backends.video.prediction import Prediction, remember_all
from wm_gym.backends.video.rows import Role, Rows
from wm_gym.backends.video.sampler import denoise, draw_noise
from wm_gym.backends.video.state import VideoState, VideoWorld
from wm_gym.backends.video.steering import camera_tokens, motion_vector
from wm_gym.backends.video.weights import find_weights, hash_of, load_weights
from wm_gym.choices import check_choice
from wm_gym.memory.render import blank_hints
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.networks.batch_invariant import check_shares, per_world, world_by_world
from wm_gym.reconstruction.blend_colours import blend_colours
from wm_gym.reconstruction.blend_depth import blend_depth, write_mask
from wm_gym.reconstruction.blend_moving import blend_moving
from wm_gym.scenes.openings import first_keyframes, lead_chunks
from wm_gym.world_model import Chunk, Condition, Guidance, ModelSpec, Obstacles, Opening, Packed

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
KEPT_PROMPTS = 256


class VideoModel:
    """Chunks of video from a causal transformer, guided by memory hints, camera, keys and text."""

    def __init__(
        self,
        network: VideoNetwork,
        licence: str = "Apache-2.0",
        *,
        wants_completion: bool = False,
        threads: int = 1,
        batch_invariant: bool = True,
    ) -> None:
        """Serve a network.

        Args:
            network: The video model.
            licence: Of its weights.
            wants_completion: Whether what memory does not show is to be decided before it generates.
            threads: Of torch, whatever the caller has set.
            batch_invariant: Whether a world's bytes are the same in every batch. Without it products are computed for
                all worlds at once, which is faster for many worlds on a GPU.

        Raises:
            ValueError: If there is no thread, or the network's shape does not allow for batch invariance.
        """
        _check_count("threads", threads)
        self._threads, self._batch_invariant = threads, batch_invariant
        config, kind = network.config, next(network.parameters())
        if batch_invariant:
            pixels = config.frames_per_latent * config.height * config.width
            hidden = math.prod(config.grid) * config.ffn_dim
            check_shares(inner_dim=config.inner_dim, hidden_of_a_latent=hidden, pixels_of_a_chunk=pixels)
        self.config, self.network = config, network.eval()
        self.spec = ModelSpec(
            name="video", height=config.height, width=config.width, frames_per_step=config.frames_per_latent, fps=17.5,
            opens_from=("capture",), takes_text=True, takes_guidance=True, wants_completion=wants_completion,
            gives_depth=True, gives_moving=True, far_metres=config.far_metres, licence=licence,
            weights=hash_of(network), device=str(kind.device), dtype=str(kind.dtype).removeprefix("torch."),
            arithmetic=_arithmetic(kind, threads, batch_invariant),
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
        num_steps: int | None = None,
        dtype: str = "float32",
        device: str = "cpu",
        threads: int = 1,
        batch_invariant: bool = True,
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

        Raises:
            ValueError: If there are no weights of that size, or the file is damaged or of another kind, or a setting is
                none that exists.
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
        network.to(read_device(device))
        return cls(network, wants_completion=True, threads=threads, batch_invariant=batch_invariant)

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[VideoState, Chunk]:
        """Open on the first keyframe of each capture; the model takes in the chunk that led up to it.

        Raises:
            ValueError: If an opening has no capture, or one of another size.
        """
        with self._generating():
            return self._start(openings, seeds)

    def _start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[VideoState, Chunk]:
        chunk, lead = first_keyframes(openings, self.spec), lead_chunks(openings, self.spec)
        assert lead.world_from_camera is not None and lead.depth is not None and lead.moving is not None
        poses, num_frames = lead.world_from_camera, self.config.frames_per_latent
        hints = blank_hints(len(openings), num_frames, self.config.height, self.config.width, poses.device)
        condition = Condition(
            world_from_camera=poses,
            intrinsics=torch.stack([opening.intrinsics for opening in openings]),
            keys=torch.zeros(len(openings), num_frames, 8, dtype=torch.bool),
            prompts=[[opening.prompt] for opening in openings],
            events=[()] * len(openings),
            seeds=seeds,
            frame_index=[0] * len(openings),
            guidance=Guidance(hints, torch.zeros_like(hints.seen)),
        )
        times = torch.zeros(len(openings), 1, dtype=torch.long)
        codec_state = self.network.codec.start(len(openings), self.config.height, self.config.width)
        given = self._given(condition, poses[:, 0], times, codec_state)
        planes = self.network.packing.encode(lead.frames, lead.depth, lead.moving)
        latent, codec_state = self.network.codec.encode(planes, codec_state)
        blocks: list[Blocks] = [()] * len(openings)
        if self.config.cache_update == "last":
            _, written = self.network(latent[:, None], Rows.of(times, 0.0, Role.PAST), given)
            blocks = remember_all(self.network, blocks, written, times)
        return self._after(latent, given, condition, times, blocks, codec_state), chunk

    def step(self, state: VideoState, condition: Condition) -> tuple[VideoState, Chunk]:
        """Generate one chunk of every world.

        Raises:
            ValueError: If the condition has no hints.
        """
        if condition.guidance is None:
            raise ValueError("backend 'video' needs guidance, got none")
        with self._generating():
            return self._step(state, condition, condition.guidance)

    def _step(self, state: VideoState, condition: Condition, guidance: Guidance) -> tuple[VideoState, Chunk]:
        hints = guidance.hints
        times = torch.tensor([[world.time] for world in state.worlds])
        codec_state = tuple(torch.stack(parts) for parts in zip(*(world.codec for world in state.worlds), strict=True))
        given = self._given(condition, torch.stack([world.last_pose for world in state.worlds]), times, codec_state)
        prediction = Prediction(self.network, given, state, times)
        noise = draw_noise(self.network.latent_shape, condition.seeds, [world.time for world in state.worlds])
        latent = denoise(noise, prediction, self.config.num_steps)
        planes, codec_state = self.network.codec.decode(latent, codec_state)
        frames, depth, _ = self.network.packing.decode(planes)
        moving = blend_moving(planes.unflatten(1, (-1, FRAME_CHANNELS))[:, :, -1], hints)
        frames = blend_colours(frames, moving, hints, guidance.completed)
        depth = blend_depth(depth, moving, hints, self.config.far_metres)
        latent = self.network.codec.shown(latent, self.network.packing.encode(frames, depth, moving))
        sure = write_mask(depth, moving, hints, imagines=not guidance.is_complete)
        chunk = Chunk(frames, depth, moving, condition.world_from_camera, write_mask=sure)
        return self._after(latent, given, condition, times, prediction.blocks(), codec_state), chunk

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
        latent: Tensor,
        given: Conditioning,
        condition: Condition,
        times: Tensor,
        blocks: Sequence[Blocks],
        codec_state: CodecState,
    ) -> VideoState:
        """The state after a latent frame; the next step writes it, where the cache keeps clean ones."""
        poses = condition.world_from_camera[:, -1]
        nothing = poses.new_zeros(len(blocks), 0, self.config.inner_dim)
        x = temb = nothing
        if self.config.cache_update == "clean":
            tokens = self.network.patchify(latent[:, None], Rows.of(times, 0.0, Role.PAST), given)
            x, temb = tokens.x, tokens.temb
        return VideoState(
            tuple(
                VideoWorld(
                    blocks[n],
                    x[n].clone(),
                    temb[n].clone(),
                    int(times[n]) + 1,
                    poses[n].clone(),
                    tuple(part[n].clone() for part in codec_state),
                )
                for n in range(len(blocks))
            )
        )

    def _given(self, condition: Condition, before: Tensor, times: Tensor, codec_state: CodecState) -> Conditioning:
        assert condition.guidance is not None
        hint_planes = self.network.packing.encode_hints(condition.guidance.hints)
        poses = condition.world_from_camera.float()
        tokens = partial(camera_tokens, grid=self.config.grid, patch=self.config.patch)
        return Conditioning(
            hints=self.network.codec.encode_hints(hint_planes, codec_state)[:, None],
            prompt=self._encode_prompts([prompt for world in condition.prompts for prompt in world]),
            camera=per_world(tokens, poses, before, condition.intrinsics)[:, None],
            action=per_world(motion_vector, poses, before, condition.keys)[:, None],
            base_time=times[:, 0] - self.config.window_latents - 1,
        )

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


def _arithmetic(weight: Tensor, threads: int, batch_invariant: bool) -> str:
    """What decides the order of sums, beside the machine."""
    told = f"{str(weight.dtype).removeprefix('torch.')} on {weight.device.type}"
    told += "" if threads == 1 else f", {threads} threads"
    return told if batch_invariant else f"{told}, all worlds at once"


def read_device(name: str) -> torch.device:
    """The device of a name, if torch can compute on it here.

    Raises:
        ValueError: If it cannot.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:  # torch asserts that it was built for CUDA
        reason = str(error).splitlines()[0]
        raise ValueError(f"device must be one that torch can compute on here, got {name!r}: {reason}") from error
    return device
