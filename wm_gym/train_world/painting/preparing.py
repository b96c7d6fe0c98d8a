"""Views for every training of a painter, or of a part of one: from folders of recordings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import torch

from wm_gym.backends.video.painting.painter import Painter
from wm_gym.backends.video.weights import load_painter
from wm_gym.train_world.painting.views import Views, views_of
from wm_gym.train_world.preparing import prepare_clips
from wm_gym.train_world.recordings import Clip
from wm_gym.train_world.sources import Sources


@dataclass
class ViewSources(Sources):
    """What to learn from.

    Attributes:
        passes: Memories that go along each clip; each knows other parts of it.
        workers: Processes that prepare views.
        hand: File of a painter, by whose hand some memories take in what they did not know; empty for none.
    """

    passes: int = 6
    workers: int = 2
    hand: str = ""


def prepare_views(config: ViewSources) -> tuple[Views, Views | None]:
    """Views to learn from, and those to score on, or None where no folder is named.

    Raises:
        ValueError: If a folder holds no recordings.
    """
    parts = [_prepare(config, folder, config.most_clips, config.passes) for folder in config.recordings]
    held_out = _prepare(config, config.held_out, config.held_out_clips, 1) if config.held_out else None
    return Views.cat(parts), held_out


def _prepare(config: ViewSources, folder: str, most_clips: int, passes: int) -> Views:
    view = partial(_views_of, config.hand)
    return Views.cat(prepare_clips(view, "views", folder, most_clips, passes, config.workers))


def _views_of(hand: str, clip: Clip, seed: int) -> Views:
    return views_of(clip, seed, _hand(hand) if hand else None)


@cache
def _hand(path: str) -> Painter:
    """Once in each process."""
    return load_painter(Path(path), torch.float32).eval()
