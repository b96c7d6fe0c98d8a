"""`wm-gym play`: a server for one person, and its page in a browser."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass
from importlib import util
from urllib.parse import urlencode

from wm_gym.envs.checking import read_count
from wm_gym.serving.serve import ServeConfig, serve

SIZES = {"video": (48, 64), "detailed": (192, 256)}
"""Rows and columns of frames that a backend is meant for."""

_ANY_SIZE = (192, 256)


@dataclass
class PlayConfig:
    """What is played, and where the page is.

    Attributes:
        world: As `gym.make` takes it; empty for one of the shipped places, by the seed.
        prompt: What an imagined place is to be like.
        seed: Of the world.
        task: Of the world.
        backend: Who makes the frames.
        height: Rows of a frame; 0 for what suits the backend.
        width: Columns of a frame; 0 for what suits the backend.
        twin: Whether the page can show the twin beside the world, where ViZDoom is installed.
        port: Of the page on 127.0.0.1; 0 for a free one.
        most_sessions: Sessions at once: a world, its twin, and their forks.
        state_key: Seals saved states: what is saved in one game can be loaded in the next one with the same key.
        open_browser: Whether a browser is opened; the address is printed either way.
    """

    world: str = "imagined"
    prompt: str = "a narrow street with green trees and red houses"
    seed: int = 3
    task: str = "explore"
    backend: str = "detailed"
    height: int = 0
    width: int = 0
    twin: bool = True
    port: int = 8765
    most_sessions: int = 8
    state_key: str = "play"
    open_browser: bool = True

    def __post_init__(self) -> None:
        read_count("seed", self.seed, 0)
        self.served()

    def served(self) -> ServeConfig:
        """Settings of the server.

        Raises:
            ValueError: If a setting is none.
        """
        height, width = SIZES.get(self.backend, _ANY_SIZE)
        twin = self.twin and self.backend != "twin" and util.find_spec("vizdoom") is not None
        return ServeConfig(
            port=self.port,
            most_sessions=self.most_sessions,
            state_key=self.state_key,
            task=self.task,
            backends=[self.backend, *(["twin"] if twin else [])],
            world=self.world,
            height=self.height or height,
            width=self.width or width,
            finer=2 if self.backend == "video" else 1,
        )


def play(config: PlayConfig) -> None:
    """Serve the page until the process is told to end.

    Raises:
        ImportError: If FastAPI or uvicorn is missing.
        ValueError: If the port is taken.
    """

    def start(url: str, token: str) -> None:
        page = page_address(url, token, config)
        print(f"play at {page}\nCtrl+C ends it", flush=True)
        if config.open_browser:
            webbrowser.open(page)

    serve(config.served(), start)


def page_address(url: str, token: str, config: PlayConfig) -> str:
    """The page's address. What follows # stays in the browser: it is not sent, nor logged."""
    asked = {"token": token, "seed": config.seed, "prompt": config.prompt if "imagined" in config.world else ""}
    return f"{url}/#{urlencode({name: value for name, value in asked.items() if value != ''})}"
