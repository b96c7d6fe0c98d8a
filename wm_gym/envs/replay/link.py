"""A walk as a line of text: settings, seed, actions and a hash, short enough for a message; its pictures are not in it.

Whoever opens the line generates the walk again, and the hash says whether it is the same to the byte. A line may come
from a stranger: it names neither modules nor files.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.core import EnvCore
from wm_gym.envs.replay.format import Replay, digests_of
from wm_gym.envs.replay.playback import open_core, play
from wm_gym.envs.state import EnvState
from wm_gym.world.fingerprint import Fingerprint

PREFIX = "wm-gym:walk:1:"
MOST_CHARACTERS = 100_000
"""Of a link that is opened; what it unfolds to may be ten times as long."""

_UNFOLDED = 10
_PLAIN = re.compile(r"[a-z_]*(/(\d+|\*))?")
"""Names of the package's own, such as "explore" and "city/9"; "package.module:Class" and paths are none."""

_NAMED = ("task", "backend", "reward", "world")
_OF_FILES = ("image", "video", "depth", "state")


@dataclass(frozen=True)
class Walk:
    """A walk that can be generated again.

    Attributes:
        replay: Without pictures and snapshots.
        digest: Hash of the frames of its last step.
    """

    replay: Replay
    digest: str

    def generate(self, core: EnvCore | None = None) -> Iterator[tuple[int, EnvState, float]]:
        """Steps, the states after them and their rewards; in an environment of its own, if none is given."""
        return play(self.replay, core or open_core(self.replay))

    def is_shown_by(self, last: EnvState) -> bool:
        """Whether the state after the last step shows what was shown when the link was made."""
        return digests_of(last.outcome)["frames"] == self.digest


def link_of(replay: Replay) -> str:
    """The line of text of a replay.

    Raises:
        ValueError: If it opened from a state, an array or a file, which no line of text can hold, or names a module.
    """
    _refuse_foreign(replay.settings, replay.options)
    told = {
        "id": replay.env_id,
        "settings": _changed(replay.settings),
        "seed": replay.seed,
        "random": replay.rng_state,
        "options": replay.options,
        "actions": replay.actions.tolist(),
        "dtype": str(replay.actions.dtype),
        "scripts": {str(step): script for step, script in replay.scripts.items()},
        "fps": replay.fps,
        "made": asdict(replay.fingerprint),
        "shown": replay.shown[-1].digests["frames"],
    }
    packed = zlib.compress(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    return PREFIX + base64.urlsafe_b64encode(packed).decode()


def walk_of(link: str) -> Walk:
    """The walk of a line of text.

    Raises:
        ValueError: If it is none, too long or damaged.
    """
    told = _unfolded(link)
    try:
        _refuse_foreign(told["settings"], told["options"])
        replay = Replay(
            env_id=told["id"],
            settings=asdict(EpisodeConfig.of(told["settings"])),
            seed=told["seed"],
            rng_state=told["random"],
            options=told["options"],
            actions=np.array(told["actions"], dtype=np.dtype(told["dtype"])),
            scripts={int(step): script for step, script in told["scripts"].items()},
            shown=(),
            states={},
            fps=told["fps"],
            fingerprint=Fingerprint(**told["made"]),
        )
        return Walk(replay, str(told["shown"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"a link must hold a whole walk, got one that cannot be read: {error}") from error


def _refuse_foreign(settings: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    large = {name for name, value in options.items() if isinstance(value, (bytes, np.ndarray))}
    opened = sorted(large | {*options} & {*_OF_FILES})
    if opened:
        raise ValueError(f"a walk in a link must open from settings and text, got one that opens from {opened}")
    named = {name: str(settings.get(name) or "") for name in _NAMED}
    foreign = {name: value for name, value in named.items() if not _PLAIN.fullmatch(value)}
    weights = "weights" in settings.get("backend_settings", {})
    if foreign or weights:
        told = foreign or {"backend_settings": "weights"}
        raise ValueError(f"a walk in a link must name nothing but what the package has, got {told}")


def _changed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that are not the defaults."""
    defaults = asdict(EpisodeConfig(settings["task"]))
    return {name: value for name, value in settings.items() if name == "task" or defaults.get(name) != value}


def _unfolded(link: str) -> dict[str, Any]:
    link = link.strip()
    if not link.startswith(PREFIX):
        raise ValueError(f"a link must begin with {PREFIX!r}, got {link[:20]!r}")
    if len(link) > MOST_CHARACTERS:
        raise ValueError(f"a link must have at most {MOST_CHARACTERS} characters, got {len(link)}")
    try:
        packed = base64.urlsafe_b64decode(link.removeprefix(PREFIX).encode("ascii"))
        unfolding = zlib.decompressobj()
        data = unfolding.decompress(packed, MOST_CHARACTERS * _UNFOLDED)
        if not unfolding.eof:
            raise ValueError("it is cut off or unfolds to too much")
        told = json.loads(data)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(f"a link must be whole, got one that cannot be read: {error}") from error
    if not isinstance(told, dict):
        raise ValueError("a link must hold a walk, got something else")
    return told
