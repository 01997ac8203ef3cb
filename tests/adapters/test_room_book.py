import stat
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.adapters import room_book_writer
from zoomcall.adapters.room_book import RoomBook, parse_book
from zoomcall.adapters.room_book_writer import RoomBookWriter
from zoomcall.domain.room import Book, BookEntry, Change
from zoomcall.domain.zoom_list import ListedRoom, ZoomList
from zoomcall.errors import CorruptConfig, NotConfigured, UsageError, ZoomcallError
from zoomcall.own_files import locked
from zoomcall.usecases.rooms import adding, editing, removing
from zoomcall.usecases.syncing import ListReading, plan_sync

BOARD = BookEntry.parse("Board room", {"protocol": "sip", "address": "board@example.com", "tag": ["a", "b"]})
LAB = BookEntry.parse("Lab", {"protocol": "h323", "address": "203.0.113.10##84098077904#4321", "note": 'a "b"\nc'})
EDITED = """\
# my rooms
mine = 1

# the big one
[[room]]
name = "Board room" # upstairs
protocol = "sip"
address = "board@example.com" # by SIP
colour = "red"

# the lab
[[room]]
name = "Lab"
protocol = "h323"
address = "203.0.113.10"
headers = []

[room.photo]
file = "lab.jpg"

# the end
[other]
x = 1
"""


@pytest.fixture
def writer(tmp_path: Path) -> RoomBookWriter:
    return RoomBookWriter(tmp_path / "book.toml")


def add(writer: RoomBookWriter, *entries: BookEntry) -> None:
    for entry in entries:
        writer.apply(partial(adding, entry))


def edited(writer: RoomBookWriter) -> str:
    writer.path.write_text(EDITED, encoding="utf-8")
    return EDITED


def test_a_missing_book_is_empty_and_the_first_room_makes_it_for_its_owner_alone(tmp_path: Path) -> None:
    writer = RoomBookWriter(tmp_path / "new" / "book.toml")
    assert writer.read().entries == ()
    add(writer, BOARD, LAB)
    assert writer.read().entries == (BOARD, LAB)
    assert stat.S_IMODE(writer.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(writer.path.parent.stat().st_mode) == 0o700


def test_a_book_that_was_named_must_be_there_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no address book"):
        RoomBook(tmp_path / "other.toml", is_named=True).read()


def test_adding_leaves_every_byte_before_it(writer: RoomBookWriter) -> None:
    before = edited(writer)
    new = BookEntry.parse("New", {"protocol": "sip", "address": "new@example.com"})
    add(writer, new)
    assert writer.path.read_text(encoding="utf-8").startswith(before)
    assert writer.read().entries[-1] == new


def test_editing_keeps_comments_order_and_unknown_keys(writer: RoomBookWriter) -> None:
    before = edited(writer)
    writer.apply(partial(editing, "BOARD ROOM", {"address": "new@example.com", "note": "n"}, "Big room"))
    assert writer.path.read_text(encoding="utf-8") == before.replace("Board room", "Big room").replace(
        "board@example.com", "new@example.com"
    ).replace('colour = "red"\n', 'colour = "red"\nnote = "n"\n')


def test_an_empty_value_removes_its_key(writer: RoomBookWriter) -> None:
    add(writer, BOARD, LAB)
    writer.apply(partial(editing, "lab", {"note": ""}, None))
    assert "note" not in writer.path.read_text(encoding="utf-8")
    assert writer.read().entries[1].note is None


@pytest.mark.parametrize("names", [["board room"], ["Lab"], ["Board room", "lab"]])
def test_removing_keeps_every_comment_and_what_is_not_its_own(writer: RoomBookWriter, names: list[str]) -> None:
    edited(writer)
    gone = writer.apply(partial(removing, names))
    after = writer.path.read_text(encoding="utf-8")
    assert [change.word for change in gone] == ["remove"] * len(names)
    assert {"# my rooms", "# the big one", "# the lab", "# the end"} <= set(after.splitlines())
    assert after.endswith("# the end\n[other]\nx = 1\n")
    assert len(writer.read().entries) == 2 - len(names)
    assert all(change.entry.address.text not in after for change in gone)


def test_a_removed_last_room_leaves_a_book_to_add_to(writer: RoomBookWriter) -> None:
    add(writer, BOARD)
    writer.apply(partial(removing, ["Board room"]))
    add(writer, LAB)
    assert writer.read().entries == (LAB,)


def test_a_plan_that_changes_nothing_writes_nothing(writer: RoomBookWriter) -> None:
    edited(writer)
    before = writer.path.stat().st_mtime_ns
    assert writer.apply(lambda _: ()) == ()
    assert writer.path.stat().st_mtime_ns == before


def test_a_plan_that_fails_leaves_the_file(writer: RoomBookWriter) -> None:
    before = edited(writer)
    with pytest.raises(UsageError):
        writer.apply(partial(removing, ["Lab", "nobody"]))
    assert writer.path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[room]]\nname = "a"\naddress = \n', "line 3"),
        ('room = "a"\n', "room must be a list of tables"),
        ("room = [1]\n", "one of them is a number"),
        ("\x00", "line 1"),
    ],
)
def test_a_damaged_book_is_named_with_its_line_and_kept(writer: RoomBookWriter, text: str, words: str) -> None:
    writer.path.write_text(text, encoding="utf-8")
    for use in (writer.read, partial(add, writer, BOARD)):
        with pytest.raises(CorruptConfig, match=words):
            use()
    assert writer.path.read_text(encoding="utf-8") == text


def test_what_is_written_in_another_way_is_left_alone(writer: RoomBookWriter) -> None:
    text = 'room = [{name = "a", protocol = "sip", address = "a@example.com"}]\n'
    writer.path.write_text(text, encoding="utf-8")
    assert len(writer.read().entries) == 1
    for plan in (partial(adding, BOARD), partial(editing, "a", {"note": "n"}, None)):
        with pytest.raises(NotConfigured, match="cannot be edited safely"):
            writer.apply(plan)
    assert writer.path.read_text(encoding="utf-8") == text


def test_an_edit_that_would_change_more_than_it_says_is_refused(
    writer: RoomBookWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = edited(writer)
    monkeypatch.setattr(room_book_writer, "_rewritten", lambda *_: "")
    with pytest.raises(NotConfigured, match="cannot be edited safely"):
        add(writer, BOARD.__class__.parse("New", BOARD.fields()))
    assert writer.path.read_text(encoding="utf-8") == before


def test_entries_that_cannot_be_used_spoil_no_other() -> None:
    text = """\
[[room]]
name = "Fax"
protocol = "fax"
address = "1"
[[room]]
protocol = "sip"
address = "a@example.com"
[[room]]
name = "Lab"
protocol = "sip"
address = "lab@example.com"
[[room]]
name = "LAB"
protocol = "sip"
address = "other@example.com"
"""
    book = parse_book(text, place="book.toml")
    assert [entry.address.text for entry in book.entries] == ["lab@example.com"]
    assert set(book.broken) == {"Fax", "room 2", "LAB (room 4)"}
    assert "taken by 'Lab'" in book.broken["LAB (room 4)"]


def test_another_writer_is_waited_for_and_named_in_the_end(writer: RoomBookWriter, tmp_path: Path) -> None:
    hurried = RoomBookWriter(writer.path, lock_limit=timedelta(0))
    with (
        locked(tmp_path / "book.toml.lock", timedelta(seconds=1)),
        pytest.raises(NotConfigured, match="has held the lock"),
    ):
        add(hurried, BOARD)
    add(hurried, BOARD)


def test_a_link_in_its_place_is_refused_and_stays(writer: RoomBookWriter, tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("")
    writer.path.symlink_to(tmp_path / "real.toml")
    with pytest.raises(NotConfigured, match="symbolic link"):
        add(writer, BOARD)
    with pytest.raises(UsageError, match="symbolic link"):
        add(RoomBookWriter(writer.path, is_named=True), BOARD)
    assert writer.path.is_symlink()
    assert writer.read().entries == ()


WORKER = """\
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoomcall.adapters.room_book_writer import RoomBookWriter
from zoomcall.domain.room import BookEntry
from zoomcall.usecases.rooms import adding, editing, removing
path, worker = Path(sys.argv[1]), sys.argv[2]
def entry(name):
    return BookEntry.parse(name, {"protocol": "sip", "address": f"{worker}@example.com"})
for number in range(3):
    RoomBookWriter(path).apply(partial(adding, entry(f"{worker}-{number}")))
RoomBookWriter(path).apply(partial(editing, f"{worker}-0", {"note": worker}, None))
RoomBookWriter(path).apply(partial(removing, [f"{worker}-1"]))
"""


def test_twenty_writers_at_once_lose_nothing(writer: RoomBookWriter) -> None:
    edited(writer)
    command = [sys.executable, "-c", WORKER, str(writer.path)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(20)]
    assert [process.wait(120) for process in processes] == [0] * 20
    entries = {entry.name: entry for entry in writer.read().entries}
    assert set(entries) == {"Board room", "Lab"} | {f"{worker}-{n}" for worker in range(20) for n in (0, 2)}
    assert all(entries[f"{worker}-0"].note == str(worker) for worker in range(20))
    assert sorted(path.name for path in writer.path.parent.iterdir()) == ["book.toml", "book.toml.lock"]


PIECES = st.lists(
    st.sampled_from(
        [
            "# a comment\n",
            "\n",
            "x = 1\n",
            '[[room]]\nname = "a"\nprotocol = "sip"\naddress = "a@example.com"\nmine = 1 # kept\n',
            '[[room]]\nname = "B"\nprotocol = "h323"\naddress = "203.0.113.10"\n',
            '[[room]]\nname = "Lab"\nprotocol = "fax"\n',
            (
                '[[room]]\nname = "d"\nprotocol = "sip"\naddress = "d@b.org"\n'
                'origin = {list = "h323-devices", id = "1", name = "d", protocol = "SIP", address = "d@b.org"}\n'
            ),
            '[[room]]\nname = "e"\nprotocol = "sip"\naddress = "e@example.com"\norigin = "mine"\n',
            "[room.photo]\nfile = 1\n",
            "[other]\ny = 2\n",
            "[[room]]\n",
        ]
    ),
    max_size=8,
)


LISTED = (
    ListedRoom(list=ZoomList.DEVICES, id="1", name="d", protocol="H.323", address="203.0.113.4"),
    ListedRoom(list=ZoomList.DEVICES, id="2", name="a", protocol="SIP", address='"x"@example.com'),
    ListedRoom(list=ZoomList.DEVICES, id="3", name='a "b" \\ c', protocol="SIP", address="f@example.com"),
)


@given(PIECES.map("".join), st.sampled_from(["add", "edit", "rename", "remove", "sync", "empty"]))
def test_any_book_is_edited_rightly_or_left_alone(
    tmp_path_factory: pytest.TempPathFactory, text: str, what: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "edited-book.toml"
    path.write_text(text, encoding="utf-8")
    writer = RoomBookWriter(path)
    plans = {
        "add": partial(adding, BOARD),
        "edit": partial(editing, "A", {"note": "n", "tag": ["t"]}, None),
        "rename": partial(editing, "a", {}, "C"),
        "remove": partial(removing, ["a"]),
        "sync": lambda book: _synced(book, *LISTED),
        "empty": _synced,
    }
    try:
        before = writer.read()
        changes: tuple[Change, ...] = writer.apply(plans[what])
    except ZoomcallError:
        assert path.read_text(encoding="utf-8") == text
        return
    assert writer.read() == before.after(changes)
    assert path.read_text(encoding="utf-8").count("# a comment") == text.count("# a comment")


def _synced(book: Book, *rooms: ListedRoom) -> tuple[Change, ...]:
    return plan_sync([ListReading(list=ZoomList.DEVICES, rooms=rooms)], book, account=None).changes


@given(st.text(max_size=200))
def test_any_text_is_edited_rightly_or_left_alone(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any-book.toml"
    data = text.encode("utf-8", "surrogatepass")
    path.write_bytes(data)
    try:
        RoomBookWriter(path).apply(partial(adding, BOARD))
    except NotConfigured:
        assert path.read_bytes() == data
    else:
        assert RoomBook(path).read().find("board room") == BOARD
