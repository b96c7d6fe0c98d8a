"""Views for every training of a painter, or of a part of one: from folders of recordings."""

from __future__ import annotations

from dataclasses import dataclass

from wm_gym.train_world.painting.views import Views, views_of
from wm_gym.train_world.preparing import prepare_clips
from wm_gym.train_world.sources import Sources


@dataclass
class ViewSources(Sources):
    """What to learn from.

    Attributes:
        passes: Memories that go along each clip; each knows other parts of it.
        workers: Processes that prepare views.
    """

    passes: int = 6
    workers: int = 2


def prepare_views(config: ViewSources) -> tuple[Views, Views | None]:
    """Views to learn from, and those to score on, or None where no folder is named.

    Raises:
        ValueError: If a folder holds no recordings.
    """
    parts = [_prepare(config, folder, config.most_clips, config.passes) for folder in config.recordings]
    held_out = _prepare(config, config.held_out, config.held_out_clips, 1) if config.held_out else None
    return Views.cat(parts), held_out


def _prepare(config: ViewSources, folder: str, most_clips: int, passes: int) -> Views:
    return Views.cat(prepare_clips(views_of, "views", folder, most_clips, passes, config.workers))
