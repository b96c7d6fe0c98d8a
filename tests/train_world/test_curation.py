"""Films are cut where they were cut, and what is wrong with each part is found and told."""

import csv
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wm_gym.agents.vlm.captioning import captioner
from wm_gym.cli import main
from wm_gym.files.video import VideoWriter
from wm_gym.train_world.curation import curate as curating
from wm_gym.train_world.curation.curate import CurateConfig, curate
from wm_gym.train_world.curation.measures import hash_distance, overlay_share, picture_hash, shift, thumbnail
from wm_gym.train_world.curation.profiles import CutConfig, Profile, profile_film

HEIGHT, WIDTH, FPS = 120, 160, 12.0
SETTINGS = {"least_rows": HEIGHT, "cuts": CutConfig(span_seconds=2.0)}


def wide_picture(seed):
    """A place wider than a frame: blocks of colour with fine grain on them."""
    rng = np.random.default_rng(seed)
    blocks = rng.uniform(40, 210, (6, 30, 3)).repeat(HEIGHT // 6, 0).repeat(24, 1)
    return (blocks + rng.normal(0, 14, blocks.shape)).clip(0, 255).astype(np.uint8)


def pan(seed, frames=24, step=3):
    place = wide_picture(seed)
    return [place[:, k * step : k * step + WIDTH] for k in range(frames)]


def with_text(frames):
    shown = [Image.fromarray(frame) for frame in frames]
    for picture in shown:
        drawing = ImageDraw.Draw(picture)
        drawing.rectangle((20, 96, 140, 112), fill=(10, 10, 10))
        drawing.text((26, 98), "SUBSCRIBE TODAY", fill=(255, 255, 255))
    return [np.asarray(picture) for picture in shown]


def blurred(frames):
    return [np.asarray(Image.fromarray(one).resize((10, 8)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
            for one in frames]  # fmt: skip


FILMS = {
    "fine": (pan(1), ""),
    "still": (pan(2)[:1] * 24, "still: 0."),
    "blurred": (blurred(pan(3)), "blurred: sharpness "),
    "dark": ([frame // 40 for frame in pan(4)], "dark: 100% black"),
    "bright": ([np.maximum(frame, 250) for frame in pan(5)], "overexposed: 100% white"),
    "hurried": (pan(6, step=24), "too fast: "),
    "told": (with_text(pan(7)), "overlay: "),
    "short": (pan(8, frames=6), "short: 0.50 s"),
}


def write(path, frames):
    with VideoWriter(path, FPS, HEIGHT, WIDTH) as film:
        for frame in frames:
            film.add(np.ascontiguousarray(frame))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for name, (frames, _) in FILMS.items():
        write(folder / f"{name}.mp4", frames)
    write(folder / "walks/again.mp4", FILMS["fine"][0])
    (folder / "truncated.mp4").write_bytes((folder / "fine.mp4").read_bytes()[:3000])
    (folder / "notes.txt").write_text("no film")
    return folder


@pytest.fixture(scope="module")
def table(films, tmp_path_factory):
    output = tmp_path_factory.mktemp("curation")
    counts = curate(CurateConfig(from_=str(films), output=str(output), **SETTINGS))
    return counts, list(csv.DictReader((output / "spans.csv").open())), output


@pytest.mark.parametrize("name", FILMS)
def test_what_is_wrong_with_a_span_is_told(table, name):
    (row,) = (row for row in table[1] if row["file"] == f"{name}.mp4")
    assert row["reason"].startswith(FILMS[name][1]) and (row["kept"] == "True") == (name == "fine"), row


def test_duplicates_and_films_that_cannot_be_read_are_told(table):
    counts, rows, output = table
    reasons = {row["file"]: row["reason"] for row in rows}
    assert reasons["walks/again.mp4"] == "duplicate of fine.mp4 at 0.00 s"
    assert reasons["truncated.mp4"].startswith("cannot be read whole: ")
    assert counts["kept"] == 1 and counts["duplicate"] == 1 and "notes.txt" not in reasons
    assert json.loads((output / "spans.json").read_text())["settings"]["least_rows"] == HEIGHT


def test_a_film_is_cut_where_another_shot_begins(tmp_path):
    path = write(tmp_path / "two.mp4", [*pan(1, 20), *pan(2, 30)])
    spans = profile_film(path, CutConfig(span_seconds=60)).spans
    assert [span.frames for span in spans] == [20, 30] and spans[1].start_seconds == pytest.approx(20 / FPS, abs=1e-3)


def test_long_shots_are_cut_into_equal_spans_and_nothing_is_lost(tmp_path):
    path = write(tmp_path / "long.mp4", pan(1, 50, step=2))
    spans = profile_film(path, CutConfig(span_seconds=2.0)).spans
    assert [span.frames for span in spans] == [17, 16, 17] and spans[-1].end_seconds == pytest.approx(
        50 / FPS, abs=1e-2
    )


def test_done_films_are_not_read_again_and_thresholds_may_change(films, table, monkeypatch):
    monkeypatch.setattr(curating, "profile_film", lambda *_: pytest.fail("read again"))
    told = curate(CurateConfig(from_=str(films), output=str(table[2]), **{**SETTINGS, "least_distance": 0}))
    assert told["kept"] == 2


def test_what_is_kept_is_captioned_once(films, table):
    asked = []
    config = CurateConfig(from_=str(films), output=str(table[2]), **SETTINGS)
    for _ in range(2):
        curate(config, lambda picture: asked.append(picture.shape) or "A wall of blocks.")
    rows = list(csv.DictReader((table[2] / "spans.csv").open()))
    assert asked == [(HEIGHT, WIDTH, 3)]
    assert {row["caption"] for row in rows if row["kept"] == "True"} == {"A wall of blocks."}


def test_profiles_go_to_files_and_back(films):
    profile = profile_film(films / "fine.mp4", CutConfig())
    assert Profile.from_json(json.loads(json.dumps(profile.to_json()))) == profile


def test_measures_say_what_they_say():
    frames = pan(9, step=8)
    small = [thumbnail(frame) for frame in frames]
    assert shift(small[0], small[1]) == pytest.approx(8 / WIDTH, abs=0.5 / 64)
    assert overlay_share(np.random.default_rng(0).normal(0, 3, (9, 2, 20, 30))) < 0.05
    brighter = thumbnail((frames[0] * 0.9 + 10).astype(np.uint8))
    assert hash_distance(picture_hash(small[0]), picture_hash(brighter)) <= 2
    assert hash_distance(picture_hash(small[0]), picture_hash(thumbnail(pan(10)[0]))) > 15


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("nowhere", "wm-gym curate: from must be a folder of films, got 'nowhere', which is none"),
        (".", "wm-gym curate: from must hold films (.mp4, .mov, .mkv, .webm, .avi, .m4v), got none in '.'"),
    ],
)
def test_a_folder_without_films_is_refused(folder, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["curate", f"from={folder}", "output=out"]) == 2
    assert capsys.readouterr().err.strip() == message and not list(tmp_path.iterdir())


def test_links_that_lead_out_of_the_folder_are_not_followed(films, tmp_path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films/outside.mp4").symlink_to(films / "fine.mp4")
    with pytest.raises(ValueError, match="got none in"):
        curate(CurateConfig(from_=str(tmp_path / "films"), output=str(tmp_path / "out")))


def test_an_endpoint_that_does_not_answer_gives_empty_captions():
    pytest.importorskip("openai")
    caption = captioner("http://127.0.0.1:9/v1", "none", {"timeout_seconds": 2.0, "retries": 0})
    assert caption(wide_picture(0)[:, :WIDTH]) == ""
    with pytest.raises(
        ValueError, match=r"^captions.settings must be among \[.*\], got 'retrys'; did you mean 'retries'"
    ):
        captioner("http://127.0.0.1:9/v1", "none", {"retrys": 0})
