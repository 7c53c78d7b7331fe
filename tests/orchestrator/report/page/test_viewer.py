"""The page of a run in a real browser: what it shows, and where links, keys and clicks land."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver import Keys

from tests.orchestrator.report.page.viewer import Viewer
from tests.waiting import until

ROOT = Path(__file__).parents[4]

FIRST_LABELS = 44  # pixels below the top of the diagram: faults and workloads
ALICES_BARS = 70  # pixels below the top of the diagram


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


def test_workloads_are_marked_on_the_axis_and_in_the_lists(
    viewer: Viewer, pages: dict[str, Path]
) -> None:
    viewer.browser.open(pages["worked"])
    done = "workload of the model register for 4 s: 40 operations"
    assert f"{done} 2.000 s to 5.920 s" in viewer.text(".workloads")
    assert "workload of the model set for 9 s: 1 operation 4.000 s to the end" in viewer.text(
        ".workloads"
    )
    viewer.point(2.5, FIRST_LABELS).perform()
    assert viewer.text("#tip") == f"2.000 s  {done}, until 5.920 s"
    viewer.point(3.5, FIRST_LABELS + 17).perform()
    assert "alice | bob, carol" in viewer.text("#tip")  # the fault has a row of its own
    viewer.slide(5.0)
    assert f"under way: {done}" in viewer.text("#near")
    viewer.slide(6.5)
    assert f"under way: {done}" not in viewer.text("#near")
    viewer.click(".workloads button")
    assert viewer.at == "2.000 s"
    assert "atalice, bob" in viewer.text("#item dl")
    viewer.click("#table-workloads summary")
    until(lambda: "model set" in viewer.text("#table-workloads"), "the rows")
    viewer.click("#filter-boxes input[value='workload']")
    assert "Workloads (0 of 2)" in viewer.text("#table-workloads summary")


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


def test_a_link_scrolls_to_the_finding_that_it_names(
    viewer: Viewer, pages: dict[str, Path]
) -> None:
    viewer.browser.open(pages["lost"], "#finding=2")
    script = "return document.querySelector(arguments[0]).getBoundingClientRect()"
    bar, finding = (viewer.browser.run(script, name) for name in ("#bar", "#finding"))
    assert bar["top"] == pytest.approx(0, abs=1)
    assert finding["top"] >= bar["bottom"]
    assert finding["bottom"] < 400


def test_what_is_shown_is_in_the_address(viewer: Viewer) -> None:
    viewer.press("n")
    until(lambda: viewer.fragment == "#t=8&finding=2", lambda: viewer.fragment)
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
    viewer.press("p")
    assert viewer.at == "10.000 s"  # keys wait behind the list of keys
    viewer.press(Keys.ESCAPE)
    assert not viewer.browser.run("return document.getElementById('keys').open")


def test_the_diagram_can_be_pointed_at_clicked_dragged_and_zoomed(viewer: Viewer) -> None:
    viewer.point(2.0, ALICES_BARS).perform()
    assert "send to bob: one → ok: ok: sent 1" in viewer.text("#tip")
    viewer.point(2.0, ALICES_BARS).click().perform()
    until(lambda: viewer.fragment == "#t=2&finding=1&op=2", lambda: viewer.fragment)
    viewer.point(9.0, ALICES_BARS).click().perform()
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
    viewer.point(5.0, ALICES_BARS).click_and_hold().move_by_offset(150, 0).release().perform()
    viewer.settle()
    assert viewer.browser.run(label) != zoomed


def test_the_documentation_has_the_keys_that_the_page_lists(viewer: Viewer) -> None:
    script = """
      return [...document.querySelectorAll("#key-table tbody tr")]
        .map((row) => [...row.cells].map((cell) => cell.textContent));
    """
    page = (ROOT / "docs/page.md").read_text(encoding="utf-8")
    listed = [f"| {key} | {does} |" for key, does in viewer.browser.run(script)]
    assert len(listed) > 10
    assert "\n".join(listed) in page


def test_the_search_goes_from_match_to_match(viewer: Viewer) -> None:
    viewer.press("/", "list", Keys.ENTER)
    assert viewer.at == "7.000 s"
    viewer.press(Keys.ENTER)
    assert viewer.at == "8.000 s"
    viewer.press(Keys.ENTER)
    assert viewer.at == "7.000 s"
    assert viewer.text("#found") == "2 of 11 shown"


def test_the_search_finds_lines_of_consoles_that_are_nothing_else(viewer: Viewer) -> None:
    viewer.press("/", "alice>")
    assert viewer.text("#found") == "0 of 11 shown, 2 lines of consoles"
    viewer.press(Keys.ENTER)
    assert viewer.at == "4.010 s"
    assert viewer.text("#item strong") == "A line of a console"
    viewer.press(Keys.ENTER)
    assert viewer.at == "2.010 s"


def test_what_is_selected_is_shown_in_full(viewer: Viewer) -> None:
    assert viewer.text("#item") == ""
    viewer.browser.run("location.hash = '#op=4'")
    until(lambda: "Operation 4: list" in viewer.text("#item"), "the operation")
    facts = viewer.text("#item dl")
    assert all(
        part in facts for part in ("atbob", "took500 ms", "outcomefail", "error: no", "scenario10")
    )
    viewer.press(Keys.ESCAPE)
    assert viewer.text("#item") == ""


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
