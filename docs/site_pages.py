"""Pages of the site that are not in docs: cards and changelog from where they stand, and a reference for each room.

A hook of MkDocs. A link in any page is a path of the repository; here it becomes one of the site, or plain text where
the site has no such page.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent

ADDED = {
    "index.md": "README.md",
    "cards/video.md": "wm_gym/backends/video/shipped/README.md",
    "cards/layout.md": "wm_gym/layout/shipped/README.md",
    "cards/appearance.md": "wm_gym/appearance/shipped/README.md",
    "cards/depth.md": "wm_gym/reconstruction/shipped/README.md",
    "cards/things.md": "wm_gym/entities/shipped/README.md",
    "cards/reader.md": "wm_gym/events/shipped/README.md",
    "cards/policies.md": "wm_gym/agents/rl/shipped/README.md",
    "cards/action_agent.md": "wm_gym/agents/vlm/shipped/README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
}
"""Pages of the site that stand elsewhere in the repository."""

ROOMS = (
    "geometry", "files", "text", "networks", "launching", "events", "plans", "memory", "world_model", "reconstruction",
    "appearance", "layout", "entities", "scenes", "completion", "backends", "world", "envs", "agents", "evaluation",
    "serving", "train_world",
)  # fmt: skip
"""Rooms of the house, from the ground up."""

LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Adds the pages to the navigation."""
    assert config.nav is not None
    reference = [{"wm_gym": "reference/wm_gym.md"}, *({f"wm_gym.{room}": f"reference/{room}.md"} for room in ROOMS)]
    config.nav += [
        {
            "Model cards": [
                {"Video model": "cards/video.md"},
                {"Imagined places": "cards/layout.md"},
                {"Appearance": "cards/appearance.md"},
                {"People and fires": "cards/things.md"},
                {"Reader of events": "cards/reader.md"},
                {"Policies": "cards/policies.md"},
                {"Action agent": "cards/action_agent.md"},
            ]
        },
        {"Contributing": "contributing.md"},
        {"Changelog": "changelog.md"},
        {"API reference": reference},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages themselves."""
    for page, source in ADDED.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, "reference/wm_gym.md", content=_reference("wm_gym", submodules=False)))
    for room in ROOMS:
        content = _reference(f"wm_gym.{room}", submodules=True)
        files.append(File.generated(config, f"reference/{room}.md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links between files of the repository into links of the site."""
    here = page.file.src_uri
    source = ADDED.get(here, f"docs/{here}")
    pages = {f"docs/{file.src_uri}": file.src_uri for file in files} | {path: uri for uri, path in ADDED.items()}

    def relinked(link: re.Match[str]) -> str:
        text, target, anchor = link.groups()
        uri = pages.get(normpath(str(PurePosixPath(source).parent / target)))
        return text if uri is None else f"[{text}]({relpath(uri, str(PurePosixPath(here).parent))}{anchor or ''})"

    return LINK.sub(relinked, markdown)


def _reference(module: str, *, submodules: bool) -> str:
    """A page that mkdocstrings fills."""
    return f"::: {module}\n    options:\n      show_submodules: {str(submodules).lower()}\n"
