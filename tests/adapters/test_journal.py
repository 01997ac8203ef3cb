from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from torture.hardship import held

from zoomcall.adapters import journal_file
from zoomcall.adapters.clock import Uptime
from zoomcall.adapters.journal import FILE_NAME, Journal
from zoomcall.adapters.journal_file import VERSION
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Reason, Sent, State
from zoomcall.domain.journal import CallId, NewCall, Presence, Standing, TargetKey
from zoomcall.domain.target import Api
from zoomcall.errors import Duplicate, FolderUnusable, NotConfigured

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SESSION = TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc/def==")
PASSCODE = "Zq81kTw0"


def new_call(text: str = "room@example.com", protocol: Protocol = Protocol.SIP, **changes: Any) -> NewCall:
    call = NewCall(
        target=SESSION,
        target_name="Standup",
        address=RoomAddress.parse(protocol, text),
        to_name=None,
        profile=None,
        timeout=timedelta(seconds=90),
        at=NOW,
    )
    return replace(call, **changes)


def standing(state: State, at: datetime = NOW, sent: Sent = Sent.YES, **more: Any) -> Standing:
    return Standing(state=state, sent=sent, at=at, **more)


@contextmanager
def opened(folder: Path | None) -> Iterator[Journal]:
    with closing(Journal(folder)) as journal:
        yield journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path / "state") as running:
        yield running


def dialled(journal: Journal, state: State | None = None, call: NewCall | None = None, **more: Any) -> CallId:
    call = call or new_call()
    identifier = journal.claim(call, is_forced=True)
    if state is not None:
        journal.settle(identifier, standing(state, call.at, **more))
    return identifier


def is_let_through(journal: Journal, call: NewCall) -> bool:
    try:
        identifier = journal.claim(call, is_forced=False)
    except Duplicate:
        return False
    journal.settle(identifier, standing(State.NOT_SENT, sent=Sent.NO))
    return True


# What is remembered


def test_a_call_is_remembered_from_before_it_is_sent(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        call = new_call("sip:Room@Example.com:5060", to_name="Board room", profile="prod")
        identifier = journal.claim(call, is_forced=False)
    with opened(tmp_path) as journal:
        [record] = journal.calls()
    assert record.id == identifier
    assert (record.target, record.target_name) == (SESSION, "Standup")
    assert (record.protocol, record.address, record.shown) == (
        Protocol.SIP,
        "room@example.com",
        "sip:Room@Example.com:5060",
    )
    assert (record.to_name, record.profile, record.at, record.timeout) == ("Board room", "prod", NOW, call.timeout)
    assert (record.state, record.sent, record.settled_at) == (State.PENDING, Sent.UNKNOWN, None)
    assert record.dial.address.normalised == call.address.normalised


def test_its_outcome_is_remembered(tmp_path: Path) -> None:
    evidence = Evidence(EvidenceSource.ROSTER, Match.EXACT)
    with opened(tmp_path) as journal:
        identifier = journal.claim(new_call(), is_forced=False)
        journal.settle(identifier, standing(State.ACCEPTED, NOW + SECOND, http_status=202))
        journal.settle(
            identifier,
            standing(
                State.JOINED, NOW + 2 * SECOND, evidence=evidence, participant_id="P", participant_uuid="UUID=="
            ),
        )
    with opened(tmp_path) as journal:
        [record] = journal.calls()
    assert (record.state, record.sent, record.http_status) == (State.JOINED, Sent.YES, 202)
    assert (record.evidence, record.participant_id, record.participant_uuid) == (evidence, "P", "UUID==")
    assert record.settled_at == NOW + 2 * SECOND
    assert record.reason is None


def test_a_failure_keeps_zooms_reason(journal: Journal) -> None:
    identifier = dialled(journal)
    journal.settle(identifier, standing(State.FAILED, reason=Reason(9)))
    assert journal.calls()[0].reason == Reason(9)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.RINGING, State.PENDING])
def test_a_call_that_may_still_ring_has_no_end(journal: Journal, state: State) -> None:
    dialled(journal, state)
    assert journal.calls()[0].settled_at is None


def test_what_was_known_of_a_call_stays_where_a_later_note_says_nothing_of_it(journal: Journal) -> None:
    known = {
        "http_status": 202,
        "reason": Reason(9),
        "evidence": Evidence(EvidenceSource.ROSTER, Match.EXACT),
        "participant_id": "P1",
        "participant_uuid": "UUID==",
    }
    identifier = dialled(journal, State.FAILED, **known)
    journal.settle(identifier, standing(State.PENDING))
    [call] = journal.calls()
    assert {name: getattr(call, name) for name in known} == known
    assert call.state is State.PENDING


def test_the_newest_call_comes_first(journal: Journal) -> None:
    identifiers = [dialled(journal) for _ in range(3)]
    assert [record.id for record in journal.calls()] == identifiers[::-1]


def test_calls_are_found_by_target_and_room(journal: Journal) -> None:
    other = replace(SESSION, id="other==")
    here, there, h323, another = (
        dialled(journal, call=call)
        for call in (
            new_call("Room@example.com"),
            new_call(target=other),
            new_call("203.0.113.10", Protocol.H323),
            new_call("b@example.com"),
        )
    )

    def found(**terms: Any) -> list[CallId]:
        return [record.id for record in journal.calls(**terms)]

    room = (Protocol.SIP, "room@example.com")
    assert found(target=SESSION) == [another, h323, here]
    assert found(room=room) == [there, here]
    assert found(target=SESSION, room=room) == [here]
    assert found(room=(Protocol.H323, "room@example.com")) == []
    assert found(limit=2) == [another, h323]
    assert found(target=SESSION, limit=1) == [another]
    one = journal.call(there)
    assert one is not None
    assert one.id == there
    assert journal.call(CallId(99)) is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.JOINED, "joined"),
        (State.WAITING_ROOM, "was last seen in the waiting room"),
        (State.ANSWERED, "answered"),
        (State.RINGING, "may still ring"),
        (State.PENDING, "may still ring"),
    ],
)
def test_a_duplicate_is_told_what_is_known_of_the_earlier_call(journal: Journal, state: State, words: str) -> None:
    dialled(journal, state)
    with pytest.raises(Duplicate) as caught:
        journal.claim(new_call(), is_forced=False)
    assert caught.value.message.endswith(f" s ago and {words} (call 1)")


def test_times_are_kept_to_the_millisecond(journal: Journal) -> None:
    at = NOW.replace(microsecond=123_999)
    dialled(journal, call=new_call(at=at))
    assert journal.calls()[0].at == at.replace(microsecond=123_000)


# The duplicate guard


@pytest.mark.parametrize("state", [State.ACCEPTED, State.RINGING, State.PENDING, State.JOINED, None])
def test_a_young_dial_that_joined_or_may_still_ring_blocks(journal: Journal, state: State | None) -> None:
    first = dialled(journal, state)
    with pytest.raises(Duplicate, match=f"room@example.com.*call {first}") as caught:
        journal.claim(new_call(at=NOW + SECOND), is_forced=False)
    assert caught.value.call_id == first
    assert caught.value.until == NOW + timedelta(seconds=90)
    assert "--force" in str(caught.value.fix)
    assert len(journal.calls()) == 1


@pytest.mark.parametrize(
    "state", [State.DECLINED, State.MISSED, State.FAILED, State.REFUSED, State.NOT_SENT, State.NO_OP]
)
def test_a_dial_that_came_to_nothing_never_blocks(journal: Journal, state: State) -> None:
    dialled(journal, state)
    assert is_let_through(journal, new_call(at=NOW))


def test_force_lets_a_duplicate_through(journal: Journal) -> None:
    dialled(journal, State.JOINED)
    journal.claim(new_call(), is_forced=True)
    assert len(journal.calls()) == 2


def test_a_joined_room_that_was_hung_up_blocks_no_longer(journal: Journal) -> None:
    identifier = dialled(journal, State.JOINED)
    assert not is_let_through(journal, new_call())
    journal.mark_removed(identifier, NOW)
    assert is_let_through(journal, new_call())


@pytest.mark.parametrize(
    ("timeout", "age", "is_open"),
    [
        (90, 0, False),
        (90, 89.999, False),
        (90, 90, True),
        (5, 5.001, False),
        (5, 29.999, False),
        (5, 30, True),
        (30.5, 30.4, False),
        (30.5, 30.5, True),
        (3600, 3599, False),
        (90, -1, False),
        (90, -86_400, False),
    ],
)
def test_the_guard_lasts_for_the_earlier_dials_own_timeout_and_at_least_30_seconds(
    journal: Journal, timeout: float, age: float, *, is_open: bool
) -> None:
    dialled(journal, State.PENDING, new_call(timeout=timedelta(seconds=timeout)))
    later = new_call(at=NOW + timedelta(seconds=age), timeout=timedelta(seconds=1))
    assert is_let_through(journal, later) is is_open
    assert is_let_through(journal, replace(later, timeout=timedelta(days=1))) is is_open


@pytest.mark.parametrize(("timeout", "seconds"), [(5, 30), (30, 30), (90, 90)])
def test_a_duplicate_is_told_until_when_the_guard_lasts(journal: Journal, timeout: float, seconds: float) -> None:
    dialled(journal, State.PENDING, new_call(timeout=timedelta(seconds=timeout)))
    with pytest.raises(Duplicate) as caught:
        journal.claim(new_call(), is_forced=False)
    assert caught.value.until == NOW + seconds * SECOND


def test_a_clock_that_was_set_back_does_not_open_the_guard_nor_tell_of_a_negative_age(journal: Journal) -> None:
    dialled(journal, State.JOINED)
    with pytest.raises(Duplicate) as caught:
        journal.claim(new_call(at=NOW - timedelta(hours=1)), is_forced=False)
    assert "-" not in caught.value.message


def test_an_older_dial_still_blocks_behind_a_newer_one_that_was_declined(journal: Journal) -> None:
    first = dialled(journal, State.JOINED)
    dialled(journal, State.DECLINED, new_call(at=NOW + SECOND))
    with pytest.raises(Duplicate) as caught:
        journal.claim(new_call(at=NOW + 2 * SECOND), is_forced=False)
    assert caught.value.call_id == first


@pytest.mark.parametrize(
    "other",
    [
        new_call(target=replace(SESSION, api_base="http://127.0.0.1:8080/v2")),
        new_call(target=replace(SESSION, id="other")),
        new_call(target=replace(SESSION, api=Api.MEETING)),
        new_call(protocol=Protocol.H323),
        new_call("room2@example.com"),
        new_call("room@example.com:5070"),
    ],
)
def test_another_base_target_protocol_or_room_does_not_block(journal: Journal, other: NewCall) -> None:
    dialled(journal, State.JOINED)
    assert is_let_through(journal, other)


@pytest.mark.parametrize(
    ("protocol", "first", "second"),
    [
        (Protocol.SIP, "room@example.com", "SIP:ROOM@EXAMPLE.com.:5060;transport=tcp"),
        (Protocol.SIP, "alice:one@example.com", "alice:two@example.com"),
        (Protocol.H323, "203.0.113.10##123#111", "h323:203.0.113.10:1720##123#222"),
        (Protocol.SIP, "[2001:db8::1]", "2001:DB8:0::1"),
    ],
)
def test_another_spelling_of_the_room_blocks(journal: Journal, protocol: Protocol, first: str, second: str) -> None:
    dialled(journal, State.JOINED, new_call(first, protocol))
    assert not is_let_through(journal, new_call(second, protocol))


def test_who_dials_under_which_name_does_not_matter(journal: Journal) -> None:
    dialled(journal, State.JOINED, new_call(profile="prod", to_name="A", target_name=None))
    assert not is_let_through(journal, new_call(profile=None, to_name="B"))


# Credit


def test_a_participant_is_credited_to_one_call_and_stays_with_it(journal: Journal) -> None:
    first, second = dialled(journal), dialled(journal)
    assert journal.take_credit(first, "P")
    assert not journal.take_credit(second, "P")
    assert journal.take_credit(first, "P")
    assert journal.credited_to_others(second) == {"P"}
    assert journal.credited_to_others(first) == frozenset()


def test_targets_share_no_participants(journal: Journal) -> None:
    here = dialled(journal)
    there = dialled(journal, call=new_call(target=replace(SESSION, id="other")))
    assert journal.take_credit(here, "P")
    assert journal.credited_to_others(there) == frozenset()
    assert journal.take_credit(there, "P")


def test_nobody_is_credited_to_a_call_that_is_not_there(journal: Journal) -> None:
    assert not journal.take_credit(CallId(99), "P")
    assert journal.credited_to_others(CallId(99)) == frozenset()
    assert journal.rivals(CallId(99), since=NOW) == ()


def test_a_call_keeps_its_first_message(journal: Journal) -> None:
    first, second = dialled(journal), dialled(journal)
    assert journal.take_message(first, "M")
    assert journal.take_message(first, "M")
    assert journal.take_message(second, "N")
    assert not journal.take_message(first, "N")
    assert [call.message_id for call in journal.calls()] == ["N", "M"]


def test_a_message_belongs_to_the_call_that_took_it_last(journal: Journal) -> None:
    first, second = dialled(journal), dialled(journal)
    assert journal.take_message(first, "M")
    assert journal.take_message(second, "M")
    assert [call.message_id for call in journal.calls()] == ["M", None]


def test_a_message_of_another_base_is_another_message(journal: Journal) -> None:
    first = dialled(journal)
    second = dialled(journal, call=new_call(target=replace(SESSION, api_base="https://api.zoomgov.com/v2")))
    assert journal.take_message(first, "M")
    assert journal.take_message(second, "M")
    assert [call.message_id for call in journal.calls()] == ["M", "M"]


# Rivals


def rival_ids(journal: Journal, own: CallId, since: datetime = NOW) -> set[CallId]:
    return {record.id for record in journal.rivals(own, since=since)}


@pytest.mark.parametrize("state", [None, State.ACCEPTED, State.RINGING, State.PENDING])
def test_every_other_open_dial_into_the_target_is_a_rival(journal: Journal, state: State | None) -> None:
    own = dialled(journal)
    other = dialled(journal, state, new_call("203.0.113.10", Protocol.H323, at=NOW - SECOND))
    assert rival_ids(journal, own) == {other}


@pytest.mark.parametrize("state", [State.NOT_SENT, State.REFUSED, State.NO_OP])
def test_a_dial_that_rang_nothing_is_no_rival(journal: Journal, state: State) -> None:
    own = dialled(journal)
    dialled(journal, state)
    assert rival_ids(journal, own) == set()


@pytest.mark.parametrize("state", [State.JOINED, State.DECLINED, State.MISSED, State.FAILED])
def test_a_dial_settled_since_is_a_rival_still_and_one_settled_before_is_not(
    journal: Journal, state: State
) -> None:
    own = dialled(journal)
    before = dialled(journal, call=new_call(at=NOW - 9 * SECOND))
    journal.settle(before, standing(state, NOW - timedelta(milliseconds=1)))
    since = dialled(journal, call=new_call(at=NOW - 9 * SECOND))
    journal.settle(since, standing(state, NOW))
    assert rival_ids(journal, own) == {since}


def test_dials_into_other_targets_are_no_rivals(journal: Journal) -> None:
    own = dialled(journal)
    dialled(journal, call=new_call(target=replace(SESSION, id="other")))
    dialled(journal, call=new_call(target=replace(SESSION, api_base="https://api.zoomgov.com/v2")))
    assert rival_ids(journal, own) == set()


@pytest.mark.parametrize(
    ("timeout", "age", "is_rival"), [(90, 300, True), (90, 301, False), (3600, 3600, True), (3600, 3601, False)]
)
def test_a_dial_of_which_nothing_was_heard_is_a_rival_for_as_long_as_it_can_ring(
    journal: Journal, timeout: float, age: float, *, is_rival: bool
) -> None:
    dialled(journal, State.PENDING, new_call(timeout=timedelta(seconds=timeout), at=NOW - age * SECOND))
    own = dialled(journal)
    assert bool(rival_ids(journal, own)) is is_rival


# The file


def test_the_folder_and_the_files_in_it_are_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    old = os.umask(0)
    try:
        with opened(folder) as journal:
            journal.claim(new_call(), is_forced=False)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(old)
    assert FILE_NAME in modes
    assert set(modes.values()) == {0o600}


def test_no_byte_of_the_files_holds_a_passcode(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        for protocol, text in [
            (Protocol.H323, f"203.0.113.10##84098077904#{PASSCODE}#1#{PASSCODE}"),
            (Protocol.SIP, f"alice:{PASSCODE}@example.com"),
            (Protocol.SIP, f"9678722567.{PASSCODE}@zoomcrc.com"),
            (Protocol.SIP, f"9678722567%2e{PASSCODE}@global.zoomcrc.com;transport=tls"),
        ]:
            identifier = journal.claim(new_call(text, protocol), is_forced=False)
            journal.settle(identifier, standing(State.ACCEPTED, http_status=202))
            with pytest.raises(Duplicate) as caught:
                journal.claim(new_call(text, protocol), is_forced=False)
            assert PASSCODE not in str(caught.value)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert any(name.endswith("-wal") and content for name, content in before.items())
    for content in (*before.values(), *after.values()):
        assert PASSCODE.encode().lower() not in content.lower()


def test_a_journal_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened(None) as journal:
        dialled(journal, State.JOINED)
        assert not is_let_through(journal, new_call())
    with opened(None) as journal:
        assert journal.calls() == ()
    assert list(tmp_path.iterdir()) == []


def put_garbage(folder: Path) -> None:
    (folder / FILE_NAME).write_bytes(b"this is no database, whatever its name says\n" * 50)


def put_folder(folder: Path) -> None:
    (folder / FILE_NAME).mkdir()


def put_half_a_journal(folder: Path) -> None:
    with opened(folder) as journal:
        for _ in range(200):
            dialled(journal)
    content = (folder / FILE_NAME).read_bytes()
    (folder / FILE_NAME).write_bytes(content[:100] + b"\xff" * (len(content) - 100))


def put_newer(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")


def put_other_tables(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as database:
        database.execute("CREATE TABLE call (id INTEGER)")


@pytest.mark.parametrize("put", [put_garbage, put_folder, put_half_a_journal, put_newer, put_other_tables])
def test_what_is_no_journal_is_named_and_left_as_it_is(tmp_path: Path, put: Any) -> None:
    put(tmp_path)
    path = tmp_path / FILE_NAME
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(NotConfigured) as caught:
        Journal(tmp_path)
    assert not isinstance(caught.value, FolderUnusable)
    assert str(path) in caught.value.message
    assert "ZOOMCALL_STATE_DIR" in str(caught.value.fix)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_newer_journal_asks_for_a_newer_program(tmp_path: Path) -> None:
    put_newer(tmp_path)
    with pytest.raises(NotConfigured, match="newer zoomcall"):
        Journal(tmp_path)


def test_a_journal_without_its_tables_is_named_when_it_is_used(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute(f"PRAGMA user_version = {VERSION}")
    with opened(tmp_path) as journal:
        for use in (
            lambda: journal.claim(new_call(), is_forced=False),
            lambda: journal.settle(CallId(1), standing(State.JOINED)),
            lambda: journal.take_credit(CallId(1), "P"),
            lambda: journal.credited_to_others(CallId(1)),
            lambda: journal.rivals(CallId(1), since=NOW),
            journal.calls,
        ):
            with pytest.raises(NotConfigured) as caught:
                use()
            assert str(tmp_path / FILE_NAME) in caught.value.message


@pytest.mark.parametrize("name", ["state", "state/deeper"])
def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(FolderUnusable) as caught:
        Journal(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o500)
    script = (
        "import os, sys, pathlib\n"
        "from zoomcall.adapters.journal import Journal\n"
        "from zoomcall.errors import FolderUnusable\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: Journal(pathlib.Path(sys.argv[1]))\n"
        "except FolderUnusable as error: print(error.message)\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(folder / FILE_NAME) in done.stdout
    assert not list(folder.iterdir())


def test_a_journal_held_by_another_process_for_too_long_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.05)
    with opened(tmp_path) as journal:
        with held(tmp_path / FILE_NAME), pytest.raises(NotConfigured, match="locked") as caught:
            journal.claim(new_call(), is_forced=False)
        assert not isinstance(caught.value, FolderUnusable)
        journal.claim(new_call(), is_forced=False)


def test_whoever_is_hurried_waits_for_no_other_process(tmp_path: Path) -> None:
    hurried: list[bool] = []
    with closing(Journal(tmp_path, is_hurried=lambda: bool(hurried))) as journal, held(tmp_path / FILE_NAME):
        timer = threading.Timer(0.1, hurried.append, [True])
        timer.start()
        begun = time.monotonic()
        with pytest.raises(NotConfigured, match="locked"):
            journal.claim(new_call(), is_forced=False)
        assert time.monotonic() - begun < 2


def test_a_journal_is_waited_for_as_long_as_others_get_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.4)
    is_ready = threading.Event()

    def use() -> None:
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
            for number in range(12):
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE call SET profile = ?", (str(number),))
                is_ready.set()
                time.sleep(0.1)
                other.execute("COMMIT")

    with opened(tmp_path) as journal:
        dialled(journal)
        monkeypatch.setattr(journal_file, "_PAUSES", (0.15,))  # so that it never comes in between
        thread = threading.Thread(target=use)
        thread.start()
        assert is_ready.wait(10)
        journal.claim(new_call("room2@example.com"), is_forced=False)
        thread.join()


def test_opening_and_reading_wait_for_no_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.0)
    with opened(tmp_path) as journal:
        dialled(journal)
        with held(tmp_path / FILE_NAME), opened(tmp_path) as second:
            assert len(second.calls()) == 1


def test_the_disk_has_a_call_before_it_is_made_and_nobody_is_kept_out_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []

    def fsync(descriptor: int) -> None:
        with closing(sqlite3.connect(tmp_path / FILE_NAME, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            seen = other.execute("SELECT count(*) FROM call").fetchone()[0]
            other.execute("ROLLBACK")
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, seen))

    with opened(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", fsync)
        identifier = journal.claim(new_call(), is_forced=False)
        assert synced == [(f"{FILE_NAME}-wal", 1)]
        journal.settle(identifier, standing(State.JOINED))
        journal.mark_removed(identifier, NOW)
        assert len(synced) == 3


def test_a_call_that_the_disk_does_not_take_is_not_made_and_blocks_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with opened(tmp_path) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(NotConfigured, match="Input/output error") as caught:
                journal.claim(new_call(), is_forced=False)
        assert not isinstance(caught.value, FolderUnusable)
        assert journal.calls()[0].sent is Sent.NO
        journal.claim(new_call(), is_forced=False)


@pytest.mark.parametrize("is_disk_failing", [False, True])
def test_calls_that_wait_for_the_disk_together_share_what_becomes_of_one_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_disk_failing: bool
) -> None:
    begun, are_all_there = threading.Event(), threading.Event()
    counts: list[int] = []

    def fsync(_: int) -> None:
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
            counts.append(other.execute("SELECT count(*) FROM call").fetchone()[0])
        begun.set()
        assert are_all_there.wait(10)
        if is_disk_failing and len(counts) == 2:
            raise OSError(errno.EIO, "Input/output error")

    def claim(number: int) -> bool:
        try:
            return bool(journal.claim(new_call(f"room{number}@example.com"), is_forced=False))
        except NotConfigured:
            return False

    with opened(tmp_path) as journal, ThreadPoolExecutor(5) as pool:
        monkeypatch.setattr(os, "fsync", fsync)
        first = pool.submit(claim, 0)
        assert begun.wait(10)
        others = [pool.submit(claim, number) for number in range(1, 5)]
        while len(journal.calls()) < 5:  # committed, while the first one's fsync still runs
            time.sleep(0.001)
        are_all_there.set()
        assert first.result()  # its own fsync is not the one that fails
        assert [other.result() for other in others] == [not is_disk_failing] * 4
    assert counts[:2] == [1, 5]
    assert len(counts) == 2


def test_a_room_is_looked_for_without_reading_every_call_into_the_session(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        seen: list[str] = []
        journal._file._database.set_trace_callback(seen.append)
        journal.claim(new_call(), is_forced=False)
        journal.calls(target=SESSION, room=(Protocol.SIP, "room@example.com"))
        journal._file._database.set_trace_callback(None)
        looks = [each for each in seen if each.startswith(("SELECT", "UPDATE"))]
        plans = [journal._file.rows(f"EXPLAIN QUERY PLAN {look}") for look in looks]
    assert len(plans) == 3
    told = [str(plan[0][3]) for plan in plans]
    assert "at_ms>?" in told[0]
    assert all("address=?" in each for each in told[1:])


VERSION_1 = """
CREATE TABLE call (
  id INTEGER PRIMARY KEY, api_base TEXT NOT NULL, api TEXT NOT NULL, target_id TEXT NOT NULL, target_name TEXT,
  protocol TEXT NOT NULL, address TEXT NOT NULL, shown TEXT NOT NULL, to_name TEXT, profile TEXT,
  at_ms INTEGER NOT NULL, timeout_ms INTEGER NOT NULL, state TEXT NOT NULL, sent TEXT NOT NULL,
  http_status INTEGER, reason INTEGER, participant_id TEXT, participant_uuid TEXT, message_id TEXT, evidence TEXT,
  match TEXT, settled_ms INTEGER, removed_ms INTEGER
);
CREATE INDEX call_target ON call (api_base, api, target_id, at_ms);
CREATE TABLE credit (
  api_base TEXT NOT NULL, api TEXT NOT NULL, target_id TEXT NOT NULL, participant_id TEXT NOT NULL,
  call_id INTEGER NOT NULL REFERENCES call (id), PRIMARY KEY (api_base, api, target_id, participant_id)
);
CREATE UNIQUE INDEX call_message ON call (api_base, message_id) WHERE message_id IS NOT NULL;
INSERT INTO call (api_base, api, target_id, protocol, address, shown, at_ms, timeout_ms, state, sent)
  VALUES ('https://api.zoom.us/v2', 'session', 'abc/def==', 'sip', 'room@example.com', 'Room@example.com',
          1795255200000, 90000, 'pending', 'unknown');
PRAGMA user_version = 1;
"""


def test_a_journal_of_the_first_version_is_read_and_guards_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.executescript(VERSION_1)
    with opened(tmp_path) as journal:
        [record] = journal.calls()
        assert (record.target, record.shown, record.at, record.state) == (
            SESSION,
            "Room@example.com",
            NOW,
            State.PENDING,
        )
        assert not is_let_through(journal, new_call(at=NOW + 89 * SECOND))
        assert is_let_through(journal, new_call(at=NOW + 90 * SECOND))


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    with opened(tmp_path) as journal:
        dialled(journal)
    with opened(tmp_path) as journal:
        assert len(journal.calls()) == 1


def test_what_a_killed_process_left_is_swept_away_and_what_another_is_making_is_not(tmp_path: Path) -> None:
    old, new = tmp_path / f".{FILE_NAME}.0123", tmp_path / f".{FILE_NAME}.4567"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    with opened(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, new.name}


# Clocks that are set


class Machine:
    """A machine's two clocks; the journals of all its processes go by them."""

    def __init__(self, folder: Path) -> None:
        self.wall, self.up, self.boot = NOW, 1_000_000, "first"
        self._folder = folder

    def passes(self, span: timedelta) -> None:
        self.wall += span
        self.up += span // timedelta(milliseconds=1)

    def reboots(self) -> None:
        self.up, self.boot = 0, "second"

    def rings(self, **changes: Any) -> CallId | None:
        """Ring as a process of its own would; return None if an earlier call blocks."""
        with closing(Journal(self._folder, uptime=lambda: Uptime(self.boot, self.up))) as journal:
            try:
                return journal.claim(new_call(at=self.wall, **changes), is_forced=False)
            except Duplicate:
                return None

    def rivals(self, own: CallId, since: datetime) -> set[CallId]:
        with opened(self._folder) as journal:
            return rival_ids(journal, own, since)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


HOUR = timedelta(hours=1)
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(0)], ids=["ahead", "back", "none"])


@STEPS
def test_the_guard_lasts_as_long_whatever_the_clock_is_set_to(machine: Machine, step: timedelta) -> None:
    assert machine.rings()
    machine.wall += step
    machine.passes(89 * SECOND)
    assert not machine.rings()
    machine.wall -= step
    assert not machine.rings()
    machine.passes(SECOND)
    assert machine.rings()


def test_a_call_by_a_clock_that_was_fast_blocks_no_longer_than_any_other(machine: Machine) -> None:
    machine.wall += HOUR
    assert machine.rings()
    machine.wall -= HOUR
    machine.reboots()
    assert not machine.rings()  # it may have been a moment ago
    machine.passes(89 * SECOND)
    assert not machine.rings()
    machine.passes(SECOND)
    assert machine.rings()


def test_a_call_of_an_earlier_boot_is_judged_by_the_wall_clock(machine: Machine) -> None:
    assert machine.rings()
    machine.passes(30 * SECOND)
    machine.reboots()
    assert not machine.rings()
    machine.passes(60 * SECOND)
    assert machine.rings()


@STEPS
def test_calls_are_rivals_as_long_whatever_the_clock_is_set_to(machine: Machine, step: timedelta) -> None:
    early = machine.rings()
    machine.wall += step
    machine.passes(299 * SECOND)
    own, since = machine.rings(), machine.wall
    assert early is not None
    assert own is not None
    machine.wall -= step
    machine.passes(SECOND)
    late = machine.rings(address=RoomAddress.parse(Protocol.SIP, "room2@example.com"))
    assert machine.rivals(own, since) == {early, late}
    assert machine.rivals(own, since + 2 * SECOND) == {late}


def test_a_claim_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        dialled(journal, State.JOINED)
        with pytest.raises(Duplicate):
            journal.claim(new_call(), is_forced=False)
        with opened(tmp_path) as second:
            assert len(second.calls()) == 1
            dialled(second, call=new_call("room2@example.com"))


# Several at once


def test_threads_may_share_a_journal(journal: Journal) -> None:
    failures: list[BaseException] = []
    taken: list[bool] = []
    identifiers = [dialled(journal, call=new_call(f"room{number}@example.com")) for number in range(4)]

    def use(identifier: CallId) -> None:
        try:
            for number in range(60):
                journal.rivals(identifier, since=NOW)
                taken.append(journal.take_credit(identifier, f"P{number}"))
                journal.settle(identifier, standing(State.RINGING))
                journal.credited_to_others(identifier)
                journal.calls()
        except BaseException as error:  # noqa: BLE001 - it is shown by the test itself
            failures.append(error)

    threads = [threading.Thread(target=use, args=(identifier,)) for identifier in identifiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert taken.count(True) == 60


WORKER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.journal import CallId, NewCall, TargetKey
from zoomcall.domain.target import Api
from zoomcall.errors import Duplicate

call = NewCall(
    target=TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc"), target_name=None,
    address=RoomAddress.parse(Protocol.SIP, "room@example.com"), to_name=None, profile=None,
    timeout=timedelta(seconds=90), at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
)
print("ready", flush=True)
for line in sys.stdin:
    job, folder, start, argument = line.rstrip("\\n").split("\\t")
    while time.time() < float(start):
        pass
    try:
        journal = Journal(Path(folder))
        if job == "claim":
            journal.claim(call, is_forced=False)
            print("through", flush=True)
        else:
            print("through" if journal.take_credit(CallId(int(argument)), "P") else "taken", flush=True)
        journal.close()
    except Duplicate:
        journal.close()
        print("duplicate", flush=True)
    except Exception as error:
        print(repr(error), flush=True)
"""


class Workers:
    """Processes that do the same at the same instant."""

    def __init__(self, count: int) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(count)
        ]
        for process in self._processes:
            assert self._line(process) == "ready"

    def at_once(self, job: str, folder: Path, arguments: list[str]) -> list[str]:
        start = time.time() + 0.02
        for process, argument in zip(self._processes, arguments, strict=True):
            assert process.stdin is not None
            process.stdin.write(f"{job}\t{folder}\t{start}\t{argument}\n")
            process.stdin.flush()
        return [self._line(process) for process in self._processes]

    @staticmethod
    def _line(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def close(self) -> None:
        for process in self._processes:
            process.communicate(timeout=30)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with closing(Workers(3)) as running:
        yield running


def test_of_processes_that_dial_a_room_at_the_same_instant_one_gets_through(
    tmp_path: Path, workers: Workers
) -> None:
    for number in range(25):
        folder = tmp_path / str(number)  # a fresh one: they make the journal at the same instant, too
        outcomes = workers.at_once("claim", folder, ["", "", ""])
        assert sorted(outcomes) == ["duplicate", "duplicate", "through"]


def test_of_processes_that_credit_a_participant_at_the_same_instant_one_gets_it(
    tmp_path: Path, workers: Workers
) -> None:
    for number in range(15):
        folder = tmp_path / str(number)
        with opened(folder) as journal:
            identifiers = [str(dialled(journal)) for _ in range(3)]
            outcomes = workers.at_once("credit", folder, identifiers)
            assert sorted(outcomes) == ["taken", "taken", "through"]


def test_a_room_that_was_seen_and_has_left_may_be_rung_at_once(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        first = journal.claim(new_call(), is_forced=False)
        seen = Standing(state=State.JOINED, sent=Sent.YES, at=NOW, participant_id="P")
        journal.settle(first, seen)
        others = frozenset({"somebody else"})
        for present in (None, Presence(others | {"P"}, NOW + SECOND), Presence(others, NOW - SECOND)):
            with pytest.raises(Duplicate):
                journal.claim(new_call(at=NOW + SECOND), is_forced=False, present=present)
        journal.claim(new_call(at=NOW + SECOND), is_forced=False, present=Presence(others, NOW + SECOND))


def test_a_folder_without_locks_is_told_from_one_that_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal(tmp_path)):
        pass
    monkeypatch.setattr("zoomcall.adapters.journal_file._BUSY_SECONDS", 0.1)
    with held(tmp_path / FILE_NAME), closing(Journal(tmp_path)) as journal:
        with pytest.raises(NotConfigured) as busy:
            journal.claim(new_call(), is_forced=False)
        monkeypatch.setattr(
            "zoomcall.adapters.journal_file.lock_failure", lambda _: OSError(errno.ENOLCK, "no locks")
        )
        with pytest.raises(FolderUnusable, match="its file system has no locks"):
            journal.claim(new_call(), is_forced=False)
    assert not isinstance(busy.value, FolderUnusable)


def test_where_no_file_can_be_locked_nobody_waits_until_one_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal(tmp_path)):
        pass
    failures = [OSError(errno.EIO, "Input/output error")]
    monkeypatch.setattr(journal_file, "lock_failure", lambda _: next(iter(failures), None))
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 60)
    monkeypatch.setattr(journal_file, "_SUSPICIOUS_SECONDS", 0.05)
    with closing(Journal(tmp_path)) as journal:
        with held(tmp_path / FILE_NAME):
            for limit in (10, 0.05):  # what is known already is not waited for at all
                begun = time.monotonic()
                with pytest.raises(NotConfigured, match="file system cannot lock files: Input/output error"):
                    journal.claim(new_call(), is_forced=False)
                assert time.monotonic() - begun < limit
        failures.clear()
        journal.claim(new_call(), is_forced=False)


def test_a_change_that_a_failed_lock_undid_is_not_committed(tmp_path: Path) -> None:
    file = journal_file.JournalFile(tmp_path / FILE_NAME)
    with closing(file), pytest.raises(NotConfigured, match="the change was undone"), file.transaction():
        file.execute("ROLLBACK")  # as SQLite does


def test_a_lock_that_fails_at_once_is_told_from_one_that_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "lock_failure", lambda _: OSError(errno.ENOLCK, "no locks"))
    file = journal_file.JournalFile(tmp_path / FILE_NAME)
    other = sqlite3.connect(tmp_path / FILE_NAME, timeout=0)
    with (
        closing(file),
        closing(other),
        pytest.raises(FolderUnusable, match="its file system has no locks"),
        file.transaction(),
    ):
        other.execute("BEGIN IMMEDIATE")
