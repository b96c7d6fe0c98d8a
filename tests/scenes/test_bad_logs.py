import json
import struct

import numpy as np
import pytest
from drawn_logs import FOCAL, HEIGHT, WIDTH, WRITERS, save_colour, save_depth, walk

from wm_gym.cli import main

LOG = walk(10, turn=8.0, step=0.3)
DEPTH_1 = "depth/1305031102.105000.png"
RGB_1 = "rgb/1305031102.100000.png"


def changed(path, old, new):
    path.write_text(path.read_text().replace(old, new))


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def transforms(folder, **changes):
    path = folder / "transforms.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without_depth_files(folder):
    path = folder / "transforms.json"
    told = json.loads(path.read_text())
    for row in told["frames"]:
        del row["depth_file_path"]
    path.write_text(json.dumps(told))


def nan_depth(folder):
    depth = np.full((HEIGHT, WIDTH), 2.0, np.float32)
    depth[:36] = np.nan
    (folder / "depth/1.png").unlink()
    np.save(folder / "depth/1.npy", depth)


def depths_times(folder, factor):
    for k, depth in enumerate(LOG.depths):
        save_depth(folder / f"depth/{k}.png", depth * factor, 1000)


def lens(folder, fx):
    matrix = np.diag([fx, fx, 1.0, 1.0])
    matrix[:2, 2] = WIDTH / 2, HEIGHT / 2
    np.savetxt(folder / "intrinsic/intrinsic_color.txt", matrix)
    np.savetxt(folder / "intrinsic/intrinsic_depth.txt", matrix)


def other_way_round(folder):
    for k, pose in enumerate(LOG.poses):
        np.savetxt(folder / f"pose/{k}.txt", np.linalg.inv(pose))


def fisheye(folder):
    model = folder / "sparse/0/cameras.txt"
    model.write_text(f"1 OPENCV_FISHEYE {WIDTH} {HEIGHT} 70 70 48 36 0.1 0 0 0\n")


def rolling(folder):
    """The recorder has removed the oldest pictures since it wrote its list."""
    (folder / RGB_1).unlink()


def of_other_size(folder):
    save_colour(folder / RGB_1, LOG.colours[1][::2, ::2])


def listed_again(folder, name, **changes):
    path = folder / "transforms.json"
    rows = json.loads(path.read_text())["frames"]
    transforms(folder, frames=[*rows, {**next(row for row in rows if row["file_path"] == name), **changes}])


def again(path, *lines):
    path.write_text("\n".join([path.read_text().rstrip(), *lines]) + "\n")


def clock_set_back(folder):
    """After five pictures the recorder's clock is set back by half a second."""
    for name in ("rgb.txt", "depth.txt", "groundtruth.txt"):
        head, *rows = (folder / name).read_text().splitlines()
        back = [f"{float(row.split()[0]) - 0.5:.6f} {row.split(' ', 1)[1]}" for row in rows[5:]]
        (folder / name).write_text("\n".join([head, *rows[:5], *back]) + "\n")


def positions_in_millimetres(folder):
    for k, pose in enumerate(LOG.poses):
        np.savetxt(folder / f"pose/{k}.txt", np.c_[pose[:, :3], pose[:, 3:] * [[1000.0], [1000.0], [1000.0], [1.0]]])


def linked(path, target):
    path.unlink()
    path.symlink_to(target)


def folder_linked(folder):
    (folder / "depth").rename(folder.parent / "elsewhere")
    (folder / "depth").symlink_to(folder.parent / "elsewhere")


CASES = [
    ("tum", lambda f: (f / "depth.txt").unlink(), "{f} must have depth, got a TUM log without depth.txt"),
    ("tum", rolling, "{f}/rgb.txt must name files that are there, got '" + RGB_1 + "', which is not"),
    (
        "tum",
        lambda f: changed(f / "rgb.txt", RGB_1, "../../secret.png"),
        "{f}/rgb.txt must name files inside of {f}, got '../../secret.png'",
    ),
    (
        "tum",
        lambda f: changed(f / "rgb.txt", RGB_1, "/etc/passwd"),
        "{f}/rgb.txt must name files inside of {f}, got '/etc/passwd'",
    ),
    ("tum", lambda f: truncated(f / RGB_1), "{f}/" + RGB_1 + " must be a picture that can be read whole, got SOME"),
    ("tum", lambda f: truncated(f / DEPTH_1), "{f}/" + DEPTH_1 + " must be depth that can be read whole, got SOME"),
    (
        "tum",
        lambda f: (f / "groundtruth.txt").write_text((f / "groundtruth.txt").read_text()[:-30]),
        "{f}/groundtruth.txt must have time, position and quaternion in each line, got SOME",
    ),
    (
        "tum",
        lambda f: (f / "calibration.txt").unlink(),
        "log.intrinsics must be given as [fx,fy,cx,cy] for a TUM log of 72 x 96 pixels without calibration.txt, "
        "got none",
    ),
    (
        "tum",
        of_other_size,
        "{f}/" + RGB_1 + " must be 72 x 96 pixels as its log says, got 36 x 48",
    ),
    (
        "tum",
        lambda f: (f / "groundtruth.txt").write_text("# none\n"),
        "{f} must list pictures and poses, got 10 pictures and 0 poses",
    ),
    (
        "tum",
        lambda f: changed(f / "groundtruth.txt", "130503", "131503"),
        "{f} must hold pictures with pose and depth, got none: 0 without depth, 10 without pose",
    ),
    (
        "scannet",
        nan_depth,
        "{f}/depth/1.npy must hold finite depth with 0 where it is unknown, got NaN or infinity in 50%",
    ),
    (
        "nerfstudio",
        lambda f: transforms(f, depth_unit_scale_factor=1.0),
        "depth must have a median of 0.1 to 60 m, got 3268 m with 1 units to a metre; log.depth_units_per_metre sets "
        "another number",
    ),
    (
        "scannet",
        lambda f: depths_times(f, 5.0),
        "poses, depth and intrinsics must agree in at least 50% of what frames see together, got SOME",
    ),
    (
        "scannet",
        other_way_round,
        "poses, depth and intrinsics must agree in at least 50% of what frames see together, got SOME",
    ),
    (
        "scannet",
        lambda f: lens(f, 4 * FOCAL),
        "poses, depth and intrinsics must agree in at least 50% of what frames see together, got SOME",
    ),
    (
        "scannet",
        lambda f: lens(f, 10 * FOCAL * 10),
        "intrinsics must give 72 x 96 pixels a field of view of 5 to 160 degrees, got fx 7000, fy 7000, cx 48.5, "
        "cy 36.5",
    ),
    (
        "scannet",
        lambda f: (f / "intrinsic/intrinsic_color.txt").unlink(),
        "{f}/intrinsic/intrinsic_color.txt must be a text file that can be read, got no such file or directory",
    ),
    (
        "scannet",
        lambda f: [save_depth(f / f"depth/{k}.png", np.zeros((HEIGHT, WIDTH)), 1000) for k in range(10)],
        "{f} must have depth, got depth files in which all is unknown (0)",
    ),
    (
        "nerfstudio",
        without_depth_files,
        "{f}/transforms.json must name depth files (depth_file_path), got none: this log has colours alone",
    ),
    (
        "nerfstudio",
        lambda f: transforms(f, camera_model="OPENCV_FISHEYE"),
        "{f}/transforms.json must have a camera_model of ['OPENCV', 'PINHOLE', 'SIMPLE_PINHOLE'], got 'OPENCV_FISHEYE'",
    ),
    (
        "nerfstudio",
        lambda f: transforms(f, w=640, h=480),
        "{f}/transforms.json must name the size of its pictures, 72 x 96, got 480 x 640",
    ),
    (
        "nerfstudio",
        lambda f: transforms(f, cx=-4.0),
        "intrinsics must have their principal point inside of 72 x 96 pixels, got fx 70, fy 70, cx -4, cy 36",
    ),
    (
        "nerfstudio",
        lambda f: truncated(f / "transforms.json"),
        "{f}/transforms.json must be JSON that can be read, got SOME",
    ),
    (
        "tum",
        lambda f: again(f / "rgb.txt", "1305031109.5 " + RGB_1),
        "{f}/rgb.txt must name each picture once, got '" + RGB_1 + "' twice",
    ),
    (
        "tum",
        lambda f: changed(f / "rgb.txt", "1305031102.100000 rgb", "1305031102.2 rgb"),
        "{f}/rgb.txt must have one file for each time, got two at 1305031102.200000",
    ),
    (
        "tum",
        clock_set_back,
        "{f}/rgb.txt must have one file for each time, got two at 1305031102.000000",
    ),
    (
        "tum",
        lambda f: again(f / "groundtruth.txt", "1305031102.0960 5 0 0 0 0 0 1"),
        "{f}/groundtruth.txt must have one pose for each time, got two 4.70 m apart at 1305031102.096000",
    ),
    (
        "tum",
        lambda f: linked(f / RGB_1, "/etc/passwd"),
        "{f}/rgb.txt must name files inside of {f}, got '" + RGB_1 + "'",
    ),
    (
        "nerfstudio",
        lambda f: listed_again(f, "images/003.png", transform_matrix=np.eye(4).tolist()),
        "{f}/transforms.json must name each picture once, got 'images/003.png' twice",
    ),
    (
        "nerfstudio",
        lambda f: linked(f / "depth/003.png", "/etc/passwd"),
        "{f}/transforms.json must name files inside of {f}, got 'depth/003.png'",
    ),
    (
        "nerfstudio",
        lambda f: listed_again(f, "images/003.png", file_path="../secret.png"),
        "{f}/transforms.json must name files inside of {f}, got '../secret.png'",
    ),
    (
        "scannet",
        lambda f: save_colour(f / "color/3.bmp", LOG.colours[7]),
        "{f}/color must name each picture once, got '3' twice",
    ),
    (
        "scannet",
        lambda f: np.save(f / "depth/3.npy", LOG.depths[7]),
        "{f}/depth must name each picture once, got '3' twice",
    ),
    (
        "scannet",
        lambda f: linked(f / "color/3.png", "/etc/passwd"),
        "{f} must name files inside of {f}, got 'color/3.png'",
    ),
    (
        "tum",
        lambda f: linked(f / "groundtruth.txt", "/etc/passwd"),
        "{f} must hold what it is made of, got a link that leads out of it, 'groundtruth.txt'",
    ),
    (
        "scannet",
        lambda f: linked(f / "pose/3.txt", "/etc/passwd"),
        "{f} must name files inside of {f}, got 'pose/3.txt'",
    ),
    ("scannet", folder_linked, "{f} must name files inside of {f}, got 'depth/0.png'"),
    (
        "scannet",
        positions_in_millimetres,
        "poses, depth and intrinsics must agree in at least 50% of what frames see together, got no two that see the "
        "same; depth times 1000, or positions times 0.001, would agree in 100%",
    ),
    (
        "colmap",
        lambda f: again(f / "sparse/0/images.txt", "", "99 1 0 0 0 0 0 0 1 003.png", ""),
        "{f}/sparse/0/images.txt must name each picture once, got '003.png' twice",
    ),
    (
        "colmap",
        lambda f: linked(f / "images/003.png", "/etc/passwd"),
        "{f}/sparse/0 must name files inside of {f}/images, got '003.png'",
    ),
    (
        "colmap",
        fisheye,
        "{f}/sparse/0/cameras.txt must have camera models of ['SIMPLE_PINHOLE', 'PINHOLE', 'SIMPLE_RADIAL', 'RADIAL', "
        "'OPENCV'], got 'OPENCV_FISHEYE'",
    ),
    (
        "colmap-binary",
        lambda f: truncated(f / "sparse/0/images.bin"),
        "{f}/sparse/0 must be a whole COLMAP model, got files that end too early",
    ),
    (
        "colmap-binary",
        lambda f: (f / "sparse/0/cameras.bin").write_bytes(struct.pack("<QiiQQ", 1, 1, 77, 5, 5)),
        "{f}/sparse/0/cameras.bin must have camera models of COLMAP, got number 77",
    ),
]


@pytest.mark.parametrize(("name", "spoiled", "message"), CASES)
def test_a_damaged_log_is_refused_in_one_sentence_and_nothing_is_written(name, spoiled, message, tmp_path, capsys):
    folder = WRITERS[name](tmp_path / "log", LOG)
    spoiled(folder)
    argv = ["capture", f"from={folder}", f"output={tmp_path / 'out.npz'}", "height=72", "width=96"]
    assert main(argv) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    expected = "wm-gym capture: " + message.replace("{f}", str(folder))
    assert error == expected or ("SOME" in expected and error.startswith(expected.partition("SOME")[0]))
    assert {one.name for one in tmp_path.iterdir()} <= {"log", "elsewhere"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["from=nowhere"], "from must be a folder of a posed RGB-D log, got 'nowhere', which is none"),
        (
            ["from=."],
            "from must be a folder that holds rgb.txt and groundtruth.txt (tum), transforms.json (nerfstudio), color/ "
            "and pose/ (scannet), cameras and images of a model (colmap), got '.' without",
        ),
        (
            ["from=.", "log.format=nerf"],
            "log.format must be one of ['tum', 'nerfstudio', 'scannet', 'colmap'], got 'nerf'",
        ),
        (["from=.", "log.intrinsics=[1,2]"], "log.intrinsics must be [fx,fy,cx,cy] or empty, got [1.0, 2.0]"),
        (
            ["from=.", "log.metres_per_unit=0"],
            "log.depth_units_per_metre must be at least 0 and log.metres_per_unit positive, got 0.0 and 0.0",
        ),
    ],
)
def test_what_is_no_log_is_refused(settings, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["capture", *settings, "output=out.npz"]) == 2
    assert capsys.readouterr().err == f"wm-gym capture: {message}\n"
    assert not list(tmp_path.iterdir())


def test_a_data_set_of_lerobot_is_told_how_it_opens(tmp_path, capsys):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/info.json").write_text("{}")
    assert main(["capture", f"from={tmp_path}", f"output={tmp_path / 'out.npz'}"]) == 2
    assert capsys.readouterr().err == (
        "wm-gym capture: from must be a folder of recordings, which wm-gym import-recordings makes of a data set of "
        f"LeRobot, got the data set {str(tmp_path)!r} itself\n"
    )


def test_pictures_are_not_made_larger(tmp_path, capsys):
    folder = WRITERS["tum"](tmp_path / "log", LOG)
    assert main(["capture", f"from={folder}", f"output={tmp_path / 'out.npz'}"]) == 2
    assert capsys.readouterr().err == (
        "wm-gym capture: height and width must be at most those of the log's pictures, 72 x 96, got 192 x 256; "
        "log.own_size=true keeps theirs\n"
    )
