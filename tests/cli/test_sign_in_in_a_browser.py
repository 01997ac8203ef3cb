"""``auth login --kind oauth`` with a real browser: headless Chromium."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from chromium import Chromium, chromium
from shell import Result, Shell

from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.cli import browser
from zoomcall.domain.sign_in import tokens_of_item
from zoomcall.emulator.running import Emulator

_LAYOUT = """({
    text: document.body.innerText,
    address: location.pathname + location.search + location.hash,
    overflow: document.documentElement.scrollWidth - innerWidth,
    paper: getComputedStyle(document.documentElement).colorScheme,
    size: parseFloat(getComputedStyle(document.querySelector("p")).fontSize),
})"""


class Visit:
    """What a user did in the browser, and saw at the end."""

    def __init__(self, act: Callable[[Chromium, str], None]) -> None:
        self._act = act
        self._is_done = threading.Event()
        self.seen: list[dict[str, Any]] = []
        self.history: list[str] = []
        self.requested: list[str] = []
        self.error: BaseException | None = None

    def open(self, address: str) -> None:
        try:
            with chromium() as page:
                self._act(page, address)
                for is_dark in (False, True):
                    page.look(width=360, is_dark=is_dark)
                    self.seen.append(page.run(_LAYOUT))
                entries = page.tell("Page.getNavigationHistory")["entries"]
                self.history = [entry["url"] for entry in entries]
                self.requested = page.requested
        except BaseException as error:  # noqa: BLE001 - told in the test's thread
            self.error = error
        finally:
            self._is_done.set()

    def finish(self) -> None:
        assert self._is_done.wait(60)
        if self.error is not None:
            raise self.error


def sign_in(zoomcall: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, visit: Visit) -> Result:
    ready = emulator.ready
    zoomcall.set(ZOOMCALL_API_BASE=ready["api_base"], ZOOMCALL_OAUTH_BASE=ready["oauth_base"], BROWSER="played")
    monkeypatch.setattr(browser, "_open", visit.open)
    client = ("--client-id", ready["public_client_id"])
    result = zoomcall("auth", "login", "--kind", "oauth", *client, "--store", "file", "--json", reveals=("files",))
    visit.finish()
    return result


def allow(page: Chromium, address: str) -> None:
    page.open(address)
    page.click("button")


def test_a_user_allows_the_app(zoomcall: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = Visit(allow)
    result = sign_in(zoomcall, emulator, monkeypatch, visit)
    assert result.code == 0, result.stdout
    item = SecretFiles(zoomcall.config_dir).read("default")
    assert item is not None
    tokens = tokens_of_item(item, emulator.ready["public_client_id"])
    assert tokens is not None
    for seen in visit.seen:
        assert "go back to the terminal" in seen["text"]
        assert seen["address"] == "/done"
        assert seen["overflow"] <= 0
        assert seen["paper"] == "light dark"
        assert seen["size"] >= 16
        for secret in (tokens.refresh_token, tokens.access.text):
            assert secret.reveal() not in seen["text"]
    assert not [address for address in visit.history if "code=" in address]
    assert all(address.startswith("http://127.0.0.1:") for address in visit.requested)


def test_a_user_denies_it(zoomcall: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(page: Chromium, address: str) -> None:
        page.open(address)
        page.click("a")

    visit = Visit(deny)
    result = sign_in(zoomcall, emulator, monkeypatch, visit)
    assert (result.code, result.json()["error"]["causes"][0]["id"]) == (4, "sign-in-denied")
    assert all("not signed in" in seen["text"] and seen["overflow"] <= 0 for seen in visit.seen)
