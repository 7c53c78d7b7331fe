"""The page of a run in a real browser: what it shows, where links land, and what stays text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.orchestrator.report.page.browser import NARROW, WIDE, Browser, sources
from tests.orchestrator.report.page.pages import HOSTILE, hostile, long_run, lost_message, written
from tests.waiting import until

WIDE_GUTTER, ALICES_BARS = 92, 54  # pixels: where the time begins, where alice's operations are


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of some runs."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"lost": lost_message(), "hostile": hostile(), "long": long_run(2_000)}
    return {name: written(data, folder / f"{name}.html") for name, data in made.items()}


class Viewer:
    """A page in the browser."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def text(self, selector: str) -> str:
        script = "return document.querySelector(arguments[0])?.textContent ?? ''"
        return str(self.browser.run(script, selector))

    def console(self, name: str) -> list[str]:
        """Return the lines on a peer's screen, without blank ones."""
        script = """
          const figure = [...document.querySelectorAll(".console")]
            .find((one) => one.querySelector("strong").textContent === arguments[0]);
          return [...figure.querySelectorAll(".row")].map((row) => row.textContent.trimEnd());
        """
        return [line for line in self.browser.run(script, name) if line]

    def slide(self, at: float) -> None:
        script = """
          const slider = document.getElementById("slider");
          slider.value = arguments[0];
          slider.dispatchEvent(new Event("input"));
        """
        self.browser.run(script, at)
        self.settle()

    def settle(self) -> None:
        """Wait until what has changed was drawn: two frames."""
        script = "requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()))"
        self.browser.driver.execute_async_script(script)

    def press(self, *keys: str) -> None:
        ActionChains(self.browser.driver).send_keys(*keys).perform()
        self.settle()

    def click(self, selector: str) -> None:
        self.browser.run("document.querySelector(arguments[0]).click()", selector)
        self.settle()

    @property
    def at(self) -> str:
        return self.text("#at").partition(" of ")[0]

    @property
    def fragment(self) -> str:
        return str(self.browser.run("return location.hash"))


@pytest.fixture
def viewer(browser: Browser, pages: dict[str, Path]) -> Iterator[Viewer]:
    """The page of the lost message; after the test its console must be empty."""
    browser.resize(WIDE)
    browser.open(pages["lost"])
    one = Viewer(browser)
    yield one
    assert browser.complaints() == []
    browser.run("localStorage.clear()")


def test_the_top_says_what_failed_where_and_whether_the_fault_was_real(viewer: Viewer) -> None:
    top = viewer.text("#header")
    assert "✗ invalid" in top
    assert "'two' from alice to bob, sent at 4.000 s: never shown" in top
    assert "lost.yaml:9- send: {at: alice, text: two}" in top
    assert "alice | bob, carol" in viewer.text(".faults")
    assert "✓ proven" in viewer.text(".faults")
    assert "0 of 20 during" in viewer.text(".faults")


def test_it_opens_at_the_first_finding_with_what_was_promised(viewer: Viewer) -> None:
    assert viewer.at == "4.000 s"
    assert "Promised: Nothing is lost." in viewer.text("#finding")
    assert "send to bob: two" in viewer.text("#finding .behind")
    assert viewer.console("bob") == ["* message 1 (alice): one", "bob>"]


def test_the_slider_moves_consoles_lists_sockets_and_the_graph(viewer: Viewer) -> None:
    viewer.slide(0.2)
    assert viewer.console("bob") == ["bob>"]
    assert viewer.text("#graph svg") == "alicebobcarol"
    viewer.slide(2.5)
    assert viewer.console("alice") == ["alice>", "ok: sent 1", "alice>"]
    assert "» send 1 one" in viewer.text(".console .typed")
    assert "1: b:5000" in viewer.text("#sides")
    assert "a:1 → b:5000 ESTABLISHED" in viewer.text("#sides")
    viewer.slide(4.5)
    assert "✕" in viewer.text("#graph svg")
    assert "active now: alice | bob, carol" in viewer.text("#near")
    viewer.slide(1.0)
    assert viewer.console("alice") == ["alice>"]


def test_colours_are_shown(viewer: Viewer) -> None:
    colour = "return getComputedStyle(document.querySelector('.row span')).color"
    ink = "return getComputedStyle(document.querySelector('.screen')).color"
    assert viewer.browser.run(colour) != viewer.browser.run(ink)


@pytest.mark.parametrize(
    ("fragment", "at", "shown"),
    [
        ("#t=2.5", "2.500 s", ""),
        ("#finding=2", "8.000 s", "carol did not answer"),
        ("#op=4", "7.000 s", ""),
        ("#t=3.25&finding=1&op=2", "3.250 s", "'two' from alice"),
        ("#t=1e9", "10.000 s", ""),
        ("#finding=99&op=99&t=nonsense", "4.000 s", "'two' from alice"),
    ],
)
def test_links_land(
    viewer: Viewer, pages: dict[str, Path], fragment: str, at: str, shown: str
) -> None:
    viewer.browser.open(pages["lost"], fragment)
    assert viewer.at == at
    assert shown in viewer.text("#finding")


def test_what_is_shown_is_in_the_address(viewer: Viewer) -> None:
    viewer.press("n")
    until(lambda: viewer.fragment == "#t=8&finding=2&op=5", lambda: viewer.fragment)
    viewer.browser.run("location.hash = '#op=1'")
    until(lambda: viewer.at == "1.000 s", "the fragment")


def test_keys(viewer: Viewer) -> None:
    viewer.press("n")
    assert viewer.at == "8.000 s"
    viewer.press("p")
    assert viewer.at == "4.000 s"
    viewer.press(Keys.ARROW_RIGHT)
    assert viewer.at == "4.010 s"
    viewer.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert viewer.at == "3.000 s"
    viewer.press(Keys.HOME)
    assert viewer.at == "0.000 s"
    viewer.press(Keys.END)
    assert viewer.at == "10.000 s"
    label = "return document.getElementById('diagram').getAttribute('aria-label')"
    viewer.press("+")
    assert "from 4.000 s to 10.000 s" in viewer.browser.run(label)
    viewer.press("0")
    assert "from 0.000 s to 10.000 s" in viewer.browser.run(label)
    viewer.press("?")
    assert viewer.browser.run("return document.getElementById('keys').open")
    viewer.press(Keys.ESCAPE)
    assert not viewer.browser.run("return document.getElementById('keys').open")


def _point(viewer: Viewer, at: float, y: float) -> ActionChains:
    """Return a movement to a moment of the diagram, `y` pixels below its top."""
    canvas = viewer.browser.driver.find_element("id", "diagram")
    width, height = canvas.size["width"], canvas.size["height"]
    x = WIDE_GUTTER + at / 10 * (width - WIDE_GUTTER - 8)
    script = "document.getElementById('diagram').scrollIntoView({block: 'center'})"
    viewer.browser.run(script)
    actions = ActionChains(viewer.browser.driver)
    return actions.move_to_element_with_offset(canvas, int(x - width / 2), int(y - height / 2))


def test_the_diagram_can_be_pointed_at_clicked_dragged_and_zoomed(viewer: Viewer) -> None:
    _point(viewer, 2.0, ALICES_BARS).perform()
    assert "send to bob: one → ok: ok: sent 1" in viewer.text("#tip")
    _point(viewer, 2.0, ALICES_BARS).click().perform()
    until(lambda: viewer.fragment == "#t=2&finding=1&op=2", lambda: viewer.fragment)
    _point(viewer, 9.0, ALICES_BARS).click().perform()
    viewer.settle()
    assert float(viewer.at.removesuffix(" s")) == pytest.approx(9.0, abs=0.02)
    label = "return document.getElementById('diagram').getAttribute('aria-label')"
    zoom = """
      const canvas = document.getElementById("diagram");
      const at = canvas.getBoundingClientRect();
      canvas.dispatchEvent(new WheelEvent("wheel", {
        deltaY: -400, ctrlKey: true, cancelable: true, clientX: at.x + 300, clientY: at.y + 9,
      }));
    """
    viewer.browser.run(zoom)
    viewer.settle()
    zoomed = viewer.browser.run(label)
    assert "from 0.000 s to 10.000 s" not in zoomed
    _point(viewer, 5.0, ALICES_BARS).click_and_hold().move_by_offset(150, 0).release().perform()
    viewer.settle()
    assert viewer.browser.run(label) != zoomed


def test_the_search_goes_from_match_to_match(viewer: Viewer) -> None:
    viewer.press("/", "list", Keys.ENTER)
    assert viewer.at == "7.000 s"
    viewer.press(Keys.ENTER)
    assert viewer.at == "8.000 s"
    viewer.press(Keys.ENTER)
    assert viewer.at == "7.000 s"
    assert viewer.text("#found") == "2 of 11 shown"


def test_filters_choose_peers_kinds_and_operations(viewer: Viewer) -> None:
    def box(value: str) -> str:
        return f"#filter-boxes input[value='{value}']"

    summaries = (
        "return [...document.querySelectorAll('#tables summary')].map((one) => one.textContent)"
    )
    viewer.click(box("list"))
    assert "Operations (3 of 5)" in viewer.browser.run(summaries)
    viewer.click(box("message"))
    assert "Messages (0 of 2)" in viewer.browser.run(summaries)
    viewer.click(box("0"))  # alice
    captions = (
        "return [...document.querySelectorAll('.console strong')].map((one) => one.textContent)"
    )
    assert viewer.browser.run(captions) == ["bob", "carol"]
    viewer.click("#filter-reset")
    assert "Operations (5)" in viewer.browser.run(summaries)


def test_the_tables_have_it_all_with_captions_and_heads(viewer: Viewer) -> None:
    viewer.click("#table-operations summary")
    until(lambda: "no answer" in viewer.text("#table-operations"), "the rows")
    incomplete = """
      return [...document.querySelectorAll("table")]
        .filter((one) => !one.caption?.textContent || !one.querySelector("th[scope]")).length;
    """
    assert viewer.browser.run(incomplete) == 0
    viewer.click("#table-operations tbody tr:nth-child(4) button")
    assert viewer.at == "7.000 s"


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
