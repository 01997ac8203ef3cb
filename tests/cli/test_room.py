"""The address book, and ringing its rooms by name."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from zoomcall.adapters.room_book_writer import RoomBookWriter
from zoomcall.domain.room import Book
from zoomcall.emulator.running import Emulator

PASSCODE = "84098077904#4321x"
SECRET = ("Lab", "h323", f"203.0.113.10##{PASSCODE}")
MASKED = "203.0.113.10##84098077904#***"


@pytest.fixture
def book(zoomcall: Shell) -> Shell:
    """Call the program with a book of two rooms, one of them with a passcode, which nothing may show."""
    zoomcall.hide(PASSCODE)
    board = (
        "Board room",
        "sip",
        "answer@room.example.com",
        "--to-name",
        "Board",
        "--tag",
        "berlin",
        "--header",
        "X-A=1",
    )
    assert zoomcall("room", "add", *board).code == 0
    assert zoomcall("room", "add", *SECRET, "--note", "left of the lift", reveals=("files",)).code == 0
    return zoomcall


def rooms(shell: Shell, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shell("room", "list", "--json", *arguments).json()["result"]["rooms"]
    return found


def names(shell: Shell, *arguments: str) -> list[str]:
    return [room["name"] for room in rooms(shell, *arguments)]


def test_a_room_is_shown_as_it_was_added_without_its_passcode(book: Shell) -> None:
    board, lab = rooms(book)
    assert (board["address"], board["to_name"], board["tags"]) == ("answer@room.example.com", "Board", ["berlin"])
    assert board["headers"] == [{"key": "X-A", "value": "1"}]
    assert (lab["address"], lab["has_passcode"], board["has_passcode"]) == (MASKED, True, False)
    assert book("room", "show", "lab", "--json").json()["result"]["room"] == lab
    shown = book("room", "show", "LAB")
    assert MASKED in shown.stdout
    assert "note: left of the lift" in shown.stdout
    assert stat.S_IMODE((book.config_dir / "book.toml").stat().st_mode) == 0o600
    assert PASSCODE in (book.config_dir / "book.toml").read_text(encoding="utf-8")


def test_a_list_may_be_of_one_tag_and_names_what_cannot_be_used(book: Shell) -> None:
    assert names(book, "--tag", "berlin") == ["Board room"]
    assert book("room", "list", "--tag", "x").stdout == "No room is tagged x.\n"
    with (book.config_dir / "book.toml").open("a", encoding="utf-8") as file:
        file.write('[[room]]\nname = "Fax"\nprotocol = "fax"\naddress = "1"\n')
    listed = book("room", "list", "--json").json()
    assert [each["name"] for each in listed["result"]["problems"]] == ["Fax"]
    assert "Fax cannot be used" in listed["warnings"][0]["message"]
    assert book("room", "show", "fax").code == 2


def test_a_private_address_is_said_to_be_out_of_reach(zoomcall: Shell) -> None:
    added = zoomcall("room", "add", "Lab", "h323", "10.0.0.5")
    assert "(private-address)" in added.stderr
    assert rooms(zoomcall)[0]["is_private"] is True
    assert "unreachable for Zoom's cloud" in zoomcall("room", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "BOARD ROOM", "sip", "x@example.com"), "there is a room 'Board room' already"),
        (("add", "Phone", "phone", "+42"), "no known country code"),
        (("add", "New", "fax", "1"), "protocol 'fax'"),
        (("add", "New", "sip", "no room"), "address-invalid"),
        (("add", "New", "h323", "203.0.113.9", "--header", "X-A=1"), "only SIP rooms take headers"),
        (("add", "New", "h323", MASKED), "is masked"),
        (("show", "Bord room"), "Did you mean 'Board room'?"),
        (("edit", "Lab"), "there is nothing to change"),
        (("edit", "Lab", "--name", "board room"), "there is a room 'Board room' already"),
        (("edit", "nobody", "--note", "n"), "there is no room 'nobody'"),
        (("remove", "Lab", "nobody", "--yes"), "there is no room 'nobody'"),
        (("import", "missing.csv", "--yes"), "cannot read 'missing.csv'"),
        (("list", "--book", "missing.toml"), "there is no address book missing.toml"),
    ],
)
def test_what_cannot_be_done_is_exit_2_and_changes_nothing(
    book: Shell, arguments: tuple[str, ...], words: str
) -> None:
    before = (book.config_dir / "book.toml").read_bytes()
    result = book("room", *arguments)
    assert result.code == 2
    assert words in result.stderr
    assert (book.config_dir / "book.toml").read_bytes() == before


def test_an_edit_changes_what_was_given_and_empty_values_remove(book: Shell) -> None:
    done = book("room", "edit", "LAB", "--name", "Lab 2", "--note", "", "--tag", "a", "--tag", "b", "--json").json()
    assert done["result"]["fields"] == ["name", "note", "tag"]
    assert (done["result"]["room"]["note"], done["result"]["room"]["tags"]) == (None, ["a", "b"])
    assert done["result"]["room"]["address"] == MASKED
    again = book("room", "edit", "lab 2", "--tag", "a", "--tag", "b")
    assert (again.code, again.stdout) == (0, "Lab 2 was so already\n")
    assert PASSCODE in (book.config_dir / "book.toml").read_text(encoding="utf-8")
    book("room", "edit", "board room", "--header", "", "--address", "new@example.com")
    assert (rooms(book)[0]["headers"], rooms(book)[0]["address"]) == ([], "new@example.com")


def test_a_removal_is_shown_first_and_needs_a_yes(book: Shell) -> None:
    refused = book("room", "remove", "lab", "--json").json()
    assert (refused["exit_code"], refused["result"]["written"]) == (2, False)
    assert refused["result"]["changes"][0]["room"]["name"] == "Lab"
    asked = book("room", "remove", "lab", stdin=b"n\n", terminal=("stdin",))
    assert (asked.code, asked.stdout.splitlines()[-1]) == (0, "nothing was written")
    assert asked.stderr.endswith(f"Write these changes to {book.config_dir / 'book.toml'}? [y/N] ")
    assert book("room", "remove", "lab", "--no-input", stdin=b"y\n", terminal=("stdin",)).code == 2
    assert len(names(book)) == 2
    assert book("room", "remove", "lab", stdin=b"y\n", terminal=("stdin",)).code == 0
    assert names(book) == ["Board room"]
    assert book("room", "remove", "@BOARD room", "--yes").code == 0
    assert names(book) == []


def test_a_book_that_changes_while_somebody_is_asked_is_not_written(
    book: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book.config_dir / "book.toml"

    def edited_meanwhile(self: RoomBookWriter) -> Book:
        before = read(self)
        path.write_text(path.read_text(encoding="utf-8").replace("left of", "right of"), encoding="utf-8")
        return before

    read = RoomBookWriter.read
    monkeypatch.setattr(RoomBookWriter, "read", edited_meanwhile)
    result = book("room", "remove", "lab", stdin=b"y\n", terminal=("stdin",))
    assert result.code == 3
    assert "has changed meanwhile" in result.stderr
    assert names(book) == ["Board room", "Lab"]


CSV = "name,protocol,address,note\nboard ROOM,sip,answer@room.example.com,by the stairs\nNew,sip,new@example.com,\n"


def test_an_import_is_shown_first_and_keeps_what_the_file_does_not_have(book: Shell, tmp_path: Path) -> None:
    file = tmp_path / "rooms.csv"
    file.write_text(CSV)
    before = rooms(book)
    preview = book("room", "import", str(file), "--json").json()
    assert (preview["exit_code"], preview["result"]["written"]) == (2, False)
    assert rooms(book) == before
    changes = [(each["change"], each["room"]["name"], each["fields"]) for each in preview["result"]["changes"]]
    assert changes == [("change", "Board room", ["note"]), ("add", "New", [])]
    done = book("room", "import", str(file), "--yes", "--json").json()
    assert (done["exit_code"], done["result"]["written"]) == (0, True)
    assert done["result"]["changes"] == preview["result"]["changes"]
    board, lab, new = rooms(book)
    assert (board["to_name"], board["note"], lab, new["name"]) == ("Board", "by the stairs", before[1], "New")
    again = book("room", "import", str(file), "--yes", "--json").json()
    assert (again["result"]["changes"], again["result"]["unchanged"]) == ([], 2)


def test_every_bad_row_of_an_import_is_named_with_its_line(book: Shell) -> None:
    text = b"name,protocol,address\nA,sip,a@example.com\na,sip,b@example.com\n,sip,c@example.com\nB,fax,1\n"
    result = book("room", "import", "-", "--yes", stdin=text)
    assert result.code == 2
    assert "3 of 4 rows are bad, and nothing was written" in result.stderr
    for words in ("line 3 (row 2): the name 'a' is that of row 1", "line 4 (row 3): the name", "line 5 (row 4)"):
        assert words in result.stderr
    assert len(names(book)) == 2


@pytest.mark.parametrize("ending", ["toml", "csv", "json"])
def test_an_export_comes_back_whole(book: Shell, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rooms.{ending}"
    done = book("room", "export", str(file), "--json").json()
    assert (done["result"]["format"], done["result"]["file"]) == (ending, str(file))
    assert PASSCODE in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = rooms(book)
    other = ("--book", str(tmp_path / "other.toml"))
    assert book("room", "import", str(file), "--yes", *other).code == 0
    assert rooms(book, *other) == before
    assert PASSCODE in (tmp_path / "other.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["toml", "csv", "json"])
def test_an_export_to_standard_output_masks_passcodes_and_importing_it_keeps_them(book: Shell, form: str) -> None:
    shown = book("room", "export", "--format", form)
    assert MASKED in shown.stdout
    assert "(passcode-masked)" in shown.stderr
    back = book("room", "import", "-", "--yes", "--json", stdin=shown.stdout.encode()).json()
    assert (back["result"]["changes"], back["result"]["unchanged"]) == ([], 2)
    new = ("--book", str(book.folder / "new.toml"))
    assert "is masked" in book("room", "import", "-", "--yes", *new, stdin=shown.stdout.encode()).stderr


def test_a_listing_can_be_imported(book: Shell) -> None:
    listed = book("room", "list", "--json").stdout.encode()
    assert book("room", "import", "-", "--yes", "--json", stdin=listed).json()["result"]["unchanged"] == 2


@pytest.mark.parametrize("form", ["toml", "csv", "json", "list"])
def test_a_phone_keeps_what_is_said_to_whoever_answers(zoomcall: Shell, form: str) -> None:
    zoomcall("room", "add", "Board room", "sip", "board@example.com")
    zoomcall("room", "add", "Jill", "phone", "+15555550100", "--greeting", "no", "--press-one", "yes")
    assert "\ngreeting = false\npress_one = true\n" in (zoomcall.config_dir / "book.toml").read_text()
    shown = [line.split() for line in zoomcall("room", "show", "jill").stdout.splitlines()]
    assert [line[-1] for line in shown if "greeting" in line[0] or "press" in line[0]] == ["no", "yes"]
    text = zoomcall("room", "list", "--json") if form == "list" else zoomcall("room", "export", "--format", form)
    other = ("--book", str(zoomcall.folder / "other.toml"))
    assert zoomcall("room", "import", "-", "--yes", *other, stdin=text.stdout.encode()).code == 0
    assert rooms(zoomcall, *other) == rooms(zoomcall)
    assert (rooms(zoomcall)[1]["greeting"], rooms(zoomcall)[1]["press_one"]) == (False, True)
    assert (rooms(zoomcall)[0]["greeting"], rooms(zoomcall)[0]["press_one"]) == (None, None)


def test_the_book_says_what_a_phone_is_told_unless_a_flag_or_a_row_does(zoomcall: Shell) -> None:
    zoomcall("room", "add", "Jill", "phone", "+15555550100", "--greeting", "no", "--press-one", "yes")

    def told(*arguments: str, stdin: bytes = b"") -> object:
        ran = zoomcall(*arguments, "--session", "s", "--dry-run", "--json", stdin=stdin).json()["result"]
        return (ran["rows"][0] if "rows" in ran else ran)["request"]["body"]["params"]["invite_options"]

    kept = {"require_greeting": False, "require_pressing_one": True}
    assert told("invite", "room", "Jill") == kept
    assert told("invite", "phone", "@Jill", "--no-press-one") == {**kept, "require_pressing_one": False}
    assert told("invite", "batch", "-", stdin=b"room,greeting\nJill,yes\n") == {**kept, "require_greeting": True}
    zoomcall("room", "edit", "Jill", "--greeting", "")
    assert told("invite", "room", "Jill") == {"require_pressing_one": True}
    assert zoomcall("room", "edit", "Jill", "--press-one", "maybe").code == 2
    assert zoomcall("room", "add", "Lab", "sip", "lab@example.com", "--greeting", "yes").code == 2


def test_the_book_is_not_overwritten_by_its_own_export(book: Shell) -> None:
    path = book.config_dir / "book.toml"
    before = path.read_bytes()
    assert book("room", "export", str(path)).code == 2
    assert path.read_bytes() == before


def test_a_header_that_csv_cannot_say_is_refused(book: Shell) -> None:
    book("room", "edit", "board room", "--header", "X-A=1;2")
    assert book("room", "export", "--format", "csv").code == 2
    assert json.loads(book("room", "export", "--format", "json").stdout)[0]["header"] == ["X-A=1;2"]


def test_a_damaged_book_is_exit_3_with_its_line_and_kept(zoomcall: Shell) -> None:
    zoomcall.config_dir.mkdir(parents=True)
    path = zoomcall.config_dir / "book.toml"
    path.write_text('[[room]]\nname = "a\n')
    commands = (
        ("room", "list"),
        ("room", "add", "B", "sip", "b@example.com"),
        ("invite", "room", "B", "--session", "s"),
    )
    for command in commands:
        result = zoomcall(*command)
        assert result.code == 3
        assert "line 2" in result.stderr
    assert path.read_text() == '[[room]]\nname = "a\n'


def test_the_book_of_the_variable_is_used_and_a_flag_beats_it(zoomcall: Shell, tmp_path: Path) -> None:
    named, other = tmp_path / "named.toml", tmp_path / "other.toml"
    zoomcall.set(ZOOMCALL_BOOK=str(named))
    assert zoomcall("room", "add", "A", "sip", "a@example.com").code == 0
    assert zoomcall("room", "add", "B", "sip", "b@example.com", "--book", str(other)).code == 0
    assert (names(zoomcall), names(zoomcall, "--book", str(other))) == (["A"], ["B"])
    assert not (zoomcall.config_dir / "book.toml").exists()
    dry = zoomcall("invite", "sip", "@b", "--session", "s", "--dry-run", "--json", "--book", str(other)).json()
    assert dry["result"]["room"]["name"] == "B"


@pytest.mark.parametrize("arguments", [("room", "board ROOM"), ("room", "@Board room"), ("sip", "@Board room")])
def test_a_room_is_rung_by_its_name(
    book: Shell, emulator: Emulator, emulator_environ: dict[str, str], arguments: tuple[str, ...]
) -> None:
    document = book("invite", *arguments, "--json", environ=emulator_environ).json()
    assert (document["exit_code"], document["result"]["state"]) == (0, "joined")
    room = {"protocol": "sip", "address": "answer@room.example.com", "name": "Board room"}
    assert document["result"]["room"] == room
    (sent,) = [received for received in emulator.requests if received.method == "PATCH"]
    assert json.loads(sent.request.body)["params"] == {
        "call_type": "sip",
        "device_ip": "answer@room.example.com",
        "sip_headers": {"to_display_name": "Board", "additional_headers": [{"key": "X-A", "value": "1"}]},
    }


def test_flags_beat_what_the_book_says(book: Shell) -> None:
    flags = ("--to-name", "Other", "--header", "X-B=2", "--from-uri", "sip:me@example.com")
    body = json.loads(book("invite", "room", "Board room", "--session", "s", "--dry-run", *flags).stdout)["body"]
    assert body["params"]["sip_headers"] == {
        "to_display_name": "Other",
        "from_uri": "sip:me@example.com",
        "additional_headers": [{"key": "X-B", "value": "2"}],
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("h323", "@board room"), "is a room of protocol sip, not h323"),
        (("sip", "@lab"), "zoomcall invite room Lab"),
        (("sip", "@Bord room"), "Did you mean 'Board room'?"),
        (("sip", "@"), "there is no room ''"),
        (("room", "nobody"), "there is no room 'nobody'"),
        (("room", "Lab", "--header", "X-A=1"), "only SIP rooms take --from-uri and --header"),
        (("room", "Lab", "--from-uri", "sip:a@example.com"), "only SIP rooms take --from-uri and --header"),
    ],
)
def test_what_the_book_cannot_answer_is_exit_2_and_rings_nothing(
    book: Shell, emulator: Emulator, emulator_environ: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    result = book("invite", *arguments, environ=emulator_environ)
    assert result.code == 2
    assert words in result.stderr
    assert "Nothing rings because of this command." in result.stderr
    assert emulator.requests == []


def test_rows_of_a_batch_may_name_rooms_of_the_book(book: Shell) -> None:
    text = b"room,address,protocol,to_name\nboard room,,,\n,@lab,h323,Laboratory\n"
    result = book("invite", "batch", "-", "--session", "s", "--dry-run", "--json", stdin=text).json()
    board, lab = result["result"]["rows"]
    assert (board["room"]["name"], lab["room"]["name"]) == ("Board room", "Lab")
    assert board["request"]["body"]["params"]["sip_headers"]["to_display_name"] == "Board"
    assert lab["request"]["body"]["params"]["h323_headers"] == {"to_display_name": "Laboratory"}


def test_rows_of_a_batch_that_the_book_cannot_answer_are_bad_rows(book: Shell) -> None:
    text = b"room,protocol\nnobody,\nLab,sip\nLab,\n"
    result = book("invite", "batch", "-", "--session", "s", "--dry-run", stdin=text)
    assert result.code == 2
    assert "line 2 (row 1): there is no room 'nobody'" in result.stderr
    assert "line 3 (row 2): room 'Lab' is rung by h323, not 'sip'" in result.stderr
    assert "2 of 3 rows are bad" in result.stderr


def test_an_export_is_rung_as_a_batch(book: Shell) -> None:
    text = book("room", "export", "--format", "csv").stdout.encode()
    rows = book(
        "invite", "batch", "-", "--session", "s", "--dry-run", "--tag", "berlin", "--json", stdin=text
    ).json()
    assert [row["name"] for row in rows["result"]["rows"]] == ["Board room"]
