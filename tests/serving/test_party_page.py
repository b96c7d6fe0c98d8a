"""One world in several browsers: a link for each role, and each sees what the others do."""

import pytest
from browsing import CHROMIUM, opened, picture, step, walk

pytest.importorskip("fastapi")
pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]


@pytest.fixture(scope="module")
def links(browser, address):
    """Role to the address that lets in to it."""
    page, errors = opened(browser, address)
    page.click("#share")
    page.wait_for_selector("text=join as a spectator", timeout=60_000)
    base = address.partition("/#")[0]
    roles = ("player", "director", "spectator")
    yield {role: base + page.get_attribute(f"text=join as a {role}", "href") for role in roles}
    page.close()
    assert not errors


@pytest.fixture
def opening(browser, links):
    """Opens a page in a role, in a browser of its own."""
    contexts, pages = [], []

    def open_as(role):
        contexts.append(browser.new_context(viewport={"width": 1000, "height": 640}))
        pages.append(opened(contexts[-1], links[role]))
        return pages[-1][0]

    yield open_as
    for context in contexts:
        context.close()
    assert not [error for _, errors in pages for error in errors]


def company(page):
    return page.inner_text("#company").splitlines()


def wait_for_company(page, count):
    page.wait_for_function(f"document.querySelectorAll('#company button').length === {count}")


def test_a_second_browser_sees_the_body_of_the_first(opening):
    one, other = opening("player"), opening("player")
    wait_for_company(one, 2)
    assert company(one) == ["agent_0, you", "agent_1"] and company(other) == ["agent_0", "agent_1, you"]
    other.wait_for_timeout(500)
    before = picture(other)
    walk(one)
    other.wait_for_timeout(500)
    assert picture(other) != before and step(one) == step(other)
    walk(other, "ArrowLeft")
    one.wait_for_timeout(500)
    assert step(one) == step(other)
    other.context.close()
    wait_for_company(one, 1)


def test_a_director_writes_and_follows_and_a_spectator_only_looks(opening):
    player, director, spectator = (opening(role) for role in ("player", "director", "spectator"))
    assert not player.is_visible("#event") and not spectator.is_visible("#event")
    assert all(not page.is_visible("#files") and page.is_visible("#company") for page in (player, director, spectator))
    director.keyboard.press("Enter")
    director.keyboard.type("it starts to snow")
    director.keyboard.press("Enter")
    for page in (player, director, spectator):
        page.wait_for_selector("#going-on button")
        assert page.inner_text("#going-on") == "it starts to snow ×"
    before, stood = picture(spectator), step(spectator)
    spectator.keyboard.press("w")
    walk(player, "ArrowLeft")
    spectator.wait_for_timeout(500)
    assert step(spectator) > stood and picture(spectator) != before
    spectator.click("#company button")
    spectator.wait_for_timeout(300)
    assert all(page.inner_text("#message") == "" for page in (player, director, spectator))
    assert spectator.is_disabled("#going-on button") and player.is_disabled("#going-on button")
    director.click("#going-on button")
    spectator.wait_for_selector("#going-on button", state="detached")


def test_a_key_of_none_is_told(browser, links):
    page = browser.new_page()
    page.goto(links["player"][:-4] + "none")
    page.wait_for_selector("#message.error")
    assert page.inner_text("#message") == "a request must carry the server's token, got none or another"
    page.close()
