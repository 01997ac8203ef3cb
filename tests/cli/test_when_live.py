"""``--when-live``: nothing is rung before somebody is in the session or meeting."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from emulator.hand_made import eventually
from shell import ProcessShell, Result, Shell, environ_of

from zoomcall.domain.target import Api
from zoomcall.emulator.running import LATER_SESSION_NAME, Emulator
from zoomcall.emulator.scopes import ALL_ADMIN
from zoomcall.emulator.world import VenueKey
from zoomcall.usecases.dialing import going_live, polling
from zoomcall.usecases.dialing.polling import Polls, Rhythm

RHYTHM = Rhythm(first=timedelta(seconds=0.02), early=timedelta(seconds=0.03), interval=timedelta(seconds=0.06))
ROOM = "answer@room.example.com"
OTHERS = ("answer@one.example.com", "answer@two.example.com")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=RHYTHM))
    monkeypatch.setattr(going_live, "LOOK_INTERVAL", timedelta(seconds=0.1))
    monkeypatch.setattr(going_live, "LIST_INTERVAL", timedelta(seconds=0.14))
    monkeypatch.setattr(going_live, "_MARGIN", timedelta(seconds=0.01))


def rung(emulator: Emulator) -> Counter[str]:
    bodies = (json.loads(each.request.body) for each in emulator.requests if each.method == "PATCH")
    return Counter(body["params"]["device_ip"] for body in bodies)


def looks(emulator: Emulator) -> int:
    """Return how many requests came before the first callout."""
    methods = [each.method for each in emulator.requests if each.path != "/oauth/token"]
    return methods.index("PATCH") if "PATCH" in methods else len(methods)


@pytest.mark.parametrize("flag", ["--session", "--session-name"])
def test_a_room_is_rung_once_the_session_is_live(shell: Shell, emulator: Emulator, flag: str) -> None:
    target = emulator.ready["later_session_id"] if flag == "--session" else LATER_SESSION_NAME
    result = shell("invite", "sip", ROOM, flag, target, "--when-live", "20", "--json")

    assert result.code == 0, result.stderr
    document = result.json()["result"]
    assert (document["state"], document["target"]["id"]) == ("joined", emulator.ready["later_session_id"])
    assert 4 <= looks(emulator) <= 20
    assert rung(emulator) == {ROOM: 1}
    assert f"{LATER_SESSION_NAME if flag != '--session' else ''}" in result.stderr
    assert "is not live; waiting up to 20 seconds" in result.stderr


@pytest.mark.parametrize(
    ("kind", "address"), [("sip", ROOM), ("h323", "answer@203.0.113.7"), ("phone", "+15555550100")]
)
def test_every_kind_of_invite_waits(shell: Shell, emulator: Emulator, kind: str, address: str) -> None:
    gone = emulator.ready["ended_session_id"]
    result = shell("invite", kind, address, "--session", gone, "--when-live", "0.5", "--json", "-q")

    assert result.code == 6
    error = result.json()["error"]
    assert error["causes"]
    assert "was not live within" in error["title"]
    assert (result.json()["result"]["sent"], result.json()["result"]["state"]) == ("no", "not-sent")
    assert not result.stderr
    assert {each.method for each in emulator.requests} == {"GET"}


def test_an_empty_session_is_exit_6_and_said_to_be_empty(shell: Shell, emulator: Emulator) -> None:
    result = shell("invite", "sip", ROOM, "--session", emulator.ready["empty_session_id"], "--when-live", "0.3s")

    assert result.code == 6
    assert "nobody was in session" in result.stderr
    assert "nobody-in-session" in result.stderr


def test_a_meeting_is_waited_for_without_the_right_to_read_its_roster(shell: Shell, emulator: Emulator) -> None:
    with Emulator(time_scale=0.1, scopes=tuple(s for s in ALL_ADMIN if "dashboard" not in s)) as zoom:
        meeting = zoom.open_meeting("Later", is_started=False)
        shell.set(**environ_of(zoom), ZOOMCALL_SESSION=None)
        ring = ("invite", "sip", ROOM, "--meeting", meeting.key.identifier)
        assert shell(*ring, "--when-live", "0.4").code == 6
        assert not rung(zoom)
        zoom.join(meeting.key, "Ada", device="Mac")
        assert shell(*ring, "--when-live", "5", "--no-wait").code == 0


def test_what_cannot_be_read_for_want_of_a_scope_is_exit_5_at_once(shell: Shell) -> None:
    with Emulator(scopes=()) as zoom:
        shell.set(**environ_of(zoom), ZOOMCALL_SESSION=None)
        begun = time.monotonic()
        result = shell("invite", "sip", ROOM, "--meeting", zoom.ready["meeting_id"], "--when-live", "1h", "--json")
        assert time.monotonic() - begun < 20
        assert result.code == 5
        assert result.json()["error"]["causes"][0]["id"] == "scope-missing"
        assert not rung(zoom)


@pytest.mark.parametrize("text", ["soon", "0", "2d", "-1"])
def test_a_wait_is_a_duration_of_a_day_at_most(shell: Shell, emulator: Emulator, text: str) -> None:
    result = shell("invite", "sip", ROOM, f"--when-live={text}")

    assert (result.code, "--when-live" in result.stderr) == (2, True)
    assert not emulator.requests


@pytest.mark.parametrize("flag", ["--dry-run", "--curl"])
def test_what_is_only_shown_is_not_waited_for(shell: Shell, emulator: Emulator, flag: str) -> None:
    gone = emulator.ready["ended_session_id"]
    result = shell("invite", "sip", ROOM, "--session", gone, "--when-live", "1h", flag)

    assert result.code == 0
    assert not emulator.requests


def test_ctrl_c_during_the_wait_says_that_nothing_rings(
    shell: Shell, emulator: Emulator, emulator_environ: dict[str, str]
) -> None:
    environ = emulator_environ | {"ZOOMCALL_SESSION": emulator.ready["ended_session_id"]}
    flags = ("--when-live", "1h", "--json")
    with ProcessShell(shell).start("invite", "sip", ROOM, *flags, environ=environ) as running:
        eventually(lambda: len(emulator.requests) > 0, seconds=30)
        time.sleep(0.3)
        running.send(signal.SIGINT)
        result = running.finish()

    assert result.code == 130
    assert result.json()["result"]["state"] == "not-sent"
    assert "nothing rings" in result.json()["error"]["title"]
    assert not rung(emulator)


# Batches


def batch(shell: Shell, rows: str, *flags: str, **more: Any) -> Result:
    file = shell.folder / "rooms.csv"
    file.write_text(rows, encoding="utf-8")
    return shell("invite", "batch", str(file), "--rate", "500/s", "--json", *flags, **more)


def codes(result: Result) -> list[int]:
    return [row["exit_code"] for row in result.json()["result"]["rows"]]


def test_rows_of_live_targets_ring_while_others_wait_and_one_watch_serves_all_rows_of_a_target(
    shell: Shell, emulator: Emulator
) -> None:
    ready = emulator.ready
    rows = "protocol,address,session,meeting\n" + "".join(
        f"sip,answer@{name}.example.com,{session},{meeting}\n"
        for name, session, meeting in (
            *((f"later{number}", ready["later_session_id"], "") for number in range(10)),
            ("now", ready["session_id"], ""),
            ("meeting", "", ready["meeting_id"]),
            ("never", ready["ended_session_id"], ""),
        )
    )
    result = batch(shell, rows, "--when-live", "6")

    assert codes(result) == [0] * 12 + [6]
    assert result.code == 30
    order = [
        json.loads(each.request.body)["params"]["device_ip"] for each in emulator.requests if each.method == "PATCH"
    ]
    assert {"answer@now.example.com", "answer@meeting.example.com"} == set(order[:2])
    assert set(rung(emulator).values()) == {1}
    assert "answer@never.example.com" not in order
    by_target = Counter(each.path for each in emulator.requests if each.path.endswith("/users"))
    assert max(by_target.values()) <= 6 / 0.1 + 2 * 20
    assert "its 10 rows wait up to" in result.stderr


def test_the_only_target_that_was_never_live_ends_the_run_with_its_code(shell: Shell, emulator: Emulator) -> None:
    rows = f"sip {OTHERS[0]}\nsip {OTHERS[1]}\n"
    result = batch(shell, rows, "--session", emulator.ready["ended_session_id"], "--when-live", "0.3")

    assert (result.code, codes(result)) == (6, [6, 6])
    assert not rung(emulator)


def test_after_max_duration_rows_that_wait_are_not_sent(shell: Shell, emulator: Emulator) -> None:
    rows = f"sip {OTHERS[0]}\nsip {OTHERS[1]}\n"
    flags = ("--session-name", "nobody's", "--when-live", "1h", "--max-duration", "0.4")
    result = batch(shell, rows, *flags)

    assert codes(result) == [28, 28]
    assert {row["state"] for row in result.json()["result"]["rows"]} == {"not-sent"}
    assert not rung(emulator)


def test_a_run_that_waited_in_vain_is_resumed(shell: Shell, emulator: Emulator) -> None:
    later = emulator.ready["later_session_id"]
    rows = f"protocol,address,session\nsip,{OTHERS[0]},{emulator.ready['session_id']}\nsip,{OTHERS[1]},{later}\n"
    flags = ("--journal", str(shell.folder / "run.sqlite3"), "--when-live")
    first = batch(shell, rows, *flags, "0.05")
    assert codes(first) == [0, 6]

    assert codes(batch(shell, rows, *flags, "20", "--resume")) == [0, 0]
    assert rung(emulator) == dict.fromkeys(OTHERS, 1)


def test_a_named_session_is_found_when_it_goes_live_and_shown_with_its_id(shell: Shell, emulator: Emulator) -> None:
    rows = (
        f"protocol,address,session_name\nsip,{OTHERS[0]},{LATER_SESSION_NAME}\nsip,{OTHERS[1]},Morning stand-up\n"
    )
    result = batch(shell, rows, "--when-live", "20")

    assert codes(result) == [0, 0]
    ids = [row["target"]["id"] for row in result.json()["result"]["rows"]]
    assert ids == [emulator.ready["later_session_id"], emulator.ready["session_id"]]


def test_a_dry_run_of_a_batch_does_not_wait(shell: Shell, emulator: Emulator) -> None:
    rows = f"sip {OTHERS[0]}\n"
    flags = ("--session", emulator.ready["ended_session_id"], "--when-live", "1h", "--dry-run")
    assert batch(shell, rows, *flags).code == 0
    assert not emulator.requests


def test_ctrl_c_leaves_the_rows_that_wait(
    shell: Shell, emulator: Emulator, emulator_environ: dict[str, str]
) -> None:
    file = shell.folder / "rooms.txt"
    file.write_text(f"sip {OTHERS[0]}\nsip {OTHERS[1]}\n")
    environ = emulator_environ | {"ZOOMCALL_SESSION": emulator.ready["ended_session_id"]}
    with ProcessShell(shell).start(
        "invite", "batch", str(file), "--when-live", "1h", "--json", environ=environ
    ) as running:
        eventually(lambda: len(emulator.requests) > 0, seconds=30)
        time.sleep(0.5)
        running.send(signal.SIGINT)
        result = running.finish()

    assert (result.code, codes(result)) == (130, [28, 28])
    assert not rung(emulator)


def test_a_session_that_ends_again_before_the_room_is_rung_is_exit_6(shell: Shell, emulator: Emulator) -> None:
    session = VenueKey(Api.SESSION, emulator.ready["session_id"])
    emulator.end(session)
    assert shell("invite", "sip", ROOM, "--session", session.identifier, "--when-live", "0.2").code == 6
