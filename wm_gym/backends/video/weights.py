"""Weights on disk: one safetensors file whose header holds the configuration.

Of a video model, with its learned codec within; or of a learned codec alone, for models to be trained on.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import torch

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.streaming import StreamingCodec, StreamingConfig
from wm_gym.networks.weights_file import filled, module_bytes, read_weights, save_module

FORMAT, CODEC_FORMAT = "wm_gym.video", "wm_gym.codec"
TEXT, TEXT_IN = "text_encoder.", "text_in"
"""Names of the tensors of a text encoder, and where a header says in which file they are."""

SHIPPED = Path(__file__).parent / "shipped"
"""Weights that come with the package, HEIGHTxWIDTH.safetensors."""


def save_weights(path: Path, network: VideoNetwork, text_in: str = "") -> str:
    """Write weights in bfloat16, whole or not at all; returns their hash.

    Args:
        path: Of the file.
        network: The weights.
        text_in: A file beside it that holds the same text encoder, which is then left out.
    """
    header = {"config": asdict(network.config)}
    if not text_in:
        return save_module(path, FORMAT, header, network)
    return save_module(path, FORMAT, header | {TEXT_IN: text_in}, network, without=TEXT)


def hash_of(network: VideoNetwork) -> str:
    """SHA-256 of the weights file that the network would give."""
    return hashlib.sha256(module_bytes(FORMAT, {"config": asdict(network.config)}, network)).hexdigest()


def load_weights(path: Path, dtype: torch.dtype = torch.float32) -> VideoNetwork:
    """The network of a weights file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    header, tensors = read_weights(path, FORMAT)
    if TEXT_IN in header:
        others = read_weights(path.parent / header[TEXT_IN], FORMAT)[1]
        tensors |= {name: tensor for name, tensor in others.items() if name.startswith(TEXT)}
    with torch.device("meta"):
        network = VideoNetwork(VideoConfig.of(header["config"]))
    return filled(path, network, tensors).to(dtype).requires_grad_(False)


def save_codec(path: Path, codec: StreamingCodec) -> str:
    """Write a learned codec in bfloat16, whole or not at all; returns the hash."""
    return save_module(path, CODEC_FORMAT, {"config": asdict(codec.config) | _packing_of(codec)}, codec)


def load_codec(path: Path, dtype: torch.dtype = torch.float32) -> StreamingCodec:
    """The learned codec of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    header, tensors = read_weights(path, CODEC_FORMAT)
    shape = dict(header["config"])
    packing, num_frames = SpaceToDepthCodec(shape.pop("near_metres"), shape.pop("far_metres")), shape.pop("num_frames")
    with torch.device("meta"):
        codec = StreamingCodec(StreamingConfig(**shape), packing, num_frames)
    return filled(path, codec, tensors).to(dtype).requires_grad_(False)


def begin_from(path: Path, network: VideoNetwork) -> list[str]:
    """Give a network the weights of a file wherever name and shape agree; returns the names of those that do not.

    Raises:
        ValueError: If the file cannot be read.
    """
    tensors, own = read_weights(path, FORMAT)[1], network.state_dict()
    fitting = {name: t for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    network.load_state_dict(fitting, strict=False)
    return sorted(own.keys() - fitting.keys())


def find_weights(height: int, width: int) -> Path:
    """The shipped weights for frames of a size.

    Raises:
        ValueError: If none are shipped for it.
    """
    path = SHIPPED / f"{height}x{width}.safetensors"
    if not path.exists():
        sizes = sorted(p.stem for p in SHIPPED.glob("*.safetensors"))
        raise ValueError(f"resolution must be one that backend 'video' has weights for {sizes}, got {height}x{width}")
    return path


def _packing_of(codec: StreamingCodec) -> dict[str, float]:
    reach = {"near_metres": codec.packing.near_metres, "far_metres": codec.packing.far_metres}
    return reach | {"num_frames": codec.num_frames}
