import errno
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zoom_events import bytes_of, callout

from zoomcall.adapters.event_file import EventFollower, EventRecord, read_events
from zoomcall.domain.cause import Notice
from zoomcall.domain.repeats import Repeats
from zoomcall.domain.webhook import Delivery, WebhookEvent, compact_json, event_of_line
from zoomcall.errors import UsageError

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def delivery(request_id: str, body: dict[str, Any] | None = None) -> Delivery:
    body = callout() if body is None else body
    return Delivery(
        event=WebhookEvent(body=body, received_at=AT, request_id=request_id),
        request_id=request_id,
        received_at=AT,
        timestamp=str(int(AT.timestamp())),
        compact=compact_json(body) or "",
        raw=bytes_of(body),
        headers=(),
    )


def keep(path: Path, *request_ids: str) -> list[Notice]:
    notices: list[Notice] = []
    with EventRecord(path, notices.append) as record:
        record.append([delivery(each) for each in request_ids])
    return notices


def ids(path: Path) -> list[str]:
    return [json.loads(line)["request_id"] for line in path.read_bytes().splitlines()]


def is_known(path: Path, each: Delivery) -> bool:
    with EventRecord(path, lambda _: None) as record:
        return Repeats(record.earlier).has(each)


class Following:
    """A follower with what it warned of."""

    def __init__(self, path: Path, *, backlog: int | None = None) -> None:
        self.notices: list[Notice] = []
        self.follower = EventFollower(path, backlog=backlog, warn=self.notices.append)

    def ids(self) -> list[str | None]:
        return [event.request_id for event in self.follower.poll()]


# The record


def test_events_are_appended_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert keep(path, "a", "b") == []
    assert keep(path, "c") == []
    assert ids(path) == ["a", "b", "c"]
    assert json.loads(path.read_bytes().splitlines()[0]) == {
        "received_at": "2026-11-21T10:00:00.000Z",
        "request_id": "a",
        "body": callout(),
    }


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    keep(path, "a")
    assert path.stat().st_mode & 0o777 == 0o600


def test_events_are_synced_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    synced: list[bytes] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        sync(descriptor)
        synced.append(path.read_bytes())

    with EventRecord(path, lambda _: None) as record:
        monkeypatch.setattr(os, "fsync", note)
        record.append([delivery("a"), delivery("b")])
    assert len(synced) == 1
    assert synced[0].count(b"\n") == 2


def test_the_events_of_the_file_are_known_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    keep(path, "a", "b")
    with path.open("ab") as file:
        file.write(b"\n".join([b"no json", bytes_of(callout("missed")), b'{"received_at": 1, "body": {}}', b""]))
    assert is_known(path, delivery("b"))
    assert is_known(path, delivery("c"))  # the same signed request under another id
    assert not is_known(path, delivery("b", callout("missed")))


@given(cut=st.integers(min_value=1), count=st.integers(1, 4))
@settings(max_examples=60)
def test_a_line_that_was_cut_off_is_removed_and_the_others_stay(
    tmp_path_factory: pytest.TempPathFactory, cut: int, count: int
) -> None:
    path = tmp_path_factory.mktemp("record") / "events.jsonl"
    keep(path, *"abcd"[:count])
    whole = path.read_bytes()
    end = cut % len(whole)
    path.write_bytes(whole[:end])
    complete = whole[:end].count(b"\n")
    # All but the line break may be there: then nothing is missing.
    if whole[:end] and whole[end : end + 1] == b"\n":
        complete += 1
    notices = keep(path, "next")
    assert ids(path) == [*"abcd"[:complete], "next"]
    was_torn = whole[:end].count(b"\n") != complete or not (end == 0 or whole[:end].endswith(b"\n"))
    is_all_there = end > 0 and whole[end : end + 1] == b"\n"
    assert [notice.id for notice in notices] == (["torn-line"] if was_torn and not is_all_there else [])


def test_somebody_elses_last_line_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"first\nmy notes without a line break")
    assert keep(path, "a") == []
    first, second, third = path.read_bytes().splitlines()
    assert (first, second) == (b"first", b"my notes without a line break")
    assert json.loads(third)["request_id"] == "a"


def test_a_file_is_written_by_one_receiver_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventRecord(path, lambda _: None), pytest.raises(UsageError, match="another zoomcall"):
        EventRecord(path, lambda _: None).__enter__()
    keep(path, "a")


def test_a_link_is_followed_but_never_written_through(tmp_path: Path) -> None:
    path, link = tmp_path / "events.jsonl", tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(UsageError, match="it is a symbolic link"):
        EventRecord(link, lambda _: None).__enter__()
    assert list(tmp_path.iterdir()) == [link]
    keep(path, "a")
    assert Following(link).ids() == ["a"]


@pytest.mark.parametrize("name", [".", "/dev/null", "pipe"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        EventRecord(tmp_path / name, lambda _: None).__enter__()
    with pytest.raises(UsageError, match="not a regular file"):
        Following(tmp_path / name).ids()


def test_events_are_written_to_a_file_of_ones_own_and_read_from_anybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    keep(path, "a")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(UsageError, match="it belongs to another user"):
        EventRecord(path, lambda _: None).__enter__()
    assert Following(path).ids() == ["a"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be used for events"):
        EventRecord(tmp_path / "file" / "events.jsonl", lambda _: None).__enter__()


def test_a_renamed_file_is_begun_anew(tmp_path: Path) -> None:
    path, rotated = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    with EventRecord(path, lambda _: None) as record:
        record.append([delivery("a")])
        path.rename(rotated)
        record.append([delivery("b")])
        path.unlink()
        record.append([delivery("c")])
    assert ids(rotated) == ["a"]
    assert ids(path) == ["c"]


def test_a_file_that_was_emptied_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventRecord(path, lambda _: None) as record:
        record.append([delivery("a")])
        os.truncate(path, 0)
        record.append([delivery("b")])
    assert ids(path) == ["b"]


@pytest.mark.parametrize("function", ["write", "fsync"])
def test_what_does_not_reach_the_disk_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    path = tmp_path / "events.jsonl"
    write = os.write

    def fail(descriptor: int, *data: bytes) -> int:
        if data and len(data[0]) > 100:
            return write(descriptor, data[0][:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with EventRecord(path, lambda _: None) as record:
        record.append([delivery("a")])
        with monkeypatch.context() as patched:
            patched.setattr(os, function, fail)
            with pytest.raises(OSError, match="No space left"):
                record.append([delivery("b"), delivery("c")])
        assert ids(path) == ["a"]
        record.append([delivery("b")])
    assert ids(path) == ["a", "b"]


def test_a_file_with_a_write_that_cannot_be_undone_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, rotated = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    write = os.write

    def fail(descriptor: int, *data: bytes | int) -> int:
        if data and isinstance(data[0], memoryview) and len(data[0]) > 100:
            return write(descriptor, data[0][:100])
        raise OSError(errno.EIO, "Input/output error")

    with EventRecord(path, lambda _: None) as record:
        record.append([delivery("a")])
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", fail)
            patched.setattr(os, "ftruncate", fail)
            with pytest.raises(OSError, match="Input/output error"):
                record.append([delivery("b")])
        torn = path.read_bytes()
        for _ in range(2):
            with pytest.raises(OSError, match="left as it is"):
                record.append([delivery("b")])
        assert path.read_bytes() == torn
        path.rename(rotated)
        record.append([delivery("b")])
    assert ids(path) == ["b"]
    assert rotated.read_bytes() == torn


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (lambda path: os.truncate(path, path.stat().st_size - 50), "cut"),
        (lambda path: path.write_bytes(path.read_bytes() + b"torn"), "written to"),
        (lambda path: path.write_bytes(path.read_bytes() + b"somebody else's\n"), "written to"),
    ],
    ids=["cut", "torn", "lines"],
)
def test_no_event_is_glued_to_what_another_program_left(
    tmp_path: Path, change: Callable[[Path], object], how: str
) -> None:
    path = tmp_path / "events.jsonl"
    notices: list[Notice] = []
    with EventRecord(path, notices.append) as record:
        record.append([delivery("a"), delivery("b")])
        change(path)
        left = path.read_bytes()
        record.append([delivery("c")])
        record.append([delivery("d")])
    assert path.read_bytes().startswith(left)
    assert [event_of_line(line) is not None for line in path.read_bytes().splitlines()[-2:]] == [True, True]
    assert [json.loads(line)["request_id"] for line in path.read_bytes().splitlines()[-2:]] == ["c", "d"]
    assert [notice.id for notice in notices] == ["event-file-changed"]
    assert f"was {how} by another program" in notices[0].message


def test_a_copied_and_emptied_file_is_written_on_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    notices: list[Notice] = []
    with EventRecord(path, notices.append) as record:
        for name in "abc":
            record.append([delivery(name)])
            os.truncate(path, 0)
        record.append([delivery("d")])
    assert ids(path) == ["d"]
    assert notices == []


def test_what_another_program_appends_meanwhile_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"

    def fail(_: int) -> None:
        with path.open("ab") as file:
            file.write(b"somebody else's\n")
        raise OSError(errno.EIO, "Input/output error")

    with EventRecord(path, lambda _: None) as record:
        record.append([delivery("a")])
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail)
            with pytest.raises(OSError, match="Input/output error"):
                record.append([delivery("b")])
    assert path.read_bytes().endswith(b"somebody else's\n")


def test_what_lands_behind_a_torn_line_of_another_program_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    write = os.write

    def write_late(descriptor: int, data: bytes) -> int:
        with path.open("ab") as file:
            file.write(b"torn")
        return write(descriptor, data)

    with EventRecord(path, lambda _: None) as record:
        record.append([delivery("a")])
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", write_late)
            with pytest.raises(OSError, match="another program"):
                record.append([delivery("b")])


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    keep(path, "a", "b")
    assert ids(path) == ["a", "b"]


# The follower


def test_a_file_need_not_be_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    assert following.ids() == []
    keep(path, "a")
    assert following.ids() == ["a"]
    assert following.ids() == []


@pytest.mark.parametrize(
    ("backlog", "expected"),
    [(None, ["a", "b", "c"]), (10_000, ["a", "b", "c"]), (1, ["b", "c"]), (0, ["c"])],
)
def test_following_starts_as_far_back_as_it_is_told(
    tmp_path: Path, backlog: int | None, expected: list[str]
) -> None:
    path = tmp_path / "events.jsonl"
    keep(path, "a", "b")
    following = Following(path, backlog=backlog)
    keep(path, "c")
    assert following.ids() == expected
    assert following.notices == []


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        Following(tmp_path / "nowhere" / "events.jsonl")


def test_no_folder_is_made_for_a_record(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        EventRecord(tmp_path / "nowhere" / "events.jsonl", lambda _: None).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_is_being_written_at_the_start_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(delivery("a").line + delivery("b").line[:50])
    following = Following(path, backlog=0)
    with path.open("ab") as file:
        file.write(delivery("b").line[50:])
    assert following.ids() == ["b"]


def test_a_last_line_without_a_line_break_is_old_as_well(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(bytes_of(callout()))
    following = Following(path, backlog=0)
    assert following.ids() == []
    keep(path, "b")
    assert following.ids() == ["b"]


def test_events_come_with_their_time_and_json(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    keep(path, "a")
    assert following.follower.poll() == (WebhookEvent(body=callout(), received_at=AT, request_id="a"),)


def test_zooms_json_alone_is_an_event_too(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    path.write_bytes(bytes_of(callout("ringing")) + b"\r\n\n" + bytes_of(callout("missed")))
    events = following.follower.poll()
    assert [event.name.rpartition("_")[2] for event in events] == ["ringing", "missed"]
    assert {event.received_at for event in events} == {None}
    keep(path, "a")
    assert following.ids() == ["a"]
    assert following.notices == []


def test_broken_lines_are_skipped_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"nonsense\n" + delivery("a").line + b"{}\n\xff\n" + delivery("b").line)
    following = Following(path)
    assert following.ids() == ["a", "b"]
    assert {notice.id for notice in following.notices} == {"event-line-broken"}


def test_a_file_that_was_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path, backlog=0)
    keep(path, "a")
    assert following.ids() == ["a"]
    path.rename(tmp_path / "events.jsonl.1")
    assert following.ids() == []
    keep(path, "b")
    assert following.ids() == ["b"]


def test_what_was_written_just_before_a_rotation_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    keep(path, "a")
    assert following.ids() == ["a"]
    keep(path, "b")
    path.rename(tmp_path / "events.jsonl.1")
    keep(path, "c")
    assert following.ids() + following.ids() == ["b", "c"]


def test_a_file_that_was_emptied_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    keep(path, "a", "b")
    assert following.ids() == ["a", "b"]
    os.truncate(path, 0)
    assert following.ids() == []
    keep(path, "c")
    assert following.ids() == ["c"]


def test_a_file_that_was_emptied_and_grew_beyond_its_old_size_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    keep(path, "a")
    assert following.ids() == ["a"]
    os.truncate(path, 0)
    keep(path, "b", "c", "d")
    assert following.ids() == ["b", "c", "d"]


def test_a_line_that_never_ends_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomcall.adapters.event_file._MOST_AT_ONCE", 1000)
    path = tmp_path / "events.jsonl"
    following = Following(path)
    path.write_bytes(delivery("a").line)
    assert following.ids() == ["a"]
    with path.open("ab") as file:
        file.write(b"x" * 5000 + b"\n" + delivery("b").line)
    assert [each for _ in range(8) for each in following.ids()] == ["b"]
    assert {notice.id for notice in following.notices} == {"event-line-broken"}


def test_a_large_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomcall.adapters.event_file._MOST_AT_ONCE", 2000)
    path = tmp_path / "events.jsonl"
    names = [f"request-{number}" for number in range(20)]
    keep(path, *names)
    following = Following(path)
    polls = [following.ids() for _ in range(20)]
    assert [each for poll in polls for each in poll] == names
    assert all(len(poll) < 10 for poll in polls)


def test_a_folder_is_nothing_to_follow(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        Following(tmp_path).ids()


def test_a_file_that_cannot_be_reached_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be used for events"):
        Following(tmp_path / "file" / "events.jsonl").ids()


def test_a_closed_follower_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    keep(path, "a")
    following = Following(path)
    assert following.ids() == ["a"]
    following.follower.close()
    assert following.ids() == ["a"]


@given(
    lines=st.lists(
        st.sampled_from([delivery("x").line, bytes_of(callout()) + b"\n", b"nonsense\n", b"\n", b"{}\r\n"]),
        max_size=12,
    ),
    cuts=st.lists(st.integers(min_value=0, max_value=8000), max_size=12),
)
@settings(max_examples=80)
def test_however_a_file_grows_each_event_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, lines: Sequence[bytes], cuts: Sequence[int]
) -> None:
    path = tmp_path_factory.mktemp("follow") / "events.jsonl"
    data = b"".join(lines)
    ends = [*sorted(cut for cut in cuts if cut < len(data)), len(data)]
    following = Following(path)
    seen: list[WebhookEvent] = []
    start = 0
    for end in ends:
        with path.open("ab") as file:
            file.write(data[start:end])
        start = end
        seen.extend(following.follower.poll())
    events = [line for line in lines if b"event_ts" in line]
    assert [event.received_at is not None for event in seen] == [b"received_at" in line for line in events]


def _write(path: Path, count: int) -> None:
    with EventRecord(path, lambda _: None) as record:
        for number in range(count):
            record.append([delivery(str(number))])


def test_another_process_may_write_while_one_follows(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    following = Following(path)
    seen: list[str | None] = []
    process = multiprocessing.get_context("spawn").Process(target=_write, args=(path, 300))
    process.start()
    while process.is_alive():
        seen.extend(following.ids())
    process.join()
    seen.extend(following.ids())
    assert process.exitcode == 0
    assert seen == [str(number) for number in range(300)]
    assert following.notices == []


# Reading a file once


def test_a_recorded_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    keep(path, "a", "b")
    assert [event.request_id for event in read_events(path, lambda _: None)] == ["a", "b"]


def test_one_event_may_stand_on_many_lines(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(callout("missed"), indent=2))
    assert read_events(path, lambda _: None) == (WebhookEvent(body=callout("missed")),)


def test_broken_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(delivery("a").line + b"nonsense\n\n")
    notices: list[Notice] = []
    assert len(read_events(path, notices.append)) == 1
    assert "1 of 2 lines" in notices[0].message


@pytest.mark.parametrize("data", [b"", b"nonsense\n", b"{}"])
def test_a_file_without_events_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="contains no event"):
        read_events(path, lambda _: None)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_events(tmp_path / "missing", lambda _: None)


def test_a_record_on_a_full_disk_is_whole_again_once_there_is_room() -> None:
    """Uses the kernel's own limit on a file's size, in a process of its own."""
    import resource
    import signal
    import tempfile

    folder = Path(tempfile.mkdtemp())
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            path = folder / "events.jsonl"
            with EventRecord(path, lambda _: None) as record:
                record.append([delivery("a")])
                size = path.stat().st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200, resource.RLIM_INFINITY))
                try:
                    record.append([delivery("b")])
                except OSError:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                    assert path.stat().st_size == size
                    record.append([delivery("c")])
                    assert ids(path) == ["a", "c"]
                    os._exit(0)
            os._exit(2)
        except BaseException:  # noqa: BLE001 - the child says so by its exit code
            os._exit(3)
    _, status = os.waitpid(pid, 0)
    shutil.rmtree(folder)
    assert os.waitstatus_to_exitcode(status) == 0
