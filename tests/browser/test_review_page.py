"""The review page in a real browser: silent, alone, readable at every width, printable."""

from __future__ import annotations

import importlib.util
import os
import zlib
from pathlib import Path

import pytest

from valuemodel.reporting.review import render_review

CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (1280, 768, 360, 320)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; tests skip without it, or fail where nothing may be wanting."""
    lacking = [] if CHROMIUM.exists() else [str(CHROMIUM)]
    lacking += [] if importlib.util.find_spec("playwright") else ["playwright"]
    if lacking:
        what = f"there is no {' and no '.join(lacking)}"
        (pytest.fail if os.environ.get("VALUEMODEL_REQUIRE") else pytest.skip)(what)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        running = engine.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a page text at a width, and what happened while it opened."""
    pages = []

    def open_page(text: str, width: int = 1280):
        path = tmp_path / "review.html"
        path.write_text(text, encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        noticed: list[str] = []
        page.on("console", lambda message: noticed.append(message.text))
        page.on("pageerror", lambda error: noticed.append(str(error)))
        page.on("dialog", lambda dialog: (noticed.append(dialog.message), dialog.dismiss()))
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_timeout(50)
        return page, noticed, [url for url in requests if url != path.as_uri()]

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def text(example):
    return render_review(example.tables(400))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_silent_alone_and_as_wide_as_the_window(opened, text, width):
    page, noticed, requests = opened(text, width)
    assert noticed == []
    assert requests == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_style_sheet_is_in_force_and_the_page_is_not_blank(opened, text):
    page, _, _ = opened(text)
    assert page.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid"
    picture = page.screenshot()
    assert len(zlib.compress(picture)) > 30_000


def test_charts_are_drawn_with_a_size(opened, text):
    page, _, _ = opened(text)
    boxes = page.evaluate(
        "[...document.querySelectorAll('svg')].map(e => [e.clientWidth, e.clientHeight])"
    )
    assert len(boxes) == 3
    assert all(width > 200 and height > 80 for width, height in boxes)


def test_text_stands_out_from_its_ground(opened, text):
    page, _, _ = opened(text)
    worst = page.evaluate(
        """() => {
          const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number).map(v => {
            v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ground = e => { while (e) { const c = getComputedStyle(e).backgroundColor;
            if (c !== 'rgba(0, 0, 0, 0)') return c; e = e.parentElement; } return 'rgb(255,255,255)'; };
          let worst = 21;
          for (const e of document.querySelectorAll('main *, header *')) {
            if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
            const a = light(getComputedStyle(e).color), b = light(ground(e));
            worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
          }
          return worst; }"""
    )
    assert worst >= 4.5


def test_links_lead_to_their_sections(opened, text):
    page, _, _ = opened(text)
    page.click("nav a[href='#leaning']")
    assert page.evaluate("document.querySelector('#leaning').getBoundingClientRect().top") < 100


def test_the_page_prints(opened, text):
    page, _, _ = opened(text)
    document = page.pdf(prefer_css_page_size=True, print_background=True)
    assert document.startswith(b"%PDF")
    assert 3 <= document.count(b"/Type /Page\n") <= 12


def test_hostile_text_does_nothing_in_a_browser(opened, example):
    path = Path(__file__).parents[1] / "reporting" / "hostile.py"
    spec = importlib.util.spec_from_file_location("hostile_texts", path)
    hostile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hostile)
    for payload in [*hostile.PAYLOADS[:14], "x" * 10_000]:
        page, noticed, requests = opened(
            render_review(hostile.soaked(example.tables(30), payload)), 360
        )
        assert noticed == [], payload[:40]
        assert requests == [], payload[:40]
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
