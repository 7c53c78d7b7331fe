"""How a page looks: on any width, in both colour schemes, on paper, and with hostile text."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.report.page.rows import NO_PEER, MessageRow
from tests.orchestrator.report.page.browser import NARROW, WIDE, Browser, sources
from tests.orchestrator.report.page.pages import BOB, HOSTILE, page_data, written
from tests.orchestrator.report.page.viewer import Viewer

BOBS_LINE = 131  # pixels below the top of a diagram of three peers without connections


def test_everything_that_can_be_used_has_a_name(viewer: Viewer) -> None:
    script = """
      const named = (one) => one.getAttribute("aria-label") || one.textContent.trim()
        || one.labels?.length || one.placeholder;
      const usable = "button, input, select, a, [tabindex], canvas:not([aria-hidden])";
      return [...document.querySelectorAll(usable)]
        .filter((one) => !one.hidden && !named(one)).map((one) => one.outerHTML);
    """
    assert viewer.browser.run(script) == []


def test_what_programs_print_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    browser.resize(NARROW)
    browser.open(pages["hostile"], "#t=4")
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    Viewer(browser).settle()
    assert browser.run("return document.querySelectorAll('img, b, main script').length") == 0
    assert browser.run("return document.title") == "a page"
    everything = browser.run("return document.body.textContent")
    assert HOSTILE.partition("\x1b")[0] in everything
    assert "\x1b" not in everything
    assert "\u202e" not in browser.run(
        "document.getElementById('data').remove(); return document.body.innerText"
    )
    assert _overflow(browser) == 0
    assert browser.complaints() == []


def test_a_run_that_broke_off_before_anything_has_a_page(browser: Browser, tmp_path: Path) -> None:
    data = page_data(peers=[], consoles=[], duration=0.0)
    data["run"] |= {"verdict": "unknown", "error": "Docker does not answer"}
    browser.open(written(data, tmp_path / "nothing.html"))
    assert "ended early: Docker does not answer" in Viewer(browser).text("#header")
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["lost", "long"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_is_wider_than_the_page(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    browser.resize(width)
    browser.open(pages[name])
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert _overflow(browser) == 0


def _overflow(browser: Browser) -> int:
    script = "const { scrollWidth, clientWidth } = document.documentElement;"
    return int(browser.run(f"{script} return scrollWidth - clientWidth"))


_CONTRAST = """
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
  .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = parse(getComputedStyle(one).backgroundColor);
    if (colour.length < 4 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
};
const faint = [];
for (const one of document.querySelectorAll("body *")) {
  const hasText = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!hasText || !one.checkVisibility() || one.closest("#data, script, style, svg")) continue;
  const [text, paper] = [light(parse(getComputedStyle(one).color)), light(behind(one))];
  const ratio = (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
  if (ratio < 4.5) faint.push(`${one.tagName}.${one.className} ${one.textContent}: ${ratio}`);
}
return faint;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_both_schemes(
    browser: Browser, pages: dict[str, Path], scheme: str
) -> None:
    browser.prefer(scheme)
    browser.open(pages["lost"])
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    Viewer(browser).settle()
    assert browser.run(_CONTRAST) == []


def test_the_switch_of_the_colour_scheme(viewer: Viewer) -> None:
    viewer.browser.prefer("light")
    paper = "return getComputedStyle(document.body).backgroundColor"
    before = viewer.browser.run(paper)
    viewer.press("t")
    assert viewer.browser.run(paper) != before
    viewer.press("t")
    assert viewer.browser.run(paper) == before


def test_paper_is_light_and_the_screen_is_dark_again_afterwards(viewer: Viewer) -> None:
    viewer.browser.prefer("dark")
    paper = "return getComputedStyle(document.body).backgroundColor"
    before = viewer.browser.run(paper)
    viewer.browser.run("dispatchEvent(new Event('beforeprint'))")
    assert viewer.browser.run(paper) == "rgb(255, 255, 255)" != before
    viewer.browser.run("dispatchEvent(new Event('afterprint'))")
    assert viewer.browser.run(paper) == before
    viewer.browser.prefer("light")


def test_a_long_run_moves_at_once(browser: Browser, pages: dict[str, Path]) -> None:
    browser.resize(WIDE)
    browser.open(pages["long"])
    one = Viewer(browser)
    for at in (39.9, 0.5, 20.0):
        one.slide(at)
        assert one.at == f"{at:.3f} s"
    last = one.console("peer0")
    one.slide(39.0)
    one.slide(20.0)
    assert one.console("peer0") == last
    assert any("text" in line for line in last)


def test_a_message_that_no_peer_sent_is_drawn_at_its_receiver(
    browser: Browser, tmp_path: Path
) -> None:
    row = MessageRow(NO_PEER, BOB, None, 5.0, "invented", "boo", -1)
    browser.resize(WIDE)
    browser.open(written(page_data(messages=[row]), tmp_path / "invented.html"))
    viewer = Viewer(browser)
    viewer.point(5.0, BOBS_LINE - 14).perform()
    assert "no peer of the run → bob, invented: boo" in viewer.text("#tip")
    assert browser.complaints() == []


def test_messages_close_to_each_other_are_bundles_and_many_bundles_are_bursts(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.open(pages["long"])
    script = """
      const bundles = messageBundles(arguments[0], new Scale(0, 40, 0, 1000));
      const inAll = (several) => several.reduce((sum, one) => sum + one.items.length, 0);
      const together = bursts(bundles);
      return [bundles.length, inAll(bundles), together.length, inAll(together)];
    """
    messages = [
        {"peer": n % 8, "other": (n * 3 + 1) % 8, "from": n / 50, "to": n / 50, "status": "shown"}
        for n in range(2_000)
    ]
    numbers = browser.run(sources("dom.js", "lanes.js") + script, messages)
    bundles, in_bundles, bursts, in_bursts = numbers
    assert in_bundles == in_bursts == len(messages)
    assert bursts <= 26 < bundles < 500
