import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from wm_gym.cli import main
from wm_gym.evaluation.capture_check import findings
from wm_gym.scenes.captures import load_capture, save_capture
from wm_gym.scenes.sources import shipped_file


def shipped():
    opening = load_capture(shipped_file("rooms/9"))
    assert opening.capture is not None
    return opening, opening.capture


def changed(**fields):
    return findings(replace(shipped()[1], **fields))


def test_nothing_is_wrong_with_a_shipped_place():
    figures, problems = findings(shipped()[1])
    assert not problems
    assert figures["key frames"] == "32 of 192 x 256 pixels, proportions 3:4"
    assert figures["coverage"].startswith("100% of all headings")
    assert "floor 1.6 m" in figures["scale"] or "floor 1.59 m" in figures["scale"]


def test_what_is_wrong_is_said_a_sentence_each():
    _, capture = shipped()
    poses = capture.world_from_camera
    assert changed(depth=capture.depth * 1000)[1][0].startswith("depth must have a median of 0.1 to 60 m, got ")
    assert any("the floor must lie about 1.6 m below" in one for one in changed(depth=capture.depth / 2)[1])
    one = {name: getattr(capture, name)[:1] for name in ("frames", "depth", "moving", "world_from_camera")}
    assert changed(**one)[1] == ["key frames must show at least 50% of all headings to be turned in, got 22%"]
    inverse = torch.linalg.inv(poses)
    assert any("must agree in at least 50%" in one for one in changed(world_from_camera=inverse)[1])
    small = {name: getattr(capture, name)[:, ::8, ::8] for name in ("frames", "depth", "moving")}
    told = "frames must be of 24 x 32 for it to open (resolution=), the default is 48 x 64"
    assert changed(**small, intrinsics=capture.intrinsics / 8)[1] == [told]
    assert changed(depth=torch.zeros_like(capture.depth))[1][-1] == "depth must be known somewhere, got none"


def test_the_command_writes_a_sheet_and_its_exit_status_says_whether_something_is_wrong(tmp_path, capsys):
    opening, capture = shipped()
    low = {name: getattr(capture, name)[:, 24:168] for name in ("frames", "depth", "moving")}
    intrinsics = capture.intrinsics - torch.tensor([0.0, 0.0, 0.0, 24.0])
    save_capture(tmp_path / "wide.npz", replace(opening, capture=replace(capture, **low, intrinsics=intrinsics)))
    asked = [f"capture={tmp_path / 'wide.npz'}", f"output={tmp_path / 'sheet.png'}"]
    assert main(["check-capture", *asked]) == 1
    told = capsys.readouterr().out
    assert "frames must be of 9:16 for it to open (resolution=), the default is 3:4" in told
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert np.asarray(sheet).std() > 20
    asked[0] = f"capture={shipped_file('rooms/9')}"
    assert main(["check-capture", *asked]) == 0
    assert "nothing wrong was found" in capsys.readouterr().out


@pytest.mark.parametrize("size", [1 << 40])
def test_a_capture_that_would_fill_the_memory_is_refused(size, tmp_path, capsys):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("frames.npy", b"0")
        archive.infolist()[0].file_size = size
    assert main(["check-capture", f"capture={path}", f"output={tmp_path / 'x.png'}"]) == 2
    assert capsys.readouterr().err == f"wm-gym check-capture: {path} must be a capture of at most 8 GiB, got 1024 GiB\n"
