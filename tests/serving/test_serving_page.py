"""The page in a real browser: Debian's Chromium, driven by Playwright."""

import re

import pytest
from browsing import CHROMIUM, opened, picture, step, walk

from wm_gym.envs.replay.format import Replay

pytest.importorskip("fastapi")
pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]


@pytest.fixture
def page(browser, address):
    one, errors = opened(browser, address)
    yield one
    one.close()
    assert not errors


def test_keys_walk_the_mouse_looks_and_nothing_moves_without(page):
    seen = [picture(page)]
    for act in (lambda: walk(page), lambda: walk(page, "ArrowLeft"), lambda: drag(page)):
        before = step(page)
        act()
        assert step(page) > before and picture(page) not in seen
        seen.append(picture(page))
    stood = step(page)
    page.wait_for_timeout(700)
    assert step(page) == stood
    assert re.fullmatch(r"\d+ / \d+ ms", page.inner_text("#latency"))


def drag(page):
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.move(420, 300, steps=4)
    page.mouse.up()
    page.wait_for_timeout(800)


def test_an_event_is_typed_seen_and_stopped(page):
    page.keyboard.press("Enter")
    page.keyboard.type("it starts to snow")
    page.keyboard.press("Enter")
    page.wait_for_selector("#going-on button")
    assert page.inner_text("#going-on") == "it starts to snow ×"
    page.click("#going-on button")
    page.wait_for_selector("#going-on button", state="detached")
    page.keyboard.press("w")
    page.wait_for_timeout(500)
    assert page.inner_text("#message") == ""


def test_undo_goes_back(page):
    first = picture(page)
    walk(page, "d")
    while not page.is_disabled("#undo"):
        page.keyboard.press("Backspace")
        page.wait_for_timeout(200)
    assert step(page) == 0 and picture(page) == first


def test_a_walk_is_recorded_and_downloaded(page, tmp_path):
    page.click("#record")
    page.wait_for_function("document.getElementById('record').textContent === 'download'")
    walk(page)
    with page.expect_download() as download:
        page.click("#record")
    download.value.save_as(tmp_path / "walk.replay")
    assert Replay.load(tmp_path / "walk.replay").num_steps == step(page)


def test_a_saved_world_is_loaded_again(page, tmp_path):
    walk(page)
    there, seen = step(page), picture(page)
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "world.state")
    walk(page, "ArrowRight")
    assert step(page) > there and picture(page) != seen
    with page.expect_file_chooser() as chooser:
        page.click("#load")
    chooser.value.set_files(tmp_path / "world.state")
    page.wait_for_function(f"document.getElementById('step').textContent === '{there}'")
    page.wait_for_timeout(200)
    assert picture(page) == seen


def test_a_fork_and_a_spectator_open_in_other_windows(browser, page):
    walk(page)
    page.click("#fork")
    page.wait_for_selector("text=fork 1")
    base = page.url.partition("/#")[0]
    fork, errors = opened(browser, base + page.get_attribute("text=fork 1", "href"))
    watcher, more = opened(browser, base + page.get_attribute("text=watch from another window", "href"))
    assert step(fork) == step(page) and not watcher.is_visible("#opening")
    walk(fork, "a")
    walk(page, "s", 500)
    assert step(fork) > 0 and step(watcher) == step(page)
    assert picture(watcher) == picture(page) != picture(fork)
    fork.close()
    watcher.close()
    assert not errors and not more


def test_the_twin_follows_with_the_same_keys(page):
    pytest.importorskip("vizdoom")
    walk(page)
    page.check("#show-twin")
    page.wait_for_selector("#twin-figure:not([hidden])", timeout=60_000)
    before = picture(page, "twin")
    walk(page, "ArrowLeft")
    assert picture(page, "twin") != before and page.inner_text("#message") == ""


def test_depth_hints_and_map_are_shown_on_request(page):
    assert page.is_visible("#map") and not page.is_visible("#depth")
    page.check("#show-depth")
    page.check("#show-hints")
    page.uncheck("#show-map")
    page.wait_for_timeout(300)
    assert page.is_visible("#depth") and page.is_visible("#hints") and not page.is_visible("#map")
    for name in ("depth", "hints"):
        assert page.evaluate(f"document.getElementById('{name}').width") == 48


CLOUD_COLOURS = """() => {
    const canvas = document.getElementById("cloud");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d");
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const colours = new Set();
    for (let k = 0; k < data.length; k += 4) colours.add((data[k] << 16) | (data[k + 1] << 8) | data[k + 2]);
    return colours.size;
}"""


def test_the_cloud_is_drawn_orbited_and_goes_on_with_the_walk(page):
    page.check("#show-cloud")
    page.wait_for_timeout(800)
    seen = picture(page, "cloud")
    assert page.evaluate(CLOUD_COLOURS) > 200
    box = page.query_selector("#cloud").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 90, middle[1] + 20, steps=4)
    page.mouse.up()
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(400)
    assert step(page) == 0 and picture(page, "cloud") != seen
    seen = picture(page, "cloud")
    walk(page)
    assert step(page) > 0 and picture(page, "cloud") != seen


GAMEPAD = """(axes) => {
    navigator.getGamepads = () => [{ connected: true, axes }];
}"""


def test_a_gamepad_walks_and_looks(page):
    page.evaluate(GAMEPAD, [0, -1, 0, 0])
    page.wait_for_function("Number(document.getElementById('step').textContent) >= 2")
    page.evaluate(GAMEPAD, [0, 0, 0, 0])
    page.wait_for_timeout(600)
    stood = step(page)
    page.wait_for_timeout(500)
    assert step(page) == stood


def test_another_world_opens_from_the_form(page):
    walk(page)
    before = picture(page)
    page.fill("#seed", "5")
    page.select_option("#place", "hall/3" if page.query_selector("option[value='hall/3']") else "city/9")
    page.click("#opening button")
    page.wait_for_function("document.getElementById('step').textContent === '0'", timeout=30_000)
    page.wait_for_timeout(300)
    assert picture(page) != before


def test_a_wrong_token_is_told(browser, address):
    page = browser.new_page()
    page.goto(re.sub(r"token=[^&]*", "token=wrong", address))
    page.wait_for_selector("#message.error")
    assert page.inner_text("#message") == "a request must carry the server's token, got none or another"
    page.close()


CLOSES_BEFORE_IT_ASKS = """async () => {
    const { Session } = await import("/page/connection.js");
    const ask = Session.prototype.ask;
    Session.prototype.ask = async function (...given) {
        Session.prototype.ask = ask;
        await this.close();
        return ask.apply(this, given);
    };
}"""


def test_a_session_that_has_ended_is_told_and_another_world_opens(page):
    page.evaluate(CLOSES_BEFORE_IT_ASKS)
    page.keyboard.press("w")
    page.wait_for_selector("#message.error")
    assert page.inner_text("#message") == "this session has ended: open a new world"
    page.click("#opening button")
    page.wait_for_function("document.getElementById('message').textContent === ''", timeout=30_000)
    walk(page)
    assert step(page) > 0
