"""A real Chromium, told what to do through its DevTools protocol. No test stands here."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

PATIENCE = 60.0  # real seconds until a test gives up
_PAUSE = 0.05
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--no-proxy-server", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip


def chromium() -> str:
    """The path of the browser; the test is skipped without one, or fails where one has to be."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("RAPPORT_REQUIRE_CHROMIUM") == "1":
        pytest.fail("there is no Chromium here")
    pytest.skip("there is no Chromium here")


class NoPage(Exception):
    """The tab could not be asked, as while it goes from one page to the next."""


class Browser:
    """One tab."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.count(1)
        self.errors: list[str] = []
        self._loaded = 0

    def __enter__(self) -> Self:
        quiet = subprocess.DEVNULL
        command = [chromium(), *_FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        self._loop.run_until_complete(self._connect())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run_until_complete(self._leave())
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._loop.close()

    def open(self, url: str) -> None:
        """Go to another page and wait until it has loaded."""
        self._load("Page.navigate", url=url)

    def reload(self) -> None:
        """Load the page anew and wait until it has."""
        self._load("Page.reload")

    def _load(self, method: str, **parameters: Any) -> None:
        before = self._loaded
        self.call(method, **parameters)
        self._loop.run_until_complete(self._until_loaded(before))

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value."""
        told = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script: str) -> Any:
        """Wait until an expression is true in the page and return its value."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            # Between two pages there is no body, or nothing to ask at all.
            with contextlib.suppress(NoPage):
                if value := self.run(
                    f"(() => {{ const seen = document.body && ({script});"
                    " return seen instanceof Node ? true : seen })()"
                ):
                    return value
            self._loop.run_until_complete(asyncio.sleep(_PAUSE))
        seen = self.run("document.body.innerText")
        raise AssertionError(f"never true: {script}\n{self.errors}\n{seen}")

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key such as `Enter`, `Tab` or `Escape`."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
        shared: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def look(
        self, *, width: int, height: int, dark: bool = False, still: bool = False, scale: int = 1
    ) -> None:
        """Make the screen this large, light or dark, and for somebody who wants no motion or does."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        wishes = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def picture(self) -> bytes:
        """What is on the screen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told of."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node.get("ignored")
        ]

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        return self._loop.run_until_complete(self._call(method, parameters))

    async def _connect(self) -> None:
        told = self._folder / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE
        while not (told.exists() and told.read_text().count("\n")):
            assert time.monotonic() < end, "the browser does not start"
            await asyncio.sleep(_PAUSE)
        port = told.read_text().splitlines()[0]
        self._http = aiohttp.ClientSession()
        async with self._http.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [page for page in await answer.json() if page["type"] == "page"]
        self._socket = await self._http.ws_connect(
            pages[0]["webSocketDebuggerUrl"], max_msg_size=0, heartbeat=None
        )
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            await self._call(f"{domain}.enable", {})

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            told = json.loads(await self._socket.receive_str(timeout=PATIENCE))
            if told.get("id") == number:
                if "error" in told:
                    raise NoPage(told)
                result: dict[str, Any] = told["result"]
                return result
            self._note(told)

    async def _until_loaded(self, before: int) -> None:
        while self._loaded == before:
            self._note(json.loads(await self._socket.receive_str(timeout=PATIENCE)))

    def _note(self, told: dict[str, Any]) -> None:
        if told.get("method") == "Page.loadEventFired":
            self._loaded += 1
        elif told.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["params"]["exceptionDetails"]))
        elif told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.errors.append(told["params"]["entry"]["text"])

    async def _leave(self) -> None:
        await self._socket.close()
        await self._http.close()
