"""Print how soon after a call's fate the program ends, for each source of evidence.

The fates are spread over the intervals between looks, so that lucky and unlucky moments are both measured. Exits
with 1 if a verdict took longer than its looks and the overhead of a process.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.emulator.fates import FAIL_DELAY, SLOW_ANSWER_DELAY, Stage, Step
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import Call, VenueKey
from zoomcall.usecases.dialing.polling import POLL_INTERVAL

PROGRAM = (sys.executable, "-m", "zoomcall")
SECRET = "verdict-bench-webhook-secret"  # noqa: S105 - it signs nothing but this bench's events
FATE_AFTER = (3.0, 4.5, 6.0, 8.0)
"""Seconds from the 202 to the fate."""

OVERHEAD = 1.0
"""Seconds that a process may take to look once, report and end."""


class Source(Struct, frozen=True):
    """A source of evidence.

    Attributes:
        name: Its name in the table.
        target: ``session`` or ``meeting``.
        flags: Of the invite; ``{events}`` and ``{place}`` stand for a file and for ``HOST:PORT``.
        fate: The fate of the call.
        turns: How many looks it may take: roster and log alternate until events are known to arrive.
        is_used: Whether the account's log has an earlier call.
    """

    name: str
    target: str
    flags: tuple[str, ...]
    fate: str = "slow-answer"
    turns: int = 1
    is_used: bool = False

    @property
    def delay(self) -> float:
        """Seconds to its fate at a time scale of 1."""
        return (FAIL_DELAY if self.fate.startswith("fail") else SLOW_ANSWER_DELAY).total_seconds()


SOURCES = (
    Source("roster", "session", ("--evidence", "roster")),
    Source("webhook-log", "session", ("--evidence", "webhook-log")),
    Source("webhook-log, failure", "session", ("--evidence", "webhook-log"), fate="fail-9"),
    Source("auto, session", "session", ()),
    Source("auto, session, failure", "session", (), fate="fail-9", is_used=True),
    Source("auto, session, first failure", "session", (), fate="fail-9", turns=2),
    Source("webhook --events", "session", ("--evidence", "webhook", "--events", "{events}")),
    Source("webhook --listen", "session", ("--evidence", "webhook", "--listen", "{place}")),
    Source("websocket", "meeting", ("--evidence", "websocket")),
)


def main() -> int:
    """Measure and print; return 1 if anything was late."""
    is_late = False
    print(f"{'seconds from the fate to the end':34} {'min':>6} {'median':>7} {'max':>6} {'calls':>6}")
    for source in SOURCES:
        seconds = sorted(_seconds(source, after) for after in FATE_AFTER)
        median = statistics.median(seconds)
        print(f"{source.name:34} {seconds[0]:6.2f} {median:7.2f} {seconds[-1]:6.2f} {len(seconds):6}", flush=True)
        is_late = is_late or seconds[-1] > source.turns * POLL_INTERVAL.total_seconds() + OVERHEAD
    print(
        f"\nOne look every {POLL_INTERVAL.total_seconds():g} s. Only the log shows a failure. Until it has callout"
    )
    print("callout events, every other look reads the roster instead. A process adds up to a second.")
    return int(is_late)


def _seconds(source: Source, after: float) -> float:
    """Ring a room that answers ``after`` seconds; return the seconds from its event to the end of the program."""
    with contextlib.ExitStack() as open_things:
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory()))
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "ZOOMCALL_WEBHOOK_SECRET": SECRET}
        place = f"127.0.0.1:{_free_port()}"
        url = f"http://{place}"
        if "--events" in source.flags:
            url = open_things.enter_context(_receiver(folder, environ))
        zoom = Emulator(
            time_scale=after / source.delay,
            keys=Keys.make(webhook_secret=Secret(SECRET)),
            webhook_url=url if source.name.startswith("webhook -") else None,
        )
        open_things.enter_context(zoom)
        if source.is_used:
            _call_earlier(zoom)
        flags = [flag.format(events=folder / "events.jsonl", place=place) for flag in source.flags]
        target = (f"--{source.target}", zoom.ready[f"{source.target}_id"])
        line = (*PROGRAM, "invite", "sip", f"{source.fate}@room.example.com", *target, *flags)
        done = subprocess.run(line, env=environ | _environ(zoom, folder), capture_output=True, check=False)
        ended = datetime.now(UTC)
        if done.returncode != (23 if source.fate == "fail-9" else 0):
            raise SystemExit(done.stderr.decode())
        return (ended - zoom.world.events[-1].at).total_seconds()


def _call_earlier(zoom: Emulator) -> None:
    key, now = VenueKey(Api.SESSION, zoom.ready["session_id"]), datetime.now(UTC)
    call = Call(venue=key, message_id="earlier", protocol=Protocol.SIP, address="earlier@example.com")
    zoom.world.advance(call, Step(Stage.REJECTED, timedelta(0)), now=now)


@contextlib.contextmanager
def _receiver(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    ready = folder / "ready.json"
    files = ("--record", str(folder / "events.jsonl"), "--ready-file", str(ready))
    line = (*PROGRAM, "webhook", "serve", "-q", *files)
    with subprocess.Popen(line, env=environ, stdout=subprocess.DEVNULL) as process:
        while not ready.exists():
            time.sleep(0.02)
        yield json.loads(ready.read_text(encoding="utf-8"))["url"]
        process.terminate()


def _environ(zoom: Emulator, folder: Path) -> dict[str, str]:
    ready = zoom.ready
    return {
        "ZOOMCALL_CONFIG_DIR": str(folder / "config"),
        "ZOOMCALL_STATE_DIR": str(folder / "state"),
        "ZOOMCALL_API_BASE": ready["api_base"],
        "ZOOMCALL_OAUTH_BASE": ready["oauth_base"],
        "ZOOMCALL_API_KEY": ready["api_key"],
        "ZOOMCALL_API_SECRET": ready["api_secret"],
        "ZOOMCALL_ACCOUNT_ID": ready["account_id"],
        "ZOOMCALL_CLIENT_ID": ready["client_id"],
        "ZOOMCALL_CLIENT_SECRET": ready["client_secret"],
        "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": ready["websocket_subscription_id"],
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
