import io

import pytest

from wm_gym.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """The time that bars see; it goes on only when it is told to."""
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def walk(bar, clock, seconds_each):
    with bar:
        for _ in range(bar.total):
            clock[0] += seconds_each
            bar.update()
    return bar


def test_without_a_terminal_there_is_one_line_in_ten_seconds(clock):
    file = io.StringIO()
    walk(progress_bar(total=60, desc="walking", unit="step", file=file), clock, seconds_each=1.0)
    text = file.getvalue()
    lines = text.splitlines()
    assert "\r" not in text and text.endswith("\n")
    assert all(line.startswith("walking: ") for line in lines)
    assert 6 <= len(lines) <= 8
    assert "60/60" in lines[-1]


def test_figures_that_are_set_wait_for_their_line(clock):
    file = io.StringIO()
    bar = progress_bar(total=9, file=file)
    with bar:
        for step in range(9):
            clock[0] += 0.5
            bar.update()
            bar.set_postfix({"loss": step})
    lines = file.getvalue().splitlines()
    assert len(lines) == 2 and "loss=8" in lines[-1]


def test_a_bar_that_would_be_wiped_leaves_its_last_line():
    file = io.StringIO()
    assert list(progress_bar(range(3), leave=False, file=file)) == [0, 1, 2]
    assert "3/3" in file.getvalue().splitlines()[-1]


def test_on_a_terminal_the_bar_is_drawn_over_itself(clock):
    file = Terminal()
    walk(progress_bar(total=60, file=file), clock, seconds_each=1.0)
    assert file.getvalue().count("\r") >= 60


def test_a_bar_that_is_turned_off_writes_nothing():
    file = io.StringIO()
    assert list(progress_bar(range(3), disable=True, file=file)) == [0, 1, 2]
    assert file.getvalue() == ""
