"""What a test does at a page in the browser, and sees there."""

from __future__ import annotations

from selenium.webdriver import ActionChains

from tests.orchestrator.report.page.browser import Browser

_GUTTER = 92  # pixels: where the time begins in a wide diagram


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

    def point(self, at: float, y: int) -> ActionChains:
        """Return a movement to a moment of a diagram of 10 s, `y` pixels below its top."""
        canvas = self.browser.driver.find_element("id", "diagram")
        width, height = canvas.size["width"], canvas.size["height"]
        x = _GUTTER + at / 10 * (width - _GUTTER - 8)
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})", canvas)
        actions = ActionChains(self.browser.driver)
        return actions.move_to_element_with_offset(canvas, int(x - width / 2), int(y - height / 2))

    def click(self, selector: str) -> None:
        self.browser.run("document.querySelector(arguments[0]).click()", selector)
        self.settle()

    @property
    def at(self) -> str:
        return self.text("#at").partition(" of ")[0]

    @property
    def fragment(self) -> str:
        return str(self.browser.run("return location.hash"))
