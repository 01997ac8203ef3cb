"""Drives a headless Chromium by its own protocol."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
_START_SECONDS = 60
_ANSWER_SECONDS = 120


class Chromium:
    """One page of a browser.

    Attributes:
        requested: The addresses that the page asked for.
        complaints: What it wrote to the console, what it threw, and its dialogs.
    """

    def __init__(self, runner: asyncio.Runner, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._runner = runner
        self._socket = socket
        self._ids = itertools.count(1)
        self._fired: set[str] = set()
        self.requested: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        return self._runner.run(self._tell(method, params))

    async def _tell(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json(timeout=_ANSWER_SECONDS)
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        event, params = message.get("method", ""), message.get("params", {})
        self._fired.add(event)
        if event == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif event in {
            "Runtime.exceptionThrown",
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Page.javascriptDialogOpening",
        }:
            self.complaints.append(str(params))

    def look(self, *, width: int, is_dark: bool = False) -> None:
        """Set the width of the window, and whether the system is dark."""
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, page: Path | str) -> float:
        """Open a file or an address; return the seconds until it was laid out and could be used."""
        address = page if isinstance(page, str) else page.as_uri()
        began = time.monotonic()
        self._load(lambda: self.tell("Page.navigate", url=address))
        return time.monotonic() - began

    def click(self, selector: str) -> None:
        """Click an element, and wait for the page that this leads to."""
        self._load(lambda: self.run(f"document.querySelector({selector!r}).click()"))

    def _load(self, begin: Callable[[], object]) -> None:
        self._fired.clear()
        begin()
        until = time.monotonic() + _ANSWER_SECONDS
        while "Page.loadEventFired" not in self._fired:
            assert time.monotonic() < until, "the page did not load"
            self.tell("Runtime.getIsolateId")
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")

    def run(self, script: str) -> Any:
        """Return what an expression is, as JSON."""
        answer = self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start a browser without a window, and end it."""
    program = shutil.which("chromium")
    assert program is not None, "chromium is missing; `make system` installs it"
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        words = [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = _port_of(Path(folder, "DevToolsActivePort"), process)
            with asyncio.Runner() as runner:
                client, socket = runner.run(_connect(port))
                yield Chromium(runner, socket)
                runner.run(client.close())
        finally:
            process.terminate()
            process.wait(_START_SECONDS)


def _port_of(file: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if file.exists() and (lines := file.read_text().splitlines()):
            return lines[0]
        time.sleep(0.05)
    raise AssertionError(f"chromium did not start: {process.poll()}")


async def _connect(port: str) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    client = aiohttp.ClientSession()
    async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
        pages = [each for each in await answer.json() if each["type"] == "page"]
    return client, await client.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
