"""``invite batch``: from a file of rooms to one result a row."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from emulator.hand_made import eventually
from shell import ProcessShell, Result, Shell

from zoomcall.cli.invite import many
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import refusal
from zoomcall.emulator.running import Emulator
from zoomcall.usecases.batching.pacing import Pace
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.polling import Polls, Rhythm

RHYTHM = Rhythm(first=timedelta(seconds=0.02), early=timedelta(seconds=0.03), interval=timedelta(seconds=0.06))
FAST = ("--rate", "500/s")


@pytest.fixture(autouse=True)
def _fast_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=RHYTHM))


def rung(emulator: Emulator) -> Counter[str]:
    """Return how often each address was rung."""
    bodies = (json.loads(each.request.body) for each in emulator.requests if each.method == "PATCH")
    return Counter(body["params"]["device_ip"] for body in bodies)


def batch(shell: Shell, rows: str, *flags: str, **more: Any) -> Result:
    """Ring the rows of a CSV."""
    file = shell.folder / "rooms.csv"
    file.write_text(rows, encoding="utf-8")
    return shell("invite", "batch", str(file), *FAST, *flags, **more)


def csv(*addresses: str) -> str:
    return "protocol,address\n" + "".join(f"sip,{address}\n" for address in addresses)


def states(result: Result) -> list[str]:
    return [row["state"] for row in result.json()["result"]["rows"]]


ONE, TWO = "answer@one.example.com", "answer@two.example.com"
DECLINES, MISSES = "decline@three.example.com", "no-answer@four.example.com"


@pytest.mark.parametrize(("error", "words"), [(MemoryError(), "memory"), (KeyError("x"), "KeyError")])
def test_a_failure_after_rooms_were_rung_never_says_that_nothing_rings(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("zoomcall.cli.invite.many._answer", fail)
    result = batch(shell, csv(ONE), "--json")
    assert result.code == 8
    assert sum(request.method == "PATCH" for request in emulator.requests) == 1
    assert words in result.json()["error"]["title"]
    assert batch(shell, csv(ONE), "--dry-run").code in {1, 3}


def test_no_memory_for_the_answer_never_says_that_nothing_rings(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring_all = many.ring_all

    def fail(*arguments: Any) -> None:
        ring_all(*arguments)
        raise MemoryError

    monkeypatch.setattr(many, "ring_all", fail)
    result = batch(shell, csv(ONE))
    assert result.code == 8
    assert "Rooms were rung, and may still be ringing." in result.stderr


def test_every_row_is_rung_once_and_told_in_the_order_of_the_input(shell: Shell, emulator: Emulator) -> None:
    result = batch(shell, csv(ONE, DECLINES, MISSES, TWO), "--json")

    assert result.code == 30
    assert states(result) == ["joined", "declined", "missed", "joined"]
    document = result.json()
    assert [row["exit_code"] for row in document["result"]["rows"]] == [0, 20, 21, 0]
    assert [row["row"] for row in document["result"]["rows"]] == [1, 2, 3, 4]
    assert document["result"]["totals"] == {"declined": 1, "joined": 2, "missed": 1}
    assert document["error"]["title"].startswith("2 of 4 rooms did not join")
    assert document["result"]["rows"][1]["error"]["kind"] == "declined"
    assert rung(emulator) == dict.fromkeys([ONE, TWO, DECLINES, MISSES], 1)


@pytest.mark.parametrize(("rows", "code"), [((ONE, TWO), 0), ((ONE, DECLINES), 30), ((DECLINES, MISSES), 31)])
def test_the_exit_code_says_whether_all_some_or_no_row_joined(
    shell: Shell, rows: tuple[str, ...], code: int
) -> None:
    assert batch(shell, csv(*rows)).code == code


def test_sessions_and_meetings_mix_in_one_run(shell: Shell, emulator: Emulator) -> None:
    meeting = emulator.ready["meeting_id"]
    rows = f"protocol,address,meeting\nsip,{ONE},\nsip,{TWO},{meeting}\n"
    result = batch(shell, rows, "--json")

    assert states(result) == ["joined", "joined"]
    assert [row["target"]["kind"] for row in result.json()["result"]["rows"]] == ["session", "meeting"]


def test_a_credential_that_some_rows_lack_is_exit_3_before_the_first_ring(shell: Shell, emulator: Emulator) -> None:
    shell.set(ZOOMCALL_ACCOUNT_ID=None, ZOOMCALL_CLIENT_ID=None, ZOOMCALL_CLIENT_SECRET=None)
    rows = f"protocol,address,meeting\nsip,{ONE},\nsip,{TWO},{emulator.ready['meeting_id']}\n"

    assert batch(shell, rows).code == 3
    assert not rung(emulator)


@pytest.mark.parametrize("flags", [(), ("--json",), ("--dry-run",)])
def test_a_bad_row_is_listed_with_its_line_and_nothing_is_rung(
    shell: Shell, emulator: Emulator, flags: tuple[str, ...]
) -> None:
    result = batch(shell, csv(ONE, "a b", ONE), *flags)
    assert result.code == 2
    assert not rung(emulator)
    if flags == ("--json",):
        error = result.json()["error"]
        assert error["title"] == "2 of 3 rows are bad, and nothing was rung"
        assert [(each["line"], each["row"]) for each in error["details"]] == [(3, 2), (4, 3)]
        assert "is row 1 already" in error["details"][1]["message"]
        return
    lines = result.stderr.splitlines()
    assert lines[0] == "error: 2 of 3 rows are bad, and nothing was rung"
    assert lines[1].startswith("  line 3 (row 2): ")
    assert lines[2].startswith("  line 4 (row 3): ")
    assert lines[2].endswith("is row 1 already")


def test_a_bad_row_cannot_forge_a_line(shell: Shell) -> None:
    result = batch(shell, csv('"a b\n  line 9 (row 9): forged\x1b[31m"'))
    assert result.code == 2
    assert [line for line in result.stderr.splitlines() if line.startswith("  line ")] == [
        line for line in result.stderr.splitlines() if line.startswith("  line 2 (row 1): ")
    ]
    assert "\x1b" not in result.stderr


def test_the_first_50_bad_rows_are_shown_and_json_has_them_all(shell: Shell) -> None:
    text = csv(*(f"a b{number}" for number in range(51)))
    shown = batch(shell, text).stderr
    assert shown.count("\n  line ") == 50
    assert "  and 1 more; --json lists them all\n" in shown
    assert len(batch(shell, text, "--json").json()["error"]["details"]) == 51
    assert " more;" not in batch(shell, csv(*(f"a b{number}" for number in range(50)))).stderr


def test_skip_bad_rings_the_others_and_tells_of_the_bad_one(shell: Shell, emulator: Emulator) -> None:
    result = batch(shell, csv(ONE, "a b", TWO), "--skip-bad", "--json")

    assert result.code == 30
    assert [(row["row"], row["exit_code"], row["state"]) for row in result.json()["result"]["rows"]] == [
        (1, 0, "joined"),
        (2, 2, "not-sent"),
        (3, 0, "joined"),
    ]
    assert set(rung(emulator)) == {ONE, TWO}


@pytest.mark.parametrize("content", ["", "protocol,address\n", "[]"])
def test_an_empty_input_is_exit_2(shell: Shell, content: str) -> None:
    assert batch(shell, content).code == 2


def test_rows_come_from_standard_input_too(shell: Shell, emulator: Emulator) -> None:
    result = shell("invite", "batch", "-", *FAST, stdin=f"# rooms\n{ONE}\n{TWO}\n".encode())

    assert result.code == 0, result.stderr
    assert rung(emulator) == {ONE: 1, TWO: 1}


def test_a_file_that_is_not_there_is_exit_2(shell: Shell) -> None:
    assert shell("invite", "batch", "nowhere.csv").code == 2


def test_json_lines_stream_a_row_when_it_ends_and_then_the_whole(shell: Shell) -> None:
    lines = batch(shell, csv(ONE, DECLINES), "-o", "jsonl").lines()

    assert [line["schema"] for line in lines] == ["zoomcall.invite.batch.row/1"] * 2 + ["zoomcall.invite.batch/1"]
    assert {line["row"]: line["state"] for line in lines[:2]} == {1: "joined", 2: "declined"}


def test_a_person_reads_one_line_a_row_and_the_totals(shell: Shell) -> None:
    lines = batch(shell, csv(ONE, DECLINES)).stdout.splitlines()

    assert len(lines) == 3
    assert any(line.startswith(f"row 1: joined: {ONE}") for line in lines)
    assert lines[-1] == "2 rooms: 1 joined, 1 declined"


def test_the_target_of_a_row_is_said_only_if_rows_have_different_ones(shell: Shell, emulator: Emulator) -> None:
    session, meeting = emulator.ready["session_id"], emulator.ready["meeting_id"]
    one = batch(shell, csv(ONE, DECLINES)).stdout
    assert f"row 1: joined: {ONE}\n" in one
    assert f"row 2: declined: {DECLINES} declined the call\n" in one
    two = batch(shell, f"protocol,address,session,meeting\nsip,{ONE},{session},\nsip,{TWO},,{meeting}\n", "--force")
    assert f"row 1: joined: {ONE} into session {session}\n" in two.stdout
    assert f"row 2: joined: {TWO} into meeting {meeting}\n" in two.stdout


def test_a_person_at_a_terminal_sees_a_bar_and_the_rows_that_ring(shell: Shell) -> None:
    seen = batch(shell, csv(ONE, DECLINES), terminal=("stderr",), environ={"TERM": "xterm"})

    assert "Ringing 2 rooms into session " in seen.stderr
    assert f"  {ONE}" in seen.stderr
    assert len(seen.stdout.splitlines()) == 3
    assert "Ringing" not in batch(shell, csv(ONE), "-q", terminal=("stderr",)).stderr


def test_dry_run_prints_one_request_a_line_and_sends_nothing(shell: Shell, emulator: Emulator) -> None:
    result = batch(shell, csv(ONE, TWO), "--dry-run")
    requests = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.code == 0
    assert [request["row"] for request in requests] == [1, 2]
    assert [request["body"]["params"]["device_ip"] for request in requests] == [ONE, TWO]
    assert not emulator.requests


def test_shards_share_the_rows_and_always_in_the_same_way(shell: Shell, emulator: Emulator) -> None:
    rows = csv(*(f"answer@r{number}.example.com" for number in range(1, 6)))
    parts = [
        [row["row"] for row in batch(shell, rows, "--shard", f"{part}/2", "--json").json()["result"]["rows"]]
        for part in (1, 2)
    ]

    assert parts == [[1, 3, 5], [2, 4]]
    assert set(rung(emulator).values()) == {1}


def test_a_bad_row_stops_every_shard(shell: Shell, emulator: Emulator) -> None:
    rows = csv(ONE, "a b", TWO)

    assert [batch(shell, rows, "--shard", part).code for part in ("1/2", "2/2")] == [2, 2]
    assert not rung(emulator)


def test_a_tag_chooses_rows(shell: Shell, emulator: Emulator) -> None:
    rows = f"protocol,address,tag\nsip,{ONE},hq\nsip,{TWO},lab\n"

    assert batch(shell, rows, "--tag", "lab").code == 0
    assert rung(emulator) == {TWO: 1}
    assert batch(shell, rows, "--tag", "nowhere").code == 2


def test_an_unknown_column_is_warned_of_once(shell: Shell) -> None:
    rows = f"protocol,address,floor\nsip,{ONE},1\nsip,{TWO},2\n"
    notices = [notice["id"] for notice in batch(shell, rows, "--json").json()["warnings"]]

    assert notices.count("unknown-column") == 1


def test_a_session_is_looked_up_by_name_once_for_all_rows(shell: Shell, emulator: Emulator) -> None:
    shell.set(ZOOMCALL_SESSION=None)
    result = batch(shell, csv(ONE, TWO), "--session-name", emulator.ready["session_name"], "--json")

    assert states(result) == ["joined", "joined"]
    assert sum(each.request.path.endswith("/videosdk/sessions") for each in emulator.requests) == 1


def test_the_end_of_the_only_session_ends_the_run_with_its_code(shell: Shell, emulator: Emulator) -> None:
    result = batch(
        shell, csv(ONE, TWO), "--session", emulator.ready["ended_session_id"], "--parallel", "1", "--json"
    )

    assert result.code == 6
    assert [row["exit_code"] for row in result.json()["result"]["rows"]] == [6, 28]
    assert not rung(emulator)


def test_one_dead_session_of_two_costs_only_its_own_rows(shell: Shell, emulator: Emulator) -> None:
    dead = emulator.ready["ended_session_id"]
    result = batch(shell, f"protocol,address,session\nsip,{ONE},{dead}\nsip,{TWO},\n", "--json")

    assert result.code == 30
    assert [row["exit_code"] for row in result.json()["result"]["rows"]] == [6, 0]


def test_a_refused_credential_ends_the_run_with_4(shell: Shell, emulator: Emulator) -> None:
    shell.set(ZOOMCALL_API_SECRET="another-secret-than-the-account-has-0123456789")
    result = batch(shell, csv(ONE, TWO, DECLINES), "--parallel", "1", "--json")

    assert result.code == 4
    assert [row["exit_code"] for row in result.json()["result"]["rows"]] == [4, 28, 28]


def test_a_missed_room_is_rung_again_and_that_is_no_duplicate(shell: Shell, emulator: Emulator) -> None:
    flags = ("--attempts", "3", "--retry-on", "missed", "--retry-delay", "0.01", "--json")
    result = batch(shell, csv(MISSES, DECLINES), *flags)

    assert states(result) == ["missed", "declined"]
    assert [row["attempts"] for row in result.json()["result"]["rows"]] == [3, 1]
    assert rung(emulator) == {MISSES: 3, DECLINES: 1}


def test_a_room_in_the_waiting_room_is_never_rung_again(shell: Shell, emulator: Emulator) -> None:
    shell.set(ZOOMCALL_SESSION=None)
    lobby = "lobby@one.example.com"
    flags = ("--meeting", emulator.ready["lobby_meeting_id"], "--timeout", "1", "--attempts", "3")
    result = batch(shell, csv(lobby), *flags, "--retry-delay", "0.01", "--json")

    assert states(result) == ["waiting-room"]
    assert rung(emulator) == {lobby: 1}
    assert batch(shell, csv(lobby), *flags, "--retry-on", "waiting-room").code == 2


def test_after_the_longest_duration_the_rest_is_not_sent(shell: Shell, emulator: Emulator) -> None:
    rows = csv(*(f"answer@r{number}.example.com" for number in range(5)))
    result = batch(shell, rows, "--rate", "2/s", "--max-duration", "0.3", "--json")

    assert result.code == 30
    assert states(result) == ["joined"] + ["not-sent"] * 4
    assert [row["exit_code"] for row in result.json()["result"]["rows"]] == [0] + [28] * 4
    assert sum(rung(emulator).values()) == 1


@pytest.mark.parametrize(
    "flags",
    [
        ("--rate", "fast"),
        ("--rate", "0/s"),
        ("--shard", "3/2"),
        ("--shard", "0/2"),
        ("--retry-on", "joined"),
        ("--retry-delay", "soon"),
        ("--max-duration", "-1"),
        ("--resume",),
        ("--retry-unknown",),
        ("--evidence", "webhook"),
    ],
)
def test_a_flag_that_makes_no_sense_is_exit_2(shell: Shell, emulator: Emulator, flags: tuple[str, ...]) -> None:
    assert batch(shell, csv(ONE), *flags).code == 2
    assert not rung(emulator)


def test_if_absent_rings_only_who_is_not_in(shell: Shell, emulator: Emulator) -> None:
    assert batch(shell, csv(ONE)).code == 0
    result = batch(shell, csv(ONE, TWO), "--if-absent", "--json")

    assert [(row["state"], row["sent"]) for row in result.json()["result"]["rows"]] == [
        ("joined", "no"),
        ("joined", "yes"),
    ]
    assert rung(emulator) == {ONE: 1, TWO: 1}


def test_every_429_holds_the_pace_of_all_rows(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[timedelta] = []
    monkeypatch.setattr(Pace, "hold", lambda _, pause: held.append(pause))
    emulator.add_fault(Fault(reply=refusal(429, 429, "Too many requests.").reply, method="PATCH"))
    result = batch(shell, csv(ONE, TWO), "--json")

    assert states(result) == ["joined", "joined"]
    assert len(held) == 1


def test_a_resumed_run_rings_what_is_left_and_shows_what_was_settled(shell: Shell, emulator: Emulator) -> None:
    journal = str(shell.folder / "run.sqlite3")
    rows = csv(ONE, DECLINES, TWO)
    first = batch(shell, rows, "--journal", journal, "--parallel", "1", "--max-duration", "0.000001", "--json")
    assert states(first) == ["not-sent"] * 3 or first.code in {30, 31}
    before = rung(emulator)

    second = batch(shell, rows, "--journal", journal, "--resume", "--json")
    assert states(second) == ["joined", "declined", "joined"]
    third = batch(shell, rows, "--journal", journal, "--resume", "--json")
    assert states(third) == ["joined", "declined", "joined"]
    counts = rung(emulator)
    assert (counts[ONE], counts[TWO], counts[DECLINES] - before[DECLINES]) == (1, 1, 2)
    ids = [[row["call_id"] for row in each.json()["result"]["rows"]] for each in (second, third)]
    assert (ids[0][0], ids[0][2]) == (ids[1][0], ids[1][2])


def test_without_a_run_there_is_nothing_to_resume(shell: Shell) -> None:
    assert batch(shell, csv(ONE), "--journal", str(shell.folder / "run.sqlite3"), "--resume").code == 2


class Crash:
    """A run that is killed while its rooms ring."""

    def __init__(self, shell: Shell, emulator: Emulator, rows: str) -> None:
        self.shell, self.emulator = shell, emulator
        self.journal = shell.folder / "run.sqlite3"
        self.file = shell.folder / "rooms.csv"
        self.file.write_text(rows, encoding="utf-8")
        self.arguments = ("invite", "batch", str(self.file), *FAST, "--journal", str(self.journal))

    def kill(self, *flags: str, after: int) -> None:
        """Run the batch as a process, and kill it once so many rooms were rung."""
        with ProcessShell(self.shell).start(*self.arguments, *flags) as running:
            eventually(lambda: sum(rung(self.emulator).values()) >= after, seconds=60)
            running.send(signal.SIGKILL)
            running.process.wait()


def test_a_killed_run_is_finished_without_ringing_anyone_twice(shell: Shell, emulator: Emulator) -> None:
    rooms = [f"answer@r{number}.example.com" for number in range(12)]
    crash = Crash(shell, emulator, csv(*rooms))
    crash.kill("--parallel", "3", after=4)

    result = shell(*crash.arguments, "--resume", "--json")
    assert set(states(result)) <= {"joined", "pending"}
    again = shell(*crash.arguments, "--resume", "--json")
    assert len(states(again)) == 12
    assert max(rung(emulator).values()) == 1
    with sqlite3.connect(crash.journal) as file:
        assert file.execute("SELECT count(*) FROM batch").fetchone() == (1,)


def test_an_unknown_row_is_rung_again_only_when_that_is_asked_for(shell: Shell, emulator: Emulator) -> None:
    lost = "no-answer@lost.example.com"
    crash = Crash(shell, emulator, csv(lost))
    emulator.add_fault(Fault(method="PATCH", is_reset=True))
    first = shell(*crash.arguments, "--timeout", "0.2", "--json")
    assert states(first) == ["pending"]

    second = shell(*crash.arguments, "--resume", "--timeout", "0.2", "--json")
    assert (second.code, states(second)) == (31, ["pending"])
    assert [row["exit_code"] for row in second.json()["result"]["rows"]] == [8]
    assert rung(emulator) == {lost: 1}

    shell(*crash.arguments, "--resume", "--retry-unknown", "--timeout", "0.2")
    assert rung(emulator) == {lost: 2}


@pytest.mark.parametrize("emulator", [20], indirect=True)
def test_calls_that_were_left_open_read_the_log_of_the_account_once(shell: Shell, emulator: Emulator) -> None:
    emulator.world.open_session("Hall B", now=datetime.now(UTC))
    rooms = [f"slow-answer@r{number}.example.com" for number in range(4)]
    halls = [emulator.ready["session_name"], "Hall B"]
    lines = "".join(f"sip,{room},{halls[number % 2]}\n" for number, room in enumerate(rooms))
    crash = Crash(shell, emulator, f"protocol,address,session_name\n{lines}")
    assert states(shell(*crash.arguments, "--timeout", "0.2", "--json")) == ["pending"] * 4
    before = len(emulator.requests)

    assert states(shell(*crash.arguments, "--resume", "--timeout", "0.2", "--json")) == ["pending"] * 4
    asked = Counter(request.request.path for request in emulator.requests[before:])
    assert asked["/v2/videosdk/report/webhook_logs"] == 1
    assert sum(count for path, count in asked.items() if path.endswith("/users")) == 2


@pytest.mark.parametrize("emulator", [5], indirect=True)
def test_a_run_is_resumed_by_one_process_at_a_time(shell: Shell, emulator: Emulator) -> None:
    crash = Crash(shell, emulator, csv("slow-answer@one.example.com"))
    with ProcessShell(shell).start(*crash.arguments) as running:
        eventually(lambda: bool(rung(emulator)), seconds=60)
        assert shell(*crash.arguments, "--resume").code == 3
        running.send(signal.SIGKILL)
        running.process.wait()


def test_ctrl_c_sends_no_more_and_waits_for_what_rings(shell: Shell, emulator: Emulator) -> None:
    slow = [f"slow-answer@r{number}.example.com" for number in range(4)]
    crash = Crash(shell, emulator, csv(*slow))
    with ProcessShell(shell).start(*crash.arguments, "--parallel", "2", "--json") as running:
        eventually(lambda: sum(rung(emulator).values()) == 2, seconds=60)
        running.send(signal.SIGINT)
        result = running.finish()

    assert result.code == 130
    assert "waiting for what rings. Ctrl-C again leaves." in result.stderr
    assert sorted(states(result)) == ["joined", "joined", "not-sent", "not-sent"]
    assert sum(rung(emulator).values()) == 2


def test_a_second_ctrl_c_waits_for_nothing(shell: Shell, emulator: Emulator) -> None:
    crash = Crash(shell, emulator, csv("lobby-600@one.example.com", TWO))
    flags = ("--parallel", "1", "--meeting", emulator.ready["lobby_meeting_id"], "--timeout", "600", "--json")
    with ProcessShell(shell).start(*crash.arguments, *flags, environ={"ZOOMCALL_SESSION": None}) as running:
        eventually(lambda: bool(rung(emulator)), seconds=60)
        for pause in (0.5, 10):  # signals that come at once are one
            running.send(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(pause)
        result = running.finish()

    assert result.code == 130
    assert [row["exit_code"] for row in result.json()["result"]["rows"]][1] == 28
    assert states(result)[0] in {"pending", "waiting-room"}


@pytest.mark.parametrize(
    ("addresses", "flags", "code", "told"),
    [
        (("decline@one.example.com", ONE), (), 30, "No room is ringing any more."),
        (("no-answer@one.example.com", ONE), ("--timeout", "0.2"), 30, "1 room may still be ringing"),
    ],
)
def test_a_run_that_fails_says_what_may_ring_and_where_causes_are(
    shell: Shell, addresses: tuple[str, ...], flags: tuple[str, ...], code: int, told: str
) -> None:
    result = batch(shell, csv(*addresses), *flags)
    assert result.code == code
    assert told in result.stderr
    assert "fix: Read each row's cause and fix in --json" in result.stderr
    assert f"explain exit:{code}" in result.stderr


def test_a_run_that_reaches_nobody_says_that_nothing_rings(shell: Shell) -> None:
    result = batch(shell, csv(ONE), environ={"ZOOMCALL_API_BASE": "http://127.0.0.1:9/v2"})
    assert result.code == 31
    assert "Nothing rings because of this command." in result.stderr
