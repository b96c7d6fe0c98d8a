import numpy as np

from wm_gym.evaluation.pictures import contact_sheet, enlarge, paint_depth, paint_hints, paint_map


def test_depth_tells_near_far_sky_and_unknown_apart():
    picture = paint_depth(np.array([[0.0, 0.5, 30.0, 100.0]]))
    assert picture.shape == (1, 4, 3)
    assert picture[0, 0].tolist() == [70, 70, 70]
    assert picture[0, 1].sum() > picture[0, 2].sum() > 0
    assert picture[0, 3].tolist() == [0, 0, 0]


def test_hints_show_colour_where_seen():
    colour = np.full((48, 64, 3), 200, np.uint8)
    seen = np.zeros((48, 64), bool)
    seen[10:20] = True
    picture = paint_hints(colour, seen)
    assert (picture[10:20] == 200).all() and (picture[:10] < 100).all()


def test_the_map_has_what_lies_ahead_at_the_top_and_what_lies_left_at_the_left():
    positions = np.array([[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [5.0, 0.0, 9.0]], np.float32)
    colours = np.array([[0, 255, 0], [0, 0, 255], [255, 0, 255]], np.uint8)
    picture = paint_map(positions, colours, np.zeros((1, 5)), (80, 80))
    green, blue = np.argwhere((picture == (0, 255, 0)).all(-1)), np.argwhere((picture == (0, 0, 255)).all(-1))
    assert green.tolist() == [[20, 40]] and blue.tolist() == [[40, 20]]
    assert not (picture == (255, 0, 255)).all(-1).any()


def test_a_sheet_holds_every_picture():
    picture = np.full((10, 20, 3), 250, np.uint8)
    sheet = np.asarray(contact_sheet([("one", [picture, picture]), ("two", [picture])]))
    assert (sheet == 250).all(-1).sum() == 3 * 200
    named = contact_sheet([("one", [picture])], ["a column"])
    assert named.height == 18 + 12
    assert enlarge(picture, 3).shape == (30, 60, 3)
