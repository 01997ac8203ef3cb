"""What ``--fault`` does, over real sockets."""

import contextlib
import http.client
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from emulator.hand_made import GOOD_TOKEN, Caller, eventually, oauth_caller
from hypothesis import given
from hypothesis import strategies as st
from shell import Shell

from zoomcall.emulator.running import Emulator, utc_now
from zoomcall.emulator.trouble import WORDS, parse_faults
from zoomcall.errors import UsageError

SESSION = "/v2/videosdk/sessions/KkMH"
CALLOUT = {
    "method": "user.invite.room_system_callout",
    "params": {"call_type": "sip", "device_ip": "decline@room.example.com"},
}

Troubled = Callable[[str], tuple[Emulator, Caller]]


@pytest.fixture
def troubled(make_zoom: Callable[..., Emulator]) -> Troubled:
    """Run a local Zoom with the given faults, and call it with a Video SDK API JWT."""

    def make(text: str) -> tuple[Emulator, Caller]:
        zoom = make_zoom(time_scale=0.01, trouble=parse_faults(text))
        zoom.open_session("Troubled", identifier="KkMH")
        return zoom, Caller(zoom.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})

    return make


def statuses(caller: Caller, path: str, number: int) -> list[int]:
    return [caller("GET", path).status for _ in range(number)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("429", [429, 200, 200]),
        ("429:2", [429, 429, 200]),
        ("token-401", [401, 200, 200]),
        ("html-403:1", [403, 200, 200]),
        ("users-500:2", [500, 500, 200]),
        ("500:2", [500, 500, 200]),
        ("429,users-500", [429, 500, 200]),
        (" 429 , token-401 ", [429, 401, 200]),
    ],
)
def test_requests_are_refused_as_often_as_asked(troubled: Troubled, text: str, expected: list[int]) -> None:
    _, caller = troubled(text)
    assert statuses(caller, f"{SESSION}/users?type=live", 3) == expected


def test_only_looks_at_the_roster_fail(troubled: Troubled) -> None:
    zoom, caller = troubled("users-500:9")
    meetings = oauth_caller(zoom)
    assert caller("GET", SESSION).status == 200
    assert meetings("GET", "/v2/users/me").status == 200
    assert meetings("GET", f"/v2/metrics/meetings/{zoom.ready['meeting_id']}/participants").status == 500
    assert caller("GET", f"{SESSION}/users").json()["code"] == 5000


def test_the_refusals_have_zooms_words_or_a_proxys(troubled: Troubled) -> None:
    _, caller = troubled("429,token-401,html-403")
    assert caller("GET", SESSION).json()["message"].startswith("You have reached the maximum per-second")
    assert caller("GET", SESSION).refusal == (401, 124, "Invalid access token.")
    page = caller("GET", SESSION)
    assert page.headers["Content-Type"] == "text/html"


@pytest.mark.parametrize(("text", "is_taken"), [("patch-reset", True), ("patch-lost", False)])
def test_a_callouts_connection_breaks(
    troubled: Troubled, text: str, is_taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    zoom, caller = troubled(text)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        caller("PATCH", f"{SESSION}/events", CALLOUT)
    if is_taken:
        eventually(lambda: len(zoom.world.events) == 2)
    assert caller("PATCH", f"{SESSION}/events", CALLOUT).status == 202
    eventually(lambda: len(zoom.world.events) == (4 if is_taken else 2))
    assert caplog.records == [], "what was asked for is told on stderr"


def test_a_callouts_answer_is_replaced(troubled: Troubled) -> None:
    zoom, caller = troubled("patch-502:2")
    for _ in range(2):
        assert caller("PATCH", f"{SESSION}/events", CALLOUT).status == 502
    assert caller("PATCH", f"{SESSION}/events", CALLOUT).status == 202
    eventually(lambda: len(zoom.world.events) == 6)


def test_a_callout_goes_unanswered_for_longer_than_anybody_waits(troubled: Troubled) -> None:
    [fault] = parse_faults("patch-timeout").faults
    assert fault.is_acted_on
    assert fault.delay == 35
    zoom, caller = troubled("patch-timeout")
    connection = http.client.HTTPConnection(zoom.base.removeprefix("http://"), timeout=0.3)
    headers = {"Authorization": caller.headers["Authorization"], "Content-Type": "application/json"}
    connection.request("PATCH", f"{SESSION}/events", json.dumps(CALLOUT), headers)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    eventually(lambda: len(zoom.world.events) == 2)
    connection.close()


def test_every_answer_takes_longer(troubled: Troubled) -> None:
    _, caller = troubled("slow:150ms,429")
    for status in (429, 200):
        started = time.monotonic()
        assert caller("GET", SESSION).status == status
        assert time.monotonic() - started >= 0.15


def test_the_log_shows_a_delivery_late(make_zoom: Callable[..., Emulator]) -> None:
    zoom = make_zoom(time_scale=0.01, trouble=parse_faults("late-log:700ms"), clock=utc_now)
    zoom.open_session("Troubled", identifier="KkMH")
    caller = Caller(zoom.base, {"x-api-key": "hand-made-build-key"})
    caller("PATCH", f"{SESSION}/events", CALLOUT)
    eventually(lambda: len(zoom.world.events) == 2)
    seen_at = zoom.world.events[0].at
    day = seen_at.strftime("%Y-%m-%d")
    query = f"from={day}T00:00:00Z&to={day}T23:59:59Z&type=1"

    def rows() -> Any:
        return caller("GET", f"/v2/videosdk/report/webhook_logs?{query}").json()["webhook_logs"]

    assert rows() == []
    eventually(rows)
    assert utc_now() - seen_at >= timedelta(milliseconds=700)


def log_of(caller: Caller) -> list[str]:
    query = "from=2026-11-21T09:00:00Z&to=2026-11-21T11:00:00Z&type=1"
    rows = caller("GET", f"/v2/videosdk/report/webhook_logs?{query}").json()["webhook_logs"]
    return [row["event"].rpartition("_")[2] for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("double-events", ["ringing", "ringing", "rejected", "rejected"]),
        ("swapped-events", ["rejected", "ringing"]),
        ("swapped-events,double-events", ["rejected", "rejected", "ringing", "ringing"]),
        ("late-events:50ms", ["ringing", "rejected"]),
    ],
)
def test_events_come_twice_late_or_in_the_wrong_order(troubled: Troubled, text: str, expected: list[str]) -> None:
    zoom, caller = troubled(text)
    caller("PATCH", f"{SESSION}/events", CALLOUT)
    eventually(lambda: len(log_of(caller)) == len(expected))
    assert log_of(caller) == expected
    assert len(zoom.world.events) == 2


def test_an_event_that_no_other_follows_comes_a_second_late(troubled: Troubled) -> None:
    _, caller = troubled("swapped-events")
    body = {**CALLOUT, "params": {"call_type": "sip", "device_ip": "fail-9@room.example.com"}}
    started = time.monotonic()
    caller("PATCH", f"{SESSION}/events", body)
    eventually(lambda: log_of(caller) == ["failed"])
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "429,", "nothing", "patch", "429:0", "429:-1", "429:x", "429:", "429:1.5", "429:9999999"),
        *(
            "slow",
            "slow:",
            "slow:5",
            "slow:0s",
            "slow:-1s",
            "slow:1h",
            "slow:2 s",
            "slow:999999s",
            "double-events:2",
        ),
        *("double-events:", "swapped-events:1", "late-log:x", "late-events", "429:٣"),
    ],
)
def test_a_word_that_is_not_known_or_not_whole_is_refused_with_those_that_are(zoomcall: Shell, text: str) -> None:
    result = zoomcall("emulate", "--fault", text, "--json", "--", "false")
    assert result.code == 2
    error = result.json()["error"]
    assert "--fault" in error["title"]
    assert error["title"].isprintable()


def test_an_unknown_word_is_named_beside_the_known_ones(zoomcall: Shell) -> None:
    result = zoomcall("emulate", "--fault", "429:2,patch-503", "--", "true")
    assert result.code == 2
    assert "unknown fault 'patch-503'" in result.stderr
    for word in WORDS.values():
        assert word.form in result.stderr


def test_the_help_shows_every_word(zoomcall: Shell) -> None:
    shown = zoomcall("emulate", "--help").stdout
    for word in WORDS.values():
        assert re.search(rf"^ +{re.escape(word.form)} +{re.escape(word.meaning)}$", shown, re.MULTILINE), word


def test_the_command_gets_what_was_asked_for(zoomcall: Shell) -> None:
    result = zoomcall("emulate", "--fault", "slow:1ms,double-events", "--", "true")
    assert result.code == 0


@given(st.text() | st.lists(st.sampled_from(["429", ":", "2", ",", "slow", "5s", "ms", " "])).map("".join))
def test_any_text_is_a_list_of_faults_or_a_usage_error(text: str) -> None:
    try:
        trouble = parse_faults(text)
    except UsageError:
        return
    assert trouble.pace <= timedelta(hours=1)
    assert all(1 <= fault.times <= 1_000_000 for fault in trouble.faults)


# A share of the requests


def fates(troubled: Troubled, text: str, number: int = 60) -> list[int | None]:
    zoom, caller = troubled(text)
    for _ in range(number):
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            caller("GET", f"{SESSION}/users?type=live")
    return [each.status for each in zoom.requests]


def test_a_share_of_the_requests_fails_for_good_the_same_ones_with_the_same_seed(troubled: Troubled) -> None:
    once = fates(troubled, "reset-before:20%,500:20%,seed:3")
    assert {None, 200, 500} == set(once)
    assert 5 <= once.count(None) <= 25
    assert once[40:].count(200) < 20, "it does not wear off"
    assert fates(troubled, "reset-before:20%,500:20%,seed:3") == once
    assert fates(troubled, "reset-before:20%,500:20%,seed:4") != once


@pytest.mark.parametrize(("word", "events"), [("reset-before:100%", 0), ("500:100%", 0), ("reset-after:100%", 2)])
def test_a_request_is_acted_on_before_or_not_at_all(troubled: Troubled, word: str, events: int) -> None:
    zoom, caller = troubled(word)
    with contextlib.suppress(http.client.HTTPException, ConnectionError):
        assert caller("PATCH", f"{SESSION}/events", CALLOUT).status == 500
    time.sleep(0.1)
    if events:
        eventually(lambda: len(zoom.world.events) == events)
    assert len(zoom.world.events) == events


def test_a_share_of_the_answers_is_slow(troubled: Troubled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomcall.emulator.trouble._SLOW", 0.2)
    _, caller = troubled("slow:100%")
    begun = time.monotonic()
    assert caller("GET", f"{SESSION}/users?type=live").status == 200
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("text", ["500:0%", "500:101%", "slow:0%", "reset-after:1.5", "seed", "seed:x", "seed:5%"])
def test_a_share_is_a_percentage_above_0(text: str) -> None:
    with pytest.raises(UsageError, match="invalid value"):
        parse_faults(text)
