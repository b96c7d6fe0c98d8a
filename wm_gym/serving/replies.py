"""What a client is shown after a message: numbers of the episode, and the parts that it wants, as one packed value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wm_gym.choices import check_choice, check_known
from wm_gym.serving.cloud import cloud_of
from wm_gym.serving.overhead import map_of
from wm_gym.serving.pictures import FORMATS, depth_of, encode, frames_of
from wm_gym.serving.session import Group, Session, Shown


@dataclass(frozen=True)
class Wanted:
    """What a reply is to hold besides numbers.

    Attributes:
        parts: Names in `PARTS`.
        image: Format of pictures, one of `pictures.FORMATS`.
    """

    parts: tuple[str, ...] = ("frames",)
    image: str = "auto"

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Wanted:
        """From the "want" and "image" of a message, which may be missing.

        Raises:
            ValueError: If one is none.
        """
        parts, image = message.get("want", ["frames"]), message.get("image", "auto")
        if not isinstance(parts, list):
            raise ValueError(f"want must be a list of {sorted(PARTS)}, got {parts!r}")
        check_known("want", parts, sorted(PARTS))
        check_choice("image", image, FORMATS)
        return cls(tuple(parts), image)


def numbers_of(shown: Shown) -> dict[str, Any]:
    """The numbers of an episode, as JSON holds them: what has been reached, where the body is, what goes on."""
    state, core = shown.state, shown.core
    return {
        "step": core.steps(state),
        "reward": shown.reward,
        "terminated": state.is_over,
        "is_success": bool(state.is_success),
        "trust": float(state.outcome.trust[0]),
        "collided": bool(state.outcome.collided[0]),
        "pose": state.outcome.body_poses[0, -1].tolist(),
        "events": core.events(state),
        "task": core.task.describe(state.task),
        "num_frames": state.outcome.chunk.frames.shape[1],
    }


def reply_to(shown: Shown, wanted: Wanted) -> dict[str, Any]:
    """The numbers of an episode and what is wanted of it, to be packed."""
    return numbers_of(shown) | {name: PARTS[name](shown, wanted.image) for name in wanted.parts}


def description_of(session: Session) -> dict[str, Any]:
    """What is the same throughout a session, and how far it has come, as JSON holds it."""
    return {
        "id": session.session_id,
        "watch": session.watch_id,
        **description_of_group(session.group),
        "is_open": session.is_open,
        "last_message": session.last_message,
        "can_undo": len(session.past),
        "recorded_steps": None if session.recording is None else session.recording.num_steps,
    }


def description_of_group(group: Group) -> dict[str, Any]:
    """What is the same in all worlds of a group, as JSON holds it."""
    core, config = group.core, group.config
    spec, body = core.world.spec, core.world.config.body
    return {
        "backend": config.backend,
        "world": config.world,
        "action_mode": config.action_mode,
        "obs_mode": config.obs_mode,
        "height": spec.height,
        "width": spec.width,
        "fps": spec.fps,
        "frames_per_step": spec.frames_per_step,
        "turn_degrees_per_step": body.turn_degrees_per_frame * spec.frames_per_step,
        "pitch_degrees_per_step": body.pitch_degrees_per_frame * spec.frames_per_step,
        "far_metres": spec.far_metres,
        "shows_events": list(spec.shows_events),
        "licence": spec.licence,
    }


def _info(shown: Shown, image_format: str) -> dict[str, Any]:
    info = shown.core.info(shown.state)
    if shown.core.config.return_frames:
        info["frames"] = shown.state.outcome.chunk.frames[0].cpu().numpy()
    return info


PARTS: Mapping[str, Callable[[Shown, str], Any]] = {
    "observation": lambda shown, _: shown.core.observe_one(shown.state),
    "info": _info,
    "frames": lambda shown, image_format: encode(frames_of(shown.state.outcome), image_format),
    "depth": lambda shown, image_format: encode(
        depth_of(shown.state.outcome, shown.core.world.spec.far_metres), image_format
    ),
    "map": lambda shown, image_format: encode(
        map_of(shown.state.world.memories[0], shown.state.outcome.body_poses[0, -1, :3]), image_format
    ),
    "hints": lambda shown, image_format: encode(shown.state.outcome.hints.colour[0, -1].cpu().numpy(), image_format),
    "cloud": lambda shown, _: cloud_of(shown.state.world.memories[0], shown.state.outcome.body_poses[0, -1, :3]),
}
"""Name of a part to what makes it of what is shown and the format of pictures."""
