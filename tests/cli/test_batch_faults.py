"""A batch whose requests fail by chance: no room is rung twice, and no row says what is not so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from shell import Shell, environ_of

from zoomcall.adapters import http
from zoomcall.emulator import trouble
from zoomcall.emulator.limits import Plan
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.trouble import parse_faults
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.polling import Polls, Rhythm

RHYTHM = Rhythm(first=timedelta(seconds=0.05), early=timedelta(seconds=0.1), interval=timedelta(seconds=0.2))
TRUTHS = {"answer": "joined", "decline": "declined", "no-answer": "missed"}
FAULTS = "reset-before:3%,reset-after:3%,500:3%,slow:5%"
OPEN = {"pending", "not-sent"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=RHYTHM))
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(trouble, "_SLOW", 0.3)


@contextmanager
def zoom(**settings: Any) -> Iterator[Emulator]:
    with Emulator(time_scale=0.05, **settings) as running:
        yield running


def ring(shell: Shell, emulator: Emulator, target: str, rooms: list[str]) -> dict[str, dict[str, Any]]:
    """Ring the rooms, and return the row of each."""
    shell.set(**environ_of(emulator), ZOOMCALL_SESSION=None)
    lines = "".join(f"sip {room}\n" for room in rooms)
    flags = (f"--{target}", emulator.ready[f"{target}_id"], "--rate", "300/s", "--parallel", "25", "--timeout", "4")
    result = shell("invite", "batch", "-", *flags, "--json", stdin=lines.encode())
    rows = result.json()["result"]["rows"]
    assert [row["room"]["address"] for row in rows] == rooms, "no row is lost"
    return {row["room"]["address"]: row for row in rows}


def calls(emulator: Emulator) -> Counter[str]:
    """Count the calls that the local Zoom has placed to each room, whatever it answered."""
    rung = (event.body["payload"]["object"] for event in emulator.world.events if event.name.endswith("_ringing"))
    return Counter(each["participant"]["device_ip"] for each in rung)


@pytest.mark.parametrize(("target", "seed"), [("session", 7), ("meeting", 8)])
def test_under_faults_each_room_is_rung_at_most_once_and_each_row_is_true_or_open(
    shell: Shell, target: str, seed: int
) -> None:
    fates = ["answer", "decline", "answer", "no-answer"] if target == "session" else ["answer"]
    rooms = [f"{fates[number % len(fates)]}@room{number}.example.com" for number in range(80)]
    with zoom(trouble=parse_faults(f"{FAULTS},seed:{seed}")) as emulator:
        rows = ring(shell, emulator, target, rooms)
        placed = calls(emulator)
        statuses = Counter(each.status for each in emulator.requests)
    assert set(placed.values()) == {1}
    assert {None, 500} <= statuses.keys(), "there were faults"
    states = Counter(row["state"] for row in rows.values())
    assert states["joined"] > len(rooms) / 8
    for room, row in rows.items():
        truth = TRUTHS[room.partition("@")[0]]
        assert row["state"] in {truth, *OPEN}, row
        if room not in placed:
            assert row["state"] in OPEN, row
        elif row["state"] == "not-sent":
            pytest.fail(f"rung, and said to be not sent: {row}")
        assert (row["sent"] == "no") <= (room not in placed), row
        assert (row["exit_code"] == 0) == (row["state"] == "joined"), row


def test_a_plans_limits_slow_a_batch_down_and_lose_no_row(shell: Shell) -> None:
    rooms = [f"answer@room{number}.example.com" for number in range(50)]
    with zoom(plan=Plan.PRO) as emulator:
        rows = ring(shell, emulator, "session", rooms)
        placed = calls(emulator)
        limited = [each for each in emulator.requests if each.status == 429]
    assert limited, "300 requests a second are more than the plan allows"
    assert set(placed.values()) == {1}
    for room, row in rows.items():
        assert (row["exit_code"] == 9) == (room not in placed), row
        assert row["state"] in {"joined", "pending"} or row["exit_code"] == 9, row
    assert len(placed) > len(rooms) / 2
