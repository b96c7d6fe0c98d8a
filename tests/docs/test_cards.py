"""The model cards name the files that ship, by the hashes that these have."""

import hashlib
import re
from pathlib import Path

import pytest

import wm_gym

PACKAGE = Path(wm_gym.__file__).parent
CARDS = sorted(PACKAGE.rglob("shipped/README.md"))
ROW = re.compile(r"^\| `([^`|]+)`.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def hashes_told(card):
    """Files and folders of a card's table, and the hash beside each."""
    return dict(ROW.findall(card.read_text(encoding="utf-8")))


def sha256(path):
    """Of a file, or of a folder's files one after another in the order of their names."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def test_the_video_model_and_its_completion_have_cards():
    rooms = {str(card.parent.parent.relative_to(PACKAGE)) for card in CARDS}
    assert rooms >= {"backends/video", "layout"}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.parent.name)
def test_every_hash_is_that_of_its_file(card):
    told = hashes_told(card)
    assert told == {name: sha256(card.parent / name) for name in told}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.parent.name)
def test_everything_that_ships_beside_a_card_is_in_it(card):
    assert set(hashes_told(card)) == {path.name for path in card.parent.iterdir()} - {"README.md"}
