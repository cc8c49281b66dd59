"""A page in a headless Chromium, over a service in a process of its own that the tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penchant.testing.service_process import ServiceProcess


@pytest.fixture(scope="module")  # its event loop runs as long, and would be in the way of others
def chromium() -> Iterator[object]:
    """Chromium as the system has it; these tests download no browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def bad(said) -> bool:
    """Whether a line of the browser's console is an error; refused requests are looked at apart."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


@pytest.fixture(scope="module")
def address(chromium, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a service; a test chooses for a user of its own."""
    folder = tmp_path_factory.mktemp("console")
    service = ServiceProcess("--run", run, "--data", folder / "service")
    yield service.url
    service.kill()


@pytest.fixture
def open_page(chromium, address: str) -> Iterator[Callable]:
    """``open_page()``: a fresh page; at the end nothing may have gone wrong in it."""
    contexts, wrong = [], []

    def start(view: str = "try", **about: object):
        context = chromium.new_context(**{"locale": "en-GB"} | about)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if bad(said) else None)
        page.on("response", lambda it: wrong.append(it.url) if it.status in (404, 500) else None)
        page.goto(f"{address}/console#{view}")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not wrong
