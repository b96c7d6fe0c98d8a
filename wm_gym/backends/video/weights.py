"""Weights on disk: one safetensors file whose header holds the configuration.

Of a video model, with its learned codec within; or of a learned codec alone, for models to be trained on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from wm_gym.backends.finer import fits
from wm_gym.backends.video.codec import FoldCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.painting.config import PainterConfig
from wm_gym.backends.video.painting.painter import Painter
from wm_gym.backends.video.painting.references import References
from wm_gym.backends.video.streaming import StreamingCodec, StreamingConfig
from wm_gym.backends.whole_file import write_whole

FORMAT, CODEC_FORMAT, PAINTER_FORMAT, VERSION = "wm_gym.video", "wm_gym.codec", "wm_gym.painter", 1
TEXT, TEXT_IN = "text_encoder.", "text_in"
"""Names of the tensors of a text encoder, and where a header says in which file they are."""

M = TypeVar("M", bound=nn.Module)
SHIPPED = Path(__file__).parent / "shipped"
"""What comes with the package: weights HEIGHTxWIDTH.safetensors, painters .painter, and references, a folder."""

REFERENCES_SIZE = (192, 256)
"""Rows and columns of the shipped references' keyframes."""


def save_weights(path: Path, network: VideoNetwork, text_in: str = "") -> str:
    """Write weights in bfloat16, whole or not at all; returns their hash.

    Args:
        path: Of the file.
        network: The weights.
        text_in: A file beside it that holds the same text encoder, which is then left out.
    """
    header = {"config": asdict(network.config)}
    return _save(path, FORMAT, header | ({TEXT_IN: text_in} if text_in else {}), network, TEXT if text_in else None)


def hash_of(network: VideoNetwork, painter: Painter | None = None, references: References | None = None) -> str:
    """Of all that would be written: weights and settings of a network and of its painter, and its references."""
    digest = hashlib.sha256(_file_bytes(FORMAT, {"config": asdict(network.config)}, network))
    if painter is not None:
        digest.update(_file_bytes(PAINTER_FORMAT, {"config": asdict(painter.config)}, painter))
    if references is not None:
        digest.update(references.hash().encode())
    return digest.hexdigest()


def load_weights(path: Path, dtype: torch.dtype = torch.float32) -> VideoNetwork:
    """The network of a weights file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    header, tensors = _read(path, FORMAT)
    if TEXT_IN in header:
        others = _read(path.parent / header[TEXT_IN], FORMAT)[1]
        tensors |= {name: tensor for name, tensor in others.items() if name.startswith(TEXT)}
    with torch.device("meta"):
        network = VideoNetwork(VideoConfig.of(header["config"]))
    return _filled(path, network, tensors).to(dtype).requires_grad_(False)


def save_codec(path: Path, codec: StreamingCodec) -> str:
    """Write a learned codec in bfloat16, whole or not at all; returns the hash."""
    return _save(path, CODEC_FORMAT, {"config": asdict(codec.config) | _folding(codec)}, codec)


def load_codec(path: Path, dtype: torch.dtype = torch.float32) -> StreamingCodec:
    """The learned codec of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    header, tensors = _read(path, CODEC_FORMAT)
    shape = dict(header["config"])
    fold, num_frames = FoldCodec(shape.pop("near_metres"), shape.pop("far_metres")), shape.pop("num_frames")
    with torch.device("meta"):
        codec = StreamingCodec(StreamingConfig(**shape), fold, num_frames)
    return _filled(path, codec, tensors).to(dtype).requires_grad_(False)


def save_painter(path: Path, painter: Painter) -> str:
    """Write a painter in bfloat16, whole or not at all; returns the hash."""
    return _save(path, PAINTER_FORMAT, {"config": asdict(painter.config)}, painter)


def load_painter(path: Path, dtype: torch.dtype = torch.float32) -> Painter:
    """The painter of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    header, tensors = _read(path, PAINTER_FORMAT)
    with torch.device("meta"):
        painter = Painter(PainterConfig(**header["config"]))
    return _filled(path, painter, tensors).to(dtype).requires_grad_(False)


def begin_from(path: Path, network: VideoNetwork) -> list[str]:
    """Give a network the weights of a file wherever name and shape agree; returns the names of those that do not.

    Raises:
        ValueError: If the file cannot be read.
    """
    tensors, own = _read(path, FORMAT)[1], network.state_dict()
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


def find_painter(height: int, width: int) -> Path | None:
    """The shipped painter for frames of a size, or None where there is none."""
    path = SHIPPED / f"{height}x{width}.painter"
    return path if path.exists() else None


def find_references(height: int, width: int) -> Path | None:
    """The shipped bank of references, a folder of captures, or None where it does not fit frames of that size."""
    return SHIPPED / "references" if fits(REFERENCES_SIZE, height, width) else None


def _folding(codec: StreamingCodec) -> dict[str, float]:
    return {
        "near_metres": codec.fold.near_metres, "far_metres": codec.fold.far_metres, "num_frames": codec.num_frames,
    }  # fmt: skip


def _save(path: Path, kind: str, header: dict, module: nn.Module, without: str | None = None) -> str:
    data = _file_bytes(kind, header, module, without)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write(data))
    return hashlib.sha256(data).hexdigest()


def _file_bytes(kind: str, header: dict, module: nn.Module, without: str | None = None) -> bytes:
    header = {"format": kind, "version": VERSION} | header
    kept = {name: t for name, t in module.state_dict().items() if without is None or not name.startswith(without)}
    tensors = {name: t.detach().to("cpu", torch.bfloat16).contiguous() for name, t in kept.items()}
    return save(tensors, metadata={"wm_gym": json.dumps(header)})


def _read(path: Path, kind: str) -> tuple[dict, dict[str, torch.Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["wm_gym"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"weights {path} must be a whole {kind} file, got one that cannot be read") from error
    if (header.get("format"), header.get("version")) != (kind, VERSION):
        came = f"{header.get('format')} version {header.get('version')}"
        raise ValueError(f"weights {path} must be {kind} version {VERSION}, got {came}")
    return header, tensors


def _filled(path: Path, module: M, tensors: dict[str, torch.Tensor]) -> M:
    """A module without memory of its own, given a file's tensors."""
    try:
        module.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise ValueError(
            f"weights {path} must fit their own configuration, got: {str(error).splitlines()[0]}"
        ) from error
    return module
