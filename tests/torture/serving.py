"""``webhook serve`` under load: every event that it acknowledged is in its file, once and whole."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from torture.faults import NO_FAULT, Fault, Mode
from torture.hardship import armed
from torture.lab import Lab, Place, read_counts
from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import sign

SECRET = "torture0webhook0Zq8Wx7Lp5"
_EVENTS = 24
_SENDERS = 4
_START_SECONDS = 15


class Receiver:
    """One ``webhook serve`` process with a fault."""

    def __init__(self, place: Place, fault: Fault) -> None:
        self.place = place
        self.record = place.folder / "events.jsonl"
        self.ready = place.folder / "ready.json"
        self.ready.unlink(missing_ok=True)
        self.counts = place.folder / "counts"
        self._stderr = (place.folder / "stderr-serve").open("ab")
        environ = place.environ({"ZOOMCALL_WEBHOOK_SECRET": SECRET, "TORTURE_COUNTS": str(self.counts)})
        environ |= armed(place.lab.library, place.folder, fault)
        command = [sys.executable, "-m", "zoomcall", "webhook", "serve", "--record", str(self.record)]
        self.process = subprocess.Popen(
            [*command, "--ready-file", str(self.ready)],
            env=environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
        )

    def url(self) -> str | None:
        """Return where it listens; None if it ended first."""
        limit = time.monotonic() + _START_SECONDS
        while time.monotonic() < limit and self.process.poll() is None:
            if self.ready.exists() and self.ready.stat().st_size:
                return str(json.loads(self.ready.read_text())["url"])
            time.sleep(0.02)
        return None

    def stop(self) -> int | None:
        """End it as a supervisor would; None if it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self._stderr.close()
        return code


def _deliver(url: str, number: int, prefix: str) -> bool:
    """Deliver one signed event, with Zoom's retries; return whether it was acknowledged."""
    body = json.dumps({"event": "torture", "event_ts": number, "payload": {"id": f"{prefix}{number}"}}).encode()
    for attempt in range(3):
        timestamp = str(int(datetime.now(UTC).timestamp()))
        headers = {
            "content-type": "application/json",
            "x-zm-request-timestamp": timestamp,
            "x-zm-signature": sign(Secret(SECRET), timestamp, body),
            "x-zm-request-id": f"{prefix}{number}",
        }
        place = urlsplit(url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=3)
        try:
            connection.request("POST", place.path or "/", body, headers)
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05 * attempt)
    return False


def _send_all(url: str, prefix: str) -> list[str]:
    acknowledged: list[str] = []
    lock = threading.Lock()

    def deliver(number: int) -> None:
        if _deliver(url, number, prefix):
            with lock:
                acknowledged.append(f"{prefix}{number}")

    with ThreadPoolExecutor(_SENDERS) as pool:
        list(pool.map(deliver, range(_EVENTS)))
    return acknowledged


def run_once(lab: Lab, fault: Fault) -> tuple[dict[str, int], int | None, list[str]]:
    """Serve under a fault, then serve again without; return the counts, the exit code and what is wrong."""
    place = lab.place()
    acknowledged: list[str] = []
    wrong: list[str] = []
    code: int | None = 0
    counts: dict[str, int] = {}
    for prefix, each in (("a", fault), ("b", NO_FAULT)):
        receiver = Receiver(place, each)
        url = receiver.url()
        if url is not None:
            acknowledged += _send_all(url, prefix)
        ended = receiver.stop()
        if prefix == "a":
            code, counts = ended, read_counts(receiver.counts)
            if ended is None and fault.mode is not Mode.KILL:
                wrong.append("did not end on SIGTERM")
            if ended == 1 and fault.kind not in {"output", "memory"}:
                wrong.append("exit code 1: a bug")
        elif url is None or len([name for name in acknowledged if name.startswith("b")]) != _EVENTS:
            wrong.append("the next serve does not acknowledge everything")
        wrong += _judge(receiver.record, acknowledged)
    stderr = (place.folder / "stderr-serve").read_bytes()
    if b"Traceback" in stderr and fault.kind != "memory":
        wrong.append("a traceback")
    if len(stderr) > 20_000:
        wrong.append(f"{len(stderr)} bytes on stderr")
    if SECRET.encode() in stderr:
        wrong.append("a secret in the output")
    place.remove()
    return counts, code, wrong


def _judge(record: Path, acknowledged: list[str]) -> Iterator[str]:
    lines = record.read_bytes().split(b"\n") if record.exists() else []
    seen: list[str] = []
    for line in lines:
        try:
            seen.append(json.loads(line)["body"]["payload"]["id"])
        except (ValueError, KeyError, TypeError):
            continue
    for name in acknowledged:
        if seen.count(name) != 1:
            yield f"event {name} was acknowledged and is in the file {seen.count(name)} times"
