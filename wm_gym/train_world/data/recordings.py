"""Recordings on disk, for training and evaluation. numpy alone can read them.

A folder holds a dataset: `manifest.json` and shards `shard-00000.npz`, ... `docs/recordings.md` says what is in them.
The manifest holds the spec of what recorded the clips. C clips, S steps, T frames (the opening frames, then
`spec.frames_per_step` for each step), H x W pixels. Masks are packed: eight pixels of a row to a byte, the leftmost in
the highest bit (`numpy.packbits` along the last axis).

Knows nothing of simulators.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.events.kinds import KINDS
from wm_gym.events.language import parse_event
from wm_gym.events.scripts import ScriptedEvent
from wm_gym.files.hashing import sha256_of
from wm_gym.last_used import LastUsed
from wm_gym.train_world.data.captions import Captions
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.world_model import Place

FORMAT, VERSION = "wm_gym.recordings", 2
MANIFEST = "manifest.json"
EVENT_KINDS = tuple(KINDS)
_KEPT_SHARDS = 8


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip of S steps and T frames.

    Attributes:
        spec: What recorded it.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float16, planar z in metres; `spec.far_metres` is sky.
        moving: (T, H, W) bool.
        world_from_camera: (T, 4, 4) float32.
        body_poses: (T, 5) float64 x, y, z, yaw, pitch of the body, metres and radians.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        keys: (S, 8) bool, columns as `geometry.motion.KEYS`.
        twists: (S, 4) float32 forward, left, yaw, pitch, each held for a step.
        event_strengths: (T, K) float16 in 0..1, columns as `EVENT_KINDS`.
        event_masks: For each kind at work in the clip, (T, H, W) bool: pixels that it changes.
        appearance: (S,) int32, the appearance of each step: bits of global events at more than half strength.
        prompts: S texts, the prompt of each step.
        captions: Narrative, scene-static and dense temporal.
        place: Scene in which it was recorded.
        seed: Seed of the world.
        policy: Scripted policy that moved the body, a row of `policies.POLICIES`.
        controller: Controller model that its twists went through, a name in `policies.CONTROLLERS`.
        events: Events, with their frames.
    """

    spec: RecordingSpec
    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    world_from_camera: np.ndarray
    body_poses: np.ndarray
    intrinsics: np.ndarray
    keys: np.ndarray
    twists: np.ndarray
    event_strengths: np.ndarray
    event_masks: Mapping[str, np.ndarray]
    appearance: np.ndarray
    prompts: tuple[str, ...]
    captions: Captions
    place: Place
    seed: int
    policy: str
    controller: str
    events: tuple[ScriptedEvent, ...]


PLAIN_ARRAYS = (
    "frames", "depth", "world_from_camera", "body_poses", "intrinsics", "keys", "twists", "event_strengths",
    "appearance",
)  # fmt: skip
"""Fields of a clip that lie in a shard as they are, stacked over clips."""


class Recordings:
    """The finished clips of a folder, in order. Shards are mapped into memory, so a clip is read on its own.

    Attributes:
        folder: Folder of the dataset.
        manifest: Its manifest.
        spec: What recorded the clips.
        event_kinds: Names of the columns of events in its shards; clips have the columns `EVENT_KINDS`.
    """

    def __init__(self, folder: str | Path) -> None:
        """Open a folder; one that is still being recorded shows the clips that are finished.

        Raises:
            ValueError: If the folder holds no recordings, or recordings of another version, without a spec or of
                unknown kinds of event.
        """
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        self.spec = RecordingSpec.from_json(self.manifest.get("spec"))
        self.event_kinds = _known_kinds(self.manifest, self.folder / MANIFEST)
        self._shards: list[tuple[str, int]] = [(row["name"], row["clips"]) for row in self.manifest["shards"]]
        outside = [name for name, _ in self._shards if Path(name).name != name]
        if outside:
            raise ValueError(f"{self.folder / MANIFEST} must name shards inside of its folder, got {outside[0]!r}")
        self._ends = np.cumsum([clips for _, clips in self._shards])
        self._open: LastUsed[str, tuple[dict[str, np.ndarray], list[dict[str, Any]]]] = LastUsed(_KEPT_SHARDS)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def clip(self, index: int) -> Clip:
        """One clip; its arrays are its own.

        Raises:
            ValueError: If there is no such clip, or its shard is damaged.
        """
        if not 0 <= index < len(self):
            raise ValueError(f"clip index must be from 0 to {len(self) - 1}, got {index}")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        name, clips = self._shards[shard]
        arrays, notes = self._opened(name)
        row = index - int(self._ends[shard]) + clips
        return _clip(arrays, notes[row], row, self.spec, self.event_kinds)

    def verify(self) -> None:
        """Compare every shard with its checksum.

        Raises:
            ValueError: If one differs.
        """
        for row in self.manifest["shards"]:
            if sha256_of(self.folder / row["name"]) != row["sha256"]:
                raise ValueError(f"{self.folder / row['name']} must have the checksum in {MANIFEST}, got another")

    def _opened(self, name: str) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
        def map_shard() -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
            arrays = map_arrays(self.folder / name)
            return arrays, json.loads(arrays["meta"].tobytes())

        return self._open.get(name, map_shard)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises:
        ValueError: If there is none, or it is of another format or version.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} must hold recordings with a {MANIFEST}, got none that can be read") from error
    found = (manifest.get("format"), manifest.get("version")) if isinstance(manifest, dict) else None
    if found != (FORMAT, VERSION):
        raise ValueError(f"{path} must be of {FORMAT} version {VERSION}, got {found}")
    return manifest


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an uncompressed .npz, mapped where they lie.

    Raises:
        ValueError: If the file is none.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            return {info.filename.removesuffix(".npy"): _map_member(path, file, info) for info in archive.infolist()}
    except (OSError, zipfile.BadZipFile, ValueError, struct.error) as error:
        raise ValueError(f"{path} must be a whole shard of recordings, got a file that cannot be read") from error


def pack_clips(clips: list[Clip]) -> dict[str, np.ndarray]:
    """The arrays of a shard."""
    arrays = {name: np.stack([getattr(clip, name) for clip in clips]) for name in PLAIN_ARRAYS}
    arrays["moving"] = np.packbits(np.stack([clip.moving for clip in clips]), axis=-1)
    rows = [(c, EVENT_KINDS.index(kind)) for c, clip in enumerate(clips) for kind in clip.event_masks]
    masks = [np.packbits(mask, axis=-1) for clip in clips for mask in clip.event_masks.values()]
    arrays["event_mask_rows"] = np.array(rows, np.int64).reshape(-1, 2)
    arrays["event_masks"] = np.stack(masks) if masks else np.zeros((0, *arrays["moving"].shape[1:]), np.uint8)
    notes = json.dumps([_note(clip) for clip in clips], ensure_ascii=False, sort_keys=True)
    arrays["meta"] = np.frombuffer(notes.encode("utf-8"), np.uint8)
    return arrays


def _known_kinds(manifest: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Names of the columns of events."""
    kinds = manifest.get("event_kinds")
    if not isinstance(kinds, list) or not kinds or not set(kinds) <= set(EVENT_KINDS):
        raise ValueError(f"event_kinds of {path} must be among {list(EVENT_KINDS)}, got {kinds!r}")
    return tuple(kinds)


def _by_name(strengths: np.ndarray, event_kinds: tuple[str, ...]) -> np.ndarray:
    """(T, len(event_kinds)) strengths with the columns `EVENT_KINDS`; 0 for kinds that the file does not know."""
    columns = np.zeros((len(strengths), len(EVENT_KINDS)), strengths.dtype)
    columns[:, [EVENT_KINDS.index(kind) for kind in event_kinds]] = strengths
    return columns


def _clip(
    arrays: dict[str, np.ndarray], note: dict[str, Any], row: int, spec: RecordingSpec, event_kinds: tuple[str, ...]
) -> Clip:
    plain = {name: np.array(arrays[name][row]) for name in PLAIN_ARRAYS}
    plain["event_strengths"] = _by_name(plain["event_strengths"], event_kinds)
    kinds = {event_kinds[kind]: k for k, (clip, kind) in enumerate(arrays["event_mask_rows"].tolist()) if clip == row}
    return Clip(
        **plain,
        spec=spec,
        moving=_unpack(arrays["moving"][row], spec.width),
        event_masks={kind: _unpack(arrays["event_masks"][k], spec.width) for kind, k in kinds.items()},
        prompts=tuple(note["prompts"]),
        captions=Captions.from_json(note["captions"]),
        place=Place(**note["place"]),
        seed=note["seed"],
        policy=note["policy"],
        controller=note["controller"],
        events=tuple(ScriptedEvent(**event, level=parse_event(event["text"]).strength) for event in note["events"]),
    )


def _note(clip: Clip) -> dict[str, Any]:
    return {
        "prompts": clip.prompts,
        "captions": clip.captions.to_json(),
        "place": asdict(clip.place),
        "seed": clip.seed,
        "policy": clip.policy,
        "controller": clip.controller,
        "events": [{name: value for name, value in asdict(event).items() if name != "level"} for event in clip.events],
    }


def _unpack(bits: np.ndarray, width: int) -> np.ndarray:
    return np.unpackbits(np.asarray(bits), axis=-1, count=width).astype(bool)


def _map_member(path: Path, file: Any, info: zipfile.ZipInfo) -> np.ndarray:
    """One array of the archive: past the local file header lies a plain .npy."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError("compressed")
    file.seek(info.header_offset)
    name_length, extra_length = struct.unpack("<HH", file.read(30)[26:30])
    file.seek(info.header_offset + 30 + name_length + extra_length)
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", file.tell(), shape)
