"""Weights of the video model on disk: one safetensors file whose header holds the model's configuration."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.whole_file import write_whole

FORMAT, VERSION = "wm_gym.video", 1
SHIPPED = Path(__file__).parent / "shipped"
"""Weights that come with the package, named HEIGHTxWIDTH.safetensors."""


def save_weights(path: Path, network: VideoNetwork) -> str:
    """Write weights in bfloat16, whole or not at all; returns their hash."""
    header = {"format": FORMAT, "version": VERSION, "config": asdict(network.config)}
    tensors = {name: t.detach().to("cpu", torch.bfloat16).contiguous() for name, t in network.state_dict().items()}
    data = save(tensors, metadata={"wm_gym": json.dumps(header)})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write(data))
    return hashlib.sha256(data).hexdigest()


def load_weights(path: Path, dtype: torch.dtype = torch.bfloat16) -> VideoNetwork:
    """The network of a weights file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    header, tensors = _read(path)
    if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
        came = f"{header.get('format')} version {header.get('version')}"
        raise ValueError(f"weights {path} must be {FORMAT} version {VERSION}, got {came}")
    with torch.device("meta"):
        network = VideoNetwork(VideoConfig(**header["config"]))
    try:
        network.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise ValueError(
            f"weights {path} must fit their own configuration, got: {str(error).splitlines()[0]}"
        ) from error
    return network.to(dtype).requires_grad_(False)


def begin_from(path: Path, network: VideoNetwork) -> list[str]:
    """Give a network the weights of a file wherever name and shape agree; returns the names of those that do not.

    Raises:
        ValueError: If the file cannot be read.
    """
    tensors, own = _read(path)[1], network.state_dict()
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


def _read(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["wm_gym"])
            return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"weights {path} must be a whole {FORMAT} file, got one that cannot be read") from error
