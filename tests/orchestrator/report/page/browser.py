"""A real browser for the tests of the page: headless Chromium, one session for all of them."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from orchestrator.report.page import assets
from tests.waiting import until

VIEWER = Path(assets.__file__).with_name("viewer")
WIDE, NARROW = 1280, 400  # pixels


def lacking() -> str:
    """Return what is missing for a browser to be driven; empty if nothing is."""
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"no {' and no '.join(missing)} here" if missing else ""


class Browser:
    """A browser that shows pages from files."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def run(self, script: str, *given: Any) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script, *given)

    def open(self, page: Path, fragment: str = "") -> None:
        """Show a page anew, and wait until it is ready."""
        self.driver.get("about:blank")
        self.driver.get(page.as_uri() + fragment)
        until(lambda: self.run("return document.documentElement.dataset.ready"), "the page")

    def resize(self, width: int) -> None:
        """Give the window a width, also one that is less than a real window may have."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme: str) -> None:
        """Prefer a dark or a light colour scheme."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def complaints(self) -> list[str]:
        """Return what the browser's console has shown since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(str(shutil.which("chromedriver")))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@functools.cache
def sources(*names: str) -> str:
    """Return scripts of the viewer, to be called by a script of a test."""
    return "\n".join((VIEWER / name).read_text(encoding="utf-8") for name in names)
