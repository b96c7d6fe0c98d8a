import pytest
from browsing import CHROMIUM, FLAGS, played


@pytest.fixture(scope="module")
def address():
    with played() as one:
        yield one


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        one.close()
