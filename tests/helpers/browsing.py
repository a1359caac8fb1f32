"""A headless Chromium for tests of pages, and what they ask of every page."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
A4 = 688
"""CSS pixels between the margins of a printed A4 page: 210 mm less twice 14 mm."""

CONTRASTS = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const behind = node => { for (let at = node; at; at = at.parentElement) {
    const color = rgb(getComputedStyle(at).backgroundColor); if (color.length === 3 || color[3] > 0) return color; }
    return rgb(getComputedStyle(document.body).backgroundColor); };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, node = text.parentElement;
    if (!text.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest('.unseen-text, script, option, #tip, svg')) continue;
    const [one, other] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    found.push([Math.round(100 * (one + 0.05) / (other + 0.05)) / 100, text.textContent.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 5);
}"""
"""The five texts with the least contrast to what is behind them."""

UNNAMED = """() => [...document.querySelectorAll('a, button, input, select, table, svg[role=img], section')]
  .filter(node => node.checkVisibility())
  .filter(node => !(node.ariaLabel || node.labels?.length || node.textContent.trim() || node.caption))
  .map(node => node.outerHTML.slice(0, 80))"""
"""Controls and tables that a screen reader could not name."""


def chromium() -> str:
    """The browser's path; skips the test where there is none."""
    found = os.environ.get("XLBENCH_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip("no Chromium: install one, or name it in XLBENCH_CHROMIUM")
    return found


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    """A browser of its own."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Opened:
    """A page from a file, with all that it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, *, all_rooms: bool = True, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())
        if all_rooms and context.get("java_script_enabled", True):
            # A browser does not lay out rooms that are far away, and then knows no text there.
            self.page.add_style_tag(content="main > section { content-visibility: visible !important; }")

    def texts(self, selector: str) -> list[str]:
        """What every element there says, in one line."""
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def click_everything(self) -> None:
        """Every option of every list, every button, every summary, once."""
        for number in range(self.page.locator("main select").count()):
            box = self.page.locator("main select").nth(number)
            for value in box.locator("option").evaluate_all("all => all.map(one => one.value)"):
                box.select_option(value)
            box.select_option(index=0)
        for selector in ("summary", "main button", "header button", "nav a"):
            for number in range(self.page.locator(selector).count()):
                one = self.page.locator(selector).nth(number)
                if one.count() and one.is_visible():
                    one.click()

    def close(self) -> None:
        """Close it, and check that it asked for nothing but itself and had nothing to complain of."""
        self.context.close()
        assert [url for url in self.requests if not url.startswith("data:")] == self.requests[:1]
        assert self.requests[0].startswith("file://")
        assert not self.complaints
