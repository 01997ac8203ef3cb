"""``webhook serve`` under load: every event that it acknowledged is in its file, once and whole."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from torture.faults import NO_FAULT, Fault
from torture.lab import Lab, Outcome, Place
from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import sign

SECRET = "torture0webhook0Zq8Wx7Lp5"
_EVENTS = 24
_SENDERS = 4
_START_SECONDS = 15


class Receiver:
    """One ``webhook serve`` process with a fault."""

    def __init__(self, place: Place, fault: Fault, pool: ThreadPoolExecutor) -> None:
        self.record = place.folder / "events.jsonl"
        self._ready = place.folder / "ready.json"
        self._ready.unlink(missing_ok=True)
        self._pid_file = place.pid_file
        words = ("webhook", "serve", "--record", str(self.record), "--ready-file", str(self._ready))
        self._run = pool.submit(place.run, words, {"ZOOMCALL_WEBHOOK_SECRET": SECRET}, fault=fault)

    def url(self) -> str | None:
        """Return where it listens; None if it ended first."""
        limit = time.monotonic() + _START_SECONDS
        while time.monotonic() < limit and not self._run.done():
            if self._ready.exists() and self._ready.stat().st_size:
                return str(json.loads(self._ready.read_text())["url"])
            time.sleep(0.02)
        return None

    def stop(self) -> Outcome | None:
        """End it as a supervisor would; None if it had to be killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._run.done():
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(int(self._pid_file.read_text()), number)
            with contextlib.suppress(TimeoutError):
                outcome = self._run.result(_START_SECONDS)
                return outcome if number == signal.SIGTERM else None
        raise AssertionError("a process survives SIGKILL")


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


def run_once(lab: Lab, fault: Fault) -> tuple[Mapping[str, int], int | None, list[str]]:
    """Serve under a fault, then serve again without; return the counts, the exit code and what is wrong."""
    place = lab.place()
    acknowledged: list[str] = []
    wrong: list[str] = []
    outcomes: list[Outcome | None] = []
    with ThreadPoolExecutor(1) as pool:
        for prefix, each in (("a", fault), ("b", NO_FAULT)):
            receiver = Receiver(place, each, pool)
            url = receiver.url()
            if url is not None:
                acknowledged += _send_all(url, prefix)
            outcomes.append(receiver.stop())
            wrong += _judge(receiver.record, acknowledged)
    if url is None or sum(name.startswith("b") for name in acknowledged) != _EVENTS:
        wrong.append("the next serve does not acknowledge everything")
    wrong += _ending(fault, outcomes[0])
    place.remove()
    first = outcomes[0]
    return ({}, None, wrong) if first is None else (first.counts, first.code, wrong)


def _ending(fault: Fault, outcome: Outcome | None) -> Iterator[str]:
    if outcome is None:
        yield "did not end on SIGTERM"
        return
    if outcome.code == 1 and fault.kind not in {"output", "memory"}:
        yield "exit code 1: a bug"
    if "Traceback" in outcome.stderr and fault.kind != "memory":
        yield "a traceback"
    if len(outcome.stderr) > 20_000:
        yield f"{len(outcome.stderr)} bytes on stderr"
    if SECRET in outcome.stdout + outcome.stderr:
        yield "a secret in the output"


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
