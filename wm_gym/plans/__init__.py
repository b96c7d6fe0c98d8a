"""Plans of places as data: `draft_of(family, seed)` draws one, `topology_of` names its graph of spaces.

Knows nothing of the engine, of colours or of models.
"""

from __future__ import annotations

from wm_gym.plans.draft import Draft, Patch, Space, Spot
from wm_gym.plans.drafting import DIFFICULTIES, FAMILIES, draft_of
from wm_gym.plans.graphs import topology_of
from wm_gym.plans.rect import Rect

__all__ = ["DIFFICULTIES", "FAMILIES", "Draft", "Patch", "Rect", "Space", "Spot", "draft_of", "topology_of"]
